//! The exact bytes that the agent sent for the screen, rebuilt from a recording.
//!
//! Nothing here guesses: where a message says that its bytes are the next output and they are not, that is an error.
//! In a recording of another program, which has no messages on record, the bytes are those of the output events.

use std::io::{self, Write};

use crate::agent_message::PayloadType;
use crate::asciicast::{self, Code, Reader};
use crate::lines::LineSource;
use crate::tee::{Content, Ordinary, Shorthand, TeedMessage};

/// Written out at once when there is as much.
const BATCH: usize = 128 * 1024;

/// The stream of a recording.
#[derive(Debug)]
pub struct RawStream<L> {
    reader: Reader<L>,
    /// Whether messages are on record.
    is_teed: bool,
    /// Whether one has come. What was exported without its messages, or with the screen drawn first, has output that no
    /// message announced.
    has_message: bool,
    expected: Option<Ordinary>,
    shorthand: Shorthand,
}

/// Bytes that came in one message, or in one output event of another program's recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Microseconds since the start.
    pub at_us: u64,
    /// Output or standard error.
    pub payload_type: PayloadType,
    /// How many bytes were appended.
    pub length: usize,
}

impl<L: LineSource> RawStream<L> {
    /// Takes over a recording of which nothing but the header has been read.
    pub fn new(reader: Reader<L>) -> Self {
        Self {
            is_teed: reader.header().ssm.is_some(),
            shorthand: reader.header().shorthand(),
            reader,
            has_message: false,
            expected: None,
        }
    }

    /// The recording that is read.
    pub fn reader(&self) -> &Reader<L> {
        &self.reader
    }

