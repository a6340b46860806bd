//! The agent messages that service and agent write, in the exact form of the captures.
//!
//! Nothing here counts or remembers: sequence numbers come from `stream`.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use formats::payload::{Acknowledge, encode_json};
use formats::{AgentMessage, Flags, MessageType, PayloadType};
use uuid::Uuid;

/// A stream message of the agent; SYN on the first alone.
pub(crate) fn output(
    sequence_number: i64,
    payload_type: PayloadType,
    payload: Bytes,
) -> AgentMessage {
    AgentMessage {
        message_type: MessageType::OutputStreamData,
        flags: if sequence_number == 0 {
            Flags::SYN
        } else {
            Flags::NONE
        },
        sequence_number,
        payload_type,
        payload,
        ..outside_stream(MessageType::Acknowledge, Bytes::new())
    }
}

/// The acknowledgement of a client's message.
pub(crate) fn acknowledge(message: &AgentMessage) -> AgentMessage {
    outside_stream(
        MessageType::Acknowledge,
        encode_json(&Acknowledge::of(message)).into(),
    )
}

/// The service's last word. Its body is not written by the codec: the captures carry the fields in this order and with
/// these spaces.
pub(crate) fn channel_closed(session_id: &str, target: &str, reason: &str) -> AgentMessage {
    let id = Uuid::new_v4();
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let body = format!(
        "{{\"MessageType\": \"channel_closed\", \"MessageId\": \"{id}\", \"SchemaVersion\": 1, \"CreatedDate\": \"{}\", \"SessionId\": {}, \"DestinationId\": {}, \"Output\": {}}}",
        iso_date(SystemTime::now()),
        quoted(session_id),
        quoted(target),
        quoted(reason),
    );
    AgentMessage {
        message_id: id,
        ..outside_stream(MessageType::ChannelClosed, body.into())
    }
}

/// Milliseconds since the epoch.
pub(crate) fn now_millis() -> u64 {
    since_epoch(SystemTime::now()).as_millis() as u64
}

fn outside_stream(message_type: MessageType, payload: Bytes) -> AgentMessage {
    AgentMessage {
        message_type,
        schema_version: 1,
        created_date: now_millis(),
        sequence_number: 0,
        flags: Flags::SYN_FIN,
        message_id: Uuid::new_v4(),
        payload_type: PayloadType::NONE,
        payload,
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

/// `2026-11-23T19:02:55.000Z`: whole seconds, as the captures have it.
pub(crate) fn iso_date(time: SystemTime) -> String {
    let seconds = since_epoch(time).as_secs();
    let (year, month, day) = civil_date((seconds / 86_400) as i64);
    let rest = seconds % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.000Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// As the `Date` of an HTTP answer.
pub(crate) fn http_date(time: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = since_epoch(time).as_secs();
    let (year, month, day) = civil_date((seconds / 86_400) as i64);
    let rest = seconds % 86_400;
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        DAYS[(seconds / 86_400 % 7) as usize],
        MONTHS[(month - 1) as usize % 12],
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Year, month and day of a day counted from 1970-01-01, by counting in eras of 400 years that begin in March.
fn civil_date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_captures_have_them() {
        let at = |seconds| iso_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000Z");
        assert_eq!(at(1_795_460_575), "2026-11-23T19:02:55.000Z");
    }

    #[test]
    fn channel_closed_has_the_shape_of_the_capture() {
        let message = channel_closed("rig-8003177b6f77fe922", "i-0abc123def4567890", "");
        // The captured body of the same session and target is 241 bytes long.
        assert_eq!(message.payload.len(), 241);
        assert_eq!(message.flags, Flags::SYN_FIN);
    }
}
