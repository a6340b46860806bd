//! Something at an http:// or https:// address, read in parts where the server has them, else once from the front.
//!
//! Nothing here writes. What a server sends is believed only as far as it keeps to what it said first: length, ETag and
//! date of change must stay the same, redirects are few and never lead from https to http.

use std::io::{self, Read};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, http};

use super::cache::Cache;
use super::ranges::{FIRST, Ranged, Remote};
use super::{Error, ReadSeek};

/// How often an address may point elsewhere.
const MAX_REDIRECTS: u32 = 5;
/// A connection that is not open, or an answer that has not begun, by then is given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// As long as bytes come at least this often, a download may take as long as it takes.
const SILENCE: Duration = Duration::from_secs(30);
/// Tries of the first request: whoever mistyped an address wants to hear of it.
const FIRST_TRIES: u32 = 3;
/// Tries of every other request: about half a minute of a network that is away.
const TRIES: u32 = 9;
/// The first wait between tries; each further one doubles, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(8);
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
#[must_use]
pub fn label(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
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
    let page = Page::at(address)?;
    let range = format!("bytes=0-{}", FIRST - 1);
    let answer = match page.persist(FIRST_TRIES, || page.ask(&range)) {
        Ok(answer) => answer,
        // Nothing has no first byte.
        Err(Refusal { status: 416, .. }) => {
            return Ok(Opened::Stream(Box::new(io::empty())));
        }
        Err(refusal) => return Err(page.error(refusal, FIRST_TRIES)),
    };
    let state = State::of(&answer);
    let (Some(span), Some(length)) = (Span::of(&answer), state.length) else {
        return page.stream(answer);
    };
    if span.start != 0 || span.end > length || length > LONGEST {
        return Err(page.altered("the server's answer contradicts itself"));
    }
    let most = usize::try_from(span.end).unwrap_or(usize::MAX);
    let mut first = Vec::new();
    let broken = read_up_to(answer, most, &mut first).err();
    let page = Page {
        state: Some(state.clone()),
        ..page
    };
    if let Some(error) = broken {
        tracing::debug!(reason = error.reason, "the first answer broke off");
        let rest = page.fetch(first.len() as u64, span.end)?;
        first.extend_from_slice(&rest);
    }
    // A weak ETag, or a date alone, does not tell every change: then nothing is kept for another day.
    let strong = state.etag.filter(|etag| !etag.starts_with("W/"));
    let pieces = cache.zip(strong).and_then(|(cache, etag)| {
        let date = state.modified.unwrap_or_default();
        cache.pieces(&[address, &etag, &date, &length.to_string()])
    });
    let reader = Ranged::new(Arc::new(page), Bytes::from(first), length, pieces);
    Ok(Opened::Seekable(Box::new(reader)))
}

/// What every request needs.
struct Page {
    agent: Agent,
    /// Without user name, password and fragment.
    address: String,
    authorization: Option<String>,
    label: String,
    /// What the first answer said.
    state: Option<State>,
}

/// What tells one state of a page from another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    etag: Option<String>,
    modified: Option<String>,
    length: Option<u64>,
}

impl State {
    fn of(answer: &http::Response<Body>) -> Self {
        let text = |name: &str| {
            let value = answer.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        Self {
            etag: text("etag"),
            modified: text("last-modified"),
            length: text("content-range").and_then(|range| range.rsplit_once('/')?.1.parse().ok()),
        }
    }
}

/// The part that an answer holds.
struct Span {
    start: u64,
    end: u64,
}

impl Span {
    fn of(answer: &http::Response<Body>) -> Option<Self> {
        if answer.status().as_u16() != 206 {
            return None;
        }
        let range = answer.headers().get("content-range")?.to_str().ok()?;
        let (span, _) = range.strip_prefix("bytes ")?.split_once('/')?;
        let (start, last) = span.split_once('-')?;
        let (start, last) = (start.parse().ok()?, last.parse::<u64>().ok()?);
        (start <= last).then(|| Self {
            start,
            end: last.saturating_add(1),
        })
    }
}

/// A request that brought nothing.
#[derive(Debug)]
struct Refusal {
    /// 0: no answer.
    status: u16,
    reason: String,
    passing: bool,
}

impl Page {
    fn at(address: &str) -> Result<Self, Error> {
        let wrong = |reason| Error::Location {
            location: label(address),
            reason,
        };
        let (bare, _) = address.split_once('#').unwrap_or((address, ""));
        let (scheme, rest) = bare.split_once("://").ok_or_else(|| wrong("no scheme"))?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let address = format!("{scheme}://{host}{path}");
        if host.is_empty() || address.parse::<http::Uri>().is_err() {
            return Err(wrong("this is no address that a server could have"));
        }
        let authorization = user.map(|user| {
            let user = if user.contains(':') {
                user.to_owned()
            } else {
                format!("{user}:")
            };
            format!("Basic {}", BASE64.encode(unescaped(&user)))
        });
        let secure = scheme.eq_ignore_ascii_case("https");
        Ok(Self {
            agent: agent(secure),
            label: label(&address),
            address,
            authorization,
            state: None,
        })
    }

