//! `ssm-rec recover`: closes recordings that were cut, so that they can be stored, and says what is proved of them.
//!
//! Nothing here touches a recording that a process still writes. The cut file is there until the closed one is safe, and
//! longer where it was more than cut.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::{SecondsFormat, Utc};
use formats::manifest::{Manifest, Recovery};
use formats::recording::{RecoverError, Recovered, recover};
use serde_json::{Value, json};

use crate::aws::{Access, Way};
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::recorded::signature;
use crate::review::chosen::chosen;
use crate::settings::{Key, Settings, StoreArgs};
use crate::signing::Signer;
use crate::spool::{Claim, Spool};
use crate::words::{figures, printable};

/// Where a file goes that cannot be closed, or was more than cut: a folder in its own.
const ASIDE: &str = "unreadable";

/// Close recordings that were cut by a crash or a power cut
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  Everything in the spool that no running session holds, and then into the store:
    ssm-rec recover && ssm-rec upload

  A file from elsewhere, or a session in the spool by its id:
    ssm-rec recover cut.cast.zst
    ssm-rec recover operator-0d6

Every whole event is kept. What was linked into the chain stays as it is, byte for byte, and still proves; what follows it
is linked now, and the manifest tells how much that is. A file that ends within its header is moved aside.")]
pub(crate) struct RecoverArgs {
    /// Files, or session ids in the spool; everything in the spool otherwise
    #[arg(value_name = "PATH|ID")]
    names: Vec<String>,

    /// One line of JSON for each file
    #[arg(long)]
    json: bool,

    /// What signs the closed recording: the path of an SSH key, "agent", "agent:SHA256:…" or "kms:" and a key ARN [config: record.sign_key]
    #[arg(long, value_name = "KEY")]
    sign_key: Option<String>,

    #[command(flatten)]
    store: StoreArgs,
}

/// What became of a file.
enum Outcome {
    /// It was whole.
    Whole(Manifest),
    /// Its manifest was there; the tables are new.
    Completed(Manifest),
    Closed {
        manifest: Manifest,
        recovery: Recovery,
        signed: bool,
        /// Where the cut file is now, when it is worth keeping.
        kept: Option<PathBuf>,
    },
    InUse,
    /// Where it is now, and why.
    Aside(PathBuf, RecoverError),
}

/// Runs the command.
pub(crate) fn run(args: RecoverArgs) -> CommandResult {
    let flags = args.store.flags();
    let flags = flags.with(Key::RecordSignKey, "--sign-key", args.sign_key);
    let settings = Settings::load(&flags)?;
    let spool = Spool::new(settings.places()?.spool);
    let paths = paths(&spool, &args.names)?;
    if paths.is_empty() {
        if !args.json {
            message::say("no recording in the spool was cut");
        }
        return Ok(Status::Success);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let way = Way::settle(&Access::default()).await?;
        let signer = signature::open(&settings, &way).await?;
        let mut worst = Status::Success;
        for path in paths {
            let name = path.display().to_string();
            let status = match close(&spool, &path, signer.as_deref()).await {
                Ok(outcome) => {
                    tell(&name, &outcome, args.json);
                    status(&outcome, signer.is_some())
                }
                Err(error) => {
                    message::failure(&Failure::from(
                        error.context(format!("cannot recover {name:?}")),
                    ));
                    Status::Failure
                }
            };
            if status != Status::Success && worst != Status::Failure {
                worst = status;
            }
        }
        Ok(worst)
    })
}

fn status(outcome: &Outcome, should_sign: bool) -> Status {
    match outcome {
        Outcome::Closed { signed: false, .. } if should_sign => Status::NotSigned,
        Outcome::Whole(_) | Outcome::Completed(_) | Outcome::Closed { .. } | Outcome::InUse => {
            Status::Success
        }
        Outcome::Aside(..) => Status::Damaged,
    }
}

