//! How many callers can leave a message at the same time on one core of this machine: the whole server under load.
//!
//! Starts the server as a child on core 0 and places calls from core 1: INVITE, speech both ways, BYE. Measures what a
//! caller notices (set-up, first audio, greeting on time), what it costs (CPU, memory), and reads the server's
//! mailboxes afterwards: every call must have left exactly one complete message. Ends with exit code 1 when not.
//! Only loopback. `cargo bench --bench calls_per_core -- --help` names the options; `load/` holds the parts.

#[path = "load/mod.rs"]
mod load;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use load::bare::{self, Does};
use load::fingers::Fingers;
use load::generator::{Load, Outcome, Owners, Plan};
use load::report::Row;
use load::server::{SIGN_IN, Server};
use load::speech::Speech;
use load::verify::{self, Verdict};

/// Places calls to a server of its own on one core and checks what was recorded.
#[derive(Debug, Parser)]
#[command(name = "calls_per_core", max_term_width = 100)]
struct Options {
    /// Concurrent calls; several numbers make one run each, with a fresh server.
    #[arg(long, value_delimiter = ',', default_value = "100")]
    calls: Vec<u32>,
    /// New calls per second; default: as many as keep the concurrent calls constant (1500 with --signal-only).
    #[arg(long)]
    rate: Option<f64>,
    /// Seconds from answer to BYE.
    #[arg(long, default_value_t = 20.0)]
    hold: f64,
    /// Seconds that are measured, once the concurrent calls are reached.
    #[arg(long, default_value_t = 20.0)]
    window: f64,
    /// Seconds of each mailbox's greeting; a tone follows, and the rest of the call is recorded.
    #[arg(long, default_value_t = 5.0)]
    greeting: f64,
    /// Mailboxes called in turn.
    #[arg(long, default_value_t = 50)]
    mailboxes: u32,
    /// Recordings of each run that are compared with what was sent, sample by sample.
    #[arg(long, default_value_t = 50)]
    verify: usize,
    /// SIP address of the server, on loopback; default: a free port.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<std::net::SocketAddrV4>,
    /// Only INVITE, ACK and BYE: how many calls are set up per second.
    #[arg(long)]
    signal_only: bool,
    /// So many owners are signed in at once, listen to a message and move in it: how soon is a key heard?
    #[arg(long, value_delimiter = ',')]
    owners: Vec<u32>,
    /// No server: what its packets alone would cost here, for the same numbers of calls.
    #[arg(long)]
    bare: bool,
    /// The process of `--bare` that reads and sends.
    #[arg(long, hide = true, value_name = "WHAT")]
    bare_loop: Option<Does>,
    /// Keep the server's data folder and log.
    #[arg(long)]
    keep: bool,
    /// First core of the server.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// Cores of the server, with a media thread each. If the callers' core is one of them, what a call costs is true, and how
    /// late packets are is not.
    #[arg(long, default_value_t = 1)]
    server_cores: usize,
    /// Core of the callers.
    #[arg(long, default_value_t = 1)]
    load_core: usize,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A call shorter than greeting, tone and so much speech leaves no message, and none would be missing.
const LEAST_SPEECH: f64 = 3.0;
/// New calls per second of `--signal-only`.
const SIGNAL_RATE: f64 = 1500.0;

impl Options {
    /// A fresh server on its cores, and the callers from now on on theirs.
    fn server(&self, mailboxes: &[u32], greeting: &[i16]) -> Server {
        let cores = self.server_cores.max(1);
        load::pin(self.server_core..self.server_core + cores);
        let server = Server::start(self.listen, cores, mailboxes, greeting);
        load::pin(self.load_core..self.load_core + 1);
        server
    }