    fn ask(&self, range: &str) -> Result<http::Response<Body>, Refusal> {
        let mut request = self
            .agent
            .get(&self.address)
            .header("range", range)
            .header("accept", "*/*");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        request.call().map_err(|error| Refusal::of(&error))
    }

    /// Tries until the answer is final.
    fn persist<T>(
        &self,
        tries: u32,
        mut attempt: impl FnMut() -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut wait = FIRST_WAIT;
        for n in 1.. {
            match attempt() {
                Err(refusal) if refusal.passing && n < tries => {
                    tracing::debug!(reason = refusal.reason, n, "trying again");
                }
                result => return result,
            }
            thread::sleep(wait);
            wait = (2 * wait).min(LONGEST_WAIT);
        }
        unreachable!("the loop ends with the last try")
    }

    /// All of it, from the front, once.
    fn stream(&self, answer: http::Response<Body>) -> Result<Opened, Error> {
        if answer.status().as_u16() != 200 {
            let status = answer.status();
            return Err(self.error(Refusal::status(status.as_u16()), 1));
        }
        let length = answer.body().content_length();
        if length.is_some_and(|length| length > LONGEST) {
            return Err(self.too_long());
        }
        Ok(Opened::Stream(Box::new(Stream {
            reader: answer.into_body().into_reader(),
            place: self.label.clone(),
            left: LONGEST,
            missing: length,
        })))
    }

    fn error(&self, refusal: Refusal, tries: u32) -> Error {
        let place = self.label.clone();
        match refusal {
            Refusal {
                status: 404 | 410, ..
            } => Error::NotFound { place },
            Refusal {
                passing: true,
                reason,
                ..
            } => Error::Unavailable {
                what: "read",
                place,
                tries,
                reason,
            },
            Refusal { status, reason, .. } => Error::Refused {
                what: "read",
                place,
                code: match status {
                    0 => "no answer".to_owned(),
                    status => format!("status {status}"),
                },
                message: reason,
            },
        }
    }

    fn altered(&self, reason: &str) -> Error {
        Error::Altered {
            place: self.label.clone(),
            reason: reason.to_owned(),
        }
    }

    fn too_long(&self) -> Error {
        Error::TooLong {
            place: self.label.clone(),
            limit: LONGEST,
        }
    }
}

impl Remote for Page {
    fn fetch(&self, start: u64, end: u64) -> Result<Bytes, Error> {
        let length = usize::try_from(end - start).unwrap_or(usize::MAX);
        let mut have = Vec::with_capacity(length);
        let mut changed = false;
        let result = self.persist(TRIES, || {
            let from = start + have.len() as u64;
            let answer = self.ask(&format!("bytes={from}-{}", end - 1))?;
            let span = Span::of(&answer);
            changed = self.state.as_ref() != Some(&State::of(&answer));
            if changed || !span.is_some_and(|span| span.start == from && span.end <= end) {
                changed = true;
                return Err(Refusal::status(answer.status().as_u16()));
            }
            read_up_to(answer, length, &mut have)
        });
        match result {
            Ok(()) => Ok(Bytes::from(have)),
            Err(refusal) if changed || matches!(refusal.status, 412 | 416) => {
                Err(self.altered("it changed while it was read"))
            }
            Err(refusal) => Err(self.error(refusal, TRIES)),
        }
    }
}

/// Adds to `have` until it is `most` long; what came before the answer broke off stays.
fn read_up_to(
    answer: http::Response<Body>,
    most: usize,
    have: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let mut body = answer.into_body().into_reader();
    let mut buffer = [0; 16 << 10];
    while have.len() < most {
        let room = buffer.len().min(most - have.len());
        match body.read(&mut buffer[..room]) {
            Ok(0) => return Err(Refusal::passing("the answer broke off")),
            Ok(read) => have.extend_from_slice(&buffer[..read]),
            Err(error) => return Err(Refusal::passing(error)),
        }
    }
    Ok(())
}

impl Refusal {
    fn passing(reason: impl ToString) -> Self {
        Self {
            status: 0,
            reason: reason.to_string(),
            passing: true,
        }
    }

