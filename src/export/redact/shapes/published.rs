//! Tokens whose form public lists of detectors agree on, and that no document of their makers was found to describe in full.
//!
//! Nothing here is an expression of others: a prefix, an alphabet and a length are facts. A row names the maker; what is told
//! of the form stands in the default rules of gitleaks and in the detectors of trufflehog.

use std::sync::LazyLock;

use super::composed::{ANY, Of, Shape, run_up_to};
use super::words::is_mixed_letters;

#[rustfmt::skip]
pub(super) const SHAPES: [Shape; 26] = [
    Shape("aio_", Of::Alnum, 28, 28, "Adafruit IO, keys"),
    Shape("BBDC-", Of::Base64, 40, 50, "Bitbucket Data Center, HTTP access tokens"),
    Shape("bb_pr_ bb_ma_", Of::Hex, 30, 30, "Bannerbear, project and master keys"),
    Shape("ddp_ ddw_", Of::Alnum, 36, 36, "Deno Deploy, access tokens"),
    Shape("endr+", Of::Url, 16, 16, "Endor Labs, API keys"),
    Shape("API_KEY", Of::Alnum, 32, 32, "Finage, API keys"),
    Shape("flb_live_ flb_test_", Of::Alnum, 20, 20, "Fleetbase, API keys"),
    Shape("shltm_", Of::Url, 40, 40, "Flexport, API keys"),
    Shape("na1. eu1.", Of::Base64, 100, 100, "FullStory, API keys with a region"),
    Shape("s-s4t2ud- s-s4t2af-", Of::Hex, 64, 64, "42 Intra, client secrets"),
    Shape("sm_aat_ sm_pat_ sm_sat_", Of::Alnum, 16, 16, "SettleMint, access tokens"),
    Shape("pk_", Of::Hex, 34, 34, "Klaviyo, private keys"),
    Shape("pk.", Of::Hex, 32, 32, "LocationIQ, access tokens"),
    Shape("NRBR-", Of::Hex, 19, 19, "New Relic, browser keys"),
    Shape("NF-", Of::Alnum, 32, 32, "Nightfall, API keys"),
    Shape("ak_live_ ak_test_", Of::Alnum, 30, 30, "Pagar.me, API keys"),
    Shape("pub-c- sub-c-", Of::Url, 36, 36, "PubNub, publish and subscribe keys"),
    Shape("ramp_sec_", Of::Alnum, 48, 48, "Ramp, client secrets"),
    Shape("rzp_live_ rzp_test_", Of::Alnum, 14, 14, "Razorpay, key ids"),
    Shape("5AEP861", Of::Dotted, 80, ANY, "Salesforce, refresh tokens"),
    Shape("sqco_", Of::Alnum, 59, 59, "SonarQube Cloud, scoped tokens"),
    Shape("spu-", Of::Alnum, 32, 32, "Spectral, keys"),
    Shape("thog-secret- BBFF-", Of::Alnum, 30, 32, "TruffleHog Enterprise, secrets; Ubidots, tokens"),
    Shape("0.A 1.A", Of::Dotted, 250, ANY, "Microsoft Entra ID, refresh tokens"),
    Shape("sandbox-sq0csb- sandbox-sq0idb-", Of::Url, 22, ANY, "Square, application secrets for its sandbox"),
    Shape("pgar_", Of::Alnum, 27, 27, "pganalyze, read keys"),
];

