//! Checks a recording with the `formats` crate alone: its chain, its manifest, and the signature over that.
//!
//! Nothing here needs AWS, a store or the program: `cargo run --example verify_manifest -- FILE [ALLOWED_SIGNERS]`.

use std::error::Error;
use std::fs::{self, File};
use std::io::BufReader;

use chrono::{DateTime, Local, Utc};
use formats::recording::{Proof, verify};
use formats::signature::{AllowedSigners, Signature, Verdict};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        return Err("usage: verify_manifest FILE [ALLOWED_SIGNERS]".into());
    };
    let report = verify(BufReader::new(File::open(&path)?))?;
    println!(
        "{:?}: {} frames and {} bytes proved, up to {:?}",
        report.proof, report.frames, report.bytes, report.until
    );
    if report.proof != Proof::Sound {
        return Err("it is not sound".into());
    }
    // A sound recording has a manifest, and its exact bytes are what was signed.
    let (Some(manifest), Some(signed)) = (report.manifest, report.signed) else {
        return Err("it has no manifest".into());
    };
    println!(
        "session {} on {} by {}",
        manifest.session_id,
        manifest.target,
        manifest.operator.as_deref().unwrap_or("somebody")
    );
    if signed.signature.is_empty() {
        println!("it is not signed");
        return Ok(());
    }
    let signature = Signature::parse(&signed.signature)?;
    signature.check(&signed.manifest)?;
    println!(
        "signed with {} {}",
        signature.algorithm(),
        signature.fingerprint()
    );
    let Some(path) = arguments.next() else {
        return Ok(());
    };
    let local = |time: chrono::NaiveDateTime| {
        let moment = time.and_local_timezone(Local).earliest()?;
        Some(moment.with_timezone(&Utc))
    };
    let signers = AllowedSigners::parse(&fs::read_to_string(path)?, &local)?;
    let at = manifest
        .ended_at
        .as_deref()
        .map(DateTime::parse_from_rfc3339);
    let at = at.transpose()?.map(|time| time.to_utc());
    match signers.judge(signature.key(), at, None) {
        Verdict::Allowed(signer) => println!("by {}", signer.principals),
        other => return Err(format!("by nobody who may sign: {other:?}").into()),
    }
    Ok(())
}
