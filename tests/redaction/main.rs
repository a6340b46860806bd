//! What redaction promises, measured on the corpus: at least 98 of 100 secrets found, however they come onto the screen, and
//! at most one false alarm in 10,000 lines of ordinary output.
//!
//! Nothing here prints a secret of anybody's: all are made for the test.

#[path = "../../examples/bench_redaction/corpus.rs"]
mod corpus;

use corpus::{Figures, Shown, kept, quiet, recall};
use ssm_rec::export::Secrets;

fn check(shown: Shown) {
    let Figures {
        count,
        right,
        wrong,
    } = recall(shown, 1, Secrets::Known);
    assert!(count > 180, "{count}");
    assert!(right * 100 >= count * 98, "{right} of {count}: {wrong:#?}");
}

#[test]
fn secrets_are_found_in_whole_lines() {
    check(Shown::Whole);
}

#[test]
fn secrets_are_found_in_pieces_and_colors() {
    check(Shown::InPieces);
}

#[test]
fn secrets_are_found_across_wraps() {
    check(Shown::Wrapped);
}

#[test]
fn ordinary_output_stays_as_it_is() {
    let Figures {
        count,
        right,
        wrong,
    } = quiet(10_000, 7, Secrets::Known);
    assert!(count - right <= 1, "{right} of {count}: {wrong:#?}");
}

#[test]
fn a_sentence_about_passwords_stays() {
    let text =
        "New password:\nAWS_REGION=eu-west-1\nset password policy\nthe token is read from stdin\n";
    let figures = kept(text, Secrets::Known);
    assert_eq!(figures.right, 4, "{:#?}", figures.wrong);
}

#[test]
fn names_that_a_program_writes_for_values_stay() {
    let text = "pub Token: STORAGE_TOKEN_0,\n\
                \"Cryptography_HAS_PSK_TLSv1_3\": cryptography_has_psk_tlsv1_3,\n\
                private_key: \"Path to the private key\"\n";
    let figures = kept(text, Secrets::Known);
    assert_eq!(figures.right, 3, "{:#?}", figures.wrong);
}

#[test]
fn what_looks_random_is_found_when_asked_for() {
    let figures = recall(Shown::Whole, 1, Secrets::Strict);
    assert!(
        figures.right * 100 >= figures.count * 99,
        "{:#?}",
        figures.wrong
    );
    let line = "opaque Zk3vQ9xT7bLw2RfYp8Ns4HdC\r\n";
    let cast = format!("{{\"version\":2,\"width\":80,\"height\":24}}\n[0,\"o\",{line:?}]\n");
    for (how, is_left) in [(Secrets::Known, true), (Secrets::Strict, false)] {
        let text = corpus::redacted(&cast, ssm_rec::export::Format::Text, how);
        assert_eq!(text.contains("Zk3vQ9xT7bLw2"), is_left, "{text}");
    }
}
