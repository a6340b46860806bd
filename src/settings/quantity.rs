//! Durations and sizes as they stand in a file or a flag: `15m`, `1h30m`, `500ms`, `512MiB`.
//!
//! Nothing here knows which setting takes them.

pub(crate) use crate::words::size::{parse as parse_size, write_exactly as write_size};
pub(crate) use crate::words::time::{sum as parse_duration, write_exactly as write_duration};
