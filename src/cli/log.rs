//! The log that `SSM_REC_LOG` asks for: which lines of it are written, and where.
//!
//! Nothing that a library says below a warning is ever written: headers, bodies, tokens and keys stand in there. Nothing is
//! written to a terminal that may be raw.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;
use directories::ProjectDirs;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

use crate::cli::exit::{Failure, Status};
use crate::cli::message;
use crate::store::create_private;
use crate::words::printable;

/// The variable that asks for a log.
const VARIABLE: &str = "SSM_REC_LOG";
/// A log that is longer, in bytes, becomes the old one, and the one before it goes.
const LONGEST: u64 = 10 << 20;
/// Whose lines may be written at every level.
const OURS: [&str; 2] = ["ssm_rec", "ssm_rec_formats"];

/// Begins the log, if one is asked for. `may_be_raw`: the command may make the terminal raw.
///
/// # Errors
/// The variable does not read.
pub(crate) fn begin(may_be_raw: bool) -> Result<(), Failure> {
    let Some(asked) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) else {
        return Ok(());
    };
    let asked = asked.to_string_lossy();
    let filter = parse(&asked).map_err(|reason| {
        Failure::new(Status::Usage, anyhow!("{VARIABLE} is {asked:?}: {reason}")).hint(
            "it is a level (error, warn, info, debug, trace), or a list such as ssm_rec::spool=debug,warn",
        )
    })?;
    let place = if may_be_raw && io::stderr().is_terminal() {
        match Lines::open(log_path(), LONGEST) {
            Ok(lines) => {
                message::say(&format!("the log goes to {}", lines.path.display()));
                Place::File(Arc::new(Mutex::new(lines)))
            }
            Err(error) => {
                message::say(&format!("there is no log: {error}"));
                return Ok(());
            }
        }
    } else {
        Place::Stderr
    };
    let layer = fmt::layer().with_ansi(false).with_writer(place);
    let layer = layer.with_filter(filter_fn(move |line| is_let_through(&filter, line)));
    // One that is there already (a test's) stays.
    let _ = registry().with(layer).try_init();
    Ok(())
}

fn is_let_through(filter: &Targets, line: &Metadata<'_>) -> bool {
    let ours = OURS.iter().any(|room| is_within(line.target(), room));
    (ours || *line.level() <= Level::WARN) && filter.would_enable(line.target(), line.level())
}

