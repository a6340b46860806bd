//! Whether what is said to be shown was shown: line by line, in order, digits and ids by their kind.
//!
//! Nothing here runs a command.

/// What stands for anything: some words in a line, or some lines where it stands alone.
const ANYTHING: char = '…';
/// From so many digits on, a hexadecimal number is an id.
const ID: usize = 8;

/// The first line that never came, in the order in which they are said to.
pub(crate) fn missing<'a>(said: &'a [String], came: &[String]) -> Option<&'a String> {
    let mut came = came.iter().map(|line| kind(line));
    said.iter().find(|line| {
        let expected = kind(line);
        let is_anything = expected.is_empty() || expected == ANYTHING.to_string();
        !is_anything && !came.any(|line| fits(&expected, &line))
    })
}

/// A line with each number and each id as `#`, and each run of blanks as one.
fn kind(line: &str) -> String {
    let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut kind, mut rest) = (String::new(), &words[..]);
    while let Some(first) = rest.chars().next() {
        let length = |is: fn(char) -> bool| rest.chars().take_while(|at| is(*at)).count();
        let digits = length(|at| at.is_ascii_digit());
        let hex = length(|at| matches!(at, '0'..='9' | 'a'..='f'));
        let is_id = hex >= ID && rest[..hex].contains(|at: char| at.is_ascii_digit());
        let (text, taken) = match (is_id, digits) {
            (true, _) => ('#', hex),
            (false, 0) => (first, first.len_utf8()),
            (false, digits) => ('#', digits),
        };
        kind.push(text);
        rest = &rest[taken..];
    }
    kind
}

/// Whether a line is as expected, with anything for `…`.
fn fits(expected: &str, line: &str) -> bool {
    let mut parts = expected.split(ANYTHING);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}
