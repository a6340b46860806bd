//! One configuration file: read with a limit, parsed, every value checked, every mistake with its line and column.
//!
//! Nothing here decides which of several files wins.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::in_force::Found;
use super::kind::{Paths, cut};
use super::names::{Named, named, nearest};
use super::origin::{Mistake, Place, Problem};
use super::rules::{self, Said};
use super::spec::Spec;

/// No configuration is longer, in bytes. It bounds the memory that a hostile file can cost.
const LIMIT: u64 = 128 * 1024;
/// Behind so many mistakes nobody wonders any more what was meant.
const MEANT: usize = 100;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The only one that may make policy.
    Organisation,
    Person,
}

/// What a file says.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    /// What it sets.
    pub(crate) values: BTreeMap<&'static str, Found>,
    /// What its policy fixes, and the policy's rules.
    pub(crate) policy: BTreeMap<&'static str, Found>,
    /// What it says of rules.
    pub(crate) rules: Vec<Said>,
    /// Everything that is wrong with it, from top to bottom.
    pub(crate) mistakes: Vec<Mistake>,
}

impl File {
    /// Reads a file; `None` when there is none.
    pub(crate) fn read(path: &Path, role: Role, home: Option<&Path>) -> Option<Self> {
        match text(path) {
            Ok(None) => None,
            Ok(Some(text)) => {
                let mut file = Self::parse(&text, path, role, home);
                if role == Role::Organisation && is_open_to_all(path) {
                    let place = Place::File(path.to_owned());
                    let problem = Problem::OpenToAll;
                    file.mistakes.insert(0, Mistake { place, problem });
                }
                Some(file)
            }
            Err(mistake) => Some(Self {
                mistakes: vec![*mistake],
                ..Self::default()
            }),
        }
    }

    /// Reads the text of a file.
    pub(crate) fn parse(text: &str, path: &Path, role: Role, home: Option<&Path>) -> Self {
        let (document, errors) = DeTable::parse_recoverable(text);
        let mut reader = Reader {
            lines: Lines::of(text, path),
            role,
            paths: Paths {
                home,
                relative: false,
            },
            file: Self::default(),
        };
        for error in errors {
            let end = text.len()..text.len();
            let message = error.message().trim().replace('\n', ", ");
            reader.mistake(error.span().unwrap_or(end), Problem::Syntax(message));
        }
        let broken = !reader.file.mistakes.is_empty();
        reader.table(document.get_ref(), "");
        let mut file = reader.file;
        if broken {
            // Where the text is no TOML, what was made of it may be nonsense: a repaired line is not a second mistake.
            let bad: Vec<_> = file
                .mistakes
                .iter()
                .filter(|mistake| matches!(mistake.problem, Problem::Syntax(_)))
                .filter_map(|mistake| mistake.place.line())
                .collect();
            file.mistakes.retain(|mistake| {
                matches!(mistake.problem, Problem::Syntax(_))
                    || mistake.place.line().is_none_or(|line| !bad.contains(&line))
            });
        }
        file.mistakes.sort_by_key(|mistake| match &mistake.place {
            Place::Spot { line, column, .. } => (*line, *column),
            Place::File(_) | Place::Environment(_) | Place::Flag(_) => (0, 0),
        });
        file.mistakes.dedup();
        file
    }
}

struct Reader<'a> {
    lines: Lines<'a>,
    role: Role,
    paths: Paths<'a>,
    file: File,
}

