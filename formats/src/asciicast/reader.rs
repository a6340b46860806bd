//! Reads a recording of any version: the header, then event after event with times since the start.
//!
//! Nothing here holds more than a line, except for version 1, which is one JSON document and is held as a whole
//! within the line limit.

use std::time::Duration;

use super::error::Error;
use super::event::{Data, Event};
use super::header::{Header, WireV1, check_size, probe};
use super::limits::MAX_TIME_US;
use super::line::{Code, LineError, microseconds, parse, parse_long};
use crate::lines::{self, LONG_LINE, LineSource, MAX_LINE};
use crate::tee::Shorthand;

/// A recording that is being read.
#[derive(Debug)]
pub struct Reader<L> {
    lines: L,
    header: Header,
    body: Body,
    /// Lines read so far.
    line: u64,
    /// Time of the last event.
    at_us: u64,
    text: Vec<u8>,
    shorthand: Shorthand,
    leaves_payloads: bool,
}

#[derive(Debug)]
enum Body {
    Lines,
    Document {
        events: Vec<(f64, String)>,
        next: usize,
    },
}

/// Where a reader stands between two events: all that it knows of those before.
#[derive(Clone, Debug)]
pub struct Mark {
    at_us: u64,
    line: u64,
    shorthand: Shorthand,
    /// Number of the next event of a version 1 document.
    next: usize,
}

impl Mark {
    /// The time of the last event.
    #[must_use]
    pub fn at(&self) -> Duration {
        Duration::from_micros(self.at_us)
    }
}

/// When an event came, and of what kind it is; its text stands where the caller wanted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed {
    /// Microseconds since the start.
    pub at_us: u64,
    /// Its kind.
    pub code: Code,
}

impl<L: LineSource> Reader<L> {
    /// Reads the header; version 1 is read as a whole.
    ///
    /// # Errors
    /// The first line is missing, is not a header, or is one that cannot be believed.
    pub fn open(mut lines: L) -> Result<Self, Error> {
        let first = lines.next_line()?.ok_or(Error::Empty)?;
        let (header, body) = match Header::parse(first) {
            Some(Ok(header)) => (header, Body::Lines),
            Some(Err(Error::Version(1))) => document(first)?,
            Some(Err(error)) => return Err(error),
            None => {
                // A version 1 document may run over many lines; nothing else may begin with an open brace.
                if first.trim_ascii_start().first() != Some(&b'{') {
                    return Err(Error::NotARecording);
                }
                let mut text = first.to_vec();
                let mut count = 1;
                while let Some(line) = lines.next_line()? {
                    count += 1;
                    text.push(b'\n');
                    text.extend_from_slice(line);
                    if text.len() > MAX_LINE {
                        return Err(Error::Lines(lines::Error::TooLong {
                            line: count,
                            limit: MAX_LINE,
                        }));
                    }
                }
                match probe(&text) {
                    Some(1) => document(&text)?,
                    _ => return Err(Error::NotARecording),
                }
            }
        };
        Ok(Self {
            lines,
            shorthand: header.shorthand(),
            header,
            body,
            line: 1,
            at_us: 0,
            text: Vec::new(),
            leaves_payloads: false,
        })
    }

    /// Reads what follows a mark, of a recording of version 2 or 3 with this header.
    pub fn behind(lines: L, header: Header, mark: &Mark) -> Self {
        let mut reader = Self {
            lines,
            shorthand: header.shorthand(),
            header,
            body: Body::Lines,
            line: 0,
            at_us: 0,
            text: Vec::new(),
            leaves_payloads: false,
        };
        reader.resume_from(mark);
        reader
    }

    /// Leaves out the payload of a message whose line is longer than [`LONG_LINE`], as if it had been left out on purpose:
    /// for who only looks at what happened.
    #[must_use]
    pub fn without_long_payloads(mut self) -> Self {
        self.leaves_payloads = true;
        self
    }

