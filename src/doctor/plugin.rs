//! Which session-manager-plugin the AWS CLI finds on PATH, and whether it is this program.
//!
//! Nothing is run to find that out.

use std::env;
use std::path::{Path, PathBuf};

use super::verdict::{Finding, Group};

/// The name that the AWS CLI looks for on PATH.
pub(crate) const PLUGIN: &str = "session-manager-plugin";

/// One of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// It is this program.
    pub(crate) is_ours: bool,
}

/// Every one on PATH; the AWS CLI runs the first.
pub(crate) fn on_path(program: &Path) -> Vec<Found> {
    let name = format!("{PLUGIN}{}", env::consts::EXE_SUFFIX);
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders)
        .map(|folder| folder.join(&name))
        .filter(|path| path.is_file())
        .map(|path| Found {
            is_ours: is_ours(&path, program),
            path,
        })
        .collect()
}

/// The same file, or a copy of it.
pub(crate) fn is_ours(path: &Path, program: &Path) -> bool {
    let same = |a: std::io::Result<PathBuf>, b: std::io::Result<PathBuf>| matches!((a, b), (Ok(a), Ok(b)) if a == b);
    same(path.canonicalize(), program.canonicalize())
        || is_as_long(path, program)
            && matches!((std::fs::read(path), std::fs::read(program)), (Ok(a), Ok(b)) if a == b)
}

fn is_as_long(path: &Path, program: &Path) -> bool {
    matches!((path.metadata(), program.metadata()), (Ok(a), Ok(b)) if a.len() == b.len())
}

pub(super) fn judged(found: &[Found]) -> Finding {
    let (group, check) = (Group::Plugin, "plugin");
    match found {
        [] => group.doubtful(
            check,
            "none on PATH: aws ssm start-session does not work (ssm-rec start needs none)",
            "let the AWS CLI record its sessions: ssm-rec plugin install",
        ),
        [first, ..] if first.is_ours => group.good(
            check,
            format!(
                "{} is ssm-rec: the AWS CLI's sessions are recorded",
                first.path.display()
            ),
        ),
        [first, rest @ ..] => {
            let hidden = rest.iter().find(|other| other.is_ours);
            let next = match hidden {
                Some(ours) => format!(
                    "{} is ssm-rec and comes too late on PATH: put its folder first",
                    ours.path.display()
                ),
                None => {
                    "ssm-rec plugin install --dir FOLDER, with a folder that comes earlier on PATH"
                        .to_owned()
                }
            };
            group.doubtful(
                check,
                format!(
                    "{} is another program: the AWS CLI's sessions are not recorded",
                    first.path.display()
                ),
                next,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Verdict;
    use super::*;

    #[test]
    fn the_first_on_path_decides() {
        let one = |path: &str, is_ours| Found {
            path: path.into(),
            is_ours,
        };
        let check = |found: &[Found], verdict, next: &str| {
            let told = judged(found);
            assert_eq!(told.verdict, verdict);
            assert!(told.next.unwrap_or_default().contains(next));
        };
        check(&[], Verdict::Doubtful, "plugin install");
        check(&[one("/a", true), one("/b", false)], Verdict::Good, "");
        check(
            &[one("/b", false), one("/a", true)],
            Verdict::Doubtful,
            "/a is ssm-rec",
        );
        check(&[one("/b", false)], Verdict::Doubtful, "--dir");
    }
}
