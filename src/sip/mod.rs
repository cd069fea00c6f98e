//! What we need of SIP beside the stack: who was called and why, SDP offer/answer, digest. Pure.

mod facts;
pub mod sdp;

pub use facts::{CallFacts, Party};
