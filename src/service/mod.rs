//! Use cases; each owns its transaction.

pub mod access;
pub mod accounts;
pub mod audit;
pub mod call_me;
pub mod deposit;
pub mod directory;
pub mod doors;
pub mod greetings;
pub mod inbox;
pub mod keys;
pub mod ladder;
pub mod lamp;
pub mod links;
pub mod login;
pub mod outbound;
pub mod owner;
pub mod people;
pub mod prompts;
pub mod reception;
pub mod remembered;
pub mod retention;
pub mod retrieval;
pub mod routing;
pub mod sending;
pub mod settings;
pub mod signin;
