//! Where each command of README is run: here, beside programs of others, or by a script that installs what it needs.
//!
//! Nothing here is run. A command that no row begins is a failure, and so is a row that begins none.

use super::blocks::{Block, Command, Language, blocks, singles};

/// Where a command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// By `tests/promises`: a fresh machine with Rust has what it needs.
    Here,
    /// By `tests/peers`: programs of others are needed.
    Peers,
    /// By this script, which has this line.
    Script(&'static str, &'static str),
}

/// What a command begins with, and where it is run; the longest beginning counts.
pub(crate) const PLACES: [(&str, Place); 14] = [
    ("ssm-rec", Place::Here),
    ("cargo run --release --example sandbox --", Place::Here),
    ("mkdir", Place::Here),
    // What it tells goes to curl.
    ("ssm-rec review --watch --exec", Place::Peers),
    ("aws", Place::Peers),
    ("ssh-keygen", Place::Peers),
    (
        "cargo test --workspace",
        Place::Script(".ci/run", "cargo test --workspace --locked"),
    ),
    (
        "cargo install --path .",
        Place::Script(".ci/run", "cargo install --path . --debug --locked"),
    ),
    (
        "cargo auditable build --release --locked",
        Place::Script(".ci/run", "cargo auditable build --locked --bin ssm-rec"),
    ),
    (
        ".package/build",
        Place::Script(".ci/run", ".package/build dev"),
    ),
    (
        "apt install ./target/packages/ssm-rec_*.deb",
        Place::Script(".package/try", "inside dpkg -i /tmp/ssm-rec.deb"),
    ),
    (
        "man ssm-rec-start",
        Place::Script(".package/try", "inside man ssm-rec-start"),
    ),
    (
        "systemctl enable --now",
        Place::Script(
            ".package/try",
            "enable ssm-rec-compact.timer ssm-rec-audit.timer ssm-rec-review.timer",
        ),
    ),
    (
        "systemctl --user enable --now",
        Place::Script(".package/try", "--global enable ssm-rec-upload.timer"),
    ),
];

/// What README has.
pub(crate) fn readme() -> Vec<Block> {
    blocks(include_str!("../../../README.md")).unwrap_or_else(|why| panic!("README.md: {why}"))
}

/// The commands of README's blocks.
pub(crate) fn commands(blocks: &[Block]) -> Vec<Command> {
    let shells = [Language::Sh, Language::Console];
    let blocks = blocks
        .iter()
        .filter(|block| shells.contains(&block.language));
    blocks
        .flat_map(|block| {
            let commands = block.commands();
            commands.unwrap_or_else(|why| panic!("README.md: {why}"))
        })
        .collect()
}

/// The rows that say where a line is run, one for each command in it.
pub(crate) fn rows(line: &str) -> Result<Vec<&'static (&'static str, Place)>, String> {
    let rows = singles(line)?.into_iter().map(|words| {
        let words = words.join(" ");
        let begins = |(begin, _): &&(&str, Place)| {
            let rest = words.strip_prefix(begin);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let rows = PLACES.iter().filter(begins);
        rows.max_by_key(|(begin, _)| begin.len())
            .ok_or_else(|| format!("{words}: no place to run it"))
    });
    rows.collect()
}

/// Where a line is run: where all of its commands can be.
///
/// # Errors
/// No place has all that it needs.
pub(crate) fn place(line: &str) -> Result<Place, String> {
    let rows = rows(line)?;
    let elsewhere = rows.iter().find(|(_, place)| *place != Place::Here);
    let place = elsewhere.map_or(Place::Here, |(_, place)| *place);
    let has_all = |of: &Place| match (place, of) {
        (Place::Script(..), of) => matches!(of, Place::Script(..)),
        (place, of) => *of == Place::Here || *of == place,
    };
    match rows.iter().all(|(_, of)| has_all(of)) {
        true => Ok(place),
        false => Err(format!("{line}: no place has all that it needs")),
    }
}
