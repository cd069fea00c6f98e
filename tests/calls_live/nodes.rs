//! Two servers, two processes, one PostgreSQL: what one of them learns, the other knows.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::call_me::Pbx;
use crate::live::{Server, together};
use crate::postgres::Postgres;

/// The number that leads to the sign-in.
const PILOT: &str = "8000";

/// Two servers on one database; `None` where PostgreSQL is not installed.
fn pair(sections: &str) -> Option<(std::sync::Arc<Postgres>, Server, Server)> {
    let postgres = Postgres::shared()?;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = runtime.block_on(postgres.database());
    let start = || {
        Server::start(
            &format!("access_numbers = [\"{PILOT}\"]"),
            &format!("[database]\nurl = \"{url}\"\n{sections}"),
        )
    };
    Some((postgres, start(), start()))
}

fn welcomed(server: &Server) -> bool {
    server.get("/metrics").1.contains("aftertone_logins_total{outcome=\"welcome\"}")
}

#[test]
fn ten_wrong_pins_spread_over_two_servers_lock_the_mailbox_on_both() {
    let Some((_postgres, one, two)) = pair("") else { return };
    for mailbox in ["1001", "1002"] {
        one.ok(&["user", "add", "--extension", mailbox, "--first", "Ada", "--pin", "482913"]);
    }
    let locked = |server: &Server| server.json(&["user", "locked"]).as_array().unwrap().len();
    let calls = AtomicUsize::new(0);
    let guesses = |server: &Server, source: &str| {
        // One wrong PIN a call. One whose answer the caller does not wait for may count or not.
        while locked(server) == 0 && calls.fetch_add(1, Ordering::Relaxed) < 30 {
            let from = format!("sip:{source}@192.0.2.1");
            server.call(PILOT, "w0.5,1001#,w0.3,111222#,w3", None, &["--from", &from]);
        }
    };
    together(vec![Box::new(|| guesses(&one, "7001")), Box::new(|| guesses(&two, "7002"))]);
    assert!(calls.load(Ordering::Relaxed) >= 10, "locked after {calls:?} calls");
    for server in [&one, &two] {
        assert_eq!(locked(server), 1);
        server.call(PILOT, "w0.5,1001#,w0.3,482913#,w2", None, &["--from", "sip:7003@192.0.2.1"]);
        assert!(!welcomed(server), "the right PIN opens nothing any more");
        // The same keys open another mailbox: they were heard, and only the lock stood before them.
        server.call(PILOT, "w0.5,1002#,w0.3,482913#,w1", None, &["--from", "sip:7004@192.0.2.1"]);
        server.until("another mailbox opens", welcomed);
    }
    one.ok(&["user", "unlock", "--extension", "1001"]);
    assert!(two.json(&["user", "locked"]).as_array().unwrap().is_empty(), "unlocked for both");
}

#[test]
fn a_call_to_record_is_placed_by_one_of_two_servers() {
    let pbx = Pbx::new();
    let Some((_postgres, one, two)) = pair(&pbx.trunk("")) else { return };
    one.user("1001", &[]);
    for server in [&one, &two] {
        let asked = std::thread::scope(|scope| {
            let command = scope.spawn(|| server.run(&["greeting", "call-me", "--mailbox", "1001"]));
            let invite = pbx.expect("INVITE sip:1001@");
            pbx.answer(&invite, "486 Busy Here", "");
            pbx.expect("ACK ");
            command.join().unwrap()
        });
        assert!(asked.err.contains("busy"), "{asked:?}");
        assert!(pbx.is_quiet("INVITE", Duration::from_millis(1_200)), "the other server called as well");
    }
}
