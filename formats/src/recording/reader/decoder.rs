//! Text out of zstd frames, in pieces.
//!
//! Nothing here believes the window that a frame states before it has met a limit, and no file gives more text than what it
//! holds can have come from: a few bytes that stand for gigabytes are no recording.

use std::io;

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// Two to this power is the most a file may ask for: 32 MiB, four times what `zstd -19` asks for, since all of it may come
/// to be held.
const WINDOW_LOG_MAX: u32 = 25;
/// So much text any file may give, in bytes.
const TEXT_ALLOWED: u64 = 8 * 1024 * 1024;
/// And so much for each byte of a frame. Measured: recordings of `yes` and of nothing but zeros stay below 200, with a message
/// of the agent beside each kilobyte; what others write at best about 500 for events of 1 KiB.
const TEXT_PER_BYTE: u64 = 512;
/// Text is decoded in pieces of this size.
const TEXT: usize = 256 * 1024;

/// Decodes one frame after the other.
pub(in crate::recording) struct TextDecoder {
    decoder: Decoder<'static>,
    /// Bytes that went in and came out, over all frames.
    read: u64,
    given: u64,
}

/// One piece, which may be empty.
pub(in crate::recording) struct Piece {
    /// How many bytes of the frame it took.
    pub(in crate::recording) read: usize,
    /// Nothing was read and nothing came.
    pub(in crate::recording) is_idle: bool,
    /// Whether the frame ends with it, or why it does not decode.
    pub(in crate::recording) is_end: io::Result<bool>,
}

impl TextDecoder {
    pub(in crate::recording) fn new() -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(Self {
            decoder,
            read: 0,
            given: 0,
        })
    }

    /// What comes next begins a frame.
    pub(in crate::recording) fn restart(&mut self) -> io::Result<()> {
        self.decoder.reinit()
    }

    /// Appends some of what the next bytes of the frame give.
    pub(in crate::recording) fn decode(&mut self, bytes: &[u8], text: &mut Vec<u8>) -> Piece {
        let before = text.len();
        text.reserve(TEXT);
        let mut input = InBuffer::around(bytes);
        let result = self
            .decoder
            .run(&mut input, &mut OutBuffer::around_pos(text, before));
        let read = input.pos();
        self.read += read as u64;
        self.given += (text.len() - before) as u64;
        let is_idle = read == 0 && text.len() == before;
        let result = match self.given > TEXT_ALLOWED + self.read * TEXT_PER_BYTE {
            true => {
                // A piece is as long as the vector has room for, which may be a whole line of many megabytes.
                text.truncate(before);
                Err(io::Error::other(
                    "it stands for far more text than a recording of its size can hold",
                ))
            }
            false => result,
        };
        Piece {
            read,
            is_idle,
            is_end: result.map(|left| left == 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much text a file gives before it is refused, if it is.
    fn given(mut file: &[u8]) -> (u64, bool) {
        let mut decoder = TextDecoder::new().unwrap();
        let mut given = 0;
        while !file.is_empty() {
            let mut text = Vec::new();
            let piece = decoder.decode(file, &mut text);
            given += text.len() as u64;
            file = &file[piece.read..];
            match piece.is_end {
                Ok(true) => decoder.restart().unwrap(),
                Ok(false) => {}
                Err(_) => return (given, true),
            }
        }
        (given, false)
    }

    #[test]
    fn no_file_gives_more_text_than_one_of_its_size_can_hold() {
        let zeros = vec![b'a'; 40 << 20];
        let bomb = zstd::bulk::compress(&zeros, 3).unwrap();
        let (text, is_refused) = given(&bomb);
        assert!(is_refused && text < TEXT_ALLOWED + (8 << 20), "{text}");
        // In many frames it is no less of one.
        let frame = zstd::bulk::compress(&zeros[..1 << 20], 3).unwrap();
        let (text, is_refused) = given(&frame.repeat(100));
        assert!(is_refused && text < TEXT_ALLOWED + (80 << 20), "{text}");
        let small = zstd::bulk::compress(&zeros[..7 << 20], 3).unwrap();
        assert_eq!(given(&small), (7 << 20, false));
    }

    #[test]
    fn a_piece_that_is_too_much_gives_nothing_however_much_room_there_is() {
        let bomb = zstd::bulk::compress(&vec![b'a'; 15 << 20], 3).unwrap();
        let mut text = Vec::with_capacity(16 << 20);
        let piece = TextDecoder::new().unwrap().decode(&bomb, &mut text);
        assert!(piece.is_end.is_err());
        assert!(text.is_empty());
    }

    #[test]
    fn what_compresses_as_well_as_a_recording_can_is_read_in_full() {
        let mut text = String::new();
        for n in 0..70_000 {
            text.push_str(&format!(
                "[0.000{:03},\"f\",\"{n}:17639900{:05}:1024\"]\n[0.000000,\"o\",\"",
                n * 7 % 1000,
                n * 13 % 99_991
            ));
            text.push_str(&"y\\r\\n".repeat(200));
            text.push_str("\"]\n");
        }
        let file = zstd::bulk::compress(text.as_bytes(), 3).unwrap();
        assert!(text.len() as u64 > 2 * TEXT_ALLOWED && text.len() / file.len() > 50);
        assert_eq!(given(&file), (text.len() as u64, false));
    }
}
