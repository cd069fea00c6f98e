//! Aftertone: a voicemail and unified-messaging media server.
//!
//! # Code map
//! A module imports only modules of the rows above its own; `tests/architecture.rs` holds this table to it.
//!
//! | row | module | is |
//! |---|---|---|
//! | 0 | [`domain`] | the words: tenants, mailboxes, messages, greetings, callers; values without behaviour of their own |
//! | 0 | [`clock`] | the only source of time and chance |
//! | 1 | [`audio`] | codecs, WAV, decoding of uploads, resampling, voice activity, loudness, tones; pure functions over samples |
//! | 1 | [`speech`] | a phrase becomes a list of clips; language is data in `prompts/<lang>/` |
//! | 1 | [`written`] | the words of mails in every language; data in `prompts/<lang>/` as well |
//! | 2 | [`flow`] | the dialogues as state machines without IO: leave a message, … |
//! | 2 | [`rtp`] | packets, sessions, jitter, telephone-event, RTCP; without IO |
//! | 2 | [`sip`] | who was called and why, SDP offer/answer, digest; pure |
//! | 3 | [`store`] | facts: SQLite or PostgreSQL |
//! | 3 | [`blob`] | audio objects and the crash-safe spool |
//! | 3 | [`mail`] | a message becomes a mail; SMTP or files |
//! | 4 | [`service`] | use cases: deposit, routing, accounts, greetings, links; login, retrieval, sending, lamps, directory, calls to record; hours, rules, imports; who may what, sign-in by the web, keys, audit |
//! | 5 | [`media`] | the media engine: workers, pacing, players, recorders |
//! | 5 | [`signal`] | the SIP stack behind an adapter of ours |
//! | 6 | [`call`] | one call = one flow + one media session + one dialog |
//! | 6 | [`outbox`] | durable jobs: mail, lamps, … |
//! | 6 | [`http`] | portal, API, link pages, health, metrics |
//! | 7 | [`app`] | config, wiring, telemetry, shutdown, command line |

pub mod app;
pub mod audio;
pub mod blob;
pub mod call;
pub mod clock;
pub mod domain;
pub mod flow;
pub mod http;
pub mod mail;
pub mod media;
pub mod outbox;
pub mod rtp;
pub mod service;
pub mod signal;
pub mod sip;
pub mod speech;
pub mod store;
pub mod written;
