//! The document of the API against a server: schemathesis makes requests of it, right ones and wrong ones, and holds the answers to it.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::web_bed::WebBed;

/// What else `tests/run` installs.
const PACKAGE: &str = "schemathesis>=4";

/// A Python that has it; without one, `None` and a line that says why. `AFTERTONE_TEST_ALL=1` makes that a failure.
async fn python() -> Option<PathBuf> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contract-venv");
    let own = home.join("bin/python");
    let given = std::env::var_os("AFTERTONE_TEST_PYTHON").map(PathBuf::from);
    for python in given.into_iter().chain([own.clone()]) {
        if run(Command::new(&python).args(["-c", "import schemathesis"])).await.is_ok() {
            return Some(python);
        }
    }
    let made = async {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home)).await?;
        run(Command::new(&own).args(["-m", "pip", "install", "--quiet", PACKAGE])).await
    };
    match made.await {
        Ok(_) => Some(own),
        Err(why) if std::env::var_os("AFTERTONE_TEST_ALL").is_some_and(|all| all == "1") => {
            panic!("the contract cannot be tested: {why}")
        }
        Err(why) => {
            eprintln!("skipped: the contract cannot be tested: {why}");
            None
        }
    }
}

async fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().await.map_err(|error| error.to_string())?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(said) } else { Err(said) }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_answers_as_its_document_says_whatever_it_is_asked() {
    let Some(python) = python().await else { return };
    let bed = WebBed::new().await;
    bed.deposit(1, |_| {}).await;
    let key = bed.key_of_all().await;
    let address = bed.serve().await;
    // Whether a wrong key is refused is not asked here: after twenty the server refuses all that come from there.
    let asked = run(Command::new(python)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("http://{address}/api/openapi.json"))
        .args(["--url", &format!("http://{address}/api/v1"), "-H", &format!("Authorization: {key}")])
        // Nor is it held against us that a value of the right form is refused: that a zone is none, or an extension taken.
        .args([
            "--exclude-path-regex",
            "events$",
            "--exclude-checks",
            "ignored_auth,positive_data_acceptance",
        ])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "8", "--seed", "4733"])
        .args(["--continue-on-failure", "--no-color", "--warnings", "off", "--request-timeout", "10"]))
    .await;
    if let Err(said) = asked {
        panic!("{said}");
    }
}
