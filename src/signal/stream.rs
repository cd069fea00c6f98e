//! TCP: accepting, framing by `Content-Length` (RFC 3261 §18.3), and the limits that keep a slow or endless peer out.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipConnection, TransportEvent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

use super::core::Core;
use super::net::{Flow, Origin, Raw, sip_addr};
use super::wire;

/// A connection on which nothing was said for so long is closed.
const IDLE: Duration = Duration::from_secs(1800);
/// A peer that does not read for so long is cut off.
const WRITE_WAIT: Duration = Duration::from_secs(10);
const CONNECT_WAIT: Duration = Duration::from_secs(4);

/// A live connection: what the stack writes to, and what we write to ourselves.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) connection: SipConnection,
    pub(super) host: Arc<str>,
    raw: mpsc::Sender<Vec<u8>>,
}

impl Stream {
    /// The flow over this connection.
    pub(super) fn flow(&self, remote: SocketAddr) -> Flow {
        Flow { connection: self.connection.clone(), tcp: true, remote, host: Arc::clone(&self.host) }
    }
}

/// Accepts until the core stops.
pub(super) async fn serve(core: Arc<Core>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = core.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, remote)) = accepted else {
            // Out of descriptors: let others close theirs first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let permit = Arc::clone(&core.net.permits).try_acquire_owned();
        let standing = core.access.standing(remote);
        if standing.is_none() {
            core.stranger(remote);
        }
        let (Some(_), Ok(permit)) = (standing, permit) else {
            metrics::counter!("aftertone_sip_dropped_total", "why" => "foreign").increment(1);
            continue;
        };
        if let Ok(local) = stream.local_addr() {
            attach(&core, stream, local, remote, permit).await;
        }
    }
}

/// Opens a connection to a peer.
pub(super) async fn connect(core: &Arc<Core>, remote: SocketAddr) -> Option<Stream> {
    let permit = Arc::clone(&core.net.permits).try_acquire_owned().ok()?;
    let stream = tokio::time::timeout(CONNECT_WAIT, TcpStream::connect(remote)).await.ok()?.ok()?;
    let local = core.net.tcp_local(stream.local_addr().ok()?);
    attach(core, stream, local, remote, permit).await
}

/// Starts reader and writer of a connection.
async fn attach(
    core: &Arc<Core>,
    stream: TcpStream,
    local: SocketAddr,
    remote: SocketAddr,
    permit: OwnedSemaphorePermit,
) -> Option<Stream> {
    // Small messages that wait for an answer gain nothing from Nagle's delay.
    let _ = stream.set_nodelay(true);
    let (reading, writing) = stream.into_split();
    let (out, queue) = rsipstack::platform::mpsc::unbounded_channel();
    let (_, nothing) = rsipstack::platform::mpsc::unbounded_channel();
    let attached = ChannelConnection::create_connection(nothing, out, sip_addr(remote, true), None).await;
    let connection = SipConnection::Channel(attached.ok()?);
    let (raw, answers) = mpsc::channel(64);
    let stream = Stream { connection, host: core.net.host(local, remote.ip()), raw };
    let over = core.stop.child_token();
    core.net.streams.lock().unwrap_or_else(PoisonError::into_inner).insert(remote, stream.clone());
    tokio::spawn(write(writing, queue, answers, over.clone()));
    let reader = Reader { core: Arc::clone(core), stream: stream.clone(), remote, over };
    start(reader, reading, permit);
    Some(stream)
}

/// Not part of `attach`: reading leads to calls, and calls open connections.
fn start(reader: Reader, reading: OwnedReadHalf, permit: OwnedSemaphorePermit) {
    tokio::spawn(async move {
        reader.run(reading).await;
        drop(permit);
    });
}

async fn write(
    mut socket: OwnedWriteHalf,
    mut queue: rsipstack::transport::connection::TransportReceiver,
    mut answers: mpsc::Receiver<Vec<u8>>,
    over: CancellationToken,
) {
    loop {
        let bytes = tokio::select! {
            biased;
            () = over.cancelled() => break,
            event = queue.recv() => match event {
                Some(TransportEvent::Incoming(message, ..)) => message.to_bytes(),
                Some(_) => continue,
                None => break,
            },
            Some(bytes) = answers.recv() => bytes,
        };
        match tokio::time::timeout(WRITE_WAIT, socket.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => break,
        }
    }
    over.cancel();
    // A refusal may still wait for a peer that is cut off for it.
    while let Ok(bytes) = answers.try_recv() {
        if !matches!(tokio::time::timeout(WRITE_WAIT, socket.write_all(&bytes)).await, Ok(Ok(()))) {
            break;
        }
    }
}

/// One step of the framing.
#[derive(Debug, PartialEq, Eq)]
enum Frame {
    /// A message of this many bytes is at the front.
    Message(usize),
    /// A keep-alive of RFC 5626 §4.4.1.
    Ping,
    /// More bytes are needed.
    Partial,
    /// The limits are broken or the length makes no sense: the rest cannot be trusted.
    Cut,
}

