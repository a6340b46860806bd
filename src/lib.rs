//! ssm-rec: a Session Manager client that records what it shows, and the tools to look at what was recorded.
//!
//! The rooms in reading order, from the roof down; a room imports only rooms on floors below its own, and `tests/house`
//! keeps it so. Nothing stands here but the map.
//!
//! What a person meets:
//! - [`cli`]: the words that a person types, what is said and asked, and how each command ends
//!
//! What a command does:
//! - [`recorded`]: a recorded session, from the plan to the recording that is handed over
//! - [`doctor`]: what stands between a person and a recorded session: looked at, and judged
//! - [`review`]: which recordings there are, what each one is, and what it is worth as evidence
//! - [`spool`]: what is not stored yet: claims, delivery, drain, live segments, and closing what was cut
//! - [`packs`]: the sessions of a day in a few larger files, made and read
//!
//! What it is done with:
//! - [`settings`]: what is in force, and where it came from
//! - [`session`]: the conversation over a data channel: channel, port, driver, console
//! - [`player`]: a recording shown again in its own time
//! - [`export`]: other files made of a recording, and secrets replaced in them
//! - [`targets`]: targets to pick from, and what is known of them on this machine
//! - [`trail`]: CloudTrail's log files, as far as they tell of sessions
//!
//! What that stands on:
//! - [`service`]: Systems Manager's calls around a session
//! - [`athena`]: Athena's calls around a query over the tables of packs
//! - [`recorder`]: agent messages and times in, a finished recording out
//! - [`transcript`]: a recording as lines and commands
//! - [`store`]: bytes by key; knows no format
//! - [`signing`]: who signs a recording: a key file, the ssh-agent, KMS
//! - [`envelope`]: for whom a recording is encrypted, and with what it is opened
//!
//! The ground floor:
//! - [`aws`]: region, profile, credentials, endpoints and certificates, settled once for every call; knows no service
//! - [`terminal`]: raw mode, keys, screen and signals; knows no format
//! - [`screen`]: the emulated terminal and its bounds
//! - [`rules`]: what is worth a look in a session: what is shipped, what it finds
//! - [`words`]: text for people: harmless, sizes, times, errors with their causes
//! - [`formats`]: what goes over the wire and what lies in a recording; a crate of its own

pub mod athena;
pub mod aws;
pub mod cli;
pub mod doctor;
pub mod envelope;
pub mod export;
pub mod packs;
pub mod player;
pub mod recorded;
pub mod recorder;
pub mod review;
pub mod rules;
pub mod screen;
pub mod service;
pub mod session;
pub mod settings;
pub mod signing;
pub mod spool;
pub mod store;
pub mod targets;
pub mod terminal;
pub mod trail;
pub mod transcript;
pub mod words;

pub use cli::run;
pub use formats;
