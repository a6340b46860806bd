//! What the events of a recording count to, written now or found in a file.
//!
//! Nothing here looks at a text.

use crate::asciicast::Data;
use crate::manifest::Counts;
use crate::tee::{Content, TeedMessage};

impl Counts {
    pub(super) fn event(&mut self, data: &Data) {
        self.events += 1;
        match data {
            Data::Marker(_) => self.markers += 1,
            Data::Message(message) => self.message(message),
            _ => {}
        }
    }

    pub(super) fn message(&mut self, message: &TeedMessage) {
        self.messages += 1;
        if message.message_type.is_none() {
            self.malformed += 1;
        }
        if message.content == Content::Duplicate {
            self.duplicates += 1;
        }
        if message.is_shown() {
            self.output_bytes += message.length as u64;
        }
    }
}
