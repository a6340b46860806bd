//! A Session Manager service and a simulated agent on loopback, speaking the real wire format.
//!
//! Nothing here knows the client under test, but for the rig that runs it: all imports the codecs alone, and what
//! service and agent do is what the captures show of the real ones, faults included. It never leaves the loopback
//! interface.
//!
//! ```no_run
//! let service = loopback::Service::start(loopback::Options::default())?;
//! println!("AWS_ENDPOINT_URL={}", service.endpoint());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! - [`Service`]: its own thread and runtime, the calls over HTTP, the data channel over a websocket
//! - [`Options`], [`Faults`]: how the agent behaves and what goes wrong; [`TARGETS`] offers the same by target name
//! - [`Capture`]: a recorded conversation, whose agent a service can play instead of a simulated one
//! - [`pty`]: a program in a real terminal; [`rig`]: ssm-rec with a service and a folder of its own
//! - [`target`]: what listens at the target of a port session; [`Noise`]: bytes for it to carry
//! - [`SessionLog`], [`Call`]: what the clients did, for assertions
#![expect(
    clippy::disallowed_methods,
    reason = "this crate is a driver: it is the other end of the wire and lives by the clock"
)]

mod agent;
pub mod bucket;
mod calls;
mod capture;
mod certificate;
pub mod connect_proxy;
mod connection;
mod faults;
pub mod faulty_proxy;
mod garbage;
mod history;
mod identity;
mod kms;
mod line;
mod log;
mod message;
mod nodes;
mod noise;
mod options;
pub mod pty;
mod registry;
mod relay;
pub mod rig;
mod service;
mod signals;
mod signing;
mod socket;
pub mod target;
mod targets;
mod work;

pub use capture::{Capture, Side};
pub use faults::{Cut, Faults, Garbage, Link, Mischief, Refusal};
pub use history::Past;
pub use identity::{MFA_CODE, SSO_TOKEN};
pub use log::{Call, Fate, Received, SessionLog};
pub use nodes::Node;
pub use noise::Noise;
pub use options::{Encryption, Options, ReplayPace, Tls};
pub use service::Service;
pub use targets::TARGETS;
