//! axe-core in a page: what a screen reader or somebody without a mouse would stumble over (WCAG 2.2 A and AA, and good practice).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::browser::Browser;

/// A Python package that brings axe-core's one file along; `tests/run` installs it.
const PACKAGE: &str = "axe-playwright-python>=0.1.8";

/// Each finding with its element.
const LOOK: &str = r#"
    return axe.run(document, { resultTypes: ["violations"] }).then((found) => found.violations.flatMap(
      (rule) => rule.nodes.map((node) => `${rule.impact} ${rule.id}: ${rule.help}: ${node.html.slice(0, 200)}`)));
"#;

/// Nothing in the page is in anybody's way. Without axe-core a line says so; `AFTERTONE_TEST_ALL=1` makes that a failure.
pub(crate) async fn nothing_in_the_way(browser: &Browser, name: &str) {
    let Some(axe) = source() else { return };
    browser.run(axe).await;
    let found: Value = browser.run(LOOK).await;
    assert_eq!(found, json!([]), "{name}");
}

fn source() -> Option<&'static str> {
    static SOURCE: OnceLock<Option<String>> = OnceLock::new();
    let read = || match installed() {
        Ok(file) => Some(std::fs::read_to_string(file).unwrap()),
        Err(why) => {
            let is_needed = std::env::var_os("AFTERTONE_TEST_ALL").is_some_and(|all| all == "1");
            assert!(!is_needed, "no axe-core to test with: {why}");
            eprintln!("skipped: no axe-core to test with: {why}");
            None
        }
    };
    SOURCE.get_or_init(read).as_deref()
}

fn installed() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("axe-venv");
    let own = home.join("bin/python");
    let given = std::env::var_os("AFTERTONE_TEST_PYTHON").map(PathBuf::from);
    for python in given.into_iter().chain([own.clone()]) {
        if let Ok(file) = file_of(&python) {
            return Ok(file);
        }
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    // Of what the package needs itself, nothing is needed here.
    run(Command::new(&own).args(["-m", "pip", "install", "--quiet", "--no-deps", PACKAGE]))?;
    file_of(&own)
}

fn file_of(python: &Path) -> Result<PathBuf, String> {
    let find = "import importlib.util as u; print(u.find_spec('axe_playwright_python').submodule_search_locations[0])";
    let folder = run(Command::new(python).args(["-c", find]))?;
    let file = Path::new(folder.trim()).join("axe.min.js");
    if file.is_file() { Ok(file) } else { Err(format!("{} is not there", file.display())) }
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(said) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
