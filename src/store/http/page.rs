//! One page: asked for in parts, again where that may help, and never believed when it is not what it was.
//!
//! Nothing here opens a connection; that is the network's, which judges where each one leads.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{sleep, timeout};

use super::super::Error;
use super::super::ranges::FIRST;
use super::refusal::Refusal;
use super::{LONGEST, Target, redirect};
use crate::aws::{self, Answer, Pages};

/// As long as bytes come at least this often, a download may take as long as it takes.
const SILENCE: Duration = Duration::from_secs(30);
/// Tries of the first request: whoever mistyped an address wants to hear of it.
const FIRST_TRIES: u32 = 3;
/// Tries of every other request: about half a minute of a network that is away.
const TRIES: u32 = 9;
/// The first wait between tries; each further one doubles, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(8);
const USER_AGENT: &str = concat!("ssm-rec/", env!("CARGO_PKG_VERSION"));

/// A page, and what the first answer said of it.
pub(super) struct Page {
    pages: Pages,
    target: Target,
    state: Option<State>,
}

/// How the first answer came.
pub(super) enum Begun {
    /// Nothing is there, and nothing has no first byte.
    Nothing,
    /// From the front, once.
    Whole(Answer),
    /// By ranges.
    Parts {
        page: Arc<Page>,
        first: Bytes,
        length: u64,
    },
}

/// What tells one state of a page from another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    etag: Option<String>,
    modified: Option<String>,
    length: Option<u64>,
}

impl State {
    fn of(answer: &Answer) -> Self {
        let text = |name: &str| answer.header(name).map(str::to_owned);
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
    fn of(answer: &Answer) -> Option<Self> {
        if answer.status() != 206 {
            return None;
        }
        let (span, _) = answer
            .header("content-range")?
            .strip_prefix("bytes ")?
            .split_once('/')?;
        let (start, last) = span.split_once('-')?;
        let (start, last) = (start.parse().ok()?, last.parse::<u64>().ok()?);
        (start <= last).then(|| Self {
            start,
            end: last.saturating_add(1),
        })
    }
}

impl Page {
    /// Asks for the first bytes. Where the answer may not lead unless it came from there, `is_inside` tells.
    pub(super) async fn begin(
        target: Target,
        is_inside: fn(IpAddr) -> bool,
    ) -> Result<Begun, Error> {
        let network = aws::network().await.map_err(Error::Way)?;
        let mut page = Self {
            pages: Pages::new(&network, SILENCE, is_inside).map_err(Error::Way)?,
            target,
            state: None,
        };
        let range = format!("bytes=0-{}", FIRST - 1);
        let mut patience = Patience::new(FIRST_TRIES);
        let answer = loop {
            match page.ask(&range).await {
                Ok(answer) => break answer,
                Err(Refusal::Status(416)) => return Ok(Begun::Nothing),
                Err(refusal) => page.outlast(refusal, &mut patience).await?,
            }
        };
        let state = State::of(&answer);
        let (Some(span), Some(length)) = (Span::of(&answer), state.length) else {
            return match answer.status() {
                200 => Ok(Begun::Whole(answer)),
                status => Err(Refusal::Status(status).into_error(&page.target.label, 1)),
            };
        };
        if span.start != 0 || span.end > length || length > LONGEST {
            return Err(Error::Altered {
                place: page.target.label,
                reason: "the server's answer contradicts itself".to_owned(),
            });
        }
        page.state = Some(state);
        let most = usize::try_from(span.end).unwrap_or(usize::MAX);
        let mut first = Vec::new();
        if let Err(refusal) = read_up_to(answer, most, &mut first).await {
            tracing::debug!(reason = %refusal, "the first answer broke off");
            let rest = page.range(first.len() as u64, span.end).await?;
            first.extend_from_slice(&rest);
        }
        Ok(Begun::Parts {
            page: Arc::new(page),
            first: first.into(),
            length,
        })
    }

    /// What tells this state from every other, also on another day; a weak ETag, or a date alone, does not tell every
    /// change.
    pub(super) fn lasting_state(&self, length: u64) -> Option<[String; 3]> {
        let state = self.state.clone()?;
        let etag = state.etag.filter(|etag| !etag.starts_with("W/"))?;
        Some([etag, state.modified.unwrap_or_default(), length.to_string()])
    }