impl Reader<'_> {
    fn mistake(&mut self, span: Range<usize>, problem: Problem) {
        let place = self.lines.place(span.start);
        self.file.mistakes.push(Mistake { place, problem });
    }

    fn table(&mut self, table: &DeTable<'_>, section: &str) {
        for (leaf, value) in table.iter() {
            let name = if section.is_empty() {
                leaf.get_ref().to_string()
            } else {
                format!("{section}.{}", leaf.get_ref())
            };
            if name == "policy" && self.role == Role::Person {
                self.mistake(leaf.span(), Problem::PolicyBelow);
                continue;
            }
            if name == "rule" {
                self.rules(value);
                continue;
            }
            // A dot inside quotes makes one name, not a section and a name.
            let known = if leaf.get_ref().contains('.') {
                None
            } else {
                named(&name)
            };
            match known {
                Some(Named::Setting(spec)) => {
                    self.setting(spec, &name, leaf.span(), value, spec.is_rule())
                }
                Some(Named::Fixed(spec)) => self.setting(spec, &name, leaf.span(), value, true),
                Some(Named::Section) => match value.get_ref() {
                    DeValue::Table(table) => self.table(table, &name),
                    _ => self.mistake(
                        value.span(),
                        Problem::Value {
                            found: "no table".to_owned(),
                            expected: format!("a section: [{name}]"),
                            name,
                            nearest: None,
                        },
                    ),
                },
                None => {
                    let few = self.file.mistakes.len() < MEANT;
                    let nearest = few.then(|| nearest(section, leaf.get_ref())).flatten();
                    self.mistake(
                        leaf.span(),
                        Problem::Unknown {
                            name: cut(&name),
                            nearest,
                        },
                    );
                }
            }
        }
    }

    fn rules(&mut self, value: &Spanned<DeValue<'_>>) {
        let mut mistakes = Vec::new();
        let place = |position| self.lines.place(position);
        self.file.rules = rules::read(value, place, |span, problem| {
            mistakes.push((span, problem));
        });
        for (span, problem) in mistakes {
            self.mistake(span, problem);
        }
    }

    fn setting(
        &mut self,
        spec: &'static Spec,
        name: &str,
        at: Range<usize>,
        value: &Spanned<DeValue<'_>>,
        fixed: bool,
    ) {
        match spec.kind.read_toml(value, self.paths) {
            Ok(value) => {
                let place = self.lines.place(at.start);
                let found = Found { value, place };
                let layer = if fixed {
                    &mut self.file.policy
                } else {
                    &mut self.file.values
                };
                layer.insert(spec.name, found);
            }
            Err(refused) => {
                for refused in refused {
                    self.mistake(refused.span.clone(), refused.problem(name, &spec.kind));
                }
            }
        }
    }
}

/// Turns a position in the text into line and column.
struct Lines<'a> {
    text: &'a str,
    path: &'a Path,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str, path: &'a Path) -> Self {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(end, _)| end + 1))
            .collect();
        Self { text, path, starts }
    }

    fn place(&self, position: usize) -> Place {
        let line = self
            .starts
            .partition_point(|start| *start <= position)
            .max(1);
        let start = self.starts[line - 1];
        let before = self.text.get(start..position).unwrap_or_default();
        Place::Spot {
            path: self.path.to_owned(),
            line,
            column: before.trim_start_matches('\u{feff}').chars().count() + 1,
        }
    }
}

/// The text of a file, or `None` when there is none. Nothing but a regular file is opened: a pipe would never end.
fn text(path: &Path) -> Result<Option<String>, Box<Mistake>> {
    let mistake = |problem| {
        Box::new(Mistake {
            place: Place::File(path.to_owned()),
            problem,
        })
    };
    let unreadable = |error: io::Error| mistake(Problem::Unreadable(error.to_string()));
    if path == Path::new("/dev/null") {
        // The usual way to say: no file at all.
        return Ok(Some(String::new()));
    }
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        // A link that leads nowhere is a file that somebody meant to be there.
        Err(error) if absent(&error) && fs::symlink_metadata(path).is_err() => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    if !metadata.is_file() {
        return Err(mistake(Problem::NoFile));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)
        .map_err(unreadable)?
        .take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LIMIT {
        return Err(mistake(Problem::TooLong { limit: LIMIT }));
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let before = String::from_utf8_lossy(&bytes[..valid]);
        Box::new(Mistake {
            place: Lines::of(&before, path).place(valid),
            problem: Problem::NotText,
        })
    })
}

/// Whether anybody on this machine may write the file, or put another one in its place.
fn is_open_to_all(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        const OTHERS: u32 = 0o002;
        /// In a folder like /tmp, only the owner may replace a file.
        const STICKY: u32 = 0o1000;
        let Ok(real) = path.canonicalize() else {
            return false;
        };
        let mode = |path: &Path| fs::metadata(path).map_or(0, |found| found.permissions().mode());
        let folder = real.parent().map_or(0, mode);
        let file = fs::metadata(&real).is_ok_and(|found| found.is_file());
        file && (mode(&real) & OTHERS != 0 || folder & (OTHERS | STICKY) == OTHERS)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Whether there is nothing at all under that path. No permission to look is not the same.
pub(crate) fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
