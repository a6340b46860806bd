//! What a store was asked, in words.
//!
//! Nothing here asks it.

use crate::store::Traffic;
use crate::words::size;

/// `12 requests, 3.4 kB (3412 bytes) received`, of a store at this place.
pub(super) fn told(Traffic { requests, bytes }: Traffic, place: &str) -> String {
    let (one, many) = match place.starts_with("s3://") {
        true => ("request", "requests"),
        false => ("file read", "files read"),
    };
    let what = if requests == 1 { one } else { many };
    format!(
        "{requests} {what}, {} ({bytes} bytes) received",
        size::write(bytes)
    )
}
