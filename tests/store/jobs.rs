//! The contract of the outbox's jobs: leased by one at a time, ended by who holds the lease.

use aftertone::domain::{JobId, Mark, Owner, Purpose, SecurityChange};
use aftertone::store::{NewJob, Notice};

use super::*;

contract! {
    two_handles_never_lease_the_same_job
    a_job_whose_lease_ended_is_leased_again_and_the_first_holder_is_too_late
    a_job_that_waits_for_its_time_is_not_leased
    a_done_mail_moves_the_message_unless_its_owner_did
    a_dead_job_runs_again_when_told_to
    an_unreadable_job_does_not_hold_up_the_others
    lamps_are_leased_however_many_jobs_are_due_before_them
    a_job_touches_no_message_of_another_tenant
    a_message_that_was_mailed_away_is_deleted_wherever_it_lies_and_only_by_its_own_mailbox
    mails_of_every_kind_count_as_mails_and_nothing_else_does
}

async fn mails_of_every_kind_count_as_mails_and_nothing_else_does(bed: Bed) {
    let home = bed.home("1001").await;
    let (message, user, now) = (bed.deposited(&home).await.id, home.user.id, bed.clock.now());
    let to = home.user.emails[0].clone();
    for work in [
        Work::Mail { message, to: to.clone() },
        Work::MailAway { message, to: to.clone() },
        Work::Notice { mailbox: home.mailbox.id, to: to.clone(), notice: Notice::Locked },
        Work::Door { user, to: to.clone(), purpose: Purpose::Reset },
        Work::Security { user, to, change: SecurityChange::Pin, at: now },
        Work::Lamp { mailbox: home.mailbox.id },
        Work::Purge { object: "a.wav".to_owned() },
    ] {
        let job = NewJob { id: JobId::from_uuid(bed.clock.uuid()), work, due: now };
        bed.store.add_job(home.tenant, &job).await.unwrap();
    }
    let state = bed.store.mail_state().await.unwrap();
    assert_eq!((state.waiting, state.oldest, state.accepted_at), (5, Some(now), None), "{state:?}");
    for job in bed.store.lease_jobs(9, Duration::from_secs(60)).await.unwrap() {
        bed.store.job_dead(&job, "no mail server").await.unwrap();
    }
    let state = bed.store.mail_state().await.unwrap();
    assert_eq!((state.waiting, state.given_up), (0, 5), "{state:?}");
    // One that nobody wants any more was not accepted by anybody.
    for is_sent in [false, true] {
        let work = Work::Mail { message, to: home.user.emails[0].clone() };
        let job = NewJob { id: JobId::from_uuid(bed.clock.uuid()), work, due: bed.clock.now() };
        bed.store.add_job(home.tenant, &job).await.unwrap();
        let job = bed.store.lease_jobs(1, Duration::from_secs(60)).await.unwrap().remove(0);
        match is_sent {
            true => bed.store.job_done(&job, message, None, "250 OK").await.unwrap(),
            false => bed.store.job_skipped(&job, "the mailbox is gone").await.unwrap(),
        }
        assert_eq!(bed.store.mail_state().await.unwrap().accepted_at.is_some(), is_sent);
    }
}

async fn a_job_touches_no_message_of_another_tenant(bed: Bed) {
    let (home, other) = (bed.home("1001").await, bed.home("2002").await);
    let (message, theirs) = (bed.message(&home), bed.deposited(&other).await);
    bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    let job = bed.store.lease_jobs(1, Duration::from_secs(60)).await.unwrap().remove(0);
    let mut forged = job.clone();
    forged.tenant = other.tenant;
    let refused = bed.store.job_done(&forged, theirs.id, Some(Folder::Trash), "").await;
    assert_missing(refused, "lease of ours on job");
    bed.store.job_done(&job, theirs.id, Some(Folder::Trash), "").await.unwrap();
    assert_eq!(bed.store.message_anywhere(theirs.id).await.unwrap(), theirs);
    assert_eq!(bed.events(&other, theirs.id).await, ["stored"]);
}

async fn two_handles_never_lease_the_same_job(bed: Bed) {
    let home = bed.home("1001").await;
    for _ in 0..60 {
        let message = bed.message(&home);
        bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    }
    let mut tasks = tokio::task::JoinSet::new();
    for store in [&bed.store, &bed.second, &bed.store, &bed.second] {
        let store = store.clone();
        tasks.spawn(async move {
            let mut ids = Vec::new();
            loop {
                let jobs = store.lease_jobs(7, Duration::from_secs(60)).await.unwrap();
                if jobs.is_empty() {
                    return ids;
                }
                ids.extend(jobs.into_iter().map(|job| job.id));
            }
        });
    }
    let leased: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(leased.iter().collect::<HashSet<_>>().len(), leased.len(), "none twice");
    assert_eq!(leased.len(), 60);
}

