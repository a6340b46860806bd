//! Fields of CSV (RFC 4180) that no spreadsheet takes for anything but text.
//!
//! Nothing here makes text harmless for a terminal: whoever has it from outside has done so before.

/// What ends a line.
pub(crate) const END: &str = "\r\n";
/// What a formula begins with, in some spreadsheet or other; of full width as well.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// A text from outside: in front of one that a spreadsheet would work out stands an apostrophe.
pub(crate) fn text(text: &str) -> String {
    match text.starts_with(FORMULA) {
        true => plain(&format!("'{text}")),
        false => plain(text),
    }
}

/// A number, or a word of our own.
pub(crate) fn plain(field: &str) -> String {
    match field.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stay_fields_and_formulas_become_text() {
        for (field, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"x\"\nand", "\"say \"\"x\"\"\nand\""),
            ("=cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1"),
            ("-rf", "'-rf"),
            ("@SUM(1,2)", "\"'@SUM(1,2)\""),
            ("＝1", "'＝1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(text(field), expected);
        }
        assert_eq!(plain("-1"), "-1");
    }
}