/// A part of a token.
enum Part {
    /// One of these, with bars between.
    Is(&'static str),
    /// So many of an alphabet.
    Run(Of, usize, usize),
}

use Part::{Is, Run};

/// Parts one behind the other, whether letters of all kinds have to be in it, and whose it is.
struct Parts(
    &'static [Part],
    bool,
    #[cfg_attr(not(test), allow(dead_code, reason = "for whoever reads the table"))] &'static str,
);

#[rustfmt::skip]
const PARTS: [Parts; 20] = [
    Parts(&[Is("api_"), Run(Of::Alnum, 22, 22), Is("."), Run(Of::Alnum, 22, 22)], true, "Close, API keys"),
    Parts(&[Is("live_|sandbox_"), Run(Of::Url, 40, 40)], true, "GoCardless, access tokens"),
    Parts(&[Is("master-|account-"), Run(Of::Alnum, 20, 20)], true, "Gemini, API keys"),
    Parts(&[Is("pk_"), Run(Of::Alnum, 6, 6), Is("_"), Run(Of::Hex, 34, 34)], false, "Klaviyo, private keys"),
    Parts(&[Run(Of::Hex, 32, 32), Is("-"), Run(Of::Hex, 8, 8), Is("-"), Run(Of::Hex, 8, 8)], false, "Mailgun, API keys"),
    Parts(&[Is("AA"), Run(Of::Hex, 40, 40), Is("-NRMA")], false, "New Relic, mobile app tokens"),
    Parts(&[Is("eu01xx"), Run(Of::Hex, 36, 36), Is("-NRMA")], false, "New Relic, mobile app tokens"),
    Parts(&[Run(Of::Alnum, 26, 26), Is(":"), Run(Of::Hex, 8, 8), Is("-"), Run(Of::Url, 27, 27)], false, "NVIDIA NGC, keys with an id"),
    Parts(&[Is("sk_|sk_test_"), Run(Of::Alnum, 3, 4), Is("_"), Run(Of::Hex, 64, 64)], false, "Recharge, API tokens"),
    Parts(&[Is("salad_cloud_"), Run(Of::Alnum, 1, 7), Is("_"), Run(Of::Alnum, 7, 235)], false, "SaladCloud, API keys"),
    Parts(&[Is("00"), Run(Of::Alnum, 13, 13), Is("!"), Run(Of::Dotted, 96, 96)], false, "Salesforce, session ids and access tokens"),
    Parts(&[Is("pi_|seti_"), Run(Of::Alnum, 24, 24), Is("_secret_"), Run(Of::Alnum, 25, 25)], false, "Stripe, client secrets of payment intents"),
    Parts(&[Run(Of::Base64, 22, 22), Is("==:"), Run(Of::Alnum, 32, 32)], false, "Tableau, personal access tokens"),
    Parts(&[Is("VF.|VF.DM.|VF.WS."), Run(Of::Hex, 24, 24), Is("."), Run(Of::Alnum, 16, 16)], false, "Voiceflow, API keys"),
    Parts(&[Run(Of::Alnum, 64, 64), Is("_"), Run(Of::Alnum, 4, 4), Is("_"), Run(Of::Hex, 8, 8), Is("-"), Run(Of::Url, 27, 27)], false, "Webex, bot access tokens"),
    Parts(&[Is("s."), Run(Of::Alnum, 24, 24)], true, "HashiCorp Vault, service tokens before 1.10"),
    Parts(&[Is("A3-"), Run(Of::Base36, 6, 6), Is("-"), Run(Of::Base36, 11, 11), Is("-"), Run(Of::Base36, 5, 5), Is("-"), Run(Of::Base36, 5, 5), Is("-"), Run(Of::Base36, 5, 5)], false, "1Password, secret keys in five parts"),
    Parts(&[Is("ptr_"), Run(Of::Base64, 43, 44)], true, "Portainer, access tokens"),
    Parts(&[Is("sc_|ext_|scauth_|authress_"), Run(Of::Alnum, 5, 30), Is("."), Run(Of::Alnum, 4, 6), Is(".acc_|.acc-"), Run(Of::Url, 10, 32), Is("."), Run(Of::Base64, 30, 120)], false, "Authress, service client access keys"),
    Parts(&[Run(Of::Base64, 42, 42), Is("+ACR"), Run(Of::Alnum, 6, 6)], false, "Azure Container Registry, passwords"),
];

/// Which rows a token may be of, by its first byte, and those that begin with no mark: so many of an alphabet, and a mark.
struct Index {
    marked: Vec<Vec<&'static Parts>>,
    unmarked: Vec<(Of, usize, &'static str, &'static Parts)>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index {
        marked: vec![Vec::new(); 128],
        unmarked: Vec::new(),
    };
    for row in &PARTS {
        match row.0 {
            [Is(words), ..] => {
                let mut firsts: Vec<u8> = words.split('|').map(|word| word.as_bytes()[0]).collect();
                firsts.sort_unstable();
                firsts.dedup();
                for first in firsts {
                    index.marked[usize::from(first)].push(row);
                }
            }
            [Run(of, length, _), Is(mark), ..] => index.unmarked.push((*of, *length, mark, row)),
            // There is none such: each is tested.
            _ => {}
        }
    }
    index
});