    /// Where it stands, for [`Self::resume_from`].
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            at_us: self.at_us,
            line: self.line,
            shorthand: self.shorthand.clone(),
            next: match &self.body {
                Body::Lines => 0,
                Body::Document { next, .. } => *next,
            },
        }
    }

    /// Goes on from a mark of this recording. Of versions 2 and 3 the source has to give the line that followed it next.
    pub fn resume_from(&mut self, mark: &Mark) {
        self.at_us = mark.at_us;
        self.line = mark.line;
        self.shorthand.clone_from(&mark.shorthand);
        if let Body::Document { next, .. } = &mut self.body {
            *next = mark.next;
        }
    }

    /// Whether it is one document, of version 1, and held as a whole.
    #[must_use]
    pub fn is_document(&self) -> bool {
        matches!(self.body, Body::Document { .. })
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Where the lines come from.
    #[must_use]
    pub fn lines(&self) -> &L {
        &self.lines
    }

    /// To move the source to another line; tell it with [`Self::resume`].
    pub fn lines_mut(&mut self) -> &mut L {
        &mut self.lines
    }

    /// Goes on with whatever the source gives next, the event before having come at `at`. Only versions 2 and 3 can be
    /// taken up in the middle. Line numbers in errors count from there on.
    pub fn resume(&mut self, at: Duration) {
        self.at_us = u64::try_from(at.as_micros()).unwrap_or(MAX_TIME_US);
        self.line = 0;
        self.shorthand.forget();
    }

    /// Goes back to the first event of a version 1 document; `false` when it is none.
    pub(crate) fn restart_document(&mut self) -> bool {
        if let Body::Document { next, .. } = &mut self.body {
            *next = 0;
            self.at_us = 0;
            return true;
        }
        false
    }

    /// The next event.
    ///
    /// # Errors
    /// A line that is no event, by its number.
    pub fn next_event(&mut self) -> Result<Option<Event>, Error> {
        self.next_event_within(u64::MAX)
    }

    /// The next event where it is in one of the next so many lines: there may be any number that hold none.
    ///
    /// # Errors
    /// As [`Self::next_event`].
    pub fn next_event_within(&mut self, lines: u64) -> Result<Option<Event>, Error> {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let result = match self.next_into_within(&mut text, lines) {
            Ok(Some(timed)) => self.event(timed, &mut text).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        self.text = text;
        result
    }

    /// The next event without a `String` of its own: its text, unescaped and in valid UTF-8, is appended to `text`.
    /// The data is not looked into: a resize that is none passes.
    ///
    /// # Errors
    /// A line that is no event, by its number; `text` is then as it was.
    pub fn next_into(&mut self, text: &mut Vec<u8>) -> Result<Option<Timed>, Error> {
        self.next_into_within(text, u64::MAX)
    }

    fn next_into_within(&mut self, text: &mut Vec<u8>, lines: u64) -> Result<Option<Timed>, Error> {
        if let Body::Document { events, next } = &mut self.body {
            let Some((delay, output)) = events.get(*next) else {
                return Ok(None);
            };
            let delay_us = microseconds(*delay).ok_or(Error::Time {
                line: 1,
                time: *delay,
            })?;
            *next += 1;
            text.extend_from_slice(output.as_bytes());
            self.advance(delay_us)?;
            return Ok(Some(Timed {
                at_us: self.at_us,
                code: Code::Output,
            }));
        }
        for _ in 0..lines {
            let Some(line) = self.lines.next_line()? else {
                return Ok(None);
            };
            self.line += 1;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            // asciinema takes comments from version 3 on, and passes over empty lines.
            if line.is_empty() || (self.header.version == 3 && line[0] == b'#') {
                continue;
            }
            let number = self.line;
            let parsed = match line.len() > LONG_LINE {
                false => parse(line, text),
                true => parse_long(self.lines.take_line()).map(|(time_us, code, mut long)| {
                    match text.is_empty() {
                        true => *text = long,
                        false => text.append(&mut long),
                    }
                    (time_us, code)
                }),
            };
            let (time_us, code) = parsed.map_err(|error| match error {
                LineError::Json(source) => Error::Event {
                    line: number,
                    source,
                },
                LineError::Time(time) => Error::Time { line: number, time },
            })?;
            if self.header.version == 2 {
                // Absolute, and at times a little out of order where two threads wrote.
                self.at_us = self.at_us.max(time_us);
            } else {
                self.advance(time_us)?;
            }
            return Ok(Some(Timed {
                at_us: self.at_us,
                code,
            }));
        }
        Ok(None)
    }

    fn advance(&mut self, interval_us: u64) -> Result<(), Error> {
        let at_us = self.at_us + interval_us;
        if at_us > MAX_TIME_US {
            return Err(Error::Time {
                line: self.line,
                time: at_us as f64 / 1e6,
            });
        }
        self.at_us = at_us;
        Ok(())
    }

    fn event(&mut self, timed: Timed, text: &mut Vec<u8>) -> Result<Event, Error> {
        let line = self.line;
        let wrong = |code, expected| Error::Data {
            line,
            code,
            expected,
        };
        // What parse appends is valid UTF-8 already; this cannot fail, and costs little.
        let mut owned = || match text.len() > LONG_LINE {
            false => String::from_utf8_lossy(text).into_owned(),
            true => String::from_utf8(std::mem::take(text)).unwrap_or_default(),
        };
        let data = match timed.code {
            Code::Output => Data::Output(owned()),
            Code::Input => Data::Input(owned()),
            Code::Marker => Data::Marker(owned()),
            Code::Resize => {
                let text = owned();
                let (cols, rows) = text
                    .split_once('x')
                    .and_then(|(cols, rows)| {
                        Some((cols.parse::<u64>().ok()?, rows.parse::<u64>().ok()?))
                    })
                    .ok_or_else(|| wrong("r", "columns x rows"))?;
                Data::Resize(check_size(line, cols, rows)?)
            }
            // Version 2 has no exit events: there it is a code like any other.
            Code::Exit if self.header.version == 3 => {
                Data::Exit(owned().parse().map_err(|_| wrong("x", "an exit status"))?)
            }
            Code::Exit => Data::Other {
                code: "x".into(),
                data: owned(),
            },
            // Another recorder may have an `f` of its own.
            Code::Message => {
                let mut text = owned();
                if self.leaves_payloads && text.len() > LONG_LINE {
                    leave_payload(&mut text);
                }
                match self.shorthand.parse(&text) {
                    Ok(message) => Data::Message(message),
                    Err(_) if self.header.ssm.is_none() => Data::Other {
                        code: "f".into(),
                        data: text,
                    },
                    Err(_) => return Err(wrong("f", "an agent message")),
                }
            }
            Code::Other(code) => Data::Other {
                code: code.into(),
                data: owned(),
            },
        };
        Ok(Event {
            at: Duration::from_micros(timed.at_us),
            data,
        })
    }
}

impl<L: LineSource> Iterator for Reader<L> {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_event().transpose()
    }
}

