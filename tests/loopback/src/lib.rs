//! A Session Manager service and a simulated agent on loopback.

pub mod pty;
