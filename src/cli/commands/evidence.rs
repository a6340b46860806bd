//! `ssm-rec evidence`: sessions for an auditor without access, in one zip that anybody can check.
//!
//! Nothing is left out quietly: what cannot be given is told here and in the archive.

use std::io::{self, Seek, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use formats::derived::Kind as Made;
use formats::layout::safe_name;
use formats::manifest::Manifest;
use formats::review::digest;
use formats::signature::Purpose;
use sha2::{Digest as _, Sha256};

use super::export::summary;
use super::verify::words;
use crate::aws::Access;
use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::sign::SignArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::new_file::{self, cannot_write, exists};
use crate::cli::signed::signed;
use crate::cli::signers::allowed_signers;
use crate::cli::views::{self, Look};
use crate::cli::{message, named};
use crate::envelope::Identities;
use crate::export::{self, Format, Options, Patterns, Secrets};
use crate::review::catalog::{Beside, Catalog, Item};
use crate::review::evidence::{Archive, CHECK, Given, Kind, Redacted, readme};
use crate::review::verify::{self as judgement, Asked, Demands, State, Text};
use crate::settings::Settings;
use crate::store::ReadSeek;
use crate::words::time;

/// Pack sessions for an auditor without access: one zip, checked with stock tools
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  Two sessions, with all that was said of them, the list of what is in it signed:
    ssm-rec evidence me-0a1b me-0c2d -o change-42.zip --sign-key ~/.ssh/auditor

  How whoever is given it checks it:
    unzip change-42.zip -d change-42 && sh change-42/check.sh

  Without secrets: what is kept is left out, the recording's digest is told, and so is what was taken out:
    ssm-rec evidence me-0a1b --redact-secrets -o for-the-vendor.zip

In it are, for each session: the recording, its manifest and signature, the lines and commands that were derived from it, the \
verdicts with their signatures, and a page that plays it without a network; and once: the keys that count (review.allowed_signers, \
review.reviewers), SHA256SUMS (signed where a key is set), a README that says how each of these is checked with zstd, ssh-keygen \
and sha256sum, and check.sh, which does all of it, down to the chain in each recording. The same sessions give the same bytes, but \
for a signature.

With --redact or --redact-secrets what is kept is left out, manifest and verdicts too, since a reason or a note may name a secret; \
the recording's digest, and how much was taken out, stand in its place.

The exit status is 4 where a recording is not what was recorded; it is packed all the same, and the README says what it is.")]
pub(crate) struct EvidenceArgs {
    /// Session ids or the beginnings of some
    #[arg(value_name = "SESSION", required = true)]
    sessions: Vec<String>,

    /// The zip to be made; one that exists is not written over
    #[arg(short, long, value_name = "FILE", default_value = "evidence.zip")]
    output: PathBuf,

    /// Replace what this regular expression finds; may be given more than once
    #[arg(long, value_name = "REGEX")]
    redact: Vec<String>,

    /// Replace secrets of known forms: keys, tokens, passwords
    #[arg(long)]
    redact_secrets: bool,

    #[command(flatten)]
    sign: SignArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(crate) fn run(args: EvidenceArgs) -> CommandResult {
    let settings = Settings::load_to_read(&args.sign.clone().flags(args.store.flags()))?;
    let places = settings.places_to_read()?;
    if args.output.exists() {
        return Err(exists(&args.output));
    }
    let patterns = match (args.redact.is_empty(), args.redact_secrets) {
        (true, false) => None,
        (_, secrets) => {
            let secrets = match secrets {
                true => Secrets::Known,
                false => Secrets::None,
            };
            let patterns = Patterns::new(&args.redact, secrets);
            Some(patterns.map_err(|error| Failure::new(Status::Usage, anyhow!(error)))?)
        }
    };
    let desk = Desk {
        catalog: named::catalog(&places).knowing(allowed_signers(&settings)?),
        identities: args.identity.identities(&settings),
        demands: Demands {
            signers: allowed_signers(&settings)?,
            ..Demands::default()
        },
        settings: &settings,
        patterns,
    };
    let is_sound = new_file::make(&args.output, false, |file| desk.pack(&args, file))?;
    message::say(&format!(
        "packed into {:?}",
        args.output.display().to_string()
    ));
    Ok(match is_sound {
        true => Status::Success,
        false => Status::Damaged,
    })
}

struct Desk<'a> {
    catalog: Catalog,
    identities: Identities,
    demands: Demands,
    settings: &'a Settings,
    patterns: Option<Patterns>,
}

impl Desk<'_> {
    /// Packs all that is asked for; gives whether all of it is what was recorded.
    fn pack(&self, args: &EvidenceArgs, sink: impl Write + Seek) -> Result<bool, Failure> {
        let mut items: Vec<Item> = Vec::new();
        for name in &args.sessions {
            let item = self.catalog.find(name)?;
            if !items.contains(&item) {
                items.push(item);
            }
        }
        items.sort_by(|one, other| one.session_id.cmp(&other.session_id));
        let failed = |error: io::Error| cannot_write(&args.output, &error);
        let mut archive = Archive::new(sink);
        let (mut given, mut is_sound) = (Vec::new(), true);
        for item in &items {
            let (session, sound) = self.session(item, &mut archive, &failed)?;
            given.push(session);
            is_sound &= sound;
        }
        let review = &self.settings.review;
        for (name, path) in [
            ("allowed_reviewers", &review.reviewers),
            ("allowed_signers", &review.allowed_signers),
        ] {
            if let Some(path) = path {
                let text = std::fs::read(path)
                    .with_context(|| format!("cannot read {:?}", path.display().to_string()))?;
                archive.text(name, Kind::Text, &text).map_err(failed)?;
            }
        }
        archive
            .text("check.sh", Kind::Script, CHECK.as_bytes())
            .map_err(failed)?;
        archive
            .text("README.txt", Kind::Text, readme(&given).as_bytes())
            .map_err(failed)?;
        let sums = archive.sums();
        archive
            .text("SHA256SUMS", Kind::Text, sums.as_bytes())
            .map_err(failed)?;
        if let Some(signature) = signed(
            self.settings,
            &Access::default(),
            (Purpose::Evidence, sums.as_bytes()),
        )? {
            archive
                .text("SHA256SUMS.sig", Kind::Text, signature.as_bytes())
                .map_err(failed)?;
        }
        archive.finish().map_err(failed)?;
        Ok(is_sound)
    }

    /// Adds a session; gives what is told of it, and whether it is what was recorded.
    fn session<W: Write + Seek>(
        &self,
        item: &Item,
        archive: &mut Archive<W>,
        failed: &impl Fn(io::Error) -> Failure,
    ) -> Result<(Given, bool), Failure> {
        let id = &item.session_id;
        views::open(Some(item.key()), self.settings, Look::Inside("evidence"))?;
        let folder = safe_name(id);
        let beside = self.catalog.beside(item)?;
        let finding = self.finding(item, &beside)?;
        let manifest = beside.manifest.as_deref().map(<[u8]>::trim_ascii);
        let parsed = manifest.and_then(|bytes| Manifest::parse(bytes).ok());
        let name = |file: &str| format!("{folder}/{file}");
        // Whoever gives it away redacted does not know what else in these names a secret: a parameter, a reason, a note.
        let is_whole = self.patterns.is_none();
        if let Some(bytes) = manifest.filter(|_| is_whole) {
            let name = name("manifest.json");
            archive.text(&name, Kind::Text, bytes).map_err(failed)?;
        }
        if let Some(signature) = beside.signature.as_ref().filter(|_| is_whole) {
            let name = name("manifest.json.sig");
            archive.text(&name, Kind::Text, signature).map_err(failed)?;
        }
        let redacted = match (&self.patterns, self.open(item)?) {
            (None, Some(recording)) => {
                // No length is known before it was read; a zip tells larger ones in another form.
                let most = u64::MAX;
                let name = name("recording.cast.zst");
                archive
                    .add(&name, Kind::Packed, most, recording)
                    .map_err(failed)?;
                self.derived(parsed.as_ref(), &folder, archive, failed)?;
                None
            }
            (Some(patterns), Some(recording)) => {
                let original = self.digest(recording, id)?;
                let options = self.options(Format::Cast, Some(patterns.clone()));
                let (text, replaced) = self.export(item, &options)?;
                let name = name("redacted.cast");
                archive.text(&name, Kind::Text, &text).map_err(failed)?;
                Some(Redacted {
                    original,
                    given: digest(&text),
                    replaced,
                })
            }
            (_, None) => None,
        };
        let page = self.options(Format::Html, self.patterns.clone());
        let page = match finding.state {
            State::MissingRecording => None,
            _ => match self.export(item, &page) {
                Ok((page, _)) => Some(page),
                Err(failure) => {
                    message::say(&format!("no page of {id:?}: {:#}", failure.error));
                    None
                }
            },
        };
        if let Some(page) = &page {
            archive
                .text(&name("page.html"), Kind::Text, page)
                .map_err(failed)?;
        }
        let mut reviews = 0;
        let said = match is_whole {
            true => self.catalog.reviews(id)?,
            false => Vec::new(),
        };
        for (file, bytes, signature) in said {
            let name = name(&format!("reviews/{file}"));
            archive.text(&name, Kind::Text, &bytes).map_err(failed)?;
            if let Some(signature) = signature {
                let name = format!("{name}.sig");
                archive
                    .text(&name, Kind::Text, &signature)
                    .map_err(failed)?;
            }
            reviews += 1;
        }
        let is_sound = finding.state.is_what_was_recorded();
        let told = words::summary_word(&finding);
        if !is_sound {
            message::say(&format!("{id:?}: {told}"));
        }
        let given = Given {
            session_id: id.clone(),
            folder,
            facts: parsed
                .as_ref()
                .map(|manifest| facts(manifest, is_whole))
                .unwrap_or_default(),
            finding: told,
            reviews,
            has_page: page.is_some(),
            is_sealed: parsed.is_some_and(|manifest| manifest.encryption.is_some()),
            redacted,
        };
        Ok((given, is_sound))
    }

    fn derived<W: Write + Seek>(
        &self,
        manifest: Option<&Manifest>,
        folder: &str,
        archive: &mut Archive<W>,
        failed: &impl Fn(io::Error) -> Failure,
    ) -> Result<(), Failure> {
        let Some(manifest) = manifest else {
            return Ok(());
        };
        let Some(told) = &manifest.derived else {
            return Ok(());
        };
        for kind in Made::BOTH {
            let Some(mut object) = self.catalog.derived(manifest, kind)? else {
                continue;
            };
            if !told.of(kind).is(&mut object)? {
                let id = &manifest.session_id;
                let kind = kind.name();
                message::say(&format!(
                    "the {kind} of {id:?} are not what its manifest tells of, and are left out"
                ));
                continue;
            }
            object.rewind()?;
            let name = format!("{folder}/{}.jsonl.zst", kind.name());
            archive
                .add(&name, Kind::Packed, u64::MAX, object)
                .map_err(failed)?;
        }
        Ok(())
    }

    fn open(&self, item: &Item) -> Result<Option<Box<dyn ReadSeek>>, Failure> {
        Ok(self.catalog.open(item)?)
    }

    fn finding(&self, item: &Item, beside: &Beside) -> Result<judgement::Finding, Failure> {
        let asked = Asked {
            key: Some(item.key()),
            beside: Some(beside),
        };
        let text = Text {
            unlock: &self.identities,
            threads: std::thread::available_parallelism().map_or(2, usize::from),
        };
        Ok(match self.open(item)? {
            Some(bytes) => judgement::check(bytes, text, asked, &self.demands),
            None => judgement::Finding::missing(beside, &self.demands),
        })
    }

    fn digest(&self, mut source: impl io::Read, id: &str) -> Result<String, Failure> {
        let mut hash = Sha256::new();
        io::copy(&mut source, &mut hash).map_err(|error| named::unread(&error, id))?;
        let digest = hash.finalize();
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn options(&self, format: Format, patterns: Option<Patterns>) -> Options {
        Options {
            format,
            with_frames: false,
            from: Duration::ZERO,
            to: None,
            idle_time_limit: None,
            patterns,
        }
    }

    /// Another file made of a recording, and what was replaced in it.
    fn export(&self, item: &Item, options: &Options) -> Result<(Vec<u8>, String), Failure> {
        let id = &item.session_id;
        let mut made = Vec::new();
        let open = || {
            let opened = self.catalog.open(item).map_err(io::Error::other)?;
            opened.ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        let report = export::export(open, &self.identities, &mut made, options)
            .map_err(|error| Failure::from(error).context(format!("cannot export {id:?}")))?;
        let replaced = report
            .replaced
            .map(|replaced| summary(&replaced, options.format, id));
        Ok((made, replaced.unwrap_or_default()))
    }
}

/// Who, where, when and why; without the whole of it, when alone.
fn facts(manifest: &Manifest, is_whole: bool) -> Vec<(&'static str, String)> {
    let known = |name, text: &Option<String>| text.clone().map(|text| (name, text));
    let length = time::write(Duration::from_micros(manifest.duration_us));
    let when = [
        known("started", &manifest.started_at),
        known("ended", &manifest.ended_at),
        Some(("lasted", length)),
    ];
    let who = [
        Some(("target", manifest.target.clone())),
        known("operator", &manifest.operator),
        known("user", &manifest.user),
        known("host", &manifest.host),
        known("reason", &manifest.reason),
    ];
    let who = who.into_iter().filter(|_| is_whole);
    who.chain(when).flatten().collect()
}
