//! Text from outside made harmless for whoever reads it, on a terminal or in a page.
//!
//! Nothing here is dropped: what may not pass stands there as its number.

use std::fmt::Write as _;

use serde::Serialize;

/// Text from outside (a target, a reason, a service's message) as one line that cannot drive the terminal, forge a
/// second line, read as something else than it says, or hold what nobody sees.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let plain = rest.bytes().position(|byte| !matches!(byte, b' '..=b'~'));
        let (plain, behind) = rest.split_at(plain.unwrap_or(rest.len()));
        out.push_str(plain);
        let mut chars = behind.chars();
        match chars.next() {
            None => return out,
            Some('\n' | '\r' | '\t') => out.push(' '),
            Some(c) if is_harmless(c) => out.push(c),
            Some(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
        rest = chars.as_str();
    }
}

/// A value for programs, in one line of JSON. A program reads the value as it is; a terminal that it is shown on gets
/// nothing that it would obey.
pub(crate) fn json(value: &impl Serialize) -> String {
    escaped(serde_json::to_string(value))
}

/// As [`json`], over several lines.
pub(crate) fn json_pretty(value: &impl Serialize) -> String {
    escaped(serde_json::to_string_pretty(value))
}

/// Whether a character may be shown as it is. May not: controls (C0, DEL, C1), line and paragraph separators, and the
/// format characters that turn the direction of text or are not seen at all, so that two names look the same.
///
/// The joiners U+200C and U+200D are not seen either, but emoji and the scripts of India and Persia are not written
/// without them, and variation selectors choose how a character looks: they pass.
pub(crate) fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            // Zero-width space; marks of direction.
            | '\u{200b}' | '\u{200e}' | '\u{200f}'
            // Line and paragraph separator, embeddings and overrides.
            | '\u{2028}'..='\u{202e}'
            // Word joiner, invisible operators, isolates, old format controls.
            | '\u{2060}'..='\u{206f}'
            // Byte order mark; annotations.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            // Shorthand and musical controls; tags, which can spell a whole text that nobody sees.
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// All that could do harm stands inside strings, where JSON has an escape for every character.
fn escaped(json: serde_json::Result<String>) -> String {
    // Strings, numbers, lists and maps by strings are what is told to programs: none of them can fail to serialize.
    let json = json.unwrap_or_default();
    if json.chars().all(|c| c == '\n' || is_harmless(c)) {
        return json;
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || is_harmless(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Written down a second time, as numbers: what may never reach a terminal.
    const DANGEROUS: [std::ops::RangeInclusive<u32>; 12] = [
        0x00..=0x1f,
        0x7f..=0x9f,
        0xad..=0xad,
        0x61c..=0x61c,
        0x180e..=0x180e,
        0x200b..=0x200b,
        0x200e..=0x200f,
        0x2028..=0x202e,
        0x2060..=0x206f,
        0xfeff..=0xfeff,
        0xfff9..=0xfffb,
        0xe0000..=0xe007f,
    ];

    fn is_dangerous(c: char) -> bool {
        DANGEROUS.iter().any(|range| range.contains(&u32::from(c)))
    }

    #[test]
    fn outside_text_stays_one_harmless_line() {
        assert_eq!(
            printable("a\x1b[2Jb\nc\u{202e}d"),
            "a\\u{1b}[2Jb c\\u{202e}d"
        );
        assert_eq!(printable("one\u{2028}two\u{85}"), "one\\u{2028}two\\u{85}");
    }

    #[test]
    fn what_people_write_passes() {
        for text in ["naïve “text” — ok", "漢字 हिन्दी क्‍ष نمی‌خواهم", "👩‍👩‍👧 ❤️ 🏳️‍🌈"]
        {
            assert_eq!(printable(text), text);
            assert_eq!(json(&text), format!("\"{text}\""));
        }
    }

    #[test]
    fn json_escapes_as_json_does() {
        let value = "\x1b\u{7f}\u{9b}\u{202e}\u{2028}\u{e0041}";
        assert_eq!(
            json(&value),
            r#""\u001b\u007f\u009b\u202e\u2028\udb40\udc41""#
        );
        assert_eq!(
            json_pretty(&serde_json::json!({ "a\u{85}": [1] })),
            "{\n  \"a\\u0085\": [\n    1\n  ]\n}"
        );
    }

    /// Any text, with many of the characters that matter.
    fn text() -> impl Strategy<Value = String> {
        let dangerous =
            (0..DANGEROUS.len(), any::<prop::sample::Index>()).prop_map(|(range, at)| {
                let range = DANGEROUS[range].clone();
                let count = (range.end() - range.start() + 1) as usize;
                char::from_u32(range.start() + at.index(count) as u32).unwrap()
            });
        prop::collection::vec(prop_oneof![dangerous, any::<char>()], 0..40)
            .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn nothing_dangerous_passes(text in text()) {
            let shown = printable(&text);
            prop_assert!(!shown.chars().any(is_dangerous), "{shown:?}");
            prop_assert_eq!(printable(&shown), shown);
        }

        #[test]
        fn json_is_harmless_and_the_same_value(text in text()) {
            let value = serde_json::json!({ &text: [&text] });
            for json in [json(&value), json_pretty(&value)] {
                prop_assert!(!json.chars().any(|c| c != '\n' && is_dangerous(c)), "{json:?}");
                prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&json).unwrap(), &value);
            }
        }
    }
}
