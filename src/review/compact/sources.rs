//! What a session gives to a pack: its lines and commands, as its manifest vouches for them.
//!
//! Nothing here is believed that a manifest does not vouch for: it is made of the recording again, if that is the one that the
//! manifest closes.

use std::io::{Seek, SeekFrom};

use formats::derived::Kind;
use formats::manifest::{Manifest, Object};
use formats::recording::{self, Proof};
use formats::sealed::NoKey;
use tempfile::SpooledTempFile;

use crate::review::catalog::Catalog;
use crate::review::derived::{Error as DerivedError, IN_MEMORY, Places, kept, objects};
use crate::transcript::EXTRACTOR;
use crate::words::causes;

/// Lines and commands of a session.
pub(super) struct Sources {
    pub(super) lines: SpooledTempFile,
    pub(super) commands: SpooledTempFile,
}

/// What a session gives to a pack; `None` where only some may read it. Or why it gives nothing.
pub(super) type Given = Result<Option<Sources>, String>;

impl Catalog {
    /// What the session of this manifest gives.
    pub(super) fn sources(&self, manifest: &Manifest) -> Given {
        if manifest.encryption.is_some() {
            return Ok(None);
        }
        let derived = manifest.derived.as_ref();
        if let Some(derived) = derived.filter(|derived| derived.extractor == EXTRACTOR) {
            let kept = |kind| self.vouched_for(manifest, kind, derived.of(kind));
            if let (Some(lines), Some(commands)) = (kept(Kind::Lines)?, kept(Kind::Commands)?) {
                return Ok(Some(Sources { lines, commands }));
            }
        }
        self.made(manifest).map(Some)
    }

    /// An object of the session, if it is the one that the manifest tells of: kept where nobody changes it any more.
    fn vouched_for(
        &self,
        manifest: &Manifest,
        kind: Kind,
        object: &Object,
    ) -> Result<Option<SpooledTempFile>, String> {
        let source = self.derived(manifest, kind);
        let Some(source) = source.map_err(|error| causes(&error))? else {
            return Ok(None);
        };
        kept(object, source).map_err(|error| causes(&error))
    }

    /// Both made of the recording, if it is sound and this manifest's own.
    fn made(&self, manifest: &Manifest) -> Result<Sources, String> {
        let told = |error: &dyn std::error::Error| causes(error);
        let mut recording = self
            .stored_recording(manifest)
            .map_err(|error| told(&error))?;
        let report = recording::verify(&mut recording).map_err(|error| told(&error))?;
        let is_its_own = report
            .manifest
            .is_some_and(|closing| closing.chain == manifest.chain);
        if report.proof != Proof::Sound || !is_its_own {
            return Err("its recording is not the one that its manifest closes".to_owned());
        }
        recording
            .seek(SeekFrom::Start(0))
            .map_err(|error| told(&error))?;
        let mut sources = Sources {
            lines: tempfile::spooled_tempfile(IN_MEMORY),
            commands: tempfile::spooled_tempfile(IN_MEMORY),
        };
        let made = objects(recording, &NoKey, |_, _| {
            Ok::<_, DerivedError>(Places {
                session_id: manifest.session_id.clone(),
                lines: (&mut sources.lines, None),
                commands: (&mut sources.commands, None),
            })
        });
        match made.map_err(|error| told(&error))? {
            (_, None) => Ok(sources),
            (_, Some(broken)) => Err(causes(&broken)),
        }
    }
}
