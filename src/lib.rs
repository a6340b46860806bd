//! ssm-rec: a Session Manager client that records what it shows, and the tools to look at what was recorded.
//!
//! The rooms, from the roof down; a room imports only rooms below it, and `tests/house.rs` keeps it so.
//!
//! - [`cli`]: one file per command that a person types
//! - [`player`]: a recording shown again in its own time
//! - [`review`]: which recordings there are, what each one is, and other files made of them
//! - [`signing`]: who signs a recording: a key file, the ssh-agent, KMS
//! - [`envelope`]: for whom a recording is encrypted, and with what it is opened
//! - [`store`]: bytes by key; knows no format
//! - [`aws`]: region, profile, credentials, endpoints and certificates, settled once for every call; knows no service
//! - [`terminal`]: raw mode, keys, screen and signals; knows no format
//! - [`formats`]: what goes over the wire and what lies in a recording; a crate of its own

pub mod aws;
pub mod cli;
pub mod envelope;
pub mod export;
pub mod player;
pub(crate) mod recorded;
pub mod recorder;
pub mod review;
pub(crate) mod screen;
pub mod service;
pub mod session;
pub(crate) mod settings;
pub mod signing;
pub mod spool;
pub mod store;
pub mod terminal;
pub(crate) mod transcript;
pub(crate) mod words;

pub use cli::run;
pub use formats;