    /// Appends the bytes of the next message.
    ///
    /// # Errors
    /// The recording does not read, or contradicts itself. `bytes` is then as it was.
    pub fn next_into(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Chunk>, Error> {
        let start = bytes.len();
        while let Some(timed) = self.reader.next_into(bytes)? {
            let chunk = |payload_type, length| Chunk {
                at_us: timed.at_us,
                payload_type,
                length,
            };
            match timed.code {
                Code::Output if !self.is_teed || !self.has_message => {
                    return Ok(Some(chunk(PayloadType::OUTPUT, bytes.len() - start)));
                }
                Code::Output => {
                    if let Some(Ordinary {
                        length,
                        payload_type,
                    }) = self.expected.take()
                    {
                        let found = bytes.len() - start;
                        if found != length {
                            bytes.truncate(start);
                            return Err(Error::Length {
                                at_us: timed.at_us,
                                stated: length,
                                found,
                            });
                        }
                        return Ok(Some(chunk(payload_type, length)));
                    }
                }
                Code::Message if self.is_teed => {
                    self.has_message = true;
                    let ordinary = self.shorthand.parse_ordinary(&bytes[start..]);
                    let message = match ordinary {
                        Some(_) => None,
                        None => Some(self.message(&bytes[start..], timed.at_us)),
                    };
                    bytes.truncate(start);
                    if self.expected.is_some() {
                        return Err(Error::NoOutput { at_us: timed.at_us });
                    }
                    match message.transpose()? {
                        None => self.expected = ordinary.filter(|message| message.length > 0),
                        Some(message) if message.is_shown() => match message.content {
                            Content::Here(payload) => {
                                bytes.extend_from_slice(&payload);
                                return Ok(Some(chunk(message.payload_type, payload.len())));
                            }
                            Content::Next if message.length > 0 => {
                                self.expected = Some(Ordinary {
                                    length: message.length,
                                    payload_type: message.payload_type,
                                });
                            }
                            _ => {}
                        },
                        Some(_) => {}
                    }
                }
                _ => {}
            }
            bytes.truncate(start);
        }
        // A recording that was cut between a message and its output ends here as well; the caller knows how it ended.
        Ok(None)
    }

    /// Writes all of it, and returns how many bytes that were.
    ///
    /// # Errors
    /// The recording does not read or contradicts itself, or the sink failed; what came before is written.
    pub fn copy_to(&mut self, mut sink: impl Write) -> Result<u64, Error> {
        let mut bytes = Vec::with_capacity(2 * BATCH);
        let mut total = 0;
        loop {
            let result = self.next_into(&mut bytes);
            if bytes.len() >= BATCH || !matches!(result, Ok(Some(_))) {
                sink.write_all(&bytes)?;
                total += bytes.len() as u64;
                bytes.clear();
            }
            if result?.is_none() {
                sink.flush()?;
                return Ok(total);
            }
        }
    }

    fn message(&mut self, data: &[u8], at_us: u64) -> Result<TeedMessage, Error> {
        std::str::from_utf8(data)
            .ok()
            .and_then(|data| self.shorthand.parse(data).ok())
            .ok_or(Error::Message { at_us })
    }
}

/// Why the stream cannot be rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The recording does not read.
    #[error(transparent)]
    Recording(#[from] asciicast::Error),
    /// The sink failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// An `f` event is none of ours.
    #[error("the message on record at {at_us} microseconds does not read")]
    Message {
        /// Since the start.
        at_us: u64,
    },
    /// A message's output is missing: another message came before it.
    #[error("the output of the message before {at_us} microseconds is missing")]
    NoOutput {
        /// Since the start.
        at_us: u64,
    },
    /// A message's output is not what the message says.
    #[error("the output at {at_us} microseconds has {found} bytes, its message {stated}")]
    Length {
        /// Since the start.
        at_us: u64,
        /// What the message says.
        stated: usize,
        /// What the output has.
        found: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent_message::MessageType;
    use crate::asciicast::{Encoder, Header, Session};
    use crate::lines::PlainLines;
    use crate::utf8::Utf8Joiner;
    use bytes::Bytes;
    use proptest::prelude::*;
    use std::time::Duration;

    fn teed(chunks: &[Vec<u8>]) -> Vec<u8> {
        let (mut encoder, mut joiner, mut out) =
            (Encoder::default(), Utf8Joiner::default(), Vec::new());
        let header = Header {
            ssm: Some(Session::default()),
            ..Header::default()
        };
        encoder.header(&header, &mut out);
        for (number, chunk) in chunks.iter().enumerate() {
            let at = Duration::from_millis(number as u64);
            let joined = joiner.join(chunk);
            let mut message = TeedMessage {
                message_type: Some(MessageType::OutputStreamData),
                sequence_number: number as i64,
                payload_type: if number % 3 == 2 {
                    PayloadType::STD_ERR
                } else {
                    PayloadType::OUTPUT
                },
                clock_ms: -3,
                length: chunk.len(),
                content: if joined.is_exact {
                    Content::Next
                } else {
                    Content::Here(Bytes::copy_from_slice(chunk))
                },
            };
            encoder.message(at, &message, &mut out);
            if !joined.text.is_empty() {
                encoder.output(at, &joined.text, &mut out);
            }
            message.content = Content::Duplicate;
            encoder.message(at, &message, &mut out);
        }
        if let Some(text) = joiner.finish() {
            encoder.output(Duration::from_secs(9), text, &mut out);
        }
        out
    }

    fn raw(text: &[u8]) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let reader = Reader::open(PlainLines::new(text))?;
        RawStream::new(reader).copy_to(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn a_recording_of_another_program_gives_its_output() {
        let text = b"{\"version\":3,\"term\":{\"cols\":1,\"rows\":1}}\n[1,\"o\",\"a\"]\n[1,\"f\",\"?\"]\n[1,\"i\",\"x\"]\n[1,\"o\",\"b\"]\n";
        assert_eq!(raw(text).unwrap(), b"ab");
    }

    #[test]
    fn output_before_any_message_is_output() {
        let head = "{\"version\":3,\"term\":{\"cols\":1,\"rows\":1},\"ssm\":{}}\n[1,\"o\",\"a\"]\n";
        assert_eq!(raw(head.as_bytes()).unwrap(), b"a");
        let text = format!("{head}[1,\"f\",\"output_stream_data 1 1 +0 1\"]\n[1,\"o\",\"b\"]\n");
        assert_eq!(raw(text.as_bytes()).unwrap(), b"ab");
    }

    #[test]
    fn a_message_without_its_output_is_an_error() {
        let head = "{\"version\":3,\"term\":{\"cols\":1,\"rows\":1},\"ssm\":{}}\n[1,\"f\",\"output_stream_data 1 1 +0 2\"]\n";
        let with = |line: &str| raw(format!("{head}{line}\n").as_bytes());
        assert_eq!(with("[1,\"o\",\"ab\"]").unwrap(), b"ab");
        assert!(matches!(
            with("[1,\"o\",\"a\"]"),
            Err(Error::Length {
                stated: 2,
                found: 1,
                ..
            })
        ));
        assert!(matches!(
            with("[1,\"f\",\"acknowledge 0 0 +0 0\"]"),
            Err(Error::NoOutput { .. })
        ));
        assert!(matches!(
            with("[1,\"o\",\"ab\"]\n[1,\"f\",\"?\"]"),
            Err(Error::Message { .. })
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_chunks_come_back(
            chunks in proptest::collection::vec(
                prop_oneof![
                    proptest::collection::vec(any::<u8>(), 0..40),
                    "[ -~é€😀\r\n\u{1b}]{0,20}".prop_map(String::into_bytes),
                    Just(vec![0xf0, 0x9f]), Just(vec![0x98, 0x80]), Just(vec![0xef]),
                ], 0..20)
        ) {
            prop_assert_eq!(raw(&teed(&chunks)).unwrap(), chunks.concat());
        }
    }
}
