//! `cast` and `cast-v2`: asciicast text for players.
//!
//! Nothing here draws: each event is a line, our own `f` events only where they are asked for.

use formats::asciicast::{Data, Encoder, Event, Header};
use formats::payload::Size;
use serde::Serialize;

use super::{End, Exporter};
use crate::words;

/// Version 3.
#[derive(Debug)]
pub(super) struct Cast {
    encoder: Encoder,
    with_frames: bool,
}

impl Cast {
    /// `with_frames` keeps what only we understand.
    pub(super) fn new(with_frames: bool) -> Self {
        Self {
            encoder: Encoder::default(),
            with_frames,
        }
    }
}

impl Exporter for Cast {
    fn header(&mut self, header: &Header, out: &mut Vec<u8>) {
        self.encoder.header(header, out);
    }

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        if self.with_frames || !matches!(event.data, Data::Message(_)) {
            self.encoder.event(event.at, &event.data, out);
        }
    }

    fn finish(&mut self, _: &End, _: &mut Vec<u8>) {}
}

/// Version 2: times since the start, and no word for an exit.
#[derive(Debug)]
pub(super) struct CastV2;

#[derive(Serialize)]
struct HeaderV2<'a> {
    version: u8,
    width: u16,
    height: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_time_limit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    env: std::collections::BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<&'a serde_json::Value>,
}

impl Exporter for CastV2 {
    fn header(&mut self, header: &Header, out: &mut Vec<u8>) {
        let mut env: std::collections::BTreeMap<_, _> = header
            .env
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        if let Some(term_type) = &header.term.term_type {
            env.entry("TERM").or_insert(term_type);
        }
        let wire = HeaderV2 {
            version: 2,
            width: header.term.cols,
            height: header.term.rows,
            timestamp: header.timestamp,
            idle_time_limit: header.idle_time_limit.filter(|limit| limit.is_finite()),
            command: header.command.as_deref(),
            title: header.title.as_deref(),
            env,
            theme: header.term.theme.as_ref(),
        };
        line(&wire, out);
    }

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        let size;
        let (code, data) = match &event.data {
            Data::Output(text) => ("o", text),
            Data::Input(text) => ("i", text),
            Data::Marker(label) => ("m", label),
            Data::Resize(Size { cols, rows }) => {
                size = format!("{cols}x{rows}");
                ("r", &size)
            }
            Data::Other { code, data } => (code.as_str(), data),
            Data::Exit(_) | Data::Message(_) => return,
        };
        out.extend_from_slice(format!("[{}, ", Seconds(event.at)).as_bytes());
        out.extend_from_slice(format!("\"{code}\", ").as_bytes());
        line(data, out);
        out.pop();
        out.extend_from_slice(b"]\n");
    }

    fn finish(&mut self, _: &End, _: &mut Vec<u8>) {}
}

/// Appends JSON and a line end.
pub(super) fn line(value: &impl Serialize, out: &mut Vec<u8>) {
    out.extend_from_slice(words::json(value).as_bytes());
    out.push(b'\n');
}

/// Seconds with six digits.
pub(super) struct Seconds(pub(super) std::time::Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:06}", self.0.as_secs(), self.0.subsec_micros())
    }
}
