//! `ssm-rec recover`: closes recordings that were cut, so that they can be stored, and says what is proved of them.
//!
//! Nothing here touches a recording that a process still writes. The cut file is there until the closed one is safe, and
//! longer where it was more than cut.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use formats::manifest::Manifest;
use formats::signature::Purpose;
use serde_json::{Value, json};

use crate::aws::{Access, Way};
use crate::cli::args::sign::SignArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::cli::voice::Person;
use crate::recorded::error::Error;
use crate::recorded::signature;
use crate::recorded::voice::Voice;
use crate::review::chosen::chosen;
use crate::settings::Settings;
use crate::spool::Spool;
use crate::spool::close::{Outcome, close, is_closed};
use crate::words::{self, printable, time};

/// Close recordings that were cut by a crash or a power cut
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  Everything in the spool that no running session holds, and then into the store:
    ssm-rec recover && ssm-rec upload

  A file from elsewhere, or a session in the spool by its id:
    ssm-rec recover cut.cast.zst
    ssm-rec recover operator-0d6

Every whole event is kept. What was linked into the chain stays as it is, byte for byte, and still proves; what follows it \
is linked now, and the manifest tells how many frames that is. A session that still runs is left alone. A file that ends within \
its header is moved aside.")]
pub(crate) struct RecoverArgs {
    /// Files, or session ids in the spool; everything in the spool otherwise
    #[arg(value_name = "PATH|ID")]
    names: Vec<String>,

    /// One line of JSON for each file
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    sign: SignArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(crate) fn run(args: RecoverArgs) -> CommandResult {
    let flags = args.sign.flags(args.store.flags());
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
        let way = async || Way::settle(&Access::default()).await;
        let signer = signature::open(&settings, way, &Person).await?;
        let mut worst = Status::Success;
        for path in paths {
            let name = path.display().to_string();
            let sign = async |manifest: &[u8]| {
                let signed =
                    signature::sign(signer.as_deref()?, (Purpose::Recording, manifest), &Person)
                        .await;
                signed
                    .map_err(|unsigned| Person.tell(Error::Unsigned(unsigned)))
                    .ok()
            };
            let status = match close(&spool, &path, sign).await {
                Ok(outcome) => {
                    tell(&name, &outcome, args.json);
                    status(&outcome, signer.is_some())
                }
                Err(error) => {
                    let failure = Failure::from(anyhow::Error::from(error));
                    message::failure(&failure.context(format!("cannot recover {name:?}")));
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

fn tell(name: &str, outcome: &Outcome, is_json: bool) {
    let text = if is_json {
        words::json(&json(name, outcome))
    } else {
        printable(&line(name, outcome))
    };
    let _ = writeln!(io::stdout().lock(), "{text}");
}

fn line(name: &str, outcome: &Outcome) -> String {
    let of = |manifest: &Manifest| {
        let lasted = time::write(Duration::from_micros(manifest.duration_us));
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
