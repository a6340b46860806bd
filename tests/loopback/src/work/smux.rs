//! The frames of smux version 1, as they lie in the payload of a multiplexed port session.
//!
//! Nothing here opens a connection; frames are not aligned to agent messages, and nothing here minds.

use bytes::{Buf, BufMut, Bytes, BytesMut};

const VERSION: u8 = 1;
const HEADER_LENGTH: usize = 8;
/// The most data that the agent puts in one frame *(seen)*.
pub(crate) const MAX_DATA: usize = 32 * 1024;

/// What a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Open,
    Finish,
    Push,
    Nothing,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) command: Command,
    pub(crate) stream: u32,
    pub(crate) data: Bytes,
}

impl Frame {
    pub(crate) fn new(command: Command, stream: u32, data: Bytes) -> Self {
        Self {
            command,
            stream,
            data,
        }
    }

    /// The frame on the wire: length and stream in little-endian order, unlike everything around it.
    pub(crate) fn encode(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(HEADER_LENGTH + self.data.len());
        bytes.put_u8(VERSION);
        bytes.put_u8(match self.command {
            Command::Open => 0,
            Command::Finish => 1,
            Command::Push => 2,
            Command::Nothing => 3,
        });
        bytes.put_u16_le(self.data.len() as u16);
        bytes.put_u32_le(self.stream);
        bytes.put_slice(&self.data);
        bytes.freeze()
    }
}

/// Bytes that are no frame: another version, or an unknown command. The session cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Puts frames together from the payloads that carry them.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: BytesMut,
}

impl Frames {
    pub(crate) fn push(&mut self, payload: &[u8]) {
        self.bytes.extend_from_slice(payload);
    }

    /// The next whole frame.
    pub(crate) fn poll(&mut self) -> Result<Option<Frame>, Malformed> {
        let Some(header) = self.bytes.first_chunk::<HEADER_LENGTH>() else {
            return Ok(None);
        };
        let mut header = &header[..];
        if header.get_u8() != VERSION {
            return Err(Malformed);
        }
        let command = match header.get_u8() {
            0 => Command::Open,
            1 => Command::Finish,
            2 => Command::Push,
            3 => Command::Nothing,
            _ => return Err(Malformed),
        };
        let length = usize::from(header.get_u16_le());
        let stream = header.get_u32_le();
        if self.bytes.len() < HEADER_LENGTH + length {
            return Ok(None);
        }
        self.bytes.advance(HEADER_LENGTH);
        let data = self.bytes.split_to(length).freeze();
        Ok(Some(Frame::new(command, stream, data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_frames_read_and_write_the_same_bytes() {
        let captured = [
            (
                &[1, 0, 0, 0, 3, 0, 0, 0][..],
                Frame::new(Command::Open, 3, Bytes::new()),
            ),
            (
                &[1, 1, 0, 0, 9, 0, 0, 0],
                Frame::new(Command::Finish, 9, Bytes::new()),
            ),
            (
                &[1, 2, 3, 0, 11, 0, 0, 0, b'G', b'E', b'T'],
                Frame::new(Command::Push, 11, Bytes::from_static(b"GET")),
            ),
        ];
        let mut frames = Frames::default();
        for (bytes, frame) in captured {
            assert_eq!(frame.encode(), bytes);
            for byte in bytes {
                assert_eq!(frames.poll(), Ok(None));
                frames.push(&[*byte]);
            }
            assert_eq!(frames.poll(), Ok(Some(frame)));
        }
    }

    #[test]
    fn another_version_or_command_is_malformed() {
        for bytes in [[2, 0, 0, 0, 3, 0, 0, 0], [1, 9, 0, 0, 3, 0, 0, 0]] {
            let mut frames = Frames::default();
            frames.push(&bytes);
            assert_eq!(frames.poll(), Err(Malformed));
        }
    }
}
