//! A session: started through the service, carried over its data channel, recorded as it goes.
//!
//! Nothing here stores a recording or knows where it will be kept.

pub mod start;
