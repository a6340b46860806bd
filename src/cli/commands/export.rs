//! `ssm-rec export`: a recording made into another file.
//!
//! Nothing is overwritten unless asked, and no half export is left under the name that was asked for.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use anyhow::anyhow;
use clap::ValueEnum;
use formats::recording::Ending;

use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::completion::recordings;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::cli::named::{self, Bytes};
use crate::cli::new_file::{self, cannot_write, exists};
use crate::cli::views::Look;
use crate::export::{self, Format, Options, Patterns, Replaced, Report, Secrets};
use crate::review::summary::Ended;
use crate::settings::Settings;
use crate::store::ReadSeek;
use crate::words::time;
use clap_complete::engine::ArgValueCompleter;

/// Make a recording into another file: text, a page, a transcript, bytes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Formats:
  raw        the bytes that the agent sent for the screen, exactly
  cast       asciicast v3, for players; --with-frames keeps what only ssm-rec reads
  cast-v2    asciicast v2, for older players
  txt        what stood on the screen, as lines
  jsonl      one JSON object per event, agent messages taken apart, then one per command
  html       one page that plays the recording, with no need of a network, and lists its commands, each
             a link into the recording
  md         a transcript by commands

Examples:
  What was on the screen, through a pager:
    ssm-rec export me-0a1b --format txt | less

  A page to attach to a ticket, from a minute and a half on, secrets replaced:
    ssm-rec export me-0a1b --from 1:30 --redact-secrets -o session.html

  For another player, without host names:
    ssm-rec export demo.cast.zst --format cast-v2 --redact '[a-z0-9-]+\\.corp\\.example' -o demo.cast

  Commands that failed:
    ssm-rec export me-0a1b --format jsonl | jq 'select(.event == \"command\" and (.exit // 0) != 0)'

  Every agent message with its own clock:
    ssm-rec export me-0a1b --format jsonl | jq 'select(.event == \"message\")'

Commands are derived from what was shown, as \"ssm-rec commands\" does, and have the same numbers. In jsonl they stand \
behind all events and before the last object, {\"event\":\"end\"}: {\"event\":\"command\"} with \"time\" in seconds, number, \
start and end in milliseconds, text, context, cwd, exit, the bytes of all \"output\" that are its own, source, confidence \
and claims; then {\"event\":\"commands\"} with their count, the share of the output that is \"explained\", whether they are \
\"cut\" (there may be more), and the number of the rules that found them, \"extractor\".

txt and md hold all text that was shown, also what was cleared, scrolled out or pushed out by another size of the window.

--redact looks at each line as it stood on the screen, wrapped lines joined, and at all text as it was printed, so that \
typing, colors and redrawing hide nothing. What it finds is replaced cell by cell. What --redact-secrets finds once is \
replaced wherever it stands:

  told by prefix, alphabet and length
      tokens of some 110 makers (AWS, GitHub, GitLab, Slack, Stripe, Google,
      npm, Vault, …), JWTs, password hashes
  by the words of the name
      values behind names with password, token, secret, api key, … in shells,
      JSON, YAML, headers, cookies, queries
  by the program
      flags and arguments: --password x, mysql -px, curl -u me:x,
      echo x | sudo -S, SQL, netrc, https://me:x@host
  by their form
      private keys, also in JSON and without their head; SecretString,
      SecureString, aws configure

Neither knows a secret that has no known form, but for --redact-secrets=strict, which also replaces digests and ids that \
look like one: look at the result before giving it away. How many are found: ssm-rec man security.

The exit status is 3 for a recording that is cut short, and 4 for one that is damaged; what is there is exported.")]
pub(crate) struct ExportArgs {
    /// Session id or the beginning of one, path, s3://bucket/key, https://…, or - for stdin
    #[arg(value_name = "RECORDING", add = ArgValueCompleter::new(recordings))]
    name: String,

    /// Into what [default: what the name of --output says]
    #[arg(short, long, value_enum)]
    format: Option<FormatArg>,

    /// Write to this file [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Overwrite the file
    #[arg(long, requires = "output")]
    force: bool,

    /// Where to begin: 90, 1:30 or 1h2m3s; the screen is shown as it stood
    #[arg(long, value_name = "TIME", default_value = "0", hide_default_value = true, value_parser = time::parse)]
    from: Duration,

    /// Where to end
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    to: Option<Duration>,

    /// Cut pauses to this many seconds, in html, cast and cast-v2
    #[arg(short, long, value_name = "TIME", value_parser = time::parse)]
    idle_time_limit: Option<Duration>,

    /// Keep the agent messages in a cast
    #[arg(long)]
    with_frames: bool,

    /// Replace what this regular expression finds; may be given more than once
    #[arg(long, value_name = "REGEX")]
    redact: Vec<String>,

