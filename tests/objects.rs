//! Audio objects on a real S3 server, and through its outage. Without the server the tests say that they were skipped.

#[path = "support/ports.rs"]
mod ports;
#[path = "support/s3.rs"]
mod s3;

use aftertone::blob::objects::{ObjectError, Objects};
use bytes::Bytes;

use self::s3::S3;

const KEY: &str = "01890a5d-ac96-774b-bcce-b302099a8057/box/2026/01/message.wav";

#[tokio::test]
async fn an_object_in_a_bucket_is_put_twice_read_in_ranges_and_deleted() {
    let Some(server) = S3::start(0) else { return };
    let objects = Objects::open_with("s3://audio/some/prefix", server.variables()).unwrap();
    let sound = Bytes::from(vec![7_u8; 3_000_000]);
    for _ in 0..2 {
        objects.put(KEY, sound.clone()).await.unwrap();
    }
    assert_eq!(objects.get(KEY).await.unwrap(), sound);
    assert_eq!(objects.get_range(KEY, 2_999_990..3_000_000).await.unwrap().len(), 10);
    assert_eq!(objects.size(KEY).await.unwrap(), 3_000_000);
    let elsewhere = Objects::open_with("s3://audio", server.variables()).unwrap();
    assert!(
        matches!(elsewhere.get(KEY).await, Err(ObjectError::Missing(_))),
        "the prefix is part of the key"
    );
    assert_eq!(elsewhere.size(&format!("some/prefix/{KEY}")).await.unwrap(), 3_000_000);
    objects.delete(KEY).await.unwrap();
    objects.delete(KEY).await.unwrap();
    assert!(matches!(objects.size(KEY).await, Err(ObjectError::Missing(_))));
    objects.probe().await.unwrap();
}

#[tokio::test]
async fn a_bucket_that_goes_away_is_said_to_be_away_and_works_again_when_it_is_back() {
    let Some(server) = S3::start(0) else { return };
    let objects = Objects::open_with("s3://audio/prefix", server.variables()).unwrap();
    objects.probe().await.unwrap();
    let port = server.port;
    drop(server);
    assert!(matches!(objects.put(KEY, Bytes::from_static(b"sound")).await, Err(ObjectError::Away(_))));
    assert!(matches!(objects.probe().await, Err(ObjectError::Away(_))));
    let Some(_server) = S3::start(port) else { return };
    objects.put(KEY, Bytes::from_static(b"sound")).await.unwrap();
    assert_eq!(objects.get(KEY).await.unwrap(), "sound");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_away_and_the_reason_is_told() {
    let Some(server) = S3::start(0) else { return };
    let objects = Objects::open_with("s3://no-such-bucket", server.variables()).unwrap();
    let refused = objects.probe().await.unwrap_err();
    assert!(matches!(&refused, ObjectError::Away(why) if why.contains("NoSuchBucket")), "{refused}");
}

/// A server that takes connections and never answers must not hold a call for long.
#[tokio::test]
async fn a_bucket_that_stalls_is_away_within_its_limit() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let stalling = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            kept.push(socket);
        }
    });
    let variables =
        [("AWS_ENDPOINT", &*endpoint), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let objects = Objects::open_with("s3://audio", variables).unwrap();
    let refused = objects.put(KEY, Bytes::from_static(b"sound")).await;
    assert!(matches!(refused, Err(ObjectError::Away(_))), "{refused:?}");
    stalling.abort();
}