/// Whether a target is a module or stands in it.
fn is_within(target: &str, module: &str) -> bool {
    target
        .strip_prefix(module)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// A level for everything, levels for single rooms, or both.
fn parse(text: &str) -> Result<Targets, String> {
    let level = |text: &str| {
        text.parse::<LevelFilter>()
            .ok()
            .filter(|_| !text.is_empty() && !text.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(|| format!("{text:?} is no level"))
    };
    let mut targets = Targets::new();
    for part in text.split(',').map(str::trim) {
        targets = match part.split_once('=') {
            None => targets.with_default(level(part)?),
            Some((room, _)) if !OURS.iter().any(|ours| is_within(room, ours)) => {
                return Err(format!(
                    "{room:?} is not of ssm_rec, and of libraries only warnings are logged"
                ));
            }
            Some((room, wanted)) => targets.with_target(room, level(wanted)?),
        };
    }
    Ok(targets)
}

fn log_path() -> Option<PathBuf> {
    let project = ProjectDirs::from("", "", "ssm-rec")?;
    let folder = project
        .state_dir()
        .unwrap_or_else(|| project.data_local_dir());
    Some(folder.join("log"))
}

/// Where lines go.
#[derive(Clone)]
enum Place {
    Stderr,
    File(Arc<Mutex<Lines>>),
}

impl MakeWriter<'_> for Place {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Write for Place {
    /// Takes one line, which stays one, whatever stands in it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let line = format!("{}\n", printable(text.trim_end()));
        match self {
            Self::Stderr => io::stderr().write_all(line.as_bytes())?,
            Self::File(lines) => lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write(line.as_bytes())?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file of lines that does not grow for ever; several processes may write it.
struct Lines {
    path: PathBuf,
    file: File,
    longest: u64,
}

impl Lines {
    fn open(path: Option<PathBuf>, longest: u64) -> io::Result<Self> {
        let path = path.ok_or_else(|| io::Error::other("there is no home folder for it"))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let open = || {
            create_private(folder)?;
            append(&path)
        };
        let file = open().map_err(|error| io::Error::other(format!("{path:?}: {error}")))?;
        Ok(Self {
            path,
            file,
            longest,
        })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.file.metadata()?.len() + line.len() as u64 > self.longest {
            // Another process may have done so already; then there is only the new file to open.
            if fs::metadata(&self.path)?.len() + line.len() as u64 > self.longest {
                fs::rename(&self.path, self.path.with_extension("old"))?;
            }
            self.file = append(&self.path)?;
        }
        self.file.write_all(line)
    }
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_level_or_a_list_of_our_rooms() {
        let enabled =
            |filter: &str, target: &str, level| parse(filter).unwrap().would_enable(target, &level);
        assert!(enabled("debug", "ssm_rec::spool", Level::DEBUG));
        assert!(!enabled("debug", "ssm_rec::spool", Level::TRACE));
        assert!(enabled("TRACE", "ssm_rec", Level::TRACE));
        assert!(!enabled("off", "ssm_rec", Level::ERROR));
        let list = "ssm_rec::spool=debug, warn";
        assert!(enabled(list, "ssm_rec::spool::backlog", Level::DEBUG));
        assert!(!enabled(list, "ssm_rec::store", Level::INFO));
        assert!(enabled(list, "ssm_rec::store", Level::WARN));
        for (wrong, reason) in [
            ("loud", "\"loud\" is no level"),
            ("3", "\"3\" is no level"),
            (",", "\"\" is no level"),
            ("debug,", "\"\" is no level"),
            ("ssm_rec::spool", "is no level"),
            ("ssm_rec=", "\"\" is no level"),
            ("ssm_rec=a=b", "\"a=b\" is no level"),
            ("hyper=trace", "of libraries only warnings"),
            ("ssm_record=trace", "of libraries only warnings"),
        ] {
            let error = parse(wrong).unwrap_err();
            assert!(error.contains(reason), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_log_file_is_its_owners_and_becomes_the_old_one_when_it_is_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/ssm-rec/log");
        let mut one = Lines::open(Some(path.clone()), 100).unwrap();
        let mut other = Lines::open(Some(path.clone()), 100).unwrap();
        for n in 0..40 {
            let lines = if n % 3 == 0 { &mut other } else { &mut one };
            lines
                .write(format!("line number {n:02}\n").as_bytes())
                .unwrap();
        }
        let (new, old) = (
            fs::read(&path).unwrap(),
            fs::read(path.with_extension("old")).unwrap(),
        );
        assert!(new.len() <= 100 && old.len() <= 100);
        assert!(
            String::from_utf8(new)
                .unwrap()
                .ends_with("line number 39\n")
        );
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
        // Where a folder should be, there is a file.
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(Lines::open(Some(folder.path().join("file/log")), 100).is_err());
        assert!(Lines::open(None, 100).is_err());
    }

    #[test]
    fn a_subscriber_that_is_there_hears_us_and_of_libraries_warnings_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let lines = Lines::open(Some(path.clone()), LONGEST).unwrap();
        let filter = parse("trace").unwrap();
        let layer = fmt::layer()
            .with_ansi(false)
            .with_writer(Place::File(Arc::new(Mutex::new(lines))))
            .with_filter(filter_fn(move |line| is_let_through(&filter, line)));
        tracing::subscriber::with_default(registry().with(layer), || {
            tracing::trace!(target: "ssm_rec::session", "ours");
            tracing::debug!(target: "hyper::proto", "secret header");
            tracing::info!(target: "ssm_record", "secret of a neighbour");
            tracing::warn!(target: "hyper::proto", "a warning\nand \x1b[2J more");
        });
        let log = fs::read_to_string(path).unwrap();
        assert!(log.contains("ours") && !log.contains("secret"), "{log}");
        assert!(!log.contains('\x1b'), "{log}");
        assert_eq!(log.lines().count(), 2, "{log}");
    }
}
