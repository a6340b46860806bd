//! The terminal in which this runs: whether a session can be shown there as it is.
//!
//! Nothing is written to it.

use crate::terminal;

use super::verdict::{Finding, Group};

/// A shell on a smaller one is no use.
const NARROW: u16 = 40;
const LOW: u16 = 10;

/// What there is to judge a terminal by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Keys come from it, and the session is shown on it.
    is_terminal: bool,
    size: Option<(u16, u16)>,
    term: Option<String>,
    locale: Option<String>,
}

impl Facts {
    pub(super) fn here() -> Self {
        let named = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            is_terminal: terminal::stdin_is_terminal() && terminal::stderr_is_terminal(),
            size: terminal::size().map(|size| (size.cols, size.rows)),
            term: named(&"TERM"),
            // The first that is set decides, as for every program.
            locale: ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(named),
        }
    }
}

pub(super) fn judged(facts: &Facts) -> Vec<Finding> {
    let group = Group::Terminal;
    if !facts.is_terminal {
        let seen = "none here: a session reads its input from stdin, and shows what comes";
        return vec![group.good("terminal", seen)];
    }
    let size = match facts.size {
        None => group.doubtful("size", "not told", "tell it: stty cols 80 rows 24"),
        Some((cols, rows)) if cols < NARROW || rows < LOW => {
            let seen = format!("{cols}x{rows}, which is small");
            group.doubtful("size", seen, "make the window larger")
        }
        Some((cols, rows)) => group.good("size", format!("{cols}x{rows}")),
    };
    let name = match facts.term.as_deref() {
        None => group.doubtful("name", "TERM is not set", "export TERM=xterm-256color"),
        Some("dumb" | "unknown") => group.doubtful(
            "name",
            "TERM says that it can do nothing",
            "export TERM=xterm-256color, if it can",
        ),
        Some(term) => group.good("name", format!("TERM={term}")),
    };
    let is_utf_8 = |locale: &String| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    };
    let characters = match &facts.locale {
        Some(locale) if is_utf_8(locale) => group.good("characters", locale.as_str()),
        _ if cfg!(not(unix)) => group.good("characters", "as the system has them"),
        other => group.doubtful(
            "characters",
            match other {
                Some(locale) => format!("{locale} is not UTF-8, which sessions are shown in"),
                None => "no LANG: programs here do not expect UTF-8".to_owned(),
            },
            "export LANG=C.UTF-8",
        ),
    };
    vec![size, name, characters]
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Verdict;
    use super::*;

    #[test]
    fn a_terminal_is_judged_by_size_name_and_characters() {
        let facts = |size, term: &str, locale: &str| Facts {
            is_terminal: true,
            size,
            term: Some(term.to_owned()),
            locale: Some(locale.to_owned()),
        };
        let verdicts = |facts: &Facts| -> Vec<Verdict> {
            judged(facts).into_iter().map(|one| one.verdict).collect()
        };
        use Verdict::{Doubtful, Good};
        assert_eq!(
            verdicts(&facts(Some((80, 24)), "xterm", "de_DE.utf8")),
            [Good; 3]
        );
        assert_eq!(verdicts(&facts(Some((20, 24)), "dumb", "C")), [Doubtful; 3]);
        assert_eq!(verdicts(&Facts::default()), [Good]);
    }
}
