//! The figures of a run as one line of a table, and what is wrong with them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::call::{Call, State};
use super::generator::Outcome;
use super::server::{Deposits, Meter};
use super::verify::Verdict;

/// A packet so late, in microseconds, is heard as a gap.
const GAP: u32 = 40_000;

/// Values in microseconds.
#[derive(Debug)]
struct Spread(Vec<u32>);

impl Spread {
    fn new(values: impl Iterator<Item = u32>) -> Self {
        let mut values: Vec<u32> = values.collect();
        values.sort_unstable();
        Self(values)
    }

    fn of(durations: impl Iterator<Item = Duration>) -> Self {
        Self::new(durations.map(|duration| u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)))
    }

    /// Quantile in milliseconds, NaN without values.
    fn ms(&self, quantile: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let index = (last as f64 * quantile).round() as usize;
        self.0.get(index).map_or(f64::NAN, |value| f64::from(*value) / 1000.0)
    }

    fn above(&self, limit: u32) -> usize {
        self.0.len() - self.0.partition_point(|value| *value <= limit)
    }
}

/// One run.
pub(crate) struct Row {
    rate: f64,
    setup: Spread,
    first_audio: Spread,
    late: Spread,
    gaps: usize,
    lost: u32,
    answered_per_second: f64,
    cpu_ms: f64,
    cpu_share: f64,
    kib: f64,
    idle_mib: f64,
    own_late: Spread,
    load_share: f64,
    resent: u32,
    strays: u64,
    unsent: u64,
    failed: BTreeMap<u16, usize>,
    recorded: Spread,
    verdict: Verdict,
    deposits: Deposits,
}

impl Row {
    /// Head of the table.
    pub(crate) const HEAD: &'static str = "\
|       | new     | set-up ms       | first audio ms  | packet late ms  |      | recordings           | compared, whole, |  CPU ms per | core | KiB per | idle | load        |
| calls | calls/s |     p50     p99 |     p50     p99 |     p50     p99 | gaps | whole / all   of s   |    worst frames  | call-second |   %  |    call | MiB  | p99 ms    % |
|------:|--------:|----------------:|----------------:|----------------:|-----:|---------------------:|-----------------:|------------:|-----:|--------:|-----:|------------:|";

    /// Head of the table of `--signal-only`.
    pub(crate) const SIGNAL_HEAD: &'static str = "\
| offered/s | set up/s | set-up p50 ms | p99 ms | CPU ms per call | core % | load % | failed |
|----------:|---------:|--------------:|-------:|----------------:|-------:|-------:|-------:|";

    /// Figures of the calls placed within the window; recordings and failures of all.
    pub(crate) fn new(outcome: &Outcome, meter: &Meter, verdict: Verdict, deposits: Deposits) -> Self {
        let begin = outcome.calls.first().map_or(Duration::ZERO, |call| call.invited) + outcome.plan.ramp;
        let is_measured = |call: &&Call| outcome.plan.owners.is_some() || call.invited >= begin;
        let measured: Vec<&Call> = outcome.calls.iter().filter(is_measured).collect();
        let late = Spread::new(measured.iter().flat_map(|call| call.heard.lateness()));
        let lost = measured.iter().map(|call| call.heard.lost()).sum();
        let mut failed = BTreeMap::new();
        for call in &outcome.calls {
            if let State::Failed(code) = call.state {
                *failed.entry(code).or_default() += 1;
            }
        }
        let answered = measured.iter().filter(|call| call.answered.is_some()).count();
        let since_invite = |call: &&Call, at: Option<Duration>| at?.checked_sub(call.invited);
        let answered_per_second = answered as f64 / outcome.plan.window.as_secs_f64();
        let cpu_ms = if outcome.plan.media {
            meter.cpu_ms_per_call_second()
        } else {
            meter.used.map_or(f64::NAN, |(cpu, wall)| {
                cpu.as_secs_f64() * 1000.0 / (answered_per_second * wall.as_secs_f64())
            })
        };
        Self {
            rate: outcome.plan.rate,
            setup: Spread::of(measured.iter().filter_map(|call| since_invite(call, call.answered))),
            first_audio: Spread::of(
                measured.iter().filter_map(|call| since_invite(call, call.heard.first())),
            ),
            gaps: late.above(GAP) + lost as usize,
            late,
            lost,
            answered_per_second,
            cpu_ms,
            cpu_share: meter.share_of_core() * 100.0,
            kib: meter.kib_per_call(),
            idle_mib: meter.idle_mib(),
            load_share: meter.share_of_load_core() * 100.0,
            own_late: Spread::new(outcome.own_lateness.iter().copied()),
            resent: outcome.calls.iter().map(|call| call.resent).sum(),
            strays: outcome.strays,
            unsent: outcome.unsent,
            failed,
            recorded: Spread::of(measured.iter().filter_map(|call| call.recorded())),
            verdict,
            deposits,
        }
    }

