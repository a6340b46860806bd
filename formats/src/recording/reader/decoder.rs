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
/// of the agent beside each kilobyte. What others write gives more where it is the same for megabytes alone.
const TEXT_PER_BYTE: u64 = 256;
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
        let result = match text.capacity() - before > 2 * TEXT {
            false => {
                let mut output = OutBuffer::around_pos(text, before);
                self.decoder.run(&mut input, &mut output)
            }
            // The room of a long line is not for one piece.
            true => {
                text.resize(before + TEXT, 0);
                let mut output = OutBuffer::around(&mut text[before..]);
                let result = self.decoder.run(&mut input, &mut output);
                let given = output.pos();
                text.truncate(before + given);
                result
            }
        };
        let read = input.pos();
        self.read += read as u64;
        self.given += (text.len() - before) as u64;
        let is_idle = read == 0 && text.len() == before;
        let result = match self.given > TEXT_ALLOWED + self.read * TEXT_PER_BYTE {
            true => {
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

/// How much of what was decoded a frame asks to be held, of its first bytes (RFC 8878, section 3.1.1.1).
pub(super) fn window_of(frame: &[u8]) -> u64 {
    let number = |from: usize, length: usize| {
        let bytes = frame.get(from..from + length).unwrap_or_default();
        let digits = bytes.iter().rev();
        digits.fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    let descriptor = frame.get(4).copied().unwrap_or_default();
    let is_single_segment = descriptor & 0x20 != 0;
    if !is_single_segment {
        let window = number(5, 1);
        let base = 1_u64 << (10 + (window >> 3));
        return base + base / 8 * (window & 7);
    }
    let content = 5 + [0, 1, 2, 4][usize::from(descriptor & 3)];
    match descriptor >> 6 {
        0 => number(content, 1),
        1 => number(content, 2) + 256,
        2 => number(content, 4),
        _ => number(content, 8),
    }
}

/// The longest beginning of a frame that [`window_of`] looks at.
pub(super) const FRAME_HEADER: usize = 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_a_frame_is_what_it_is_asked_for_or_all_of_it() {
        let packed = |log, length: Option<u64>| {
            let mut encoder = zstd::stream::raw::Encoder::new(3).unwrap();
            let window = zstd::stream::raw::CParameter::WindowLog(log);
            encoder.set_parameter(window).unwrap();
            encoder.set_pledged_src_size(length).unwrap();
            let mut bytes = Vec::with_capacity(1000);
            let mut output = OutBuffer::around(&mut bytes);
            encoder
                .run(&mut InBuffer::around(b"a"), &mut output)
                .unwrap();
            encoder.flush(&mut output).unwrap();
            bytes
        };
        for log in [10, 17, 23, 25] {
            assert_eq!(window_of(&packed(log, None)), 1 << log);
        }
        for length in [1, 200, 700, 100_000] {
            assert_eq!(window_of(&packed(25, Some(length))), length);
        }
        assert_eq!(window_of(&[0, 0, 0, 0, 0, 0b1010_1011]), (1 << 31) / 8 * 11);
    }

    #[test]
    fn a_piece_is_short_however_much_room_there_is() {
        let file = zstd::bulk::compress(&vec![b'a'; 4 * TEXT], 3).unwrap();
        let mut text = Vec::with_capacity(9 * TEXT);
        let mut decoder = TextDecoder::new().unwrap();
        decoder.decode(&file, &mut text).is_end.unwrap();
        assert_eq!(text.len(), TEXT);
    }

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
        let (mut file, mut text) = (&*bomb, Vec::with_capacity(16 << 20));
        let mut decoder = TextDecoder::new().unwrap();
        loop {
            let before = text.len();
            let piece = decoder.decode(file, &mut text);
            file = &file[piece.read..];
            if piece.is_end.is_err() {
                assert_eq!(text.len(), before);
                break;
            }
        }
        assert!(text.len() <= 9 << 20);
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
