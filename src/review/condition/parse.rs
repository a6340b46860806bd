//! From an expression to a condition.
//!
//! Nothing here is guessed: what does not read is told of with its column, what was expected, and the word that was
//! probably meant.

use std::fmt;

use super::field::{Field, Kind, Number, RISKS, Text, fields};
use super::judge::State;
use super::pattern::{Pattern, pieces};
use super::scan::{Scan, Value};
use super::when::{Clock, When};
use super::{Comparison, Condition, DEEPEST, LONGEST, MOST_REGEXES, Term};
use crate::words::{size, slip, time};

/// An expression does not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistake {
    /// Where, from 1, in characters.
    pub column: usize,
    /// What is wrong there, and what would be right.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.what)
    }
}

/// The operators, those first of which another is the beginning.
const OPERATORS: [&str; 8] = ["!=", "!~", "<=", ">=", "=", "~", "<", ">"];
/// The words of a manifest for how a session ended.
pub(super) const ENDS: [&str; 15] = [
    "closed",
    "incomplete",
    "exited",
    "not-opened",
    "no-data-key",
    "left",
    "signal",
    "input-gone",
    "screen-gone",
    "connection-lost",
    "local-port",
    "port-refused",
    "recording-failed",
    "protocol",
    "cut",
];

impl Condition {
    /// Reads an expression; `clock` knows which moment a time is.
    ///
    /// # Errors
    /// It does not read.
    pub fn parse(text: &str, clock: Clock<'_>) -> Result<Self, Mistake> {
        if text.len() > LONGEST {
            return Err(Mistake {
                column: LONGEST + 1,
                what: format!("the expression is longer than {LONGEST} bytes"),
            });
        }
        let mut parser = Parser {
            scan: Scan::new(text),
            clock,
            depth: 0,
            regexes: 0,
        };
        let condition = parser.any()?;
        if parser.scan.is_at_end() {
            return Ok(condition);
        }
        Err(match parser.scan.next() {
            Some(')') => parser.wrong("nothing opens this parenthesis"),
            _ => parser.wrong(
                "expected \"and\", \"or\" or the end; quote a text that has a space, a parenthesis or a slash in front",
            ),
        })
    }

    /// What a flag that takes one of these words asks for.
    ///
    /// # Errors
    /// There is no such word.
    pub fn of_kind(word: &str) -> Result<Self, String> {
        let names = Kind::ALL.map(Kind::name);
        let at = position("kind of session", word, &names)?;
        Ok(Self::Is(Term::Kind(Kind::ALL[at])))
    }

    /// The same for how far a recording got.
    ///
    /// # Errors
    /// There is no such word.
    pub fn of_state(word: &str) -> Result<Self, String> {
        let names = State::ALL.map(State::name);
        let at = position("state", word, &names)?;
        Ok(Self::Is(Term::State(State::ALL[at])))
    }

    /// The same for how a session ended: a status, or a word.
    ///
    /// # Errors
    /// It is neither.
    pub fn of_exit(word: &str) -> Result<Self, String> {
        if let Ok(status) = word.parse::<i32>() {
            let status = i64::from(status);
            let term = Term::Number(Number::Exit, Comparison::Equal, status);
            return Ok(Self::Is(term));
        }
        let at = position("exit status or end of a session", word, &ENDS)?;
        Ok(Self::Is(Term::Ended(ENDS[at].to_owned())))
    }
}

/// Which of the words this is.
fn position(what: &str, word: &str, words: &[&'static str]) -> Result<usize, String> {
    let plain = |word: &str| word.to_ascii_lowercase().replace('_', "-");
    let at = words.iter().position(|known| plain(known) == plain(word));
    at.ok_or_else(|| {
        let meant = match slip::nearest(word, words.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("there are {}", words.join(", ")),
        };
        format!("there is no {what} {word:?}; {meant}")
    })
}

struct Parser<'a> {
    scan: Scan<'a>,
    clock: Clock<'a>,
    depth: usize,
    regexes: usize,
}