/// What is meant; in the spool, what is whole is passed over silently by being closed already.
fn paths(spool: &Spool, names: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let waiting = spool.waiting()?;
    let in_spool = |name: &str| spool.folder().join(name);
    if names.is_empty() {
        let cut = waiting
            .iter()
            .filter(|waiting| !waiting.claimed && waiting.name.ends_with(".cast.zst"))
            .map(|waiting| in_spool(&waiting.name))
            .filter(|path| !is_closed(path));
        return Ok(cut.collect());
    }
    let mut paths = Vec::new();
    for name in names {
        if Path::new(name).exists() {
            paths.push(PathBuf::from(name));
            continue;
        }
        let found = chosen(name, "the spool", &waiting, |waiting| &waiting.name)?;
        paths.push(in_spool(&found.name));
    }
    Ok(paths)
}

/// Whether a file has all that a closed one has at its end.
fn is_closed(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| {
        matches!(
            formats::recording::verify(io::BufReader::new(file)),
            Ok(report) if report.proof == formats::recording::Proof::Sound
        )
    })
}

async fn close(spool: &Spool, path: &Path, signer: Option<&Signer>) -> anyhow::Result<Outcome> {
    let Some(_claim) = claim(spool, path)? else {
        return Ok(Outcome::InUse);
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut source = File::open(path)?;
    let temporary = tempfile::Builder::new()
        .prefix(".recover-")
        .tempfile_in(&folder)
        .context("cannot make a file beside it")?;
    let sink = BufWriter::with_capacity(256 * 1024, temporary.reopen()?);
    let recovered = recover(&mut source, sink, Some(now()), env!("CARGO_PKG_VERSION"));
    let (sink, outcome, keep) = match recovered {
        Ok(Recovered::Whole(manifest)) => return Ok(Outcome::Whole(manifest)),
        Ok(Recovered::Completed(sink, manifest)) => (sink, Outcome::Completed(manifest), false),
        Ok(Recovered::Closed {
            unsigned,
            recovery,
            fault,
        }) => {
            let signature = match signer {
                None => None,
                Some(signer) => match signature::sign(signer, unsigned.to_sign()).await {
                    Ok(signature) => Some(signature),
                    Err(error) => {
                        message::failure(&signature::unsigned(&error));
                        None
                    }
                },
            };
            let signed = signature.is_some();
            let (sink, manifest) = unsigned.finish(signature)?;
            let outcome = Outcome::Closed {
                manifest,
                recovery,
                signed,
                kept: None,
            };
            (sink, outcome, fault.is_some())
        }
        // Nothing can be made of it, and it must not be tried for ever; elsewhere it is not ours to move.
        Err(error @ (RecoverError::NoHeader | RecoverError::Foreign)) => {
            return Ok(if is_in(spool, path) {
                Outcome::Aside(set_aside(path, &folder)?, error)
            } else {
                Outcome::Aside(path.to_owned(), error)
            });
        }
        Err(error) => return Err(error.into()),
    };
    let file = sink.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    let outcome = match (outcome, keep) {
        (
            Outcome::Closed {
                manifest,
                recovery,
                signed,
                ..
            },
            true,
        ) => Outcome::Closed {
            manifest,
            recovery,
            signed,
            kept: Some(keep_aside(path, &folder)?),
        },
        (outcome, _) => outcome,
    };
    temporary
        .persist(path)
        .context("cannot put the closed file in its place")?;
    sync_folder(&folder)?;
    Ok(outcome)
}

/// Nobody else works on it meanwhile. `None`: somebody does.
fn claim(spool: &Spool, path: &Path) -> anyhow::Result<Option<Option<Claim>>> {
    if !is_in(spool, path) {
        return Ok(Some(None));
    }
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Ok(Some(None));
    };
    Ok(spool.claim(name)?.map(Some))
}

fn is_in(spool: &Spool, path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.is_some() && folder == spool.folder().canonicalize().ok()
}