/// Takes the payload out of the data of an `f` event.
fn leave_payload(text: &mut String) {
    if let Some((before, _)) = text.match_indices(' ').nth(4)
        && ["text:", "base64:"]
            .iter()
            .any(|kind| text[before + 1..].starts_with(kind))
    {
        text.truncate(before);
        text.push_str(" omitted");
    }
}

fn document(text: &[u8]) -> Result<(Header, Body), Error> {
    let mut document: WireV1 = serde_json::from_slice(text).map_err(Error::Header)?;
    let header = document.header()?;
    Ok((
        header,
        Body::Document {
            events: document.stdout,
            next: 0,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::PlainLines;
    use crate::tee::Content;

    #[test]
    fn a_long_payload_is_left_out_for_who_only_looks_and_a_short_one_is_not() {
        let header =
            r#"{"version":3,"term":{"cols":80,"rows":24},"ssm":{"session_id":"a","target":"b"}}"#;
        let message = |length: usize, payload: &str| {
            format!("[0,\"f\",\"output_stream_data 7 17 +0 {length} {payload}\"]\n")
        };
        let short = "a b ".repeat(100);
        let long = "a b ".repeat(LONG_LINE);
        let cast = [
            header.to_owned() + "\n",
            message(short.len(), &format!("text:{short}")),
            message(long.len(), &format!("text:{long}")),
            message(
                3 * LONG_LINE,
                &format!("base64:{}", "/w==".repeat(LONG_LINE)),
            ),
        ]
        .concat();
        let reader = Reader::open(PlainLines::new(cast.as_bytes())).unwrap();
        let contents = reader
            .without_long_payloads()
            .map(|event| match event.unwrap().data {
                Data::Message(message) => message.content,
                other => panic!("{other:?}"),
            });
        let expected = [
            Content::Here(short.into()),
            Content::Omitted,
            Content::Omitted,
        ];
        assert!(contents.eq(expected));
        let mut reader = Reader::open(PlainLines::new(cast.as_bytes())).unwrap();
        reader.next_event().unwrap();
        let Some(Data::Message(message)) = reader.next_event().unwrap().map(|event| event.data)
        else {
            panic!("a message");
        };
        assert!(message.content == Content::Here(long.into()));
    }
}
