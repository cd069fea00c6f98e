//! Audio objects: put, read in ranges, delete. A local put is on the disk (synced) when it returns.
//!
//! One type over a local folder and an S3 bucket. Keys are made by us from ids alone; anything else is refused. Every
//! call is bounded in time: an outage is [`ObjectError::Away`] within about ten seconds, never a call that hangs.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::local;
use bytes::Bytes;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ClientConfigKey, GetOptions, ObjectStore, ObjectStoreExt, RetryConfig};

/// How long an answer may take; transfers get a second more for every [`BYTES_PER_SECOND`].
const PATIENCE: Duration = Duration::from_secs(10);
/// A bucket that is slower than this counts as away.
const BYTES_PER_SECOND: u64 = 256 * 1024;
const MAX_KEY: usize = 512;

/// What went wrong with an object.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The folder or bucket cannot be reached, or has no room: try again later.
    #[error("the object store is not available: {0}")]
    Away(String),
    /// There is no such object.
    #[error("there is no object {0:?}")]
    Missing(String),
    /// The configured URL cannot be used.
    #[error("storage.url {url:?} cannot be used: {why}")]
    Config {
        /// The URL (without credentials).
        url: String,
        /// Why not.
        why: String,
    },
    /// The key was not made by this program.
    #[error("{0:?} is not an object key: keys are letters, digits, '.', '_' and '-' between single slashes")]
    Key(String),
}

/// The folder or bucket that holds the audio. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    /// Where a local folder is.
    folder: Option<PathBuf>,
}

