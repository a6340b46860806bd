//! The link under the name that the AWS CLI looks for, and which plugin it finds.
//!
//! Nothing here replaces another program.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::cli::exit::{CommandResult, Failure, Status};
use crate::doctor::plugin::{PLUGIN, is_ours, on_path};
use crate::words::printable;

pub(super) fn install(dir: Option<PathBuf>) -> CommandResult {
    let program = env::current_exe().context("cannot find this program's own path")?;
    let dir = dir
        .or_else(|| program.parent().map(Path::to_owned))
        .ok_or_else(|| anyhow!("cannot find this program's folder"))?;
    let link = dir.join(format!("{PLUGIN}{}", env::consts::EXE_SUFFIX));
    let shown = link.display();
    match std::fs::symlink_metadata(&link) {
        Ok(_) if is_ours(&link, &program) => {}
        Ok(_) => {
            return Err(
                Failure::from(anyhow!("\"{shown}\" exists and is not ssm-rec")).hint(
                    "remove it, or name another folder with --dir that comes earlier on PATH",
                ),
            );
        }
        Err(_) => make_link(&program, &link).with_context(|| format!("cannot make \"{shown}\""))?,
    }
    say(&format!("{shown} is ssm-rec"))?;
    status()
}

#[cfg(unix)]
fn make_link(program: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(program, link)
}

#[cfg(not(unix))]
fn make_link(program: &Path, link: &Path) -> std::io::Result<()> {
    std::fs::copy(program, link).map(drop)
}

pub(super) fn status() -> CommandResult {
    let program = env::current_exe().context("cannot find this program's own path")?;
    let found = on_path(&program);
    let Some((first, others)) = found.split_first() else {
        say(&format!("the AWS CLI finds no {PLUGIN} on PATH"))?;
        return Ok(Status::Failure);
    };
    let ours = first.is_ours;
    let whose = if ours {
        "ssm-rec: sessions are recorded"
    } else {
        "another program: sessions are not recorded"
    };
    say(&format!(
        "the AWS CLI runs {}, which is {whose}",
        first.path.display()
    ))?;
    for other in others {
        let whose = if other.is_ours {
            "ssm-rec"
        } else {
            "another program"
        };
        say(&format!(
            "it hides {}, which is {whose}",
            other.path.display()
        ))?;
    }
    Ok(if ours {
        Status::Success
    } else {
        Status::Failure
    })
}

fn say(text: &str) -> CommandResult {
    writeln!(std::io::stdout(), "{}", printable(text)).context("cannot write to stdout")?;
    Ok(Status::Success)
}