/// The length of the token that these bytes begin with.
pub(super) fn token(bytes: &[u8]) -> Option<usize> {
    let index = &*INDEX;
    let first = *bytes.first()?;
    let marked = index.marked.get(usize::from(first)).into_iter().flatten();
    let unmarked = index.unmarked.iter().filter(|(of, length, mark, _)| {
        let behind = bytes.get(*length..);
        of.holds(first) && behind.is_some_and(|rest| rest.starts_with(mark.as_bytes()))
    });
    let rows = marked.copied().chain(unmarked.map(|(.., row)| *row));
    let lengths = rows.filter_map(|Parts(parts, is_mixed, _)| {
        let length = length(bytes, parts)?;
        (!is_mixed || is_mixed_letters(&bytes[..length])).then_some(length)
    });
    lengths.max()
}

fn length(bytes: &[u8], parts: &[Part]) -> Option<usize> {
    let mut at = 0;
    for (number, part) in parts.iter().enumerate() {
        let rest = &bytes[at..];
        at += match part {
            Is(words) => {
                let words = words.split('|');
                let there = words.filter(|word| rest.starts_with(word.as_bytes()));
                there.map(str::len).max()?
            }
            Run(of, least, most) => {
                let length = run_up_to(rest, *of, *most);
                // What goes on is another thing.
                let is_whole = length <= *most || number + 1 < parts.len();
                (length >= *least && is_whole).then_some(length.min(*most))?
            }
        };
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(parts: &[Part], letters: &str) -> String {
        let of = |part: &Part| match part {
            Is(words) => words.split('|').next().unwrap_or_default().to_owned(),
            Run(Of::Hex, least, _) => "0f1e2d3c4b5a6978".repeat(4)[..*least].to_owned(),
            Run(Of::Base36, least, _) => "Q7Z2K".repeat(20)[..*least].to_owned(),
            Run(_, least, _) => letters.repeat(20)[..*least].to_owned(),
        };
        parts.iter().map(of).collect()
    }

    #[test]
    fn what_has_several_parts_is_found_whole_and_not_without_its_end() {
        for Parts(parts, is_mixed, source) in &PARTS {
            assert!(source.len() > 8);
            let whole = sample(parts, "aB3dE5gH");
            assert_eq!(token(whole.as_bytes()), Some(whole.len()), "{source}");
            let cut = &whole.as_bytes()[..whole.len() - 1];
            assert_ne!(token(cut), Some(cut.len()), "{source}");
            // What a person writes has no letters of all kinds.
            if *is_mixed {
                assert_eq!(
                    token(sample(parts, "lowercase").as_bytes()),
                    None,
                    "{source}"
                );
            }
        }
    }

    #[test]
    fn names_that_begin_as_a_token_does_stay() {
        for text in [
            "live_migration_of_the_virtual_machines_01",
            "api_gateway_authorizer_01.handler_of_requests_v2",
            "master-3c9e398a0b1c2d3e4f50",
            "account-information-page",
            "s.replace",
            "sk_abc_def",
            "3c9e398a-0b1c-4d2e-8f30-5061728394a5",
        ] {
            assert_eq!(token(text.as_bytes()), None, "{text}");
        }
    }
}