    fn status(status: u16) -> Self {
        let words = http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason());
        Self {
            status,
            reason: words.unwrap_or("the server said no").to_owned(),
            passing: matches!(status, 408 | 425 | 429 | 500..),
        }
    }

    fn of(error: &ureq::Error) -> Self {
        use ureq::Error as Http;
        let lasting = |reason: String| Self {
            status: 0,
            reason,
            passing: false,
        };
        match error {
            Http::StatusCode(status) => Self::status(*status),
            Http::TooManyRedirects => lasting(format!(
                "it points elsewhere more than {MAX_REDIRECTS} times"
            )),
            Http::RequireHttpsOnly(_) => lasting("it points from https to http".to_owned()),
            Http::HostNotFound => lasting("no such host".to_owned()),
            Http::Timeout(_) | Http::ConnectionFailed => Self::passing(error),
            // A certificate that is not trusted comes as one of these too.
            Http::Io(source) => match source.get_ref() {
                Some(inner) if inner.is::<rustls::Error>() => lasting(inner.to_string()),
                _ => Self::passing(source),
            },
            // Half an answer reads like none.
            Http::Protocol(_) => Self::passing(error),
            other => lasting(other.to_string()),
        }
    }
}

/// The whole of a page as it comes, within a limit, and not less than what was promised.
struct Stream<R> {
    reader: R,
    place: String,
    left: u64,
    missing: Option<u64>,
}

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let broken = |reason: String| {
            io::Error::other(Error::Unavailable {
                what: "read",
                place: self.place.clone(),
                tries: 1,
                reason,
            })
        };
        let read = self
            .reader
            .read(buffer)
            .map_err(|error| broken(error.to_string()))?;
        let missing = self.missing.unwrap_or_default();
        if read == 0 && !buffer.is_empty() && missing > 0 {
            return Err(broken(format!(
                "the answer broke off, {missing} bytes are missing"
            )));
        }
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::other(Error::TooLong {
                place: self.place.clone(),
                limit: LONGEST,
            })
        })?;
        self.missing = Some(missing.saturating_sub(read as u64));
        Ok(read)
    }
}

fn agent(secure: bool) -> Agent {
    let mut config = Agent::config_builder()
        .https_only(secure)
        .max_redirects(MAX_REDIRECTS)
        .user_agent(concat!("ssm-rec/", env!("CARGO_PKG_VERSION")))
        // Bytes are wanted as they lie there.
        .accept_encoding("identity")
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .http_status_as_error(true);
    if secure {
        let roots: Vec<_> = rustls_native_certs::load_native_certs()
            .certs
            .iter()
            .map(|root| Certificate::from_der(root).to_owned())
            .collect();
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(Arc::new(provider))
            .build();
        config = config.tls_config(tls);
    }
    config.build().new_agent()
}

/// `%40` of an address as the byte that it stands for.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) if byte == b'%' => {
                out.push(escaped);
                rest = &after[2..];
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_holds_no_secret() {
        for (address, expected) in [
            ("https://h/a/b.cast.zst", "https://h/a/b.cast.zst"),
            ("https://me:secret@h:8443/a#x", "https://h:8443/a"),
            ("http://h/a?X-Amz-Signature=abc", "http://h/a?…"),
            ("http://h?x=a/b@c", "http://h?…"),
            ("http://a@b@h", "http://h"),
        ] {
            assert_eq!(label(address), expected);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_before_anybody_is_asked() {
        for address in [
            "http://",
            "http:///a",
            "https://me@/x",
            "http://a b/",
            "http://h/\u{1b}",
        ] {
            assert!(
                matches!(Page::at(address), Err(Error::Location { .. })),
                "{address:?}"
            );
        }
    }

    #[test]
    fn a_user_name_becomes_a_header() {
        let header = |address: &str| Page::at(address).unwrap().authorization;
        assert_eq!(header("http://h/"), None);
        // "me:p@ss", "me:"
        assert_eq!(header("http://me:p%40ss@h/").unwrap(), "Basic bWU6cEBzcw==");
        assert_eq!(header("http://me@h/").unwrap(), "Basic bWU6");
    }
}