    fn plan(&self, calls: u32) -> Plan {
        let mailboxes: Vec<u32> = (1001..).take(self.mailboxes.max(1) as usize).collect();
        let window = Duration::from_secs_f64(self.window);
        if self.signal_only {
            let rate = self.rate.unwrap_or(SIGNAL_RATE);
            return Plan {
                rate,
                ramp: Duration::from_secs(2),
                window,
                hold: Duration::ZERO,
                media: false,
                mailboxes,
                owners: None,
            };
        }
        let hold = Duration::from_secs_f64(self.hold);
        let rate = self.rate.unwrap_or_else(|| f64::from(calls) / self.hold.max(0.1));
        Plan { rate, ramp: hold, window, hold, media: true, mailboxes, owners: None }
    }
}

/// Mailboxes whose owners listen: to a message each, of so many seconds.
const OWNED: usize = 10;
const MESSAGE: u64 = 40;
/// Owners who sign in per second: looking at a PIN takes 20 ms of the core.
const SIGN_INS: f64 = 20.0;
/// Each goes back five seconds each eight seconds, once all have come.
const KEY_EVERY: Duration = Duration::from_secs(8);
/// Keys that fit into the longest run.
const KEYS: u32 = 20;
/// From the answer until an owner hears the message.
const SIGNED_IN: Duration = Duration::from_secs(12);

/// A run with owners: messages are left, then listened to.
fn run_owners(options: &Options, owners: u32, speech: &Speech) -> (Row, Outcome) {
    let mailboxes: Vec<u32> = (1001..).take(OWNED).collect();
    let server = options.server(&mailboxes, speech.sample(Duration::from_secs(1)));
    let listen = |calls: usize, rate: f64, times: Duration, fingers: fn(usize) -> Fingers| {
        let coming = Duration::from_secs_f64(calls as f64 / rate) + SIGNED_IN;
        Plan {
            rate,
            ramp: coming,
            window: times,
            hold: coming + times,
            media: true,
            mailboxes: mailboxes.clone(),
            owners: Some(Owners { calls, number: SIGN_IN, fingers }),
        }
    };
    let second = Duration::from_secs(1);
    let leave = Plan {
        rate: OWNED as f64,
        ramp: Duration::ZERO,
        window: second,
        hold: Duration::from_secs(MESSAGE),
        media: true,
        mailboxes: mailboxes.clone(),
        owners: None,
    };
    Load::new(leave, server.sip(), speech).run(&server);
    Load::new(listen(OWNED, OWNED as f64, second, |_| Fingers::first_call()), server.sip(), speech)
        .run(&server);
    let fingers = |call: usize| {
        let apart = Duration::from_millis(call as u64 * 37 % KEY_EVERY.as_millis() as u64);
        Fingers::owner(SIGNED_IN + apart, KEY_EVERY, KEYS)
    };
    let plan = listen(owners as usize, SIGN_INS, Duration::from_secs_f64(options.window), fingers);
    let (outcome, meter) = Load::new(plan, server.sip(), speech).run(&server);
    let row = Row::new(&outcome, &meter, Verdict::default(), server.deposits());
    server.stop(options.keep);
    (row, outcome)
}

/// One run on a fresh server.
fn run(options: &Options, calls: u32, speech: &Speech) -> Row {
    let plan = options.plan(calls);
    let server = options.server(&plan.mailboxes, speech.sample(Duration::from_secs_f64(options.greeting)));
    let load = Load::new(plan, server.sip(), speech);
    let (outcome, meter) = load.run(&server);
    let verdict = if options.signal_only {
        Verdict::default()
    } else {
        verify::recordings(&server, &outcome.calls, speech, options.verify)
    };
    let row = Row::new(&outcome, &meter, verdict, server.deposits());
    server.stop(options.keep);
    row
}

/// The packets of so many calls without a server: read only, and both ways.
fn run_bare(options: &Options, calls: u32) -> std::io::Result<()> {
    let measure = |does| bare::measure(options.server_core, options.load_core, calls as usize, does);
    let (listens, talks) = (measure(Does::Listens)?, measure(Does::Talks)?);
    println!(
        "| {calls:5} | {:9.3} | {:10.3} | {:9.1} % |",
        listens.cpu_ms,
        talks.cpu_ms,
        talks.came_back * 100.0
    );
    Ok(())
}

/// Why it cannot go on.
fn fail(error: &std::io::Error) -> ExitCode {
    eprintln!("sockets for so many calls cannot be had: {error}");
    ExitCode::FAILURE
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(does) = options.bare_loop {
        let calls = options.calls.iter().sum::<u32>() as usize;
        return bare::run_loop(calls, does).map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS);
    }
    if options.bare {
        println!("| calls | CPU ms per call-second | packets     |");
        println!("|       | read only | both ways  | came back   |");
        println!("|------:|----------:|-----------:|------------:|");
        let rows = options.calls.iter().try_for_each(|calls| run_bare(&options, *calls));
        return rows.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS);
    }
    if !options.signal_only && options.hold < options.greeting + LEAST_SPEECH {
        let least = options.greeting + LEAST_SPEECH;
        eprintln!("--hold {}: calls must last {least} s to leave a message after the greeting", options.hold);
        return ExitCode::FAILURE;
    }
    let speech = Speech::new();
    if !options.owners.is_empty() {
        println!("{}", Row::OWNERS_HEAD);
        for owners in &options.owners {
            let (row, outcome) = run_owners(&options, *owners, &speech);
            println!("{}", row.owners_line(&outcome.calls, outcome.plan.ramp));
            row.complaints().iter().for_each(|complaint| eprintln!("  {owners} owners: {complaint}"));
        }
        return ExitCode::SUCCESS;
    }
    let mut good = true;
    println!("{}", if options.signal_only { Row::SIGNAL_HEAD } else { Row::HEAD });
    for calls in &options.calls {
        let row = run(&options, *calls, &speech);
        println!("{}", if options.signal_only { row.signal_line() } else { row.line(*calls) });
        if !options.signal_only {
            println!("  {calls} calls: {}", row.deposit_line());
        }
        for complaint in row.complaints() {
            eprintln!("  {calls} calls: {complaint}");
        }
        good &= row.is_good();
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
