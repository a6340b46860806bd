//! Text out of zstd frames, in pieces.
//!
//! Nothing here believes the window that a frame states before it has met a limit, and no file gives more text than what it
//! holds can have come from: a few bytes that stand for gigabytes are no recording.

use std::io;

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use crate::recording::skippable::Link;
use crate::recording::writer::LONGEST_FRAME;

/// Two to this power is the most a file may ask for: 32 MiB, four times what `zstd -19` asks for, since all of it may come
/// to be held.
const WINDOW_LOG_MAX: u32 = 25;
/// So much text any file may give, in bytes.
const TEXT_ALLOWED: u64 = 4 * 1024 * 1024;
/// And so much for each byte of its frames. What compresses better is the same for megabytes.
const TEXT_PER_BYTE: u64 = 128;
/// A frame that a recorder linked may stand for so much, whatever it says, and for what its link tells. Measured: a megabyte of
/// zeros, or of `yes`, takes 2.7 kB where each message of the agent is read by itself, and 340 bytes where sixty are read at once,
/// as a network that holds them back brings them.
const TEXT_PER_LINK: u64 = LONGEST_FRAME as u64;
/// Text is decoded in pieces of this size.
const TEXT: usize = 256 * 1024;

/// Decodes one frame after the other.
pub(in crate::recording) struct TextDecoder {
    decoder: Decoder<'static>,
    /// Bytes that went in and came out, over all frames.
    read: u64,
    given: u64,
    /// What links tell of text.
    linked: u64,
}

/// One piece, which may be empty.
pub(in crate::recording) struct Piece {
    /// How many bytes of the frame it took.
    pub(in crate::recording) read: usize,
    /// Nothing was read and nothing came.
    pub(in crate::recording) is_idle: bool,
    /// Whether the frame ends with it, or why it does not decode: [`io::ErrorKind::FileTooLarge`] where it stands for too much.
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
            linked: 0,
        })
    }

    /// What comes next begins a frame.
    pub(in crate::recording) fn restart(&mut self) -> io::Result<()> {
        self.decoder.reinit()
    }

    /// The same, somewhere else in the file: what came so far is no measure of what comes there.
    pub(super) fn restart_elsewhere(&mut self) -> io::Result<()> {
        (self.read, self.given, self.linked) = (0, 0, 0);
        self.restart()
    }

    /// The link of a frame goes by.
    pub(in crate::recording) fn link(&mut self, link: &Link) {
        self.linked += link.text.min(TEXT_PER_LINK);
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
        let result = match self.given > TEXT_ALLOWED + self.read * TEXT_PER_BYTE + self.linked {
            true => {
                text.truncate(before);
                Err(io::Error::new(
                    io::ErrorKind::FileTooLarge,
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
    use crate::recording::digest::Digest;

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
        let allowed = |file: &[u8]| TEXT_ALLOWED + file.len() as u64 * TEXT_PER_BYTE;
        let (text, is_refused) = given(&bomb);
        assert!(is_refused && text <= allowed(&bomb), "{text}");
        // In many frames it is no less of one.
        let frame = zstd::bulk::compress(&zeros[..1 << 20], 3).unwrap();
        let frames = frame.repeat(100);
        let (text, is_refused) = given(&frames);
        assert!(is_refused && text <= allowed(&frames), "{text}");
        let small = zstd::bulk::compress(&zeros[..3 << 20], 3).unwrap();
        assert_eq!(given(&small), (3 << 20, false));
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
        assert!(text.len() <= 5 << 20);
    }

    #[test]
    fn what_is_linked_may_say_the_same_for_ever_and_a_link_tells_of_no_more_than_a_frame() {
        for (length, text, most) in [(1, 1 << 20, 100), (1, 1 << 18, 6), (4, u64::MAX, 2)] {
            let frame = zstd::bulk::compress(&vec![b'0'; length << 20], 3).unwrap();
            let link = Link {
                index: 0,
                compressed: frame.len() as u64,
                text,
                first_us: 0,
                last_us: 0,
                digest: Digest::default(),
                link: Digest::default(),
            };
            let mut decoder = TextDecoder::new().unwrap();
            let mut frames = 0;
            while frames < 100 && is_given(&mut decoder, &frame) {
                decoder.restart().unwrap();
                decoder.link(&link);
                frames += 1;
            }
            assert!(
                (most - 2..=most).contains(&frames),
                "{length}, {text}: {frames}"
            );
        }
    }

    /// Whether all of a frame is.
    fn is_given(decoder: &mut TextDecoder, mut frame: &[u8]) -> bool {
        loop {
            let piece = decoder.decode(frame, &mut Vec::new());
            frame = &frame[piece.read..];
            match piece.is_end {
                Ok(false) => {}
                Ok(true) => return true,
                Err(_) => return false,
            }
        }
    }

    #[test]
    fn elsewhere_in_the_file_there_is_as_much_room_as_at_its_beginning() {
        let frame = zstd::bulk::compress(&vec![b'0'; 3 << 20], 3).unwrap();
        let mut decoder = TextDecoder::new().unwrap();
        for _ in 0..5 {
            assert!(is_given(&mut decoder, &frame));
            assert!(!is_given(&mut decoder, &frame));
            decoder.restart_elsewhere().unwrap();
        }
    }
}