async fn a_job_whose_lease_ended_is_leased_again_and_the_first_holder_is_too_late(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    let minute = Duration::from_secs(60);
    let slow = bed.store.lease_jobs(10, minute).await.unwrap().remove(0);
    assert_eq!((slow.state, slow.attempts), (JobState::Running, 1));
    assert!(bed.second.lease_jobs(10, minute).await.unwrap().is_empty());

    bed.clock.advance(minute);
    let quick = bed.second.lease_jobs(10, minute).await.unwrap().remove(0);
    assert_eq!((quick.id, quick.attempts), (slow.id, 2));
    assert_missing(
        bed.store.job_done(&slow, message.id, Some(Folder::Trash), "late").await,
        "lease of ours on job",
    );
    assert_missing(bed.store.job_retry(&slow, bed.clock.now(), "late").await, "lease of ours on job");
    assert_missing(bed.store.job_dead(&slow, "late").await, "lease of ours on job");
    assert_eq!(bed.store.message(home.tenant, message.id).await.unwrap().folder, Folder::Inbox);
    assert_eq!(bed.events(&home, message.id).await, ["stored"]);

    bed.second.job_done(&quick, message.id, None, "ok").await.unwrap();
    assert_missing(bed.second.job_done(&quick, message.id, None, "again").await, "lease of ours on job");
    assert_eq!(bed.events(&home, message.id).await, ["stored", "mail-accepted"]);
}

async fn a_job_that_waits_for_its_time_is_not_leased(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    let mut job = bed.mail(&message);
    job.due = bed.clock.now().checked_add(Duration::from_secs(30)).unwrap();
    bed.store.deposit(&message, std::slice::from_ref(&job)).await.unwrap();
    let lease = Duration::from_secs(10);
    assert!(bed.store.lease_jobs(10, lease).await.unwrap().is_empty());
    bed.clock.advance(Duration::from_secs(30));
    let leased = bed.store.lease_jobs(10, lease).await.unwrap().remove(0);
    assert_eq!(leased.work, Work::Mail { message: message.id, to: "ada@example.org".parse().unwrap() });

    let later = bed.clock.now().checked_add(Duration::from_secs(300)).unwrap();
    bed.store.job_retry(&leased, later, "421 try\r\nagain\0").await.unwrap();
    assert!(bed.store.lease_jobs(10, lease).await.unwrap().is_empty());
    let waiting = &bed.store.jobs(Some(JobState::Retry), 10).await.unwrap()[0];
    assert_eq!((waiting.next_at, waiting.last_error.as_deref()), (later, Some("421 tryagain")));
    bed.clock.advance(Duration::from_secs(300));
    assert_eq!(bed.store.lease_jobs(10, lease).await.unwrap()[0].attempts, 2);
}

// 002-074
async fn a_done_mail_moves_the_message_unless_its_owner_did(bed: Bed) {
    let home = bed.home("1001").await;
    let lease = Duration::from_secs(60);
    for (owner_moves_to, expected) in [(None, Folder::Trash), (Some(Folder::Saved), Folder::Saved)] {
        let message = bed.message(&home);
        bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
        let job = bed.store.lease_jobs(1, lease).await.unwrap().remove(0);
        if let Some(folder) = owner_moves_to {
            bed.store.move_message(home.tenant, message.id, folder).await.unwrap();
        }
        bed.store.job_done(&job, message.id, Some(Folder::Trash), "250 ok").await.unwrap();
        assert_eq!(bed.store.message(home.tenant, message.id).await.unwrap().folder, expected);
        let events = bed.events(&home, message.id).await;
        assert_eq!((events.first(), events.last()), (Some(&"stored".into()), Some(&"mail-accepted".into())));
    }
    assert!(bed.store.open_jobs().await.unwrap().iter().all(|(_, count)| *count == 0));
    assert_eq!(bed.store.jobs(Some(JobState::Done), 9).await.unwrap().len(), 2);
}

