//! Use cases; each owns its transaction.

pub mod accounts;
pub mod answering;
pub mod call_me;
pub mod deposit;
pub mod directory;
pub mod greetings;
pub mod import;
pub mod ladder;
pub mod lamp;
pub mod links;
pub mod login;
pub mod outbound;
pub mod owner;
pub mod prompts;
pub mod reception;
pub mod remembered;
pub mod retention;
pub mod retrieval;
pub mod routing;
pub mod sending;
pub mod settings;
pub mod time_frames;
