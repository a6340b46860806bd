//! What the manual says of the program as a whole, beside what its commands say of themselves.
//!
//! Nothing here is said of one command alone.

/// The day of the release that the pages are of. Not that of a build: the same sources give the same pages.
pub(super) const DATE: &str = "2026-11-29";

/// What it is, below the one line that the parser knows.
pub(super) const DESCRIPTION: &str = "\
ssm-rec is a client of AWS Systems Manager's sessions. It starts a session as the AWS CLI does and records every message \
of the agent, with its time, before it is shown. It needs no session-manager-plugin, no daemon and no server. Under the name \
session-manager-plugin it is the AWS CLI's plugin, so that plain aws ssm start-session is recorded too.

Each command has a page of its own: ssm-rec-start(1), ssm-rec-play(1) and so on, as listed below.";

/// Two commands are most of what a newcomer needs.
pub(super) const EXAMPLES: &str = "\
A session, recorded; then play what was recorded:
  ssm-rec start i-0abc --reason ticket-42
  ssm-rec play

What the AWS CLI starts is recorded too, from now on:
  ssm-rec plugin install
  aws ssm start-session --target i-0abc";

/// As `exit::Status`; a test holds the numbers against it.
pub(super) const EXIT_STATUS: &str = "\
A remote command's own status becomes ours. Otherwise:

    0    all went well
    1    a failure without a status of its own, a search that found nothing,
         a rules check that found something, a rules test without a hit, a
         doctor that found something bad, or a session given up with ~.: its
         connection was lost
    2    the arguments or the configuration are wrong
    3    the recording ends early, or its manifest is not in the store; what
         is there was used
    4    the recording is damaged or altered, contradicts itself, is another
         session's, or is none; compact: so is a session or a pack; review:
         so it cannot be called ok, or a verdict is gone
    5    there is no such recording, session or store, or of a recording
         only the manifest; start: no target is called so
    6    the recording is encrypted, and nothing given opens it
    7    it is sound, but not signed as it must be; review: the verdict is
         stored, and does not count
    8    audit: something is not on record, or not what it should be
    9    audit: no such thing was found, and not everybody answered
  120    the session could not be recorded, so it did not run, was ended at
         once, or went on unrecorded
  121    the service refused: an id that is no target, no permission, no
         credentials; review: the session is one's own
  122    the connection could not be made, or was lost for good
  123    the agent or the service broke the protocol
  124    recorded, but not stored: the recording is in the spool; or its file
         there is not what was recorded
  125    recorded and stored, but the key that was to sign it did not
  255    the session was closed from outside before it had come to its end:
         by a time-out, by an administrator, by a lost agent
  128+N  ended by signal N";

/// Beside one for each setting, which `config show` lists.
pub(super) const ENVIRONMENT: &str = "\
Each setting has a variable: [record] input is SSM_REC_RECORD_INPUT. ssm-rec config show tells which are in force. Region, profile, \
credentials, proxies, certificates and endpoints are taken from the variables that the AWS CLI knows. Besides:

  SSM_REC_CONFIG           the person's configuration, elsewhere
  SSM_REC_ORG_CONFIG       a trial of the organisation's, where there is none
  SSM_REC_REASON           a reason where no flag can give one
  SSM_REC_LOG              a level, or a list such as ssm_rec::spool=debug,warn
  SSM_REC_SIGN_PASSPHRASE  opens an encrypted key that signs

With SSM_REC_LOG a log is written to stderr; where the terminal may become raw, to ~/.local/state/ssm-rec/log. No token, secret or \
key that is typed stands in it.";

/// Those of Linux; `config show` tells those of this machine.
pub(super) const FILES: &str = "\
  /etc/ssm-rec/config.toml       the organisation's settings and policy
  ~/.config/ssm-rec/config.toml  the person's settings
  ~/.local/share/ssm-rec/spool   where a recording grows
  ~/.local/share/ssm-rec/store   where it is kept, unless a store is set
  ~/.local/state/ssm-rec/log     the log of what may make a terminal raw
  ~/.cache/ssm-rec               manifests and packs that were seen

ssm-rec config example prints a file in which every setting is explained.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Status;

    #[test]
    fn every_status_of_ours_is_in_the_manual() {
        for status in [
            Status::Success,
            Status::Failure,
            Status::Usage,
            Status::CutShort,
            Status::Damaged,
            Status::NotFound,
            Status::Locked,
            Status::NotTrusted,
            Status::Holes,
            Status::Incomplete,
            Status::CouldNotRecord,
            Status::Refused,
            Status::ConnectionLost,
            Status::BrokenPeer,
            Status::NotStored,
            Status::NotSigned,
            Status::Cut,
        ] {
            let number = status.number().to_string();
            assert!(
                EXIT_STATUS
                    .lines()
                    .any(|line| line.split_whitespace().next() == Some(&number)),
                "{status:?}"
            );
        }
    }
}
