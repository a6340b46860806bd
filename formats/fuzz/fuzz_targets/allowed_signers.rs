//! Any text is a file of allowed signers or a mistake in one of its lines, and a signature or an error.
//!
//! Nothing here has a private key: no signature that the text could be is right for anything.

#![no_main]

use formats::signature::{AllowedSigners, Purpose, Signature, Verdict, armored};
use libfuzzer_sys::fuzz_target;

const SIGNATURE: &str = include_str!("../../tests/golden/signature/ed25519.sig");
const KEY: &str = include_str!("../../tests/golden/signature/ed25519.pub");

fuzz_target!(|data: &[u8]| {
    let known = Signature::parse(SIGNATURE).expect("made by ssh-keygen");
    let key = known.key();
    for text in [&String::from_utf8_lossy(data), &armored(Purpose::Recording, key, data)[..]] {
        if let Ok(signature) = Signature::parse(text) {
            assert!(signature.check(b"message").is_err());
        }
    }

    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let utc = |moment: chrono::NaiveDateTime| Some(moment.and_utc());
    let count = text.lines().count();
    let signers = match AllowedSigners::parse(text, &utc) {
        Ok(signers) => signers,
        Err(mistake) => {
            assert!((1..=count).contains(&mistake.line), "{mistake}");
            return;
        }
    };
    for at in [
        None,
        utc(chrono::NaiveDateTime::MIN),
        utc(chrono::NaiveDateTime::MAX),
    ] {
        for principal in [None, Some("somebody")] {
            let _ = signers.judge(key, at, principal);
        }
    }
    // Whatever else stands in a file, a line without conditions makes its key count.
    let more = format!("{text}\n\n# one more\nsomebody {KEY}");
    let signers = AllowedSigners::parse(&more, &utc).expect("one more line");
    match signers.judge(key, None, Some("somebody")) {
        Verdict::Allowed(signer) => assert!(signer.line <= more.lines().count()),
        other => panic!("{other:?}"),
    }
});
