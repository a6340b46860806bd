//! The short form of what earlier messages tell: numbers that count on, and acknowledgements in their usual shape.
//!
//! Nothing here is guessed: what is not exactly as it would be worked out again is written in full. It is done for the sake
//! of slow typing, where each key is acknowledged by 175 bytes that say nothing new, and the numbers in them would make up
//! half of the recording.

use bytes::Bytes;
use uuid::Uuid;

use super::message::{Content, Earlier, Error, TeedMessage};
use crate::agent_message::{MessageType, PayloadType};
use crate::payload::{Acknowledge, encode_json};

/// Stands for one more than the last one.
const NEXT: &str = "+";
/// The part of a message id that counts.
const COUNTER: u128 = 0xffff_ffff_ffff;

/// What the messages so far have settled. Writer and reader each keep one, and both forget at the same places: a
/// recording forgets where a zstd frame begins, so that reading can begin there.
#[derive(Clone, Debug, Default)]
pub struct Shorthand {
    /// The ids of the client's messages, without their counter.
    ids: Option<u128>,
    last: Last,
}

#[derive(Clone, Debug, Default)]
struct Last {
    input: Option<i64>,
    output: Option<i64>,
    acknowledged: Option<Acknowledged>,
}

/// An acknowledgement in its usual shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Acknowledged {
    sequence_number: i64,
    counter: u64,
}

/// An output message whose bytes come with the next event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ordinary {
    pub(crate) payload_type: PayloadType,
    pub(crate) length: usize,
}

impl Shorthand {
    /// `message_ids` is what the header of the recording says.
    #[must_use]
    pub fn new(message_ids: Option<&str>) -> Self {
        let ids = message_ids.and_then(|text| Uuid::parse_str(text).ok());
        Self {
            ids: ids.map(|ids| ids.as_u128() & !COUNTER),
            last: Last::default(),
        }
    }

    /// What comes next refers to nothing before it.
    pub fn forget(&mut self) {
        self.last = Last::default();
    }

    /// Writes the message: the part that JSON need not escape is appended to `head`, the part that it may have to is returned.
    pub(crate) fn write<'a>(&mut self, message: &'a TeedMessage, head: &mut String) -> &'a str {
        use std::fmt::Write;
        message.write_type(head);
        let number = message.sequence_number;
        let last = self.last_number(message.message_type.as_ref());
        // Writing to a string cannot fail.
        let _ = if follows(last.and_then(|last| last.replace(number)), number) {
            write!(head, " {NEXT}")
        } else {
            write!(head, " {number}")
        };
        message.write_numbers(head);
        let Some(acknowledged) = self.usual(message) else {
            return message.write_content(head);
        };
        let before = self.last.acknowledged.replace(acknowledged);
        let Acknowledged {
            sequence_number,
            counter,
        } = acknowledged;
        let _ = match before {
            Some(before) if follows(Some(before.sequence_number), sequence_number) => {
                write!(head, " ack:{NEXT}")
            }
            _ => write!(head, " ack:{sequence_number}"),
        };
        let _ = match before.and_then(|before| counter.checked_sub(before.counter)) {
            Some(more) => write!(head, " +{more}"),
            None => write!(head, " {counter}"),
        };
        ""
    }

    /// Reads a message that was written with the same messages before it.
    ///
    /// # Errors
    /// It does not read, or refers to a message that did not come.
    pub fn parse(&mut self, data: &str) -> Result<TeedMessage, Error> {
        TeedMessage::parse_with(data, self)
    }

    /// `output_stream_data 12 1 +3 1024`, as nearly every message is, without taking it apart. `None`, and nothing is
    /// settled, for any other.
    pub(crate) fn parse_ordinary(&mut self, data: &[u8]) -> Option<Ordinary> {
        let name = MessageType::OutputStreamData;
        let rest = data.strip_prefix(name.as_str().as_bytes())?;
        let mut fields = rest.strip_prefix(b" ")?.split(|&byte| byte == b' ');
        let sequence_number = match fields.next()? {
            b"+" => self.last.output?.checked_add(1)?,
            field => number(field)?,
        };
        let payload_type = PayloadType(u32::try_from(number(fields.next()?)?).ok()?);
        let (b'+' | b'-', clock) = fields.next()?.split_first()? else {
            return None;
        };
        number(clock)?;
        let length = usize::try_from(number(fields.next()?)?).ok()?;
        if fields.next().is_some() || !payload_type.is_shown() {
            return None;
        }
        self.last.output = Some(sequence_number);
        Some(Ordinary {
            payload_type,
            length,
        })
    }

    /// Messages outside the stream are not counted.
    fn last_number(&mut self, message_type: Option<&MessageType>) -> Option<&mut Option<i64>> {
        match message_type? {
            MessageType::InputStreamData => Some(&mut self.last.input),
            MessageType::OutputStreamData => Some(&mut self.last.output),
            _ => None,
        }
    }

    /// Whether the message is an acknowledgement of the client's input whose payload can be worked out to the last byte.
    fn usual(&self, message: &TeedMessage) -> Option<Acknowledged> {
        let Content::Here(payload) = &message.content else {
            return None;
        };
        if message.message_type != Some(MessageType::Acknowledge) {
            return None;
        }
        let body: Acknowledge = serde_json::from_slice(payload).ok()?;
        let acknowledged = Acknowledged {
            sequence_number: body.sequence_number,
            counter: u64::try_from(body.message_id.as_u128() & COUNTER).ok()?,
        };
        (self.payload(acknowledged)? == *payload).then_some(acknowledged)
    }

    fn payload(&self, acknowledged: Acknowledged) -> Option<Bytes> {
        let counter = u128::from(acknowledged.counter);
        if counter > COUNTER {
            return None;
        }
        let body = Acknowledge {
            message_type: MessageType::InputStreamData.as_str().to_owned(),
            message_id: Uuid::from_u128(self.ids? | counter),
            sequence_number: acknowledged.sequence_number,
            is_sequential: true,
        };
        Some(encode_json(&body).into())
    }
}

