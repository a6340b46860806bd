//! `ssm-rec derive`: lines and commands of a recording, made again.
//!
//! Nothing in a store is written over, and what only some may read is sealed for the same readers wherever it is kept.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use formats::asciicast::Header;
use formats::derived::Kind;
use formats::layout::{self, Place};
use formats::lines::LineSource;
use formats::manifest::{Derived, Manifest};
use formats::recording::{self, Proof};
use formats::sealed::Seal;

use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::completion::recordings;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::cli::named::{self, Bytes};
use crate::cli::views::Look;
use crate::envelope;
use crate::review::derived::{Places, objects};
use crate::settings::Settings;
use crate::store::{ReadSeek, Store};
use clap_complete::engine::ArgValueCompleter;

/// Make lines and commands of a recording again, from the recording alone
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("to").required(true)))]
#[command(after_help = "\
Examples:
  Everything that a person could have read, and when:
    ssm-rec derive me-0a1b --lines | jq -r '\"\\(.first) \\(.text)\"'

  Both as they are stored, of any asciicast:
    ssm-rec derive demo.cast -o derived/

  Into the store, for a session whose client did not get that far:
    ssm-rec derive me-0a1b --into-store

Times are milliseconds since the start. The same recording gives the same text as when the session was recorded; verify \
--derived compares. Of an encrypted recording both are encrypted for the same readers, but for what goes to stdout.

The exit status is 3 for a recording that is cut short, and 4 for one that is damaged; what is there is made, and nothing of \
it goes into the store.")]
pub(crate) struct DeriveArgs {
    /// Session id or the beginning of one, path, s3://bucket/key, https://…, or - for stdin
    #[arg(value_name = "RECORDING", add = ArgValueCompleter::new(recordings))]
    name: String,

    /// Lines to stdout, one JSON object a line
    #[arg(long, group = "to")]
    lines: bool,

    /// Commands to stdout, one JSON object a line
    #[arg(long, group = "to")]
    commands: bool,

    /// Both as compressed files in this folder
    #[arg(short, long, value_name = "FOLDER", group = "to")]
    output: Option<PathBuf>,