async fn a_dead_job_runs_again_when_told_to(bed: Bed) {
    let home = bed.home("1001").await;
    let message = bed.message(&home);
    bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    let lease = Duration::from_secs(60);
    let job = bed.store.lease_jobs(1, lease).await.unwrap().remove(0);
    assert_missing(bed.store.job_again(job.id).await, "dead or waiting job");
    bed.store.job_dead(&job, "550 no such user").await.unwrap();
    bed.clock.advance(Duration::from_secs(86_400));
    assert!(bed.store.lease_jobs(1, lease).await.unwrap().is_empty(), "dead stays dead");
    bed.store.job_again(job.id).await.unwrap();
    let again = bed.store.lease_jobs(1, lease).await.unwrap().remove(0);
    assert_eq!((again.id, again.attempts), (job.id, 2));
    bed.store.job_done(&again, message.id, None, "250 ok").await.unwrap();
    assert_missing(bed.store.job_again(job.id).await, "dead or waiting job");
    assert_eq!(bed.events(&home, message.id).await, ["stored", "mail-bounced", "mail-accepted"]);
}

async fn an_unreadable_job_does_not_hold_up_the_others(bed: Bed) {
    let home = bed.home("1001").await;
    let (bad, good) = (bed.message(&home), bed.message(&home));
    let bad_job = bed.mail(&bad);
    bed.store.deposit(&bad, std::slice::from_ref(&bad_job)).await.unwrap();
    bed.sql("UPDATE jobs SET work = '{\"kind\":\"teleport\"}'").await;
    bed.store.deposit(&good, &[bed.mail(&good)]).await.unwrap();
    let leased = bed.store.lease_jobs(10, Duration::from_secs(60)).await.unwrap();
    assert_eq!(leased.len(), 1);
    assert!(matches!(&leased[0].work, Work::Mail { message, .. } if *message == good.id));
    let counts = bed.store.open_jobs().await.unwrap();
    assert!(counts.contains(&(JobState::Dead, 1)), "{counts:?}");
}

async fn lamps_are_leased_however_many_jobs_are_due_before_them(bed: Bed) {
    let home = bed.home("1001").await;
    for _ in 0..3 {
        let message = bed.message(&home);
        bed.store.deposit(&message, &[bed.mail(&message)]).await.unwrap();
    }
    bed.clock.advance(Duration::from_secs(1));
    bed.store.put_lamp(&owner::lamp(&bed, &home, "a")).await.unwrap();
    bed.deposited(&home).await;
    let lease = Duration::from_secs(60);
    let is_lamp = |job: &aftertone::store::Job| matches!(job.work, Work::Lamp { .. });
    let first = bed.store.lease_jobs_and_lamps(2, 1, lease).await.unwrap();
    assert_eq!((first.len(), first.iter().filter(|job| is_lamp(job)).count()), (3, 1));
    assert_eq!(bed.store.lease_jobs_and_lamps(0, 1, lease).await.unwrap(), []);
    // One that is due by itself is not leased twice.
    let job = first.into_iter().find(is_lamp).unwrap();
    bed.store.job_finished(&job).await.unwrap();
    bed.deposited(&home).await;
    let rest = bed.store.lease_jobs_and_lamps(9, 9, lease).await.unwrap();
    assert_eq!((rest.len(), rest.iter().filter(|job| is_lamp(job)).count()), (2, 1));
}

async fn a_message_that_was_mailed_away_is_deleted_wherever_it_lies_and_only_by_its_own_mailbox(bed: Bed) {
    let (home, other) = (bed.home("1001").await, bed.home("2002").await);
    let message = bed.deposited(&home).await;
    bed.store.move_message(home.tenant, message.id, Folder::Saved).await.unwrap();
    let mut job = bed.mail(&message);
    job.work = Work::MailAway { message: message.id, to: "ada@example.org".parse().unwrap() };
    let owner = |home: &Home| Owner { tenant: home.tenant, mailbox: home.mailbox.id };
    assert_missing(bed.store.add_job_about(owner(&other), message.id, &job).await, "message");
    assert!(bed.store.jobs(None, 9).await.unwrap().is_empty());

    bed.store.add_job_about(owner(&home), message.id, &job).await.unwrap();
    let again = aftertone::store::NewJob { id: bed.mail(&message).id, ..job.clone() };
    bed.store.add_job_about(owner(&home), message.id, &again).await.unwrap();
    assert_eq!(bed.store.jobs(None, 9).await.unwrap().len(), 1, "asked for twice, mailed once");
    let leased = bed.second.lease_jobs(9, Duration::from_secs(60)).await.unwrap().remove(0);
    assert_eq!(leased.work, job.work);
    assert_eq!(bed.store.message(home.tenant, message.id).await.unwrap().folder, Folder::Saved);
    bed.store.job_done(&leased, message.id, Some(Folder::Trash), "250 ok").await.unwrap();
    assert_eq!(bed.store.message(home.tenant, message.id).await.unwrap().folder, Folder::Trash);
    let back = bed.store.mark(owner(&home), message.id, Mark::Restore).await.unwrap();
    assert_eq!(back.folder, Some(Folder::Saved), "where it was before");
}
