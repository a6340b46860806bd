//! Secrets whose names stand on other lines: the data of Kubernetes' Secrets, as YAML and as JSON.
//!
//! Nothing here looks at what the values are: whatever a Secret holds is one.

use std::ops::Range;

use super::plain::places;

/// So often the text around a Secret is looked at for its objects, at most.
const DEPTH: usize = 16;
/// Nothing else has such a field.
const STRINGS: &str = "stringData:\n";

/// Calls `found` with each value (source: the Kubernetes API reference, Secret).
pub(super) fn find(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    if places(text, "kind: Secret").next().is_some() {
        yaml(text, found);
    }
    let is_cut = places(text, "kind: Secret").next().is_none();
    for at in places(text, STRINGS).filter(|_| is_cut) {
        let lead = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let depth = text[lead..at].len();
        let mut start = at + STRINGS.len();
        for text in text[start..].split('\n').take(100) {
            let line = Line { start, text };
            if line.indent() <= depth || line.bare().is_empty() {
                break;
            }
            value(&line, found);
            start += text.len() + 1;
        }
    }
    if places(text, "\"Secret\"").next().is_some() {
        json(text, found);
    }
}

/// A line and where it begins.
struct Line<'a> {
    start: usize,
    text: &'a str,
}

impl Line<'_> {
    fn indent(&self) -> usize {
        if self.text.starts_with("---") {
            return 0;
        }
        self.text.len() - self.text.trim_start_matches([' ', '-']).len()
    }

    fn bare(&self) -> &str {
        self.text.trim_start_matches([' ', '-']).trim_end()
    }

    /// Whether a document, or an object of a list, begins here.
    fn begins(&self) -> bool {
        self.text.starts_with("---") || self.text.trim_start().starts_with("- ")
    }

    fn is_kind(&self) -> bool {
        self.bare().starts_with("kind: ")
    }
}

fn yaml(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    let mut start = 0;
    let lines: Vec<Line> = text
        .split('\n')
        .map(|text| {
            let line = Line { start, text };
            start += text.len() + 1;
            line
        })
        .collect();
    // From one object's kind to the next, so that each line is looked at twice at most.
    for at in 0..lines.len() {
        if lines[at].bare() != "kind: Secret" {
            continue;
        }
        let depth = lines[at].indent();
        let first = (0..at)
            .rev()
            .find(|&line| {
                (lines[line].begins() && lines[line].indent() <= depth) || lines[line].is_kind()
            })
            .map_or(0, |line| line);
        let last = (at + 1..lines.len())
            .find(|&line| {
                (lines[line].begins() && lines[line].indent() <= depth) || lines[line].is_kind()
            })
            .unwrap_or(lines.len());
        let mut within = false;
        for line in &lines[first..last] {
            let bare = line.bare();
            if line.indent() <= depth && !bare.is_empty() {
                within = matches!(bare, "data:" | "stringData:");
                continue;
            }
            if within && !bare.is_empty() {
                value(line, found);
            }
        }
    }
}

/// What stands behind the name, or all of a line that goes on with a text.
fn value(line: &Line, found: &mut dyn FnMut(Range<usize>)) {
    let bare = line.bare();
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-\"'".contains(&byte))
    };
    let value = match bare.split_once(": ") {
        Some((name, value)) if is_name(name) => value.trim_start(),
        _ if bare.ends_with(':') && is_name(&bare[..bare.len() - 1]) => return,
        _ => bare,
    };
    let value = value.trim_matches(['"', '\'']);
    if !value.starts_with(['|', '>', '<', '{', '$']) && value.len() > 1 {
        let at = line.text.rfind(value).unwrap_or(0);
        found(line.start + at..line.start + at + value.len());
    }
}

fn json(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    let kinds: Vec<(usize, bool)> = text
        .match_indices("\"kind\"")
        .map(|(at, word)| {
            let rest = text[at + word.len()..].trim_start_matches([' ', ':', '\n']);
            (at, rest.starts_with("\"Secret\""))
        })
        .collect();
    for (number, (_, is_secret)) in kinds.iter().enumerate() {
        if !is_secret {
            continue;
        }
        let first = number.checked_sub(1).map_or(0, |before| kinds[before].0);
        let last = kinds.get(number + 1).map_or(text.len(), |next| next.0);
        // Objects within one another are few: what is between is not looked at for each of a thousand.
        let mut left = DEPTH * (last - first);
        for name in ["\"data\"", "\"stringData\""] {
            for (at, _) in text[first..last].match_indices(name) {
                let from = first + at + name.len();
                let open = text[from..last].trim_start_matches([' ', ':', '\n']);
                if open.starts_with('{') && left > 0 {
                    let start = last - open.len() + 1;
                    let end = strings(text, start..last, found);
                    left = left.saturating_sub(end - start);
                }
            }
        }
    }
}

/// Each second text of an object: its values. Returns where it ends.
fn strings(text: &str, range: Range<usize>, found: &mut dyn FnMut(Range<usize>)) -> usize {
    let bytes = text.as_bytes();
    let (mut open, mut is_name) = (None, true);
    let mut at = range.start;
    while at < range.end {
        match (open, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(start), b'"') => {
                if !is_name && at > start {
                    found(start..at);
                }
                (open, is_name) = (None, !is_name);
            }
            (None, b'"') => open = Some(at + 1),
            (None, b'}') => return at,
            _ => {}
        }
        at += 1;
    }
    range.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        super::super::check(find, text, expected);
    }

    #[test]
    fn whatever_a_secret_holds_is_found() {
        check(
            "apiVersion: v1\ndata:\n  a.conf: aGVsbG8=\n  b: aHVudGVy\nkind: Secret\nmetadata:\n  name: db\n",
            &["aGVsbG8=", "aHVudGVy"],
        );
        check(
            "kind: Secret\nstringData:\n  dsn: \"a b\"\n  conf: |\n    user=a\n    x y\ntype: Opaque\n",
            &["a b", "user=a", "x y"],
        );
        check(
            "items:\n- apiVersion: v1\n  data:\n    k: aGVsbG8=\n  kind: Secret\n- apiVersion: v1\n  data:\n    k: open\n  kind: ConfigMap\n",
            &["aGVsbG8="],
        );
        check(
            r#"{"apiVersion":"v1","data":{"k":"aGVsbG8="},"kind":"Secret","metadata":{"name":"db"}}"#,
            &["aGVsbG8="],
        );
    }

    #[test]
    fn other_objects_stay() {
        for text in [
            "kind: ConfigMap\ndata:\n  a: open\n---\nkind: Secret\nmetadata:\n  name: db\n",
            "kind: Secret\n---\ndata:\n  a: open\nkind: ConfigMap\n",
            r#"{"kind":"ConfigMap","data":{"a":"open"}}"#,
            "    kind: SecretStore\n    data:\n      a: b1\n",
        ] {
            check(text, &[]);
        }
    }
}
