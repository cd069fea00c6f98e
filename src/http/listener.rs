//! Accepts connections: a bounded number, fewer from one source, each with limits on the size of a request's head and
//! on how long it may take to arrive.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::client::network;

/// Connections at the same time; further ones wait in the kernel's queue.
const CONNECTIONS: usize = 1024;
/// Of these, from one source; further ones are closed at once. Not for reverse proxies and this machine itself.
const FROM_ONE: usize = 64;
/// A request's head must have arrived after so long, and the next one on an idle connection.
const HEAD: Duration = Duration::from_secs(15);
/// The largest head, in bytes; more gets 431.
const HEAD_BYTES: usize = 32 * 1024;
/// No connection lives longer: one that takes its answer in drops gives its place back. Players ask again by range.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// After the stop, running answers get so long.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until `stop`, then lets running answers end. Connections of `proxies` count for the whole, not for one source.
pub async fn serve(listener: TcpListener, router: Router, proxies: Vec<IpNet>, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let sources = Sources::new(proxies);
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { break };
        let Some(share) = sources.admit(peer.ip()) else {
            metrics::counter!("aftertone_http_connections_refused_total").increment(1);
            continue;
        };
        let (router, stop) = (router.clone(), stop.clone());
        tasks.spawn(async move {
            if tokio::time::timeout(LIFETIME, connection(stream, peer, router, stop)).await.is_err() {
                tracing::debug!("a web connection was open for too long");
            }
            drop((place, share));
        });
    }
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::warn!("some web answers were cut off by the stop");
    }
}

/// The next connection, once there is a place for it. `None` never comes: nobody closes the semaphore.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return Some((stream, peer, place)),
            Err(error) => {
                tracing::warn!(%error, "a web connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Open connections by source.
#[derive(Clone)]
struct Sources {
    proxies: Arc<[IpNet]>,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's share; given back when dropped.
struct Share {
    of: Option<(Sources, IpAddr)>,
}

impl Sources {
    fn new(proxies: Vec<IpNet>) -> Self {
        Self { proxies: proxies.into(), open: Arc::default() }
    }

    /// `None` when the source has all that it may have.
    fn admit(&self, peer: IpAddr) -> Option<Share> {
        let peer = peer.to_canonical();
        if peer.is_loopback() || self.proxies.iter().any(|net| net.contains(&peer)) {
            return Some(Share { of: None });
        }
        let source = network(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(source).or_insert(0);
        if *count >= FROM_ONE {
            return None;
        }
        *count += 1;
        Some(Share { of: Some((self.clone(), source)) })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some((sources, source)) = &self.of else { return };
        let mut open = sources.open.lock().unwrap_or_else(PoisonError::into_inner);
        let left = open.get_mut(source).map_or(0, |count| {
            *count = count.saturating_sub(1);
            *count
        });
        if left == 0 {
            open.remove(source);
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, stop: CancellationToken) {
    // Small answers leave at once; without it the page still works.
    let _ = stream.set_nodelay(true);
    let service = router.map_request(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(axum::body::Body::new)
    });
    let service = TowerToHyperService::new(service.map_err(|never: Infallible| match never {}));
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a web connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_source_cannot_take_every_place() {
        let sources = Sources::new(vec!["198.51.100.0/24".parse().unwrap()]);
        let mut held: Vec<Share> =
            (0..FROM_ONE).map(|_| sources.admit(address("192.0.2.1")).unwrap()).collect();
        assert!(sources.admit(address("192.0.2.1")).is_none());
        assert!(sources.admit(address("::ffff:192.0.2.1")).is_none());
        assert!(sources.admit(address("192.0.2.2")).is_some());
        // A reverse proxy and this machine speak for many.
        let many: Vec<_> = (0..200)
            .map(|n| sources.admit(address(if n % 2 == 0 { "127.0.0.1" } else { "198.51.100.7" })))
            .collect();
        assert!(many.iter().all(Option::is_some));
        held.pop();
        assert!(sources.admit(address("192.0.2.1")).is_some());
        held.clear();
        assert!(sources.open.lock().unwrap().is_empty());
    }
}
