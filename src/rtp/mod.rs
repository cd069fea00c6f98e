//! RTP without IO: packets, sources, jitter, telephone-event, RTCP (RFC 3550, 3551, 4733, 5761).
//!
//! Everything here is told the time and handed datagrams; nothing waits, sends or allocates per packet.
//! [`crate::media`] drives it.

pub mod event;
pub mod jitter;
pub mod packet;
pub mod rtcp;
pub mod sequence;
pub mod source;