impl Parser<'_> {
    fn wrong(&mut self, what: impl Into<String>) -> Mistake {
        Mistake {
            column: self.scan.column(),
            what: what.into(),
        }
    }

    fn any(&mut self) -> Result<Condition, Mistake> {
        let mut parts = vec![self.all()?];
        while self.scan.takes_word("or") {
            parts.push(self.all()?);
        }
        Ok(match parts.len() {
            1 => parts.remove(0),
            _ => Condition::Any(parts),
        })
    }

    fn all(&mut self) -> Result<Condition, Mistake> {
        let mut parts = vec![self.one()?];
        while self.scan.takes_word("and") {
            parts.push(self.one()?);
        }
        Ok(Condition::all(parts))
    }

    fn one(&mut self) -> Result<Condition, Mistake> {
        let column = self.scan.column();
        if self.depth > DEEPEST {
            return Err(self.wrong(format!("this stands more than {DEEPEST} deep")));
        }
        self.depth += 1;
        let one = if self.scan.takes("!") || self.scan.takes_word("not") {
            Condition::Not(Box::new(self.one()?))
        } else if self.scan.takes("(") {
            let inner = self.any()?;
            if !self.scan.takes(")") {
                return Err(match self.scan.is_at_end() {
                    true => Mistake {
                        column,
                        what: "this parenthesis is not closed".to_owned(),
                    },
                    false => self.wrong(
                        "expected \"and\", \"or\" or a closing parenthesis; quote a text that has a space",
                    ),
                });
            }
            inner
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(one)
    }

    fn term(&mut self) -> Result<Condition, Mistake> {
        let column = self.scan.column();
        let wrong = |what| Err(Mistake { column, what });
        let word = self.scan.word();
        let is_between = ["and", "or"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known));
        if word.is_empty() || is_between {
            let found = match (is_between, self.scan.is_at_end()) {
                (true, _) => format!("{word:?} comes"),
                (false, true) => "the expression ends".to_owned(),
                (false, false) => "something else comes".to_owned(),
            };
            let expected = "expected a condition like target = i-0abc";
            return wrong(format!("{expected}, and {found}"));
        }
        let Some(field) = Field::named(word) else {
            let what = match slip::nearest(word, fields()) {
                Some(near) => format!("there is no {word:?}; did you mean {near:?}?"),
                None => {
                    let names: Vec<&str> = fields().collect();
                    format!("there is no {word:?}; there are {}", names.join(", "))
                }
            };
            return wrong(what);
        };
        match field {
            Field::Flag(flag) => return Ok(Condition::Is(Term::Flag(flag))),
            Field::Since | Field::Until => {
                self.scan.takes("=");
                let operator = match field {
                    Field::Since => ">=",
                    _ => "<",
                };
                return self.started(operator, word);
            }
            _ => {}
        }
        let at = self.scan.column();
        let scan = &mut self.scan;
        let operator = OPERATORS.into_iter().find(|operator| scan.takes(operator));
        let taken: &[&str] = match field {
            Field::Text(_) => &["=", "!=", "~", "!~"],
            Field::Number(_) | Field::Started => &["=", "!=", "<", "<=", ">", ">="],
            _ => &["=", "!="],
        };
        let Some(operator) = operator.filter(|operator| taken.contains(operator)) else {
            return Err(Mistake {
                column: at,
                what: format!("expected one of {} after {word:?}", taken.join(" ")),
            });
        };
        let condition = match field {
            Field::Started => return self.started(operator, operator),
            Field::Text(text) => Condition::Is(Term::Text(text, self.pattern(operator)?)),
            Field::Number(number) => self.number(number, operator)?,
            Field::Kind => self.read("a word", operator, Condition::of_kind)?,
            _ => self.read("a word", operator, Condition::of_state)?,
        };
        Ok(match operator.starts_with('!') {
            true => Condition::Not(Box::new(condition)),
            false => condition,
        })
    }

    /// The value that `kind` of thing is expected as, behind `behind`.
    fn value(&mut self, kind: &str, behind: &str) -> Result<(usize, Value), Mistake> {
        let column = self.scan.column();
        let is_between = ["and", "or"].iter().any(|word| {
            // A look alone: nothing of it is taken.
            self.scan.clone().takes_word(word)
        });
        let wrong = |what| Mistake { column, what };
        match self.scan.value() {
            Some(value) if !is_between => match value {
                Ok(value) => Ok((column, value)),
                Err(what) => Err(wrong(what.to_owned())),
            },
            _ => Err(wrong(format!("expected {kind} after {behind:?}"))),
        }
    }

    fn pattern(&mut self, operator: &str) -> Result<Pattern, Mistake> {
        let (column, value) = self.value("a text", operator)?;
        match value {
            Value::Text(text) => Ok(Pattern::Text {
                pieces: pieces(text.into_iter()),
                is_whole: operator.ends_with('='),
            }),
            Value::Regex(source, any_case) => {
                self.regexes += 1;
                if self.regexes > MOST_REGEXES {
                    let what = format!("there are more than {MOST_REGEXES} regular expressions");
                    return Err(Mistake { column, what });
                }
                Pattern::regex(&source, any_case).map_err(|cause| Mistake {
                    column,
                    what: format!("this is no regular expression: {cause}"),
                })
            }
        }
    }

    /// A value that `read` makes something of.
    fn read<T>(
        &mut self,
        kind: &str,
        behind: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, Mistake> {
        let (column, value) = self.value(kind, behind)?;
        let text = value.text();
        let text = text.ok_or_else(|| format!("expected {kind}, not a regular expression"));
        text.and_then(|text| read(&text))
            .map_err(|what| Mistake { column, what })
    }

    fn number(&mut self, number: Number, operator: &str) -> Result<Condition, Mistake> {
        let comparison = match operator {
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            ">" => Comparison::More,
            ">=" => Comparison::AtLeast,
            _ => Comparison::Equal,
        };
        if number == Number::Exit && comparison == Comparison::Equal {
            return self.read("a status or a word", operator, Condition::of_exit);
        }
        let value = match number {
            Number::Duration => self.read("a length of time", operator, |text| {
                let length = time::sum(text).ok_or_else(|| {
                    format!("{text:?} is no length of time: write 90s, 10m or 1h30m")
                })?;
                fits(length.as_micros(), text)
            }),
            Number::Size => self.read("a size", operator, |text| {
                let size = size::parse(text)
                    .ok_or_else(|| format!("{text:?} is no size: write 4096, 10MB or 1GiB"))?;
                fits(u128::from(size), text)
            }),
            Number::Risk => self.read("a severity", operator, |text| {
                let text = text.to_ascii_lowercase();
                let at = RISKS.iter().position(|risk| *risk == text);
                let at = at.and_then(|at| i64::try_from(at).ok());
                at.ok_or_else(|| {
                    format!("there is no risk {text:?}; there are {}", RISKS.join(", "))
                })
            }),
            Number::Exit | Number::Commands => self.read("a number", operator, |text| {
                let number = text.parse::<i32>();
                number
                    .map(i64::from)
                    .map_err(|_| format!("{text:?} is no whole number, or too large"))
            }),
        };
        Ok(Condition::Is(Term::Number(number, comparison, value?)))
    }

    fn started(&mut self, operator: &str, behind: &str) -> Result<Condition, Mistake> {
        let clock = self.clock;
        let (from, to) = self.read("a time", behind, |text| {
            let when: When = text
                .parse()
                .map_err(|cause| format!("{text:?} is {cause}"))?;
            let moment = |when| clock(when).filter(|moment| is_written_plainly(*moment));
            let of_calendar = moment(when).zip(when.end().and_then(moment));
            let (from, to) =
                of_calendar.ok_or_else(|| format!("the time {text:?} is out of range"))?;
            match matches!(operator, "=" | "!=") && from == to {
                true => Err(format!(
                    "{text:?} is a moment: compare it with < or >, or write a day"
                )),
                false => Ok((from, to)),
            }
        })?;
        let since = |moment| Condition::Is(Term::Since(moment));
        let until = |moment| Condition::Is(Term::Until(moment));
        Ok(match operator {
            ">=" => since(from),
            ">" => since(to),
            "<" => until(from),
            "<=" => until(to),
            "!=" => Condition::Any(vec![until(from), since(to)]),
            _ => Condition::All(vec![since(from), until(to)]),
        })
    }
}

fn fits(number: u128, text: &str) -> Result<i64, String> {
    i64::try_from(number).map_err(|_| format!("{text:?} is too large"))
}

/// RFC 3339 has four digits for a year.
fn is_written_plainly(moment: chrono::DateTime<chrono::Utc>) -> bool {
    use chrono::Datelike as _;
    (0..=9999).contains(&moment.year())
}

/// The texts that a condition looks at by a pattern, for whoever makes one by hand.
impl From<(Text, Pattern)> for Condition {
    fn from((text, pattern): (Text, Pattern)) -> Self {
        Self::Is(Term::Text(text, pattern))
    }
}