    /// Both beside the recording in its store
    #[arg(long, group = "to")]
    into_store: bool,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(crate) fn run(args: &DeriveArgs) -> CommandResult {
    let settings = Settings::load_to_read(&args.store.flags())?;
    let identities = args.identity.identities(&settings);
    let named = named::open(&args.name, &settings, Look::Beside)?;
    let judged = named.judged();
    let label = named.label.clone();
    let folder = args.output.clone().map(Folder::Named);
    let mut sound_in_store = None;
    let source: Box<dyn Read> = match named.bytes {
        Bytes::Seekable(mut bytes) => {
            if args.into_store {
                let store = settings.places_to_read()?.store;
                let manifest = sound(&mut bytes, &label)?;
                let place = Place::of(&manifest).map(|place| store.locate(&place.recording()));
                if place.is_none() || place != named.location {
                    return Err(elsewhere(&label));
                }
                sound_in_store = Some((store, manifest));
            }
            Box::new(bytes)
        }
        Bytes::Stream(_) if args.into_store => return Err(elsewhere(&label)),
        Bytes::Stream(bytes) => Box::new(bytes),
    };
    let folder = folder.map_or_else(|| tempfile::tempdir().map(Folder::Temporary), Ok)?;
    let to_stdout = args.lines || args.commands;
    let mut paths = None;
    let made = objects(source, &identities, |header, seal| {
        let (found, places) = places(&folder, header, seal.filter(|_| !to_stdout), &label)?;
        paths = Some(found);
        Ok::<_, Failure>(places)
    });
    let (derived, broken) =
        made.map_err(|failure| failure.context(format!("cannot derive anything of {label:?}")))?;
    let paths = paths.unwrap_or_default();
    match (&sound_in_store, &broken) {
        (Some(_), Some(_)) => {}
        (Some((store, manifest)), None) => into_store(store, manifest, &paths)?,
        (None, _) if to_stdout => copy(if args.lines { &paths[0] } else { &paths[1] })?,
        (None, _) => tell(&derived, &paths),
    }
    match broken {
        Some(broken) => Err(Failure::new(
            Status::Damaged,
            anyhow!(broken).context(format!("{label:?} is damaged")),
        )),
        None => judged.result(&label),
    }
}

/// Where files are made.
enum Folder {
    Named(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// The manifest of a recording that is what was recorded: of no other one anything goes into the store.
fn sound(bytes: &mut dyn ReadSeek, label: &str) -> Result<Manifest, Failure> {
    let report = recording::verify(&mut *bytes).map_err(anyhow::Error::from)?;
    bytes.rewind()?;
    match (report.proof, report.manifest) {
        (Proof::Sound, Some(manifest)) => Ok(manifest),
        _ => Err(Failure::new(
            Status::Damaged,
            anyhow!("{label:?} is not sound, and nothing of it goes into the store"),
        )
        .hint("see what is wrong with: ssm-rec verify; or name another place with --output")),
    }
}

fn elsewhere(label: &str) -> Failure {
    Failure::new(
        Status::Usage,
        anyhow!("{label:?} does not lie in the store"),
    )
    .hint("name a session of the store, or another place with --output")
}

fn places(
    folder: &Folder,
    header: &Header,
    seal: Option<Seal>,
    label: &str,
) -> Result<([PathBuf; 2], Places<File>), Failure> {
    let session_id = header
        .ssm
        .as_ref()
        .map(|session| session.session_id.clone());
    let stem = session_id.clone().unwrap_or_else(|| {
        let name = label.rsplit(['/', '\\']).next().unwrap_or(label);
        let name = name.strip_suffix(".zst").unwrap_or(name);
        name.strip_suffix(".cast").unwrap_or(name).to_owned()
    });
    std::fs::create_dir_all(folder.path())
        .with_context(|| format!("cannot make {:?}", folder.path().display().to_string()))?;
    let path = |kind: Kind| {
        let name = format!("{}.{}.jsonl.zst", layout::safe_name(&stem), kind.name());
        folder.path().join(name)
    };
    let paths = Kind::BOTH.map(path);
    let file = |path: &Path| {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(path)
            .with_context(|| format!("cannot make {:?}", path.display().to_string()))
    };
    let another = || {
        let another = seal.as_ref().map(envelope::another).transpose();
        another.map_err(anyhow::Error::from)
    };
    let places = Places {
        session_id: session_id.unwrap_or_default(),
        lines: (file(&paths[0])?, another()?),
        commands: (file(&paths[1])?, another()?),
    };
    Ok((paths, places))
}

fn copy(path: &Path) -> Result<(), Failure> {
    let mut lines = recording::Reader::open(File::open(path)?).map_err(anyhow::Error::from)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut write = || -> io::Result<()> {
        while let Some(line) = lines.next_line().map_err(io::Error::other)? {
            out.write_all(line)?;
            out.write_all(b"\n")?;
        }
        out.flush()
    };
    match write() {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written.context("cannot write to stdout")?),
    }
}

fn into_store(store: &Store, manifest: &Manifest, paths: &[PathBuf; 2]) -> Result<(), Failure> {
    let place = Place::of(manifest).ok_or_else(|| elsewhere(&manifest.session_id))?;
    for (path, kind) in paths.iter().zip(Kind::BOTH) {
        let key = place.derived(kind);
        store.put_file(&key, path)?;
        message::say(&format!("stored {}", store.locate(&key)));
    }
    Ok(())
}

fn tell(derived: &Derived, paths: &[PathBuf; 2]) {
    for (kind, path) in Kind::BOTH.into_iter().zip(paths) {
        let count = derived.of(kind).count;
        message::say(&format!("{count} {} in {}", kind.name(), path.display()));
    }
}
