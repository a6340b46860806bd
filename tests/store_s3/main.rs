//! The promises of the S3 store and the spool, against a server on loopback, through a proxy that breaks things.
//!
//! With `SSM_REC_TEST_S3` set to an endpoint (moto's, or any that takes any key), the same tests run against that
//! server; nothing is left out quietly, what only one of the two can show is named so.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests that kill and wait live by the clock, and fail by panicking"
)]

mod killed;
mod reads;
mod server;
mod uploads;