impl Earlier for Shorthand {
    fn number(&mut self, message_type: Option<&MessageType>, field: &str) -> Option<i64> {
        let last = self.last_number(message_type);
        let number = if field == NEXT {
            last.as_ref()?.as_ref()?.checked_add(1)?
        } else {
            field.parse().ok()?
        };
        if let Some(last) = last {
            *last = Some(number);
        }
        Some(number)
    }

    fn acknowledge(&mut self, text: &str) -> Option<Bytes> {
        let (sequence_number, counter) = text.split_once(' ')?;
        let before = self.last.acknowledged;
        let acknowledged = Acknowledged {
            sequence_number: match sequence_number {
                NEXT => before?.sequence_number.checked_add(1)?,
                number => number.parse().ok()?,
            },
            counter: match counter.strip_prefix('+') {
                Some(more) => before?.counter.checked_add(more.parse().ok()?)?,
                None => counter.parse().ok()?,
            },
        };
        let payload = self.payload(acknowledged)?;
        self.last.acknowledged = Some(acknowledged);
        Some(payload)
    }
}

fn follows(last: Option<i64>, number: i64) -> bool {
    last.and_then(|last| last.checked_add(1)) == Some(number)
}

/// Up to nine digits.
fn number(digits: &[u8]) -> Option<i64> {
    if !(1..=9).contains(&digits.len()) {
        return None;
    }
    digits.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + i64::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const IDS: &str = "0a1b2c3d-4e5f-8061-8273-000000000000";

    fn write(shorthand: &mut Shorthand, message: &TeedMessage) -> String {
        let mut head = String::new();
        let text = shorthand.write(message, &mut head);
        head + text
    }

    fn output(sequence_number: i64) -> TeedMessage {
        TeedMessage {
            message_type: Some(MessageType::OutputStreamData),
            sequence_number,
            payload_type: PayloadType::OUTPUT,
            clock_ms: 1,
            length: 5,
            content: Content::Next,
        }
    }

    fn acknowledge(sequence_number: i64, id: u128) -> TeedMessage {
        let payload = encode_json(&Acknowledge {
            message_type: "input_stream_data".into(),
            message_id: Uuid::from_u128(id),
            sequence_number,
            is_sequential: true,
        });
        TeedMessage {
            message_type: Some(MessageType::Acknowledge),
            sequence_number: 0,
            payload_type: PayloadType::NONE,
            clock_ms: 0,
            length: payload.len(),
            content: Content::Here(payload.into()),
        }
    }

    fn id(counter: u128) -> u128 {
        Uuid::parse_str(IDS).unwrap().as_u128() + counter
    }

    #[test]
    fn numbers_that_count_on_are_not_written() {
        let (mut writer, mut reader) = (Shorthand::new(Some(IDS)), Shorthand::new(Some(IDS)));
        let mut check = |message: TeedMessage, text: &str| {
            assert_eq!(write(&mut writer, &message), text);
            assert_eq!(reader.parse(text), Ok(message));
        };
        check(output(7), "output_stream_data 7 1 +1 5");
        check(output(8), "output_stream_data + 1 +1 5");
        check(output(8), "output_stream_data 8 1 +1 5");
        check(acknowledge(0, id(3)), "acknowledge 0 0 +0 175 ack:0 3");
        check(acknowledge(1, id(5)), "acknowledge 0 0 +0 175 ack:+ +2");
        check(acknowledge(1, id(5)), "acknowledge 0 0 +0 175 ack:1 +0");
        check(output(9), "output_stream_data + 1 +1 5");
    }

    #[test]
    fn an_acknowledgement_of_another_shape_is_written_in_full() {
        let mut writer = Shorthand::new(Some(IDS));
        let foreign = write(&mut writer, &acknowledge(0, 1));
        assert!(foreign.contains(" text:{"), "{foreign}");
        let mut odd = acknowledge(0, id(1));
        odd.content = Content::Here(Bytes::from_static(b"{ }"));
        assert!(write(&mut writer, &odd).ends_with(" text:{ }"));
        assert!(write(&mut Shorthand::new(None), &acknowledge(0, id(1))).contains(" text:{"));
    }

    #[test]
    fn a_reference_to_nothing_is_an_error() {
        let mut reader = Shorthand::new(Some(IDS));
        for text in [
            "output_stream_data + 1 +1 5",
            "acknowledge + 0 +0 175 ack:0 0",
            "acknowledge 0 0 +0 175 ack:+ 0",
            "acknowledge 0 0 +0 175 ack:0 +1",
            "acknowledge 0 0 +0 175 ack:0 281474976710656",
            "acknowledge 0 0 +0 174 ack:0 0",
        ] {
            assert!(reader.parse(text).is_err(), "{text}");
        }
        reader.parse("output_stream_data 1 1 +1 5").unwrap();
        reader.forget();
        assert!(reader.parse("output_stream_data + 1 +1 5").is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_and_the_short_way_agrees(
            steps in proptest::collection::vec((0..5, prop_oneof![Just(1_i64), -2_i64..3, any::<i64>()], 0_u64..4), 0..40)
        ) {
            let (mut writer, mut reader, mut quick) = (Shorthand::new(Some(IDS)), Shorthand::new(Some(IDS)), Shorthand::new(Some(IDS)));
            let (mut number, mut counter) = (0_i64, 0_u128);
            for (kind, step, more) in steps {
                number = number.wrapping_add(step);
                counter += u128::from(more);
                let message = match kind {
                    0 | 1 => output(number),
                    2 => TeedMessage { message_type: Some(MessageType::InputStreamData), content: Content::Omitted, ..output(number) },
                    3 => TeedMessage { content: Content::Duplicate, ..output(number) },
                    _ => acknowledge(number, id(counter)),
                };
                let text = write(&mut writer, &message);
                match quick.parse_ordinary(text.as_bytes()) {
                    Some(found) => prop_assert_eq!((found.length, &message.content), (message.length, &Content::Next)),
                    None => { prop_assert_eq!(&quick.parse(&text), &Ok(message.clone())); }
                }
                prop_assert_eq!(reader.parse(&text), Ok(message));
            }
        }
    }
}
