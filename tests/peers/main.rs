//! The program beside programs of others, which the machine must have: what `cargo test` alone cannot bring.
//!
//! Every test here is ignored unless asked for (`cargo test --test peers -- --ignored`), and fails where its program is
//! missing: nothing is skipped quietly. `.ci/run` installs the programs.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[cfg(unix)]
mod age;
#[cfg(unix)]
mod ansible;
#[cfg(unix)]
mod asciinema;
mod athena;
#[cfg(unix)]
mod aws_cli;
#[cfg(unix)]
mod evidence;
#[cfg(unix)]
mod lines;
mod moto;
#[cfg(unix)]
mod openssh;
#[cfg(unix)]
mod parameters;
#[cfg(unix)]
mod readme;
#[cfg(unix)]
mod sql;
mod ssh_keygen;
#[cfg(unix)]
mod window;

use std::path::{Path, PathBuf};

use loopback::rig;

/// Where a program is, on PATH or where systems keep those of the administrator.
///
/// # Panics
/// It is nowhere.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed; .ci/run brings it"))
}

/// PATH with a folder before it.
fn path_with(folder: &Path) -> String {
    format!(
        "{}:{}",
        folder.display(),
        std::env::var("PATH").unwrap_or_default()
    )
}
