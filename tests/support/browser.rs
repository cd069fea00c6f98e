//! A real Chromium, driven by chromedriver over the W3C WebDriver protocol.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// Where WebDriver keeps the id of an element in its answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One window. Browser and driver end when it is dropped.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    http: reqwest::Client,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// A fresh browser, or `None` with a line that says why. `AFTERTONE_TEST_ALL=1` makes that a failure.
    pub(crate) async fn start() -> Option<Self> {
        let missing: Vec<_> =
            ["chromium", "chromedriver"].into_iter().filter(|name| !is_installed(name)).collect();
        if !missing.is_empty() {
            let is_needed = std::env::var_os("AFTERTONE_TEST_ALL").is_some_and(|all| all == "1");
            assert!(!is_needed, "no browser to test with: {missing:?} not found");
            eprintln!("skipped: no browser to test with: {missing:?} not found");
            return None;
        }
        // Another test of this process may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            // Crash reports and the like stay out of the user's own folders.
            .env("XDG_CONFIG_HOME", profile.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let port = BufReader::new(driver.stdout.take().unwrap()).lines().find_map(|line| {
            let line = line.unwrap();
            let port = line.rsplit_once("started successfully on port ")?.1;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let driver_at = format!("http://127.0.0.1:{}/session", port.unwrap());
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(120)).build().unwrap();
        let mut browser = Self { driver, session: driver_at.clone(), http, _profile: profile };
        let folder = format!("--user-data-dir={}", browser._profile.path().display());
        let answer = browser
            .call(
                "POST",
                "",
                json!({"capabilities": {"alwaysMatch": {
                    "goog:loggingPrefs": {"browser": "ALL"},
                    "goog:chromeOptions": {"args": [
                        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                        "--disable-background-networking", "--disable-component-update", "--disable-sync",
                        "--disable-dev-shm-usage", "--disable-crash-reporter", "--disable-breakpad", "--mute-audio",
                        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--window-size=1440,1000", folder,
                    ]},
                }}}),
            )
            .await;
        browser.session = format!("{driver_at}/{}", answer["sessionId"].as_str().unwrap());
        Some(browser)
    }

    pub(crate) async fn open(&self, url: &str) {
        self.call("POST", "/url", json!({ "url": url })).await;
    }

    /// What the body of a function returns in the page. A promise is awaited.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", json!({"script": script, "args": []})).await
    }

    /// Asks until the script returns true.
    pub(crate) async fn until(&self, script: &str) {
        self.until_in(20, script).await;
    }

    /// The same for what takes long: asks for so many seconds.
    pub(crate) async fn until_in(&self, seconds: u32, script: &str) {
        for _ in 0..seconds * 10 {
            if self.run(script).await == json!(true) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never came true: {script}; console: {:?}", self.console().await);
    }

    pub(crate) async fn click(&self, css: &str) {
        let element = self.element(css).await;
        self.call("POST", &format!("/element/{element}/click"), json!({})).await;
    }

    /// Presses keys, one after the other, where the focus is.
    pub(crate) async fn press(&self, keys: &str) {
        let steps =
            |key: char| [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})];
        let steps: Vec<Value> = keys.chars().flat_map(steps).collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": steps});
        self.call("POST", "/actions", json!({ "actions": [keyboard] })).await;
    }

    /// Takes one element with the mouse and drops it a little below the middle of another.
    pub(crate) async fn drag(&self, from: &str, to: &str) {
        let (from, to) = (self.element(from).await, self.element(to).await);
        let over = |element: &str, y: i32, ms: u32| {
            let origin = json!({ ELEMENT: element });
            json!({"type": "pointerMove", "duration": ms, "origin": origin, "x": 0, "y": y})
        };
        let steps = json!([
            over(&from, 0, 0),
            {"type": "pointerDown", "button": 0},
            over(&to, 0, 200),
            over(&to, 12, 200),
            {"type": "pointerUp", "button": 0},
        ]);
        let mouse = json!({"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": steps});
        self.call("POST", "/actions", json!({ "actions": [mouse] })).await;
    }

    /// What a screen reader calls the element.
    pub(crate) async fn label(&self, css: &str) -> String {
        let element = self.element(css).await;
        let label = self.call("GET", &format!("/element/{element}/computedlabel"), Value::Null).await;
        label.as_str().unwrap().to_owned()
    }

    /// Width in pixels of the page; below 600, as on a telephone.
    pub(crate) async fn resize(&self, width: u32) {
        let is_phone = width < 600;
        let height = if is_phone { 844 } else { 720 };
        let size = json!({"width": width, "height": height, "screenWidth": width, "screenHeight": height, "deviceScaleFactor": 1, "mobile": is_phone});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    pub(crate) async fn dark(&self, dark: bool) {
        let scheme = json!({"name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" }});
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": [scheme] })).await;
    }

    pub(crate) async fn without_scripts(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    }

    /// What the page complained of since the last call: errors, refused content.
    pub(crate) async fn console(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", json!({"type": "browser"})).await;
        log.as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }

    /// The visible part of the page as PNG.
    pub(crate) async fn picture(&self) -> Vec<u8> {
        use base64::Engine as _;
        let picture = self.call("GET", "/screenshot", Value::Null).await;
        base64::engine::general_purpose::STANDARD.decode(picture.as_str().unwrap()).unwrap()
    }

    async fn element(&self, css: &str) -> String {
        let found = self.call("POST", "/element", json!({"using": "css selector", "value": css})).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    async fn devtools(&self, command: &str, params: Value) {
        self.call("POST", "/goog/cdp/execute", json!({"cmd": command, "params": params})).await;
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.session);
        let request = match method {
            "GET" => self.http.get(url),
            _ => self.http.post(url).header("content-type", "application/json").body(body.to_string()),
        };
        let answer = request.send().await.unwrap();
        let is_good = answer.status().is_success();
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert!(is_good, "{method} {path} {body}: {}", answer["value"]["message"]);
        answer["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let end = || -> std::io::Result<()> {
            let (host, path) = self.session.trim_start_matches("http://").split_once('/').unwrap_or_default();
            let mut driver = TcpStream::connect(host)?;
            driver.set_read_timeout(Some(Duration::from_secs(10)))?;
            write!(driver, "DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
            driver.read(&mut [0; 64]).map(drop)
        };
        if let Err(error) = end() {
            eprintln!("the browser was not ended in order: {error}");
        }
        // The driver leads a process group of its own.
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-9", "--", &group]).status();
        let _ = self.driver.wait();
    }
}

fn is_installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}
