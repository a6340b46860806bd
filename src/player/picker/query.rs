//! What somebody types to narrow a picker: words, all of which must be met, some of them of one field alone.
//!
//! Nothing here is refused: what has no meaning of its own is a word.

use super::item::{Fields, Item};

/// The words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query(Vec<Word>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    of: Of,
    text: String,
    /// Only as it was typed: it has capital letters.
    is_exact: bool,
}

/// Where a word is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Any,
    Target,
    Operator,
    Reason,
    Id,
    /// The date begins so.
    Date,
    /// The date is that, or later.
    Since,
    /// The date is that, or earlier.
    Until,
}

const FIELDS: [(&str, Of); 7] = [
    ("target:", Of::Target),
    ("operator:", Of::Operator),
    ("reason:", Of::Reason),
    ("id:", Of::Id),
    ("date:", Of::Date),
    ("since:", Of::Since),
    ("until:", Of::Until),
];

impl Query {
    pub(super) fn of(typed: &str) -> Self {
        Self(typed.split_whitespace().map(Word::of).collect())
    }

    pub(super) fn is_met_by(&self, item: &Item) -> bool {
        let Some(texts) = item.texts() else {
            return self.0.is_empty();
        };
        self.0.iter().all(|word| match word.is_exact {
            true => word.is_met_by(&texts.plain),
            false => word.is_met_by(&texts.small),
        })
    }
}

impl Word {
    fn of(typed: &str) -> Self {
        let field = FIELDS
            .iter()
            .find_map(|(name, of)| Some((*of, typed.strip_prefix(name)?)));
        let (of, text) = field.unwrap_or((Of::Any, typed));
        Self {
            of,
            text: text.to_owned(),
            is_exact: text.chars().any(char::is_uppercase),
        }
    }

    fn is_met_by(&self, fields: &Fields) -> bool {
        let text = self.text.as_str();
        let date = fields.date.as_str();
        match self.of {
            Of::Any => fields.all().iter().any(|field| field.contains(text)),
            Of::Target => fields.target.contains(text),
            Of::Operator => fields.operator.contains(text),
            Of::Reason => fields.reason.contains(text),
            Of::Id => fields.id.contains(text),
            Of::Date => date.starts_with(text),
            Of::Since => date >= text,
            Of::Until => !date.is_empty() && date.get(..text.len()).unwrap_or(date) <= text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn is_met(typed: &str) -> bool {
        let mut item = Item::new("ada-0a1b".into(), String::new());
        item.target = "i-0abc".into();
        item.operator = "arn:aws:sts::1:assumed-role/Admin/ada".into();
        item.reason = "Ticket 42 of web".into();
        item.started = DateTime::parse_from_rfc3339("2026-11-29T02:33:00+01:00").ok();
        Query::of(typed).is_met_by(&item.complete())
    }

    #[test]
    fn all_words_must_be_met_and_capital_letters_count() {
        for typed in [
            "",
            "  ",
            "ticket",
            "Ticket",
            "42 abc",
            "admin ada",
            "2026-11-2",
            "02:33",
            "target:0abc",
            "operator:Admin",
            "reason:web id:0a1",
            "since:2026-11-2",
            "since:2026-11-29 until:2026-11",
            "date:2026-1",
            "target:",
            "until:2026-11-29",
        ] {
            assert!(is_met(typed), "{typed:?}");
        }
        for typed in [
            "ticket nothing",
            "TICKET",
            "target:ticket",
            "reason:0abc",
            "since:2026-11-3",
            "until:2026-11-28",
            "date:11-29",
            "id:ticket",
            "other:web",
        ] {
            assert!(!is_met(typed), "{typed:?}");
        }
    }
}