/// Looks for a message at the front of `buffer`; `scanned` bytes are known to hold no end of a header block.
fn frame(buffer: &mut BytesMut, scanned: &mut usize) -> Frame {
    if *scanned == 0 {
        if buffer.starts_with(b"\r\n\r\n") {
            buffer.advance(4);
            return Frame::Ping;
        }
        if b"\r\n\r\n".starts_with(buffer) {
            return Frame::Partial;
        }
        while matches!(buffer.first(), Some(b'\r' | b'\n')) {
            buffer.advance(1);
        }
    }
    let from = scanned.saturating_sub(3);
    let Some(head) = wire::head_length(buffer.get(from..).unwrap_or_default()).map(|length| from + length)
    else {
        *scanned = buffer.len();
        return if buffer.len() > wire::MAX_HEAD { Frame::Cut } else { Frame::Partial };
    };
    if head > wire::MAX_HEAD {
        return Frame::Cut;
    }
    *scanned = head;
    match wire::content_length(buffer.get(..head).unwrap_or_default()) {
        Ok(length) if length.unwrap_or(0) > wire::MAX_BODY => Frame::Cut,
        Ok(length) if buffer.len() >= head + length.unwrap_or(0) => {
            Frame::Message(head + length.unwrap_or(0))
        }
        Ok(_) => Frame::Partial,
        // The message is refused; where the next one begins nobody knows.
        Err(()) => Frame::Message(head),
    }
}

/// Lengths of the messages at the front of `bytes`, and whether the connection would go on after them.
pub(super) fn cut(bytes: &[u8]) -> (Vec<usize>, bool) {
    let mut buffer = BytesMut::from(bytes);
    let mut found = Vec::new();
    while !buffer.is_empty() {
        match frame(&mut buffer, &mut 0) {
            Frame::Message(length) => {
                let message = buffer.split_to(length);
                found.push(length);
                if wire::content_length(&message).is_err() {
                    return (found, false);
                }
            }
            Frame::Ping => {}
            Frame::Partial => break,
            Frame::Cut => return (found, false),
        }
    }
    (found, true)
}

struct Reader {
    core: Arc<Core>,
    stream: Stream,
    remote: SocketAddr,
    over: CancellationToken,
}

impl Reader {
    async fn run(self, mut socket: OwnedReadHalf) {
        let mut buffer = BytesMut::with_capacity(4096);
        let mut greeted = false;
        loop {
            let wait = if greeted && buffer.is_empty() { IDLE } else { self.core.timing.message };
            match tokio::time::timeout(wait, self.message(&mut socket, &mut buffer, greeted)).await {
                Ok(true) => greeted = true,
                Ok(false) | Err(_) => break,
            }
        }
        self.over.cancel();
        let mut streams = self.core.net.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.remove(&self.remote);
    }

    /// Reads until one message was handled, or, on an idle connection, until its first byte; false ends it.
    async fn message(&self, socket: &mut OwnedReadHalf, buffer: &mut BytesMut, greeted: bool) -> bool {
        let mut scanned = 0;
        loop {
            if !buffer.is_empty() {
                match frame(buffer, &mut scanned) {
                    Frame::Message(length) => return self.handle(buffer, length).await,
                    Frame::Ping => self.stream.raw.try_send(b"\r\n".to_vec()).unwrap_or_default(),
                    Frame::Cut => return false,
                    Frame::Partial => {}
                }
            }
            let idle = buffer.is_empty();
            let read = tokio::select! {
                () = self.over.cancelled() => return false,
                read = socket.read_buf(buffer) => read,
            };
            if !matches!(read, Ok(1..)) {
                return false;
            }
            if idle && greeted {
                return true;
            }
        }
    }

    async fn handle(&self, buffer: &mut BytesMut, length: usize) -> bool {
        let message = buffer.split_to(length);
        let Some(standing) = self.core.access.standing(self.remote) else {
            return false;
        };
        let origin =
            Origin { flow: self.stream.flow(self.remote), standing, raw: Raw::Tcp(self.stream.raw.clone()) };
        self.core.receive(&message, &origin).await;
        wire::content_length(&message).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(bytes: &[u8]) -> Frame {
        frame(&mut BytesMut::from(bytes), &mut 0)
    }

    #[test]
    fn a_message_ends_where_its_length_says() {
        assert_eq!(step(b"BYE x SIP/2.0\r\nl: 3\r\n\r\nabcNEXT"), Frame::Message(26));
        assert_eq!(step(b"BYE x SIP/2.0\r\nl: 3\r\n\r\nab"), Frame::Partial);
        assert_eq!(step(b"\r\n\r\n"), Frame::Ping);
        assert_eq!(step(b"\r\n"), Frame::Partial);
    }

    #[test]
    fn an_endless_header_and_a_huge_body_are_cut() {
        assert_eq!(step(&vec![b'x'; wire::MAX_HEAD + 1]), Frame::Cut);
        assert_eq!(step(b"BYE x SIP/2.0\r\nContent-Length: 99999999\r\n\r\n"), Frame::Cut);
    }

    #[test]
    fn a_header_that_comes_byte_by_byte_is_found() {
        let whole = b"BYE x SIP/2.0\r\nl: 0\r\n\r\n";
        let mut buffer = BytesMut::new();
        let mut scanned = 0;
        for (n, byte) in whole.iter().enumerate() {
            buffer.extend_from_slice(&[*byte]);
            let expected = if n + 1 == whole.len() { Frame::Message(whole.len()) } else { Frame::Partial };
            assert_eq!(frame(&mut buffer, &mut scanned), expected);
        }
    }
}