    /// Replace secrets of known forms: keys, tokens, passwords; strict replaces whatever looks random besides
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "known")]
    redact_secrets: Option<SecretsArg>,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SecretsArg {
    Known,
    Strict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    Raw,
    Cast,
    CastV2,
    Txt,
    Jsonl,
    Html,
    Md,
}

impl FormatArg {
    /// What a file's name says.
    fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        <Self as ValueEnum>::from_str(extension, true).ok()
    }
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Raw => Self::Raw,
            FormatArg::Cast => Self::Cast,
            FormatArg::CastV2 => Self::CastV2,
            FormatArg::Txt => Self::Text,
            FormatArg::Jsonl => Self::JsonLines,
            FormatArg::Html => Self::Html,
            FormatArg::Md => Self::Markdown,
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &ExportArgs) -> CommandResult {
    let options = options(args)?;
    let target = Target::of(args)?;
    let settings = Settings::load_to_read(&args.store.flags())?;
    let identities = args.identity.identities(&settings);
    let named = named::open(&args.name, &settings, Look::Inside("export"))?;
    target.check(named.location.as_deref())?;
    let judged = named.judged();
    let label = named.label;
    let what = format!("cannot export {label:?}");
    let failed = |error: export::Error| match error.source_failure() {
        Some(failure) => named::unread(failure, &what),
        None => Failure::from(error).context(what.clone()),
    };
    let is_read_again = options.patterns.is_some() || options.format == Format::Markdown;
    let mut source = Source::new(named.bytes, is_read_again)?;
    let report = target.write(|sink| {
        match export::export(|| source.open(), &identities, sink, &options) {
            // A reader that has seen enough is no failure.
            Err(export::Error::Write(error)) if is_closed_pipe(&error, args) => Ok(None),
            other => other.map(Some).map_err(failed),
        }
    })?;
    let Some(report) = report else {
        return Ok(Status::Success);
    };
    if let Some(replaced) = report.replaced {
        message::say(&summary(&replaced, options.format, &label));
    }
    if report.is_exhausted {
        message::say(&format!(
            "{label:?} asks for more work on the screen than was done: what would have been erased or moved \
             stands in the text as well, and lines may lack the blanks before them"
        ));
    }
    // Of a part, only that part is answered for.
    let whole = report.ending.as_ref().and_then(|_| judged.ended());
    ended(&report, whole, &label)
}

fn options(args: &ExportArgs) -> Result<Options, Failure> {
    let usage = |error: anyhow::Error| Failure::new(Status::Usage, error);
    let format = args
        .format
        .or_else(|| FormatArg::of(args.output.as_ref()?))
        .ok_or_else(|| {
            usage(anyhow!("no format to export to"))
                .hint("add --format raw, cast, cast-v2, txt, jsonl, html or md")
        })?;
    if args.to.is_some_and(|to| to < args.from) {
        return Err(usage(anyhow!("--to is before --from")));
    }
    if args.with_frames && format != FormatArg::Cast {
        return Err(usage(anyhow!("--with-frames is for --format cast")));
    }
    let has_pauses = matches!(
        format,
        FormatArg::Html | FormatArg::Cast | FormatArg::CastV2
    );
    if args.idle_time_limit.is_some() && (!has_pauses || args.with_frames) {
        return Err(usage(anyhow!(
            "--idle-time-limit is for --format html, cast and cast-v2, without --with-frames"
        )));
    }
    let patterns = if args.redact.is_empty() && args.redact_secrets.is_none() {
        None
    } else {
        let secrets = match args.redact_secrets {
            None => Secrets::None,
            Some(SecretsArg::Known) => Secrets::Known,
            Some(SecretsArg::Strict) => Secrets::Strict,
        };
        let patterns = Patterns::new(&args.redact, secrets);
        Some(patterns.map_err(|error| usage(anyhow!(error).context("cannot redact")))?)
    };
    Ok(Options {
        format: format.into(),
        with_frames: args.with_frames,
        from: args.from,
        to: args.to,
        idle_time_limit: args.idle_time_limit,
        patterns,
    })
}

fn is_closed_pipe(error: &io::Error, args: &ExportArgs) -> bool {
    args.output.is_none() && error.kind() == ErrorKind::BrokenPipe
}

fn ended(report: &Report, whole: Option<Ended>, label: &str) -> CommandResult {
    let damage = match (&whole, &report.ending) {
        (Some(Ended::Damaged(cause)), _) => Some(cause.clone()),
        (Some(Ended::CutShort(_)), _) => None,
        (_, Some(Ending::Damaged { offset, cause })) => {
            Some(format!("from byte {offset} on: {cause}"))
        }
        _ => report.damage.clone(),
    };
    let is_cut = matches!(whole, Some(Ended::CutShort(_)))
        || matches!(report.ending, Some(Ending::Cut { .. }));
    if let Some(damage) = damage {
        let error = anyhow!("{label:?} is damaged: {damage}");
        return Err(Failure::new(Status::Damaged, error).hint("all that comes before was exported"));
    }
    if is_cut {
        return Err(
            Failure::new(Status::CutShort, anyhow!("{label:?} is cut short"))
                .hint("all that is there was exported; the session may still be running"),
        );
    }
    Ok(Status::Success)
}

