//! What a line feed in a recording means: where a terminal stood at the other end it turned each line end into a return
//! and a line feed, and where none stood nobody did.
//!
//! Nothing here changes a recording: it is for those who show its text.

use std::borrow::Cow;

use super::header::Header;
use crate::PayloadType;
use crate::payload::{ACTION_SESSION_TYPE, HandshakeRequest, SessionTypeRequest};
use crate::tee::{Content, TeedMessage};

/// The document of commands without a terminal that every account has (source: its content names the session type).
const DOCUMENT: &str = "AWS-StartNonInteractiveCommand";
/// Session type of all documents of this kind (source: session plugin names, contracts/model.go).
const SESSION_TYPE: &str = "NonInteractiveCommands";

/// How the shown text of a recording is to be read. It is told of the header and of messages, and then hands on the text.
#[derive(Clone, Debug, Default)]
pub struct LineFeeds {
    are_line_ends: bool,
    after_return: bool,
}

impl LineFeeds {
    /// As far as the header tells: by the document's name, or by a terminal of no size at all.
    #[must_use]
    pub fn of(header: &Header) -> Self {
        let document = header.ssm.as_ref().and_then(|ssm| ssm.document.as_deref());
        let has_no_size = header.term.cols == 0 && header.term.rows == 0;
        Self {
            are_line_ends: document == Some(DOCUMENT) || has_no_size,
            after_return: false,
        }
    }

    /// Whether each line feed begins a new line.
    #[must_use]
    pub fn are_line_ends(&self) -> bool {
        self.are_line_ends
    }

    /// Takes a message: the handshake's request names the type of the session, whatever the document is called.
    pub fn message(&mut self, message: &TeedMessage) {
        if !self.are_line_ends
            && message.payload_type == PayloadType::HANDSHAKE_REQUEST
            && let Content::Here(request) = &message.content
        {
            self.are_line_ends = names_no_terminal(request);
        }
    }

    /// The same from the data of an `f` event as it stands in the file.
    pub fn message_text(&mut self, data: &str) {
        if self.are_line_ends {
            return;
        }
        // Type, number, payload type, clock, length, and what the payload is.
        let mut fields = data.splitn(6, ' ');
        let payload_type = fields.nth(2).and_then(|field| field.parse().ok());
        if payload_type == Some(PayloadType::HANDSHAKE_REQUEST.0)
            && let Some(request) = fields.nth(2).and_then(|kind| kind.strip_prefix("text:"))
        {
            self.are_line_ends = names_no_terminal(request.as_bytes());
        }
    }

    /// The text as a terminal has to be given it.
    pub fn shown<'a>(&mut self, text: &'a str) -> Cow<'a, str> {
        if !self.are_line_ends || text.is_empty() {
            return Cow::Borrowed(text);
        }
        let before = std::mem::replace(&mut self.after_return, text.ends_with('\r'));
        let mut out = String::new();
        let mut from = 0;
        for at in memchr::memchr_iter(b'\n', text.as_bytes()) {
            let has_return = match at {
                0 => before,
                at => text.as_bytes()[at - 1] == b'\r',
            };
            if !has_return {
                out.push_str(&text[from..at]);
                out.push('\r');
                from = at;
            }
        }
        if from == 0 && out.is_empty() {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[from..]);
        Cow::Owned(out)
    }
}

fn names_no_terminal(request: &[u8]) -> bool {
    let Ok(request) = serde_json::from_slice::<HandshakeRequest>(request) else {
        return false;
    };
    let mut actions = request.requested_client_actions.iter();
    actions.any(|action| {
        action.action_type == ACTION_SESSION_TYPE
            && action.action_parameters.as_ref().is_some_and(|parameters| {
                serde_json::from_str::<SessionTypeRequest>(parameters.get())
                    .is_ok_and(|parameters| parameters.session_type == SESSION_TYPE)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::super::header::{Session, Term};
    use super::*;
    use crate::MessageType;
    use proptest::prelude::*;

    const REQUEST: &str = r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"NonInteractiveCommands","Properties":null}}]}"#;

    fn header(document: &str, cols: u16, rows: u16) -> Header {
        Header {
            term: Term {
                cols,
                rows,
                ..Term::default()
            },
            ssm: Some(Session {
                document: Some(document.into()),
                ..Session::default()
            }),
            ..Header::default()
        }
    }

    #[test]
    fn a_session_without_a_terminal_is_known_by_document_handshake_or_size() {
        assert!(LineFeeds::of(&header(DOCUMENT, 80, 24)).are_line_ends());
        assert!(LineFeeds::of(&header("Any", 0, 0)).are_line_ends());
        let shell = LineFeeds::of(&header("SSM-SessionManagerRunShell", 80, 24));
        assert!(!shell.are_line_ends());
        let message = |payload_type, payload: &str| TeedMessage {
            message_type: Some(MessageType::OutputStreamData),
            sequence_number: 0,
            payload_type,
            clock_ms: 0,
            length: payload.len(),
            content: Content::Here(payload.to_owned().into()),
        };
        for (payload_type, request, expected) in [
            (PayloadType::HANDSHAKE_REQUEST, REQUEST.to_owned(), true),
            (PayloadType::OUTPUT, REQUEST.to_owned(), false),
            (
                PayloadType::HANDSHAKE_REQUEST,
                REQUEST.replace("NonInteractiveCommands", "Standard_Stream"),
                false,
            ),
            (PayloadType::HANDSHAKE_REQUEST, "{".to_owned(), false),
        ] {
            let mut feeds = shell.clone();
            feeds.message(&message(payload_type, &request));
            assert_eq!(feeds.are_line_ends(), expected, "{request}");
            let mut feeds = shell.clone();
            let length = request.len();
            feeds.message_text(&format!(
                "output_stream_data 0 {} +3 {length} text:{request}",
                payload_type.0
            ));
            assert_eq!(feeds.are_line_ends(), expected, "{request}");
        }
    }

    proptest! {
        #[test]
        fn pieces_read_as_the_whole(pieces in proptest::collection::vec("[ab\r\n]{0,6}", 0..8)) {
            let whole = pieces.concat();
            let mut feeds = LineFeeds::of(&header(DOCUMENT, 80, 24));
            let read: String = pieces.iter().map(|piece| feeds.shown(piece).into_owned()).collect();
            let mut expected = String::new();
            for c in whole.chars() {
                if c == '\n' && !expected.ends_with('\r') {
                    expected.push('\r');
                }
                expected.push(c);
            }
            prop_assert_eq!(read, expected);
            let mut shell = LineFeeds::of(&header("Any", 80, 24));
            prop_assert_eq!(shell.shown(&whole), whole.as_str());
        }
    }
}
