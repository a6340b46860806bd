//! `jsonl`: one JSON object per event, for programs; behind them one per command, and how much these explain.
//!
//! Nothing here shortens: every event of the recording is there, agent messages taken apart. What is derived from them never
//! stands between them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use formats::asciicast::{Data, Event, Header, Session};
use formats::derived;
use formats::manifest::Manifest;
use formats::tee::{Content, TeedMessage};
use serde::Serialize;
use serde_json::value::RawValue;

use super::cast::{Seconds, line};
use super::{End, Exporter};
use crate::transcript::EXTRACTOR;

/// The agent's clock needs the start of the recording.
#[derive(Debug, Default)]
pub(super) struct JsonLines {
    started_at_ms: Option<i64>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    Header {
        cols: u16,
        rows: u16,
        #[serde(skip_serializing_if = "Option::is_none")]
        term: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        command: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
        #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
        env: &'a std::collections::BTreeMap<String, String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<&'a Session>,
    },
    Output {
        time: Box<RawValue>,
        text: &'a str,
    },
    Input {
        time: Box<RawValue>,
        text: &'a str,
    },
    Marker {
        time: Box<RawValue>,
        label: &'a str,
    },
    Resize {
        time: Box<RawValue>,
        cols: u16,
        rows: u16,
    },
    Exit {
        time: Box<RawValue>,
        status: i32,
    },
    Message {
        time: Box<RawValue>,
        #[serde(flatten)]
        message: Message<'a>,
    },
    Other {
        time: Box<RawValue>,
        code: &'a str,
        data: &'a str,
    },
    Command {
        /// When the line was accepted, like `start`, which is in milliseconds.
        time: Box<RawValue>,
        #[serde(flatten)]
        command: &'a derived::Command,
    },
    Commands {
        time: Box<RawValue>,
        count: usize,
        /// The share of output that they, their prompts and their output are.
        explained: f64,
        /// There may be more.
        cut: bool,
        /// By which rules they were found.
        extractor: u32,
    },
    End {
        time: Box<RawValue>,
        complete: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        manifest: Option<&'a Manifest>,
    },
}

#[derive(Serialize)]
struct Message<'a> {
    /// `malformed` for bytes that were no agent message.
    message_type: &'a str,
    sequence_number: i64,
    payload_type: u32,
    payload_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
    length: usize,
    /// Where the payload is: `next` (the next output), `here`, `duplicate` or `omitted`.
    content: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl JsonLines {
    fn message<'a>(&self, at: Duration, message: &'a TeedMessage) -> Message<'a> {
        let clock = self
            .started_at_ms
            .filter(|_| message.message_type.is_some())
            .and_then(|started_at_ms| {
                chrono::DateTime::from_timestamp_millis(message.created_date_ms(started_at_ms, at))
            })
            .map(|clock| clock.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        let (content, payload) = match &message.content {
            Content::Next => ("next", None),
            Content::Here(payload) => ("here", Some(payload)),
            Content::Duplicate => ("duplicate", None),
            Content::Omitted => ("omitted", None),
        };
        let text = payload.and_then(|payload| std::str::from_utf8(payload).ok());
        Message {
            message_type: message
                .message_type
                .as_ref()
                .map_or("malformed", |message_type| message_type.as_str()),
            sequence_number: message.sequence_number,
            payload_type: message.payload_type.0,
            payload_name: message.payload_type.name(),
            clock,
            length: message.length,
            content,
            base64: payload
                .filter(|_| text.is_none())
                .map(|payload| STANDARD.encode(payload)),
            text,
        }
    }
}

/// A number with all its digits: as `f64` it would lose some.
fn time(at: Duration) -> Box<RawValue> {
    // Digits and a point are JSON.
    RawValue::from_string(Seconds(at).to_string()).unwrap_or_default()
}

impl Exporter for JsonLines {
    fn header(&mut self, header: &Header, out: &mut Vec<u8>) {
        self.started_at_ms = header.ssm.as_ref().and_then(Session::started_at_ms);
        line(
            &Line::Header {
                cols: header.term.cols,
                rows: header.term.rows,
                term: header.term.term_type.as_deref(),
                timestamp: header.timestamp,
                command: header.command.as_deref(),
                title: header.title.as_deref(),
                env: &header.env,
                session: header.ssm.as_ref(),
            },
            out,
        );
    }

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        let time = time(event.at);
        let object = match &event.data {
            Data::Output(text) => Line::Output { time, text },
            Data::Input(text) => Line::Input { time, text },
            Data::Marker(label) => Line::Marker { time, label },
            Data::Resize(size) => Line::Resize {
                time,
                cols: size.cols,
                rows: size.rows,
            },
            Data::Exit(status) => Line::Exit {
                time,
                status: *status,
            },
            Data::Message(message) => Line::Message {
                time,
                message: self.message(event.at, message),
            },
            Data::Other { code, data } => Line::Other { time, code, data },
        };
        line(&object, out);
    }

    fn finish(&mut self, end: &End, out: &mut Vec<u8>) {
        if let Some(derived) = &end.derived {
            for command in &derived.commands {
                let time = time(Duration::from_millis(command.start));
                line(&Line::Command { time, command }, out);
            }
            let commands = Line::Commands {
                time: time(end.at),
                count: derived.commands.len(),
                explained: (derived.explained * 10_000.0).floor() / 10_000.0,
                cut: derived.is_cut,
                extractor: EXTRACTOR,
            };
            line(&commands, out);
        }
        line(
            &Line::End {
                time: time(end.at),
                complete: end.is_complete,
                manifest: end.manifest.as_ref(),
            },
            out,
        );
    }
}
