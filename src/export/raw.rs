//! `raw`: the bytes that the agent sent for the screen, as they came.
//!
//! Nothing here adds or leaves out a byte, unless something was to be replaced: then it is the text that is left.

use std::io::{Read, Write};

use formats::asciicast::{Data, Event, Header};
use formats::raw::RawStream;

use super::{BATCH, End, Error, Exporter, Options, Report, Source, damage_of};

/// The short way: message by message without an event made of it.
pub(super) fn copy<R: Read>(
    reader: Source<R>,
    sink: &mut dyn Write,
    options: &Options,
) -> Result<Report, Error> {
    let mut stream = RawStream::new(reader);
    let from_us = u64::try_from(options.from.as_micros()).unwrap_or(u64::MAX);
    let to_us = options
        .to
        .map(|to| u64::try_from(to.as_micros()).unwrap_or(u64::MAX));
    let mut bytes = Vec::with_capacity(2 * BATCH);
    let mut damage = None;
    loop {
        let before = bytes.len();
        let chunk = match stream.next_into(&mut bytes) {
            Ok(chunk) => chunk,
            Err(formats::raw::Error::Recording(error)) => {
                damage = Some(damage_of(error)?);
                None
            }
            Err(error) => {
                damage = Some(error.to_string());
                None
            }
        };
        let is_over = match &chunk {
            None => true,
            Some(chunk) => {
                let is_beyond = to_us.is_some_and(|to_us| chunk.at_us > to_us);
                if is_beyond || chunk.at_us < from_us {
                    bytes.truncate(before);
                }
                is_beyond
            }
        };
        if bytes.len() >= BATCH || is_over {
            sink.write_all(&bytes).map_err(Error::Write)?;
            bytes.clear();
        }
        if is_over {
            break;
        }
    }
    sink.flush().map_err(Error::Write)?;
    Ok(Report {
        ending: stream.reader().lines().ending().cloned(),
        damage,
        replaced: None,
        is_exhausted: false,
    })
}

/// The long way, from events.
#[derive(Debug)]
pub(super) struct Raw;

impl Exporter for Raw {
    fn header(&mut self, _: &Header, _: &mut Vec<u8>) {}

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        if let Data::Output(text) = &event.data {
            out.extend_from_slice(text.as_bytes());
        }
    }

    fn finish(&mut self, _: &End, _: &mut Vec<u8>) {}
}
