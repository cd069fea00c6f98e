//! What a step of a dialogue costs, and a whole call of them: greeting to goodbye with one look at the menu.

#![expect(missing_docs, reason = "the functions that criterion makes have none")]

use std::hint::black_box;
use std::time::Duration;

use aftertone::domain::{GreetingId, RecordingClass, ToneChoice};
use aftertone::flow::leave::{Instructions, LeaveMessage, Mode, Plan};
use aftertone::flow::{
    Actions, CallEvent, CallTime, Flow, Key, PlayId, RecordLimits, StopCause, StoreOutcome, Take, Utterance,
};
use aftertone::speech::{Arg, EMBEDDED, Language, Phrase};
use criterion::{Criterion, criterion_group, criterion_main};

fn plan() -> Plan {
    Plan {
        mode: Mode::TakeMessage,
        greeting: Some(vec![Utterance::Greeting(GreetingId::from_uuid(uuid::Uuid::nil()))]),
        own_greeting: true,
        screens: false,
        instructions: Instructions::UnlessOwnGreeting,
        tone: ToneChoice::default(),
        limits: RecordLimits {
            max: Duration::from_secs(180),
            silence: Duration::from_secs(5),
            warn_before: Duration::from_secs(10),
        },
        min_speech: Duration::from_secs(1),
        keep_no_speech: false,
        operator: true,
        sign_in: false,
        keys: Default::default(),
        transfer: None,
    }
}

/// The events of a call that leaves a message, marks it urgent and keeps it.
fn events() -> Vec<CallEvent> {
    let key = |c| Key::new(c).map(CallEvent::Digit);
    let take = Take(1);
    [
        Some(CallEvent::Started),
        Some(CallEvent::PlayFinished(PlayId(0))),
        Some(CallEvent::PlayFinished(PlayId(1))),
        key('#'),
        Some(CallEvent::RecordingStopped {
            take,
            cause: StopCause::Asked,
            length: Duration::from_secs(15),
            voiced: Duration::from_secs(9),
            class: RecordingClass::Speech,
        }),
        key('5'),
        key('2'),
        Some(CallEvent::Stored { take, outcome: StoreOutcome::Stored }),
        Some(CallEvent::PlayFinished(PlayId(4))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn whole_call(plan: Plan, events: &[CallEvent], actions: &mut Actions) -> bool {
    let mut flow = LeaveMessage::new(plan);
    for (second, event) in (0..).zip(events) {
        actions.clear();
        flow.handle(CallTime(Duration::from_secs(second)), event.clone(), actions);
    }
    flow.is_done()
}

fn flows(criterion: &mut Criterion) {
    let (plan, events) = (plan(), events());
    let mut actions = Actions::new();
    assert!(whole_call(plan.clone(), &events, &mut actions), "the benched call reaches its end");
    criterion.bench_function("flow/leave_message_whole_call", |bencher| {
        bencher.iter(|| black_box(whole_call(plan.clone(), &events, &mut actions)));
    });

    let mut flow = LeaveMessage::new(plan);
    flow.handle(CallTime::default(), CallEvent::Started, &mut actions);
    criterion.bench_function("flow/key_that_does_nothing", |bencher| {
        bencher.iter(|| {
            actions.clear();
            if let Some(key) = Key::new('7') {
                flow.handle(CallTime::default(), CallEvent::Digit(key), &mut actions);
            }
        });
    });
}

fn speech(criterion: &mut Criterion) {
    let Some(Ok(language)) = EMBEDDED.first().map(Language::embedded) else { return };
    let phrase = Phrase::new("greeting-extension").with("extension", Arg::Digits("5550199".into()));
    criterion.bench_function("speech/render_seven_digits", |bencher| {
        bencher.iter(|| black_box(language.render(&phrase).map(|segments| segments.len())));
    });
}

criterion_group!(benches, flows, speech);
criterion_main!(benches);