/// What the person is told of the redaction.
pub(super) fn summary(replaced: &Replaced, format: Format, label: &str) -> String {
    let Replaced {
        output,
        input,
        texts,
        payloads,
    } = *replaced;
    if output + input + texts + payloads == 0 {
        return format!("found nothing to replace in {label:?}");
    }
    let mut text = format!(
        "replaced {output} in what was shown, {input} in what was typed and {texts} in other texts of {label:?}"
    );
    if payloads > 0 {
        text.push_str(&format!(
            "; left out {payloads} message payloads that cannot be looked into"
        ));
    }
    if matches!(format, Format::Raw) {
        text.push_str("; these are not the agent's exact bytes");
    }
    text
}

/// A recording that can be read again from its beginning.
enum Source {
    Seekable(Shared),
    Once(Option<Box<dyn Read + Send>>),
}

/// One file, read by one reader after the other.
#[derive(Clone)]
struct Shared(Rc<RefCell<Box<dyn ReadSeek>>>);

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

impl Source {
    /// What comes through a pipe is kept in a file when it `is_read_again`.
    fn new(bytes: Bytes, is_read_again: bool) -> Result<Self, Failure> {
        let shared = |bytes| Self::Seekable(Shared(Rc::new(RefCell::new(bytes))));
        Ok(match bytes {
            Bytes::Seekable(bytes) => shared(bytes),
            Bytes::Stream(stream) if !is_read_again => Self::Once(Some(stream)),
            Bytes::Stream(mut stream) => {
                let mut kept = tempfile::tempfile()?;
                io::copy(&mut stream, &mut kept)
                    .map_err(|error| named::unread(&error, "cannot read it all"))?;
                shared(Box::new(kept))
            }
        })
    }

    fn open(&mut self) -> io::Result<Box<dyn Read>> {
        match self {
            Self::Seekable(shared) => {
                shared.0.borrow_mut().rewind()?;
                Ok(Box::new(shared.clone()))
            }
            Self::Once(stream) => match stream.take() {
                Some(stream) => Ok(stream),
                None => Err(ErrorKind::NotSeekable.into()),
            },
        }
    }
}

/// Where the export goes.
enum Target<'a> {
    Stdout,
    File {
        path: &'a Path,
        may_exist: bool,
    },
    /// A device or a pipe: it has a name, but nothing to replace.
    Device {
        path: &'a Path,
    },
}

impl<'a> Target<'a> {
    fn of(args: &'a ExportArgs) -> Result<Self, Failure> {
        let Some(path) = &args.output else {
            return Ok(Self::Stdout);
        };
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout);
        }
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => Err(Failure::new(
                Status::Usage,
                anyhow!("{:?} is a directory", path.display().to_string()),
            )),
            Ok(there) if !there.is_file() => Ok(Self::Device { path }),
            Ok(_) if !args.force => {
                Err(exists(path).hint("name another file, or add --force to overwrite this one"))
            }
            _ => Ok(Self::File {
                path,
                may_exist: args.force,
            }),
        }
    }

    /// The recording itself is evidence.
    fn check(&self, recording: Option<&str>) -> Result<(), Failure> {
        if let (Self::File { path, .. }, Some(recording)) = (self, recording)
            && let (Ok(path), Ok(recording)) = (fs::canonicalize(path), fs::canonicalize(recording))
            && path == recording
        {
            return Err(Failure::new(
                Status::Usage,
                anyhow!("the export would overwrite the recording"),
            ));
        }
        Ok(())
    }

    /// Lets `export` write; a file gets its name when all of it is there.
    fn write<T>(
        &self,
        export: impl FnOnce(&mut dyn Write) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self {
            Self::Stdout => export(&mut io::stdout().lock()),
            Self::Device { path } => {
                let mut file = File::options().write(true).open(path);
                let file = file.as_mut().map_err(|error| cannot_write(path, error))?;
                export(file)
            }
            Self::File { path, may_exist } => new_file::make(path, *may_exist, |file| export(file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_says_the_format() {
        for (name, format) in [
            ("a.html", Some(FormatArg::Html)),
            ("a.b/x.TXT", Some(FormatArg::Txt)),
            ("x.cast", Some(FormatArg::Cast)),
            ("x.zst", None),
            ("html", None),
        ] {
            assert_eq!(FormatArg::of(Path::new(name)), format, "{name}");
        }
    }
}
