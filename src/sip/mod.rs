//! What we need of SIP beside the stack: who was called and why, SDP offer/answer, message summaries, digest. Pure.

pub mod body;
pub mod diversion;
mod facts;
pub mod history;
pub mod reason;
pub mod sdp;
pub mod summary;
pub mod target;
pub mod uri;

pub use facts::{CallFacts, Party, caller, vouched};