impl Objects {
    /// `file:///path` or `s3://bucket/prefix` (endpoint, region and credentials by the usual `AWS_*` variables).
    ///
    /// # Errors
    /// [`ObjectError::Config`] says what is wrong with the URL or the variables; [`ObjectError::Away`] when the folder cannot
    /// be made. A bucket is not contacted.
    pub fn open(url: &str) -> Result<Self, ObjectError> {
        Self::open_with(
            url,
            std::env::vars_os()
                .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// As [`Objects::open`], with these variables instead of the environment's.
    ///
    /// # Errors
    /// As [`Objects::open`].
    pub fn open_with(
        url: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ObjectError> {
        let mut shown = reqwest::Url::parse(url).map_err(|error| config(url, &error.to_string()))?;
        if !shown.username().is_empty() || shown.password().is_some() {
            // The result does not matter: what cannot be blanked cannot carry credentials.
            let _ = (shown.set_username(""), shown.set_password(None));
            return Err(config(
                shown.as_str(),
                "credentials do not belong in it; use AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ));
        }
        match shown.scheme() {
            "file" => {
                let folder = shown.to_file_path().map_err(|()| {
                    config(
                        url,
                        "a folder is named by its absolute path, for example file:///var/lib/aftertone/audio",
                    )
                })?;
                Self::folder(&folder, url)
            }
            "s3" => Self::bucket(&shown, variables),
            _ => Err(config(url, "it begins with file:// or s3://")),
        }
    }

    fn folder(folder: &Path, url: &str) -> Result<Self, ObjectError> {
        local::make_folder(folder)
            .map_err(|error| ObjectError::Away(format!("{}: {error}", folder.display())))?;
        let store =
            LocalFileSystem::new_with_prefix(folder).map_err(|error| config(url, &error.to_string()))?;
        let folder = Some(folder.to_owned());
        Ok(Self { store: Arc::new(store.with_fsync(true)), prefix: String::new(), folder })
    }

    fn bucket(
        url: &reqwest::Url,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ObjectError> {
        let bucket = url
            .host_str()
            .ok_or_else(|| config(url.as_str(), "the bucket is missing: s3://bucket/prefix"))?;
        let prefix = url.path().trim_matches('/');
        if !prefix.is_empty() {
            check_key(prefix).map_err(|_| {
                config(
                    url.as_str(),
                    "the prefix may hold letters, digits, '.', '_' and '-' between single slashes",
                )
            })?;
        }
        // Another part of the program may have installed it: then it is there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = s3_builder(bucket, variables, url)?;
        let store = builder.build().map_err(|error| config(url.as_str(), &error.to_string()))?;
        Ok(Self { store: Arc::new(store), prefix: prefix.to_owned(), folder: None })
    }

    /// Idempotent: the same key twice is the same object, but not twice at once. Durable when it returns.
    ///
    /// # Errors
    /// [`ObjectError::Away`], or [`ObjectError::Key`].
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), ObjectError> {
        self.put_with(key, bytes, local::clear_halves).await
    }

    /// `after` follows a put into a folder, on the same thread.
    async fn put_with(&self, key: &str, bytes: Bytes, after: fn(&Path, &str)) -> Result<(), ObjectError> {
        let patience = patience(bytes.len() as u64);
        let path = self.path(key)?;
        let Some(folder) = self.folder.clone() else {
            return within(patience, self.store.put(&path, bytes.into())).await?.map(drop).map_err(away);
        };
        let key = key.to_owned();
        let put = tokio::task::spawn_blocking(move || {
            local::put(&folder, &key, &bytes)?;
            after(&folder, &key);
            Ok::<_, std::io::Error>(())
        });
        match within(patience, put).await? {
            Ok(put) => put.map_err(|error| ObjectError::Away(error.to_string())),
            Err(error) => Err(ObjectError::Away(error.to_string())),
        }
    }

    /// The whole object.
    ///
    /// # Errors
    /// [`ObjectError::Missing`], [`ObjectError::Away`], or [`ObjectError::Key`].
    pub async fn get(&self, key: &str) -> Result<Bytes, ObjectError> {
        self.read(key, GetOptions::default()).await
    }

    /// The bytes of a range that lies within [`Objects::size`].
    ///
    /// # Errors
    /// As [`Objects::get`].
    pub async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, ObjectError> {
        self.read(key, GetOptions { range: Some(range.into()), ..GetOptions::default() }).await
    }

    /// Bytes of the object.
    ///
    /// # Errors
    /// As [`Objects::get`].
    pub async fn size(&self, key: &str) -> Result<u64, ObjectError> {
        let path = self.path(key)?;
        let meta =
            within(PATIENCE, self.store.head(&path)).await?.map_err(|error| missing_or_away(key, error))?;
        Ok(meta.size)
    }

    /// Deletes the object; one that is not there is as good as deleted.
    ///
    /// # Errors
    /// [`ObjectError::Away`], or [`ObjectError::Key`].
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let path = self.path(key)?;
        match within(PATIENCE, self.store.delete(&path)).await? {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(away(error)),
        }
    }

    /// Writes, reads and deletes a small probe object.
    ///
    /// # Errors
    /// [`ObjectError::Away`] with the reason.
    pub async fn probe(&self) -> Result<(), ObjectError> {
        const KEY: &str = "probe/aftertone-probe";
        let content = Bytes::from_static(b"aftertone");
        // Another node may be probing: its half is its own.
        self.put_with(KEY, content.clone(), |_, _| {}).await?;
        match self.get(KEY).await {
            // Two nodes may probe at once, and the other one deletes: both saw that the store works.
            Err(ObjectError::Missing(_)) => {}
            Ok(read) if read == content => {}
            Ok(_) => return Err(ObjectError::Away("the probe object came back changed".to_owned())),
            Err(error) => return Err(error),
        }
        self.delete(KEY).await
    }

    async fn read(&self, key: &str, options: GetOptions) -> Result<Bytes, ObjectError> {
        let path = self.path(key)?;
        let failed = |error| missing_or_away(key, error);
        let found = within(PATIENCE, self.store.get_opts(&path, options)).await?.map_err(failed)?;
        let patience = patience(found.range.end.saturating_sub(found.range.start));
        within(patience, found.bytes()).await?.map_err(failed)
    }

    fn path(&self, key: &str) -> Result<Key, ObjectError> {
        check_key(key)?;
        let whole = if self.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.prefix) };
        Key::parse(whole).map_err(|_| ObjectError::Key(key.to_owned()))
    }
}

fn check_key(key: &str) -> Result<(), ObjectError> {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    let good = key.len() <= MAX_KEY && key.split('/').all(plain);
    good.then_some(()).ok_or_else(|| ObjectError::Key(key.chars().take(80).collect()))
}

fn s3_builder(
    bucket: &str,
    variables: impl IntoIterator<Item = (String, String)>,
    url: &reqwest::Url,
) -> Result<AmazonS3Builder, ObjectError> {
    let mut builder = AmazonS3Builder::new();
    for (name, value) in variables.into_iter().filter(|(name, _)| name.starts_with("AWS_")) {
        if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    let set = |builder: &AmazonS3Builder, key| builder.get_config_value(&key).is_some();
    let limits = [(ClientConfigKey::ConnectTimeout, "3 seconds"), (ClientConfigKey::Timeout, "10 minutes")];
    for (key, value) in limits {
        if !set(&builder, AmazonS3ConfigKey::Client(key)) {
            builder = builder.with_config(AmazonS3ConfigKey::Client(key), value);
        }
    }
    let plain_http = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint]
        .iter()
        .find_map(|key| builder.get_config_value(key))
        .and_then(|endpoint| reqwest::Url::parse(&endpoint).ok())
        .filter(|endpoint| endpoint.scheme() == "http");
    let allow = AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp);
    match plain_http {
        Some(endpoint) if is_loopback(&endpoint) => builder = builder.with_allow_http(true),
        Some(_) if builder.get_config_value(&allow).as_deref() != Some("true") => {
            return Err(config(
                url.as_str(),
                "its endpoint is plain http: use https, or set AWS_ALLOW_HTTP=true on a network you trust",
            ));
        }
        _ => {}
    }
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(1),
        base: 2.0,
    };
    let retry = RetryConfig { backoff, max_retries: 3, retry_timeout: Duration::from_secs(6) };
    Ok(builder.with_bucket_name(bucket).with_retry(retry))
}

