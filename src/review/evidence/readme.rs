//! What stands in an archive of evidence, for somebody who has never seen one.
//!
//! Nothing from a recording stands here as it is.

use crate::words::printable;

/// What is given of a session.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) session_id: String,
    /// Its folder in the archive.
    pub(crate) folder: String,
    /// Who, where, when and why, each with its name.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// What the recording was worth when it was packed, in words.
    pub(crate) finding: String,
    /// How many reviews there are of it.
    pub(crate) reviews: usize,
    pub(crate) has_page: bool,
    pub(crate) is_sealed: bool,
    pub(crate) redacted: Option<Redacted>,
}

/// What was taken out of a recording before it was given.
#[derive(Clone, Debug)]
pub(crate) struct Redacted {
    /// SHA-256 of the recording as it is kept.
    pub(crate) original: String,
    /// SHA-256 of what is given in its place.
    pub(crate) given: String,
    /// How much was replaced, in words.
    pub(crate) replaced: String,
}

const CHECKS: &str = "\
How to check it
---------------

All at once, in a shell:

    sh check.sh

It prints a line for each thing that it checked, and ends with 1 where anything is wrong. It is a text of a hundred and some
lines; read it first. Or one by one:

Every file is the one that was packed:

    sha256sum -c SHA256SUMS

Who packed it (where SHA256SUMS.sig is there), and that nothing was changed since:

    ssh-keygen -Y check-novalidate -n ssm-rec-evidence -s SHA256SUMS.sig < SHA256SUMS

A manifest is what a recording was closed with. Whose key signed it, by the list in allowed_signers; ask the organisation
whether the list is theirs:

    ssh-keygen -Y find-principals -s SESSION/manifest.json.sig -f allowed_signers
    ssh-keygen -Y verify -f allowed_signers -I WHO -n ssm-rec -s SESSION/manifest.json.sig < SESSION/manifest.json

A verdict is signed in the same way, for the purpose ssm-rec-review, by a key in allowed_reviewers (or allowed_signers where
that is not there). It names the recording by the digest of its manifest:

    sha256sum SESSION/manifest.json
    ssh-keygen -Y verify -f allowed_reviewers -I WHO -n ssm-rec-review -s SESSION/reviews/R.json.sig < SESSION/reviews/R.json

What is derived from a recording is named in its manifest by digest (\"derived\"):

    sha256sum SESSION/lines.jsonl.zst SESSION/commands.jsonl.zst
    zstd -dc SESSION/commands.jsonl.zst

The recording is text behind zstd, one event a line (asciicast version 3):

    zstd -dc SESSION/recording.cast.zst | less

It ends with its manifest, and a chain of SHA-256 digests leads from its first byte there; check.sh follows it. To see what was
seen, open SESSION/page.html in a browser; it needs no network.

What it does not show: that these are all sessions there were (that is what an audit is for), and that the machine on which
they were recorded told the truth.
";

/// The text.
pub(crate) fn readme(sessions: &[Given]) -> String {
    let mut text = "Evidence of recorded sessions\n=============================\n\n".to_owned();
    for session in sessions {
        text.push_str(&format!("{}\n", printable(&session.session_id)));
        for (name, value) in &session.facts {
            text.push_str(&format!("    {name:<11}{}\n", printable(value)));
        }
        text.push_str(&format!(
            "    {:<11}{}\n",
            "found",
            printable(&session.finding)
        ));
        let reviews = match session.reviews {
            _ if session.redacted.is_some() => "left out".to_owned(),
            0 => "nobody has judged it".to_owned(),
            1 => "1, in reviews/".to_owned(),
            several => format!("{several}, in reviews/"),
        };
        text.push_str(&format!("    {:<11}{reviews}\n", "verdicts"));
        text.push_str(&format!("    {:<11}{}/\n", "folder", session.folder));
        if session.is_sealed && !session.has_page {
            text.push_str("    The recording is encrypted, and was packed by somebody who does not open it: no page.\n");
        }
        if let Some(redacted) = &session.redacted {
            text.push_str(&format!(
                "    Redacted: {}.\n    The recording as it is kept has SHA-256 {},\n    what is given in its place \
                 (redacted.cast) {}.\n    Its manifest, signature, verdicts, lines and commands are left out with it, and so is \
                 who it was, where and why:\n    each may name what was taken out. Ask for the original where that matters.\n",
                printable(&redacted.replaced),
                redacted.original,
                redacted.given
            ));
        }
        text.push('\n');
    }
    text.push_str(CHECKS);
    text
}
