//! JSON string text, escaped and unescaped, eight bytes at a time.
//!
//! Nothing here decides what is an error: text that is anything but ordinary is handed back to a full JSON parser.

use std::ops::Range;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The value of each hexadecimal digit, 0xff for all other bytes.
const HEX_VALUES: [u8; 256] = {
    let mut values = [0xff; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value] as usize] = value as u8;
        values[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// What follows the backslash for a byte that has a short escape, 0 for the others.
const fn short_escape(byte: u8) -> u8 {
    match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => 0,
    }
}

/// Marks the high bit of the first byte that JSON does not allow to stand for itself in a string: a quote, a backslash, a
/// control character. 0 when there is none. A borrow can mark bytes behind a true hit as well, never before it.
fn hits(eight: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(eight);
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    (word.wrapping_sub(ONES * 0x20) & !word
        | quote.wrapping_sub(ONES) & !quote
        | backslash.wrapping_sub(ONES) & !backslash)
        & HIGHS
}

fn is_plain(long: &[u8; 32]) -> bool {
    let (words, _) = long.as_chunks::<8>();
    words.iter().fold(0, |all, &word| all | hits(word)) == 0
}

/// Appends bytes up to the first special one, and returns where that stands: the length of `bytes` when there is none.
///
/// Copying whole words and taking back what was too much is several times faster than finding the end first: between two
/// escapes there are mostly a few letters.
#[inline]
fn copy_plain(bytes: &[u8], from: usize, out: &mut Vec<u8>) -> usize {
    let mut at = from;
    while let Some(&eight) = bytes[at..].first_chunk::<8>() {
        out.extend_from_slice(&eight);
        let hits = hits(eight);
        if hits != 0 {
            let plain = (hits.trailing_zeros() / 8) as usize;
            out.truncate(out.len() - 8 + plain);
            return at + plain;
        }
        at += 8;
        // One clean word promises more: then by four.
        while let Some(long) = bytes[at..].first_chunk::<32>()
            && is_plain(long)
        {
            out.extend_from_slice(long);
            at += 32;
        }
    }
    let rest = &bytes[at..];
    let plain = rest
        .iter()
        .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
        .unwrap_or(rest.len());
    out.extend_from_slice(&rest[..plain]);
    at + plain
}

/// Appends `text` as the inside of a JSON string, without the quotes around it.
pub(crate) fn escape(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + bytes.len() / 8);
    let mut from = 0;
    loop {
        let special = copy_plain(bytes, from, out);
        let Some(&byte) = bytes.get(special) else {
            return;
        };
        match short_escape(byte) {
            0 => out.extend_from_slice(&[
                b'\\',
                b'u',
                b'0',
                b'0',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]),
            letter => out.extend_from_slice(&[b'\\', letter]),
        }
        from = special + 1;
    }
}

/// Appends what the inside of a JSON string stands for. `None` when it is not a plain whole string (a quote, a control
/// character, an unknown or cut escape, half a surrogate pair); then nothing certain stands behind the old end of `out`.
pub(crate) fn unescape(escaped: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    // Nothing is longer than its escape. The room for whole words is there from the start: the loop below only writes and
    // counts, which is what makes it fast.
    out.resize(start + escaped.len() + 8, 0);
    let length = unescape_to(escaped, &mut out[start..])?;
    out.truncate(start + length);
    Some(())
}

/// So much is unescaped at once in its place.
const PIECE: usize = 32 * 1024;

/// As [`unescape`], of a part of `bytes`, and nothing else is left of them: what is long needs no room for a second of it.
pub(crate) fn unescape_in_place(bytes: &mut Vec<u8>, escaped: Range<usize>) -> Option<()> {
    let (mut from, mut end) = (escaped.start, 0);
    let mut piece = Vec::new();
    while from < escaped.end {
        let border = from + border(&bytes[from..escaped.end]);
        piece.clear();
        unescape(&bytes[from..border], &mut piece)?;
        // Nothing is longer than its escape.
        bytes[end..end + piece.len()].copy_from_slice(&piece);
        end += piece.len();
        from = border;
    }
    bytes.truncate(end);
    Some(())
}

/// Where a piece may end: in no escape, nor between the two that make one character.
fn border(escaped: &[u8]) -> usize {
    /// Such two are so long.
    const LONGEST: usize = 12;
    if escaped.len() <= PIECE {
        return escaped.len();
    }
    let Some(found) = memchr::memchr(b'\\', &escaped[PIECE - LONGEST..PIECE]) else {
        return PIECE;
    };
    // The backslashes that stand together there: an escape begins with the first of them.
    let backslash = PIECE - LONGEST + found;
    let first = escaped[..backslash].iter().rposition(|byte| *byte != b'\\');
    match first.map_or(0, |before| before + 1) {
        // There is nothing else: two are one.
        0 => PIECE - LONGEST,
        first => match escaped[first..] {
            [_, b'u', b'd' | b'D', b'c'..=b'f' | b'C'..=b'F', ..] if first > 6 => first - 6,
            _ => first,
        },
    }
}