    /// Head of the table of `--owners`.
    pub(crate) const OWNERS_HEAD: &'static str = "\
| owners   | keys     | not      | key to sound ms         | packet late ms  |      |  CPU ms per | core | load |
| listen   | answered | answered |     p50     p99     max |     p50     p99 | gaps | call-second |   %  |   %  |
|---------:|---------:|---------:|------------------------:|----------------:|-----:|------------:|-----:|-----:|";

    /// The line of the table of `--owners`: keys that were pressed within the window.
    pub(crate) fn owners_line(&self, calls: &[Call], ramp: Duration) -> String {
        let begin = calls.first().map_or(Duration::ZERO, |call| call.invited) + ramp;
        let fingers = || calls.iter().filter_map(|call| call.fingers.as_ref());
        let waits = || fingers().flat_map(|fingers| &fingers.waits);
        let waits = Spread::of(waits().filter(|(at, _)| *at >= begin).map(|(_, wait)| *wait));
        let unknown = fingers().flat_map(|fingers| &fingers.unknown).filter(|at| **at >= begin).count();
        format!(
            "| {:8} | {:8} | {:8} | {:7.1} {:7.1} {:7.1} | {:7.1} {:7.1} | {:4} | {:11.3} | {:4.0} | {:4.0} |",
            calls.len(),
            waits.0.len(),
            unknown,
            waits.ms(0.5),
            waits.ms(0.99),
            waits.ms(1.0),
            self.late.ms(0.5),
            self.late.ms(0.99),
            self.gaps,
            self.cpu_ms,
            self.cpu_share,
            self.load_share,
        )
    }

    /// What a message cost behind the call.
    pub(crate) fn deposit_line(&self) -> String {
        let Deposits { half_ms, most_ms, trips, commits } = self.deposits;
        format!(
            "hang-up to durable: p50 within {half_ms:.0} ms, p99 within {most_ms:.0} ms; {trips:.1} trips to the database and {commits:.1} commits a call"
        )
    }

    /// The line of the table.
    pub(crate) fn line(&self, calls: u32) -> String {
        let Verdict { expected, complete, compared, whole, worst, .. } = &self.verdict;
        format!(
            "| {calls:5} | {:7.1} | {:7.1} {:7.1} | {:7.1} {:7.1} | {:7.1} {:7.1} | {:4} | {complete:5} / {expected:5} {:6.1} | {compared:3}, {whole:3}, {:5.1} % | {:11.3} | {:4.0} | {:7.1} | {:4.0} | {:6.1} {:4.0} |",
            self.rate,
            self.setup.ms(0.5),
            self.setup.ms(0.99),
            self.first_audio.ms(0.5),
            self.first_audio.ms(0.99),
            self.late.ms(0.5),
            self.late.ms(0.99),
            self.gaps,
            self.recorded.ms(0.5) / 1000.0,
            worst.map_or(f64::NAN, |worst| worst * 100.0),
            self.cpu_ms,
            self.cpu_share,
            self.kib,
            self.idle_mib,
            self.own_late.ms(0.99),
            self.load_share,
        )
    }

    /// The line of the table of `--signal-only`.
    pub(crate) fn signal_line(&self) -> String {
        format!(
            "| {:9.0} | {:8.1} | {:13.1} | {:6.1} | {:15.3} | {:6.0} | {:6.0} | {:6} |",
            self.rate,
            self.answered_per_second,
            self.setup.ms(0.5),
            self.setup.ms(0.99),
            self.cpu_ms,
            self.cpu_share,
            self.load_share,
            self.failed.values().sum::<usize>(),
        )
    }

    /// Every call was held, and left exactly one whole message.
    pub(crate) fn is_good(&self) -> bool {
        let Verdict { expected, complete, doubled, compared, whole, .. } = self.verdict;
        self.failed.is_empty() && complete == expected && doubled == 0 && whole == compared
    }

    /// What else should be known, worst first.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let verdict = &self.verdict;
        let failed = |(code, count): (&u16, &usize)| match code {
            0 => format!("{count} calls got no answer or were ended by the server"),
            code => format!("{count} calls were refused with {code}"),
        };
        let counts = [
            (verdict.missing as u64, "calls left no message"),
            (verdict.doubled as u64, "messages too many"),
            (verdict.wrong_length as u64, "messages are shorter or longer than what was said"),
            ((verdict.compared - verdict.whole) as u64, "compared messages are not what was said"),
            (u64::from(self.lost), "packets of the server never came"),
            (u64::from(self.resent), "requests were sent again"),
            (self.strays, "datagrams belonged to no call"),
            (self.unsent, "packets were not taken by the system: the load is too heavy for its core"),
        ];
        let counted =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        self.failed.iter().map(failed).chain(counted).collect()
    }
}
