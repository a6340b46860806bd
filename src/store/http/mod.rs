//! Something at an http:// or https:// address, read in parts where the server has them, else once from the front.
//!
//! Nothing here writes. What a server sends is believed only as far as it keeps to what it said first: length, ETag and
//! date of change must stay the same, and where it points is followed within the rules of `redirect`.

mod page;
mod redirect;
mod refusal;
mod stream;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use url::Url;

use super::cache::Cache;
use super::ranges::{Ranged, Remote};
use super::worker::Worker;
use super::{Error, ReadSeek};
use crate::aws::{self, address};
use page::{Begun, Page};
use stream::Stream;

/// No recording is longer, in bytes. A server that never stops must not fill a disk.
const LONGEST: u64 = 64 << 30;

/// How the bytes come.
pub enum Opened {
    /// The server has ranges.
    Seekable(Box<dyn ReadSeek>),
    /// It has not.
    Stream(Box<dyn Read + Send>),
}

/// An address without what must not be shown: user name, password, and the query, which may hold a signature.
///
/// It takes every text, also what is no address: that is what an error must name.
#[must_use]
pub fn label(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let rest = rest.trim_start_matches(['/', '\\']);
    let (rest, _) = rest.split_once('#').unwrap_or((rest, ""));
    let (place, query) = match rest.split_once('?') {
        Some((place, _)) => (place, "?…"),
        None => (rest, ""),
    };
    let (authority, path) = match place.split_once('/') {
        Some((authority, path)) => (authority, format!("/{path}")),
        None => (place, String::new()),
    };
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}{query}")
}

/// Opens what is at `address`.
///
/// # Errors
/// There is nothing, the server refuses or cannot be reached, or this is no address.
pub fn open(address: &str, cache: Option<&Arc<Cache>>) -> Result<Opened, Error> {
    let target = Target::at(address)?;
    let place = target.label.clone();
    let worker = Arc::new(Worker::start(1, &place)?);
    let begun = worker.wait(Page::begin(target, aws::is_inside), || {})?;
    Ok(match begun {
        Begun::Nothing => Opened::Stream(Box::new(io::empty())),
        Begun::Whole(answer) => {
            Opened::Stream(Box::new(Stream::new(worker, answer, place, LONGEST)?))
        }
        Begun::Parts {
            page,
            first,
            length,
        } => {
            let pieces = cache
                .zip(page.lasting_state(length))
                .and_then(|(cache, state)| {
                    let state: Vec<_> = state.iter().map(String::as_str).collect();
                    cache.pieces(&[&[address], &state[..]].concat())
                });
            let page = Parts { page, worker };
            Opened::Seekable(Box::new(Ranged::new(Arc::new(page), first, length, pieces)))
        }
    })
}

/// A page in parts, for a reader on another thread.
struct Parts {
    page: Arc<Page>,
    worker: Arc<Worker>,
}

impl Remote for Parts {
    fn fetch(&self, start: u64, end: u64) -> Result<Bytes, Error> {
        let page = Arc::clone(&self.page);
        let work = async move { page.range(start, end).await };
        self.worker.wait(work, || {})
    }
}

/// What an address says.
struct Target {
    /// Without user name, password and fragment.
    url: Url,
    authorization: Option<String>,
    label: String,
}

impl Target {
    fn at(text: &str) -> Result<Self, Error> {
        let wrong = |reason| Error::Address {
            place: label(text),
            reason,
        };
        let mut url = address::parse(text).map_err(wrong)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("it is neither http:// nor https://"));
        }
        let authorization = address::login(&url).map(|(user, password)| {
            format!(
                "Basic {}",
                BASE64.encode([&user, &b":"[..], &password].concat())
            )
        });
        redirect::strip(&mut url);
        Ok(Self {
            url,
            authorization,
            label: label(text),
        })
    }
}
