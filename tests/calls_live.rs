//! Real calls to the real program: `aftertone serve` as a process, its own test phone, sipp and baresip as callers, and
//! the commands beside it. What is asserted is what a caller hears and what an owner gets.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
#![expect(clippy::disallowed_methods, reason = "real calls take real time")]

#[path = "calls_live/call_me.rs"]
mod call_me;
#[path = "calls_live/clients.rs"]
mod clients;
#[path = "calls_live/commands.rs"]
mod commands;
#[path = "calls_live/devices.rs"]
mod devices;
#[path = "calls_live/directory.rs"]
mod directory;
#[path = "support/ears.rs"]
mod ears;
#[path = "calls_live/endings.rs"]
mod endings;
#[path = "calls_live/greetings.rs"]
mod greetings;
#[path = "calls_live/hours.rs"]
mod hours;
#[path = "calls_live/inbox.rs"]
mod inbox;
#[path = "calls_live/inventory.rs"]
mod inventory;
#[path = "calls_live/lamps.rs"]
mod lamps;
#[path = "calls_live/languages.rs"]
mod languages;
#[path = "calls_live/leave.rs"]
mod leave;
#[path = "calls_live/life.rs"]
mod life;
#[path = "support/line.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod line;
#[path = "support/live.rs"]
mod live;
#[path = "calls_live/modes.rs"]
mod modes;
#[path = "calls_live/nodes.rs"]
mod nodes;
#[path = "support/ports.rs"]
mod ports;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "calls_live/review.rs"]
mod review;
#[path = "calls_live/running.rs"]
mod running;
#[path = "calls_live/sip.rs"]
mod sip;