/// As [`unescape`], to the front of `out`, which has eight bytes more than `escaped`. Gives how many bytes they are.
fn unescape_to(escaped: &[u8], out: &mut [u8]) -> Option<usize> {
    let (mut from, mut end) = (0, 0);
    loop {
        // Up to the next byte that does not stand for itself.
        loop {
            let Some(&eight) = escaped[from..].first_chunk::<8>() else {
                match escaped.get(from) {
                    None => return Some(end),
                    Some(b'\\') => break,
                    Some(&byte) if byte < 0x20 || byte == b'"' => return None,
                    Some(&byte) => out[end] = byte,
                }
                (from, end) = (from + 1, end + 1);
                continue;
            };
            out[end..end + 8].copy_from_slice(&eight);
            let hits = hits(eight);
            if hits != 0 {
                let plain = (hits.trailing_zeros() / 8) as usize;
                (from, end) = (from + plain, end + plain);
                break;
            }
            (from, end) = (from + 8, end + 8);
            // One clean word promises more: then by four.
            while let Some(long) = escaped[from..].first_chunk::<32>()
                && is_plain(long)
            {
                out[end..end + 32].copy_from_slice(long);
                (from, end) = (from + 32, end + 32);
            }
        }
        if escaped[from] != b'\\' {
            return None;
        }
        // Nearly every escape of a screen's output is this one.
        if escaped[from + 1..].starts_with(b"u001b") {
            out[end] = 0x1b;
            (from, end) = (from + 6, end + 1);
            continue;
        }
        from += 2;
        let byte = match escaped.get(from - 1)? {
            b'u' => {
                let mut unit = hex(escaped, from)?;
                from += 4;
                if unit < 0x80 {
                    unit as u8
                } else {
                    if (0xd800..0xdc00).contains(&unit) {
                        if escaped.get(from..from + 2)? != b"\\u" {
                            return None;
                        }
                        let low = hex(escaped, from + 2)?;
                        if !(0xdc00..0xe000).contains(&low) {
                            return None;
                        }
                        from += 6;
                        unit = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                    }
                    end += char::from_u32(unit)?
                        .encode_utf8(&mut out[end..end + 4])
                        .len();
                    continue;
                }
            }
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 0x08,
            b'f' => 0x0c,
            &byte @ (b'"' | b'\\' | b'/') => byte,
            _ => return None,
        };
        out[end] = byte;
        end += 1;
    }
}

/// Four hexadecimal digits.
fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..)?.first_chunk::<4>()?;
    let values = digits.map(|digit| u32::from(HEX_VALUES[usize::from(digit)]));
    (values.iter().all(|&value| value < 16))
        .then(|| values[0] << 12 | values[1] << 8 | values[2] << 4 | values[3])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(text: &str) -> String {
        let mut out = Vec::new();
        escape(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn unescaped(text: &str) -> Option<String> {
        let mut out = Vec::new();
        unescape(text.as_bytes(), &mut out)?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn control_characters_are_escaped_and_all_else_stands_for_itself() {
        assert_eq!(escaped("a\x1b[1mb\r\n"), r"a\u001b[1mb\r\n");
        assert_eq!(escaped("\"\\/\x7f"), "\\\"\\\\/\x7f");
        assert_eq!(escaped("\u{2028}é\0"), "\u{2028}é\\u0000");
    }

    #[test]
    fn every_escape_of_json_is_read() {
        assert_eq!(
            unescaped(r#"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"#).unwrap(),
            "\"\\/\x08\x0c\n\r\té😀"
        );
        for odd in [
            r"\x", r"\u12", r"\ud83d", r"\ud83dx", r"\ude00", "\"", "\n", "\\",
        ] {
            assert_eq!(unescaped(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn what_is_unescaped_in_its_place_is_the_same_wherever_a_piece_ends() {
        for unit in [
            "a",
            r"\\",
            r"\n",
            r#"\""#,
            r"\u001bé",
            r"\ud83d\ude00",
            r"a\u00e9\ud83d\ude00\\u",
            r"\ud83d",
            r"\x",
        ] {
            for shift in 0..13 {
                let text = format!(
                    "{}{}",
                    "x".repeat(shift),
                    unit.repeat(3 * PIECE / unit.len())
                );
                let mut line = format!("[1,\"{text}\"]").into_bytes();
                let range = 4..line.len() - 2;
                let result = unescape_in_place(&mut line, range);
                let result = result.map(|()| String::from_utf8(line).unwrap());
                assert!(result == unescaped(&text), "{unit} {shift}");
            }
        }
    }

    proptest! {
        #[test]
        fn escaping_agrees_with_serde_json(text in prop_oneof![any::<String>(), "([ -~é]{0,40}[\n\u{1b}\"\\\\]?){0,5}"]) {
            let ours = format!("\"{}\"", escaped(&text));
            prop_assert_eq!(&ours, &serde_json::to_string(&text).unwrap());
            prop_assert_eq!(unescaped(&ours[1..ours.len() - 1]).unwrap(), text);
        }

        #[test]
        fn unescaping_agrees_with_serde_json(text in r#"([ -~]|\\["\\/bfnrtux]|\\u[0-9a-f]{4}|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|é|😀|\n){0,12}"#) {
            let full = serde_json::from_str::<String>(&format!("\"{text}\"")).ok();
            prop_assert_eq!(unescaped(&text), full);
        }
    }
}