    /// The bytes from `start` up to `end`, all of them.
    pub(super) async fn range(&self, start: u64, end: u64) -> Result<Bytes, Error> {
        let length = usize::try_from(end - start).unwrap_or(usize::MAX);
        let mut have = Vec::with_capacity(length);
        let mut patience = Patience::new(TRIES);
        loop {
            match self.go_on(start, end, length, &mut have).await {
                Ok(()) => return Ok(have.into()),
                Err(Refusal::Status(412 | 416)) => {
                    return Err(Refusal::Changed.into_error(&self.target.label, 1));
                }
                Err(refusal) => self.outlast(refusal, &mut patience).await?,
            }
        }
    }

    async fn go_on(
        &self,
        start: u64,
        end: u64,
        length: usize,
        have: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let from = start + have.len() as u64;
        let answer = self.ask(&format!("bytes={from}-{}", end - 1)).await?;
        let is_asked = |span: Span| span.start == from && span.end <= end;
        if self.state.as_ref() != Some(&State::of(&answer))
            || !Span::of(&answer).is_some_and(is_asked)
        {
            return Err(Refusal::Changed);
        }
        read_up_to(answer, length, have).await
    }

    /// Asks once, and follows where the answer points.
    async fn ask(&self, range: &str) -> Result<Answer, Refusal> {
        let mut url = self.target.url.clone();
        let mut only_outside = false;
        for step in 0..=redirect::MAX_REDIRECTS {
            let mut headers = vec![
                ("range", range),
                ("accept", "*/*"),
                // Bytes are wanted as they lie there.
                ("accept-encoding", "identity"),
                ("user-agent", USER_AGENT),
            ];
            if let Some(authorization) = &self.target.authorization
                && redirect::is_same_place(&self.target.url, &url)
            {
                headers.push(("authorization", authorization));
            }
            let answer = self.pages.fetch(&url, &headers, only_outside).await?;
            let status = answer.status();
            let Some(location) = answer
                .header("location")
                .filter(|_| redirect::points_elsewhere(status))
            else {
                return match status {
                    400.. => Err(Refusal::Status(status)),
                    _ => Ok(answer),
                };
            };
            // The one that the person named decides; where it points to does not.
            if step == 0 {
                only_outside = !answer.is_from_inside();
            }
            url = redirect::next(&url, location)
                .map_err(|reason| Refusal::Lasting(reason.to_owned()))?;
        }
        Err(Refusal::Lasting(format!(
            "it points elsewhere more than {} times",
            redirect::MAX_REDIRECTS
        )))
    }

    async fn outlast(&self, refusal: Refusal, patience: &mut Patience) -> Result<(), Error> {
        if !refusal.is_passing() || patience.n == patience.tries {
            return Err(refusal.into_error(&self.target.label, patience.tries));
        }
        tracing::debug!(place = self.target.label, reason = %refusal, n = patience.n, "trying again");
        sleep(patience.wait).await;
        patience.n += 1;
        patience.wait = (2 * patience.wait).min(LONGEST_WAIT);
        Ok(())
    }
}

/// How much longer it is tried.
struct Patience {
    tries: u32,
    n: u32,
    wait: Duration,
}

impl Patience {
    fn new(tries: u32) -> Self {
        Self {
            tries,
            n: 1,
            wait: FIRST_WAIT,
        }
    }
}

/// Adds to `have` until it is `most` long; what came before the answer broke off stays.
async fn read_up_to(mut answer: Answer, most: usize, have: &mut Vec<u8>) -> Result<(), Refusal> {
    while have.len() < most {
        let chunk = chunk(&mut answer).await.map_err(Refusal::Broken)?;
        let chunk = chunk.ok_or_else(|| Refusal::Broken("the answer broke off".to_owned()))?;
        have.extend_from_slice(&chunk[..chunk.len().min(most - have.len())]);
    }
    Ok(())
}

/// The next bytes of an answer, which must come soon.
pub(super) async fn chunk(answer: &mut Answer) -> Result<Option<Bytes>, String> {
    match timeout(SILENCE, answer.chunk()).await {
        Ok(chunk) => chunk,
        Err(_) => Err(format!("nothing came for {} s", SILENCE.as_secs())),
    }
}