/// Moves it out of the way of whoever drains the spool.
fn set_aside(path: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let to = aside(path, folder)?;
    fs::rename(path, &to)?;
    sync_folder(folder)?;
    Ok(to)
}

/// Keeps a second name for it, so that the first can be given to the closed file at once.
fn keep_aside(path: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let to = aside(path, folder)?;
    if fs::hard_link(path, &to).is_err() {
        fs::copy(path, &to)?;
        File::open(&to)?.sync_all()?;
    }
    Ok(to)
}

fn aside(path: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let below = folder.join(ASIDE);
    crate::store::create_private(&below).context("cannot make a folder beside it")?;
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    // No ending of a recording: nobody lists or stores it.
    let free = (0..1000)
        .map(|number| match number {
            0 => below.join(format!("{name}.cut")),
            number => below.join(format!("{name}.{number}.cut")),
        })
        .find(|path| !path.exists());
    free.ok_or_else(|| anyhow!("{:?} is full of it", below.display().to_string()))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the manifest tells when the recording was closed"
)]
fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn tell(name: &str, outcome: &Outcome, is_json: bool) {
    let text = if is_json {
        json(name, outcome).to_string()
    } else {
        printable(&line(name, outcome))
    };
    let _ = writeln!(io::stdout().lock(), "{text}");
}

fn line(name: &str, outcome: &Outcome) -> String {
    let of = |manifest: &Manifest| {
        let lasted = figures::duration(Duration::from_micros(manifest.duration_us));
        format!("{} ({lasted})", manifest.session_id)
    };
    match outcome {
        Outcome::Whole(manifest) => format!("{}: was whole", of(manifest)),
        Outcome::Completed(manifest) => {
            format!(
                "{}: closed; it had its manifest, only its tables were made anew",
                of(manifest)
            )
        }
        Outcome::Closed {
            manifest,
            recovery,
            signed,
            kept,
        } => {
            let frames = recovery.linked_frames + recovery.closed_frames;
            let mut text = format!(
                "{}: closed{}; {} of {frames} frames were proved before, the rest was linked now",
                of(manifest),
                if *signed { " and signed" } else { "" },
                recovery.linked_frames
            );
            if recovery.unread_bytes > 0 {
                text += &format!(
                    "; {} bytes at its end could not be read",
                    recovery.unread_bytes
                );
            }
            if let Some(kept) = kept {
                text += &format!(
                    "; it was more than cut, so the file as it was is kept in {:?}",
                    kept.display().to_string()
                );
            }
            text
        }
        Outcome::InUse => format!("{name}: in use by a running session, left alone"),
        Outcome::Aside(to, error) if to.display().to_string() == name => format!("{name}: {error}"),
        Outcome::Aside(to, error) => {
            format!("{name}: {error}; moved to {:?}", to.display().to_string())
        }
    }
}

fn json(name: &str, outcome: &Outcome) -> Value {
    let mut value = json!({ "file": name });
    match outcome {
        Outcome::Whole(manifest) => {
            value["state"] = "whole".into();
            value["session_id"] = manifest.session_id.as_str().into();
        }
        Outcome::Completed(manifest) => {
            value["state"] = "completed".into();
            value["session_id"] = manifest.session_id.as_str().into();
        }
        Outcome::Closed {
            manifest,
            recovery,
            signed,
            kept,
        } => {
            value["state"] = "closed".into();
            value["session_id"] = manifest.session_id.as_str().into();
            value["signed"] = (*signed).into();
            value["recovery"] = json!(recovery);
            if let Some(kept) = kept {
                value["kept"] = kept.display().to_string().into();
            }
        }
        Outcome::InUse => value["state"] = "in_use".into(),
        Outcome::Aside(to, error) => {
            value["state"] = "unreadable".into();
            value["location"] = to.display().to_string().into();
            value["problem"] = error.to_string().into();
        }
    }
    value
}