fn is_loopback(endpoint: &reqwest::Url) -> bool {
    let host = endpoint.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn patience(bytes: u64) -> Duration {
    PATIENCE + Duration::from_secs(bytes / BYTES_PER_SECOND)
}

async fn within<T>(patience: Duration, call: impl Future<Output = T>) -> Result<T, ObjectError> {
    let late = |_| ObjectError::Away(format!("no answer within {} s", patience.as_secs()));
    tokio::time::timeout(patience, call).await.map_err(late)
}

fn missing_or_away(key: &str, error: object_store::Error) -> ObjectError {
    match error {
        object_store::Error::NotFound { .. } => ObjectError::Missing(key.to_owned()),
        error => away(error),
    }
}

fn away(error: object_store::Error) -> ObjectError {
    // S3 answers with whole XML pages; the start says what it is.
    ObjectError::Away(
        error.to_string().chars().take(400).map(|c| if c.is_control() { ' ' } else { c }).collect(),
    )
}

fn config(url: &str, why: &str) -> ObjectError {
    ObjectError::Config { url: url.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> (tempfile::TempDir, Objects) {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::open(&format!("file://{}/audio/deep", folder.path().display())).unwrap();
        (folder, objects)
    }

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[tokio::test]
    async fn an_object_is_put_twice_read_in_ranges_and_deleted() {
        let (folder, objects) = local();
        for _ in 0..2 {
            objects.put("tenant/box/2026/01/id.wav", Bytes::from_static(b"0123456789")).await.unwrap();
        }
        assert_eq!(objects.get("tenant/box/2026/01/id.wav").await.unwrap(), "0123456789");
        assert_eq!(objects.get_range("tenant/box/2026/01/id.wav", 2..5).await.unwrap(), "234");
        assert_eq!(objects.size("tenant/box/2026/01/id.wav").await.unwrap(), 10);
        assert!(folder.path().join("audio/deep/tenant/box/2026/01/id.wav").is_file());
        objects.delete("tenant/box/2026/01/id.wav").await.unwrap();
        objects.delete("tenant/box/2026/01/id.wav").await.unwrap();
        assert!(matches!(objects.get("tenant/box/2026/01/id.wav").await, Err(ObjectError::Missing(_))));
        objects.probe().await.unwrap();
    }

    #[tokio::test]
    async fn what_a_crash_left_of_a_put_is_cleared_away_by_the_next_one() {
        let (folder, objects) = local();
        let beside = |name: &str| folder.path().join("audio/deep/a").join(name);
        std::fs::create_dir(folder.path().join("audio/deep/a")).unwrap();
        for half in ["id.wav#1", "id.wav#2", "other.wav#1"] {
            std::fs::write(beside(half), "ha").unwrap();
        }
        objects.put("a/id.wav", Bytes::from_static(b"whole")).await.unwrap();
        assert_eq!(objects.get("a/id.wav").await.unwrap(), "whole");
        assert!(!beside("id.wav#1").exists() && !beside("id.wav#2").exists());
        assert!(beside("other.wav#1").exists(), "another put may be under way");
    }

    #[tokio::test]
    async fn keys_that_name_a_way_out_are_refused() {
        let (folder, objects) = local();
        let long = "a".repeat(600);
        for key in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "a/",
            "a b",
            "a\\b",
            ".hidden",
            "a/\0",
            "ü",
            "%2e%2e/x",
            &long,
        ] {
            let refused = objects.put(key, Bytes::from_static(b"x")).await;
            assert!(matches!(refused, Err(ObjectError::Key(_))), "{key:?}: {refused:?}");
            assert!(matches!(objects.get(key).await, Err(ObjectError::Key(_))), "{key:?}");
        }
        assert_eq!(std::fs::read_dir(folder.path().join("audio/deep")).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_away() {
        let (folder, objects) = local();
        let root = folder.path().join("audio/deep");
        std::fs::remove_dir(&root).unwrap();
        std::fs::write(&root, "a file where the folder was").unwrap();
        let refused = objects.put("a/b.wav", Bytes::from_static(b"x")).await;
        assert!(matches!(refused, Err(ObjectError::Away(_))), "{refused:?}");
        assert!(matches!(objects.probe().await, Err(ObjectError::Away(_))));
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_with_the_remedy() {
        let refusal = |url: &str, env: &[(&str, &str)]| {
            Objects::open_with(url, variables(env)).unwrap_err().to_string()
        };
        assert!(refusal("ftp://x/y", &[]).contains("file:// or s3://"));
        assert!(refusal("audio", &[]).contains("storage.url"));
        assert!(refusal("s3:///prefix", &[]).contains("bucket"));
        assert!(refusal("s3://bucket/a/../b c", &[]).contains("prefix"));
        let with_secret = refusal("s3://key:hunter2@bucket/x", &[]);
        assert!(
            with_secret.contains("AWS_SECRET_ACCESS_KEY") && !with_secret.contains("hunter2"),
            "{with_secret}"
        );
        let plain = refusal("s3://bucket/x", &[("AWS_ENDPOINT", "http://storage.example.org")]);
        assert!(plain.contains("AWS_ALLOW_HTTP"), "{plain}");
    }

    #[tokio::test]
    async fn a_bucket_that_nobody_serves_is_away() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let endpoint = format!("http://{free}");
        let env =
            [("AWS_ENDPOINT", &*endpoint), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s3cr3t")];
        let objects = Objects::open_with("s3://bucket/prefix", variables(&env)).unwrap();
        let refused = objects.put("a/b.wav", Bytes::from_static(b"x")).await.unwrap_err();
        assert!(matches!(&refused, ObjectError::Away(why) if !why.contains("s3cr3t")), "{refused:?}");
        assert!(matches!(objects.get("a/b.wav").await, Err(ObjectError::Away(_))));
    }
}
