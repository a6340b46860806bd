//! Tokens that tell by themselves what they are: a prefix that their maker gave them, an alphabet, a length.
//!
//! Nothing here looks at what stands around a token. Every row names the document that describes it; what lists of others alone
//! tell of stands in `published`.

use std::ops::Range;
use std::sync::LazyLock;

use super::composed::{self, ANY, Of, Shape, run_up_to};
use super::published;

#[rustfmt::skip]
const SHAPES: [Shape; 173] = [
    Shape("gAAAAAB", Of::Base64, 90, ANY, "Fernet's specification, tokens; OpenStack Keystone docs"),
    Shape("eyJhdXRocyI6", Of::Base64, 20, ANY, "Kubernetes docs, pull an image: .dockerconfigjson in base64"),
    Shape("AKIA ASIA ABIA ACCA", Of::Base32, 16, 16, "AWS IAM guide, IAM identifiers: the unique ids that are of credentials"),
    Shape("ABSK", Of::Base64, 60, ANY, "Amazon Bedrock guide, API keys"),
    Shape("IQoJb3JpZ2lu FwoGZXIvYXdz FQoGZXIvYXdz", Of::Base64, 60, ANY, "AWS STS guide, temporary credentials: session tokens"),
    Shape("ghp_ gho_ ghu_ ghs_ ghr_", Of::Word, 36, ANY, "GitHub docs, about authentication: token formats"),
    Shape("github_pat_", Of::Word, 22, ANY, "GitHub docs, about authentication: token formats"),
    Shape("glpat- gldt- glrt- glrtr- glcbt- glptt- glft- glimt- glagent- gloas- glsoat- glffct- glwt-", Of::Dotted, 20, ANY, "GitLab docs, token overview: prefixes"),
    Shape("xoxa- xoxb- xoxc- xoxd- xoxe- xoxo- xoxp- xoxr- xoxs- xapp- xwfp-", Of::Url, 10, ANY, "Slack docs, tokens: types"),
    Shape("xoxe.xoxp- xoxe.xoxb-", Of::Base64, 10, ANY, "Slack docs, token rotation"),
    Shape("sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ rk_prod_ sk_org_", Of::Alnum, 10, ANY, "Stripe docs, API keys"),
    Shape("whsec_", Of::Base64, 24, ANY, "Stripe docs, webhooks: signing secrets"),
    Shape("sk-proj- sk-svcacct- sk-service- sk-admin- sk-None-", Of::Url, 32, ANY, "OpenAI docs, API keys: kinds"),
    Shape("sk-ant-", Of::Url, 24, ANY, "Anthropic docs, API: authentication"),
    Shape("sk-or-v1-", Of::Alnum, 32, ANY, "OpenRouter docs, authentication"),
    Shape("sk-", Of::Alnum, 32, ANY, "OpenAI docs, API keys: legacy user keys; DeepSeek docs"),
    Shape("gsk_", Of::Alnum, 40, ANY, "Groq docs, API keys"),
    Shape("xai-", Of::Word, 60, ANY, "xAI docs, API keys"),
    Shape("pplx-", Of::Alnum, 40, ANY, "Perplexity docs, API keys"),
    Shape("r8_", Of::Url, 37, ANY, "Replicate docs, API tokens"),
    Shape("hf_ api_org_", Of::Alnum, 30, ANY, "Hugging Face docs, user access tokens"),
    Shape("AIza", Of::Url, 35, 35, "Google Cloud docs, API keys"),
    Shape("ya29.", Of::Dotted, 20, ANY, "Google Cloud docs, token types: access tokens"),
    Shape("GOCSPX-", Of::Url, 20, ANY, "Google Cloud docs, OAuth clients: client secrets"),
    Shape("1//0", Of::Url, 30, ANY, "Google Identity docs, OAuth 2.0: refresh tokens"),
    Shape("npm_", Of::Alnum, 36, ANY, "npm docs, access tokens"),
    Shape("pypi-", Of::Base64, 60, ANY, "PyPI help, API tokens"),
    Shape("rubygems_", Of::Hex, 48, ANY, "RubyGems guides, API keys"),
    Shape("cio", Of::Alnum, 32, 32, "the source of Rust's crate registry, token prefix"),
    Shape("oy2", Of::Alnum, 43, 43, "NuGet docs, API keys"),
    Shape("dckr_pat_ dckr_oat_", Of::Url, 20, ANY, "Docker docs, access tokens"),
    Shape("SG.", Of::Dotted, 60, ANY, "SendGrid docs, API keys"),
    Shape("key-", Of::Hex, 32, 32, "Mailgun docs, API keys"),
    Shape("xkeysib- xsmtpsib-", Of::Url, 40, ANY, "Brevo docs, API keys"),
    Shape("SK", Of::Hex, 32, 32, "Twilio docs, API keys: SIDs"),
    Shape("sq0atp- sq0csp- sq0idp-", Of::Url, 22, ANY, "Square docs, access tokens"),
    Shape("EAAA", Of::Url, 60, ANY, "Square docs, access tokens"),
    Shape("shpat_ shpca_ shppa_ shpss_ shpua_ shptka_", Of::Hex, 32, ANY, "Shopify docs, access tokens"),
    Shape("dop_v1_ doo_v1_ dor_v1_", Of::Hex, 64, 64, "DigitalOcean docs, personal access tokens"),
    Shape("HRKU-", Of::Url, 30, ANY, "Heroku docs, API tokens"),
    Shape("nfp_ nfo_ nfc_ nfu_", Of::Url, 30, ANY, "Netlify docs, access tokens"),
    Shape("fm1_ fm1a_ fm1r_ fm2_ fo1_", Of::Base64, 40, ANY, "Fly.io docs, access tokens"),
    Shape("cfut_ cfat_ cfk_", Of::Alnum, 40, ANY, "Cloudflare docs, fundamentals: token formats"),
    Shape("v1.0-", Of::Url, 40, ANY, "Cloudflare docs, Origin CA keys"),
    Shape("NRAK- NRII- NRAA- NRJS- NRIQ- NRSP-", Of::Url, 19, ANY, "New Relic docs, API keys"),
    Shape("glsa_ glc_", Of::Base64, 32, ANY, "Grafana docs, service account tokens"),
    Shape("sntrys_ sntryu_", Of::Base64, 40, ANY, "Sentry docs, auth tokens"),
    Shape("dt0c01. dt0s01. dt0s02. dt0s16.", Of::Dotted, 64, ANY, "Dynatrace docs, access tokens: format"),
    Shape("pscale_tkn_ pscale_oauth_ pscale_pw_", Of::Dotted, 30, ANY, "PlanetScale docs, service tokens"),
    Shape("dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.", Of::Dotted, 40, ANY, "Doppler docs, token formats"),
    Shape("hvs. hvb. hvr.", Of::Url, 24, ANY, "HashiCorp Vault docs, tokens: prefixes"),
    Shape("pul-", Of::Alnum, 40, 40, "Pulumi docs, access tokens"),
    Shape("dapi dkea dose dsapi", Of::Hex, 32, ANY, "Databricks docs, personal access tokens"),
    Shape("lin_api_ lin_oauth_", Of::Alnum, 32, ANY, "Linear docs, API keys"),
    Shape("ntn_ secret_", Of::Alnum, 40, ANY, "Notion docs, integration tokens"),
    Shape("PMAK-", Of::Url, 50, ANY, "Postman docs, API keys"),
    Shape("ATATT3 ATCTT3 ATBB", Of::Base64, 24, ANY, "Atlassian docs, API tokens and app passwords"),
    Shape("AGE-SECRET-KEY-1 AGE-SECRET-KEY-PQ-1 AGE-PLUGIN-", Of::Url, 40, ANY, "age specification, native identities"),
    Shape("tskey-", Of::Url, 16, ANY, "Tailscale docs, key prefixes"),
    Shape("sbp_ sb_secret_", Of::Word, 30, ANY, "Supabase docs, API keys"),
    Shape("bkua_", Of::Alnum, 40, ANY, "Buildkite CLI, configure: tokens"),
    Shape("CCIPAT_ CCIPRJ_", Of::Word, 40, ANY, "CircleCI docs, API tokens"),
    Shape("sqp_ squ_ sqa_", Of::Hex, 40, 40, "SonarQube docs, tokens"),
    Shape("AKCp cmVmd", Of::Alnum, 40, ANY, "JFrog docs, API keys and reference tokens"),
    Shape("ops_eyJ", Of::Base64, 100, ANY, "1Password docs, service account tokens"),
    Shape("figd_ figo_ figu_ figp_", Of::Base64, 30, ANY, "Figma docs, personal access tokens"),
    Shape("rnd_", Of::Alnum, 28, ANY, "Render CLI, its configuration file: API keys"),
    Shape("phx_ phs_", Of::Word, 40, ANY, "PostHog docs, personal and secure API keys"),
    Shape("tfe.v1.", Of::Alnum, 40, ANY, "HCP Terraform docs, API tokens"),
    Shape("LTAI", Of::Alnum, 12, 26, "Alibaba Cloud docs, AccessKey pairs"),
    Shape("AKID", Of::Alnum, 32, 32, "Tencent Cloud docs, API keys: SecretId"),
    Shape("CLOJARS_", Of::Alnum, 60, 60, "Clojars wiki, deploy tokens"),
    Shape("AQVN", Of::Url, 35, 36, "Yandex Cloud docs, API keys"),
    Shape("EAA", Of::Alnum, 80, ANY, "Meta docs, access tokens"),
    Shape("nvapi-", Of::Url, 60, ANY, "NVIDIA NGC docs, API keys"),
    Shape("pat-na1- pat-na2- pat-eu1- pat-ap1-", Of::Url, 36, 36, "HubSpot docs, private apps: access tokens"),
    Shape("LS0tLS1CRUdJTiBSU0EgUFJJVkFUR LS0tLS1CRUdJTiBQUklWQVRF LS0tLS1CRUdJTiBFQyBQUklWQVRF LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEU LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJVkFUR", Of::Base64, 20, ANY, "RFC 7468 in base64, as kubeconfig and Secrets hold it"),
    Shape("bkct_ bkaj_ bkrt_", Of::Url, 24, ANY, "Buildkite docs, agent and OAuth tokens"),
    Shape("SCRAM-SHA-256$ SCRAM-SHA-1$", Of::Hash, 60, ANY, "PostgreSQL docs, pg_authid: rolpassword; RFC 5803"),
    Shape("pbkdf2_sha256$ pbkdf2_sha512$ bcrypt_sha256$ scrypt$ argon2$", Of::Hash, 40, ANY, "Django docs, password management: how passwords are stored"),
    Shape("pbkdf2: scrypt:", Of::Hash, 60, ANY, "Werkzeug docs, generate_password_hash"),
    Shape("-pbkdf2-", Of::Hash, 40, ANY, "CouchDB docs, configuration: admins"),
    Shape("AQAAABAAA", Of::Base64, 32, ANY, "Jenkins docs, credentials as they are stored"),
    Shape("at_", Of::Word, 60, ANY, "HashiCorp Boundary docs, auth tokens"),
    Shape("pcsk_", Of::Word, 40, ANY, "Pinecone docs, API keys"),
    Shape("lsv2_pt_ lsv2_sk_", Of::Word, 32, ANY, "LangSmith docs, API keys"),
    Shape("grub.pbkdf2.sha512.", Of::Dotted, 100, ANY, "GNU GRUB manual, password_pbkdf2"),
    Shape("md5", Of::Hex, 32, 32, "PostgreSQL docs, pg_authid: rolpassword"),
    Shape("p8e-", Of::Alnum, 32, 32, "Adobe docs, OAuth client secrets"),
    Shape("fio-u-", Of::Base64, 60, ANY, "Frame.io docs, developer tokens"),
    Shape("dnkey-", Of::Url, 60, ANY, "Defined Networking docs, API keys"),
    Shape("duffel_test_ duffel_live_", Of::Base64, 40, ANY, "Duffel docs, access tokens"),
    Shape("EZAK EZTK", Of::Alnum, 54, 54, "EasyPost docs, API keys"),
    Shape("sl.", Of::Url, 120, ANY, "Dropbox docs, short-lived access tokens"),
    Shape("shippo_live_ shippo_test_", Of::Hex, 40, 40, "Shippo docs, API tokens"),
    Shape("FLWSECK- FLWSECK_TEST-", Of::Url, 12, ANY, "Flutterwave docs, API keys"),
    Shape("live_ test_", Of::Hex, 35, 35, "Lob docs, API keys"),
    Shape("tfp_", Of::Url, 40, ANY, "Typeform docs, personal access tokens"),
    Shape("sha256~", Of::Url, 43, 43, "OpenShift docs, OAuth access tokens"),
    Shape("API-", Of::Alnum, 26, 34, "Octopus Deploy docs, API keys"),
    Shape("pnu_ pnb_", Of::Alnum, 36, 36, "Prefect docs, API keys"),
    Shape("rdme_", Of::Alnum, 60, ANY, "ReadMe docs, API keys"),
    Shape("tk-us-", Of::Url, 48, 48, "Scalingo docs, API tokens"),
    Shape("ico-", Of::Alnum, 32, 32, "Infracost docs, API keys"),
    Shape("access-sandbox- access-development- access-production-", Of::Url, 36, 36, "Plaid docs, access tokens"),
    Shape("pat. sat.", Of::Dotted, 66, 72, "Harness docs, API keys: token format"),
    Shape("eyJrIjoi", Of::Base64, 70, ANY, "Grafana docs, API keys before service accounts"),
    Shape("ZXlKaGJHY2lPaU", Of::Base64, 40, ANY, "RFC 7519 in base64, as Secrets hold it"),
    Shape("essu_", Of::Base64, 40, ANY, "Elastic Cloud docs, API keys"),
    Shape("bedrock-api-key-", Of::Base64, 60, ANY, "Amazon Bedrock guide, short-term API keys"),
    Shape("xprv yprv zprv tprv", Of::Alnum, 100, 112, "BIP-32, extended private keys"),
    Shape("nsec1", Of::Alnum, 58, 58, "NIP-19, private keys"),
    Shape("napi_", Of::Alnum, 40, ANY, "Neon docs, API keys"),
    Shape("CFPAT-", Of::Url, 40, ANY, "Contentful docs, personal access tokens"),
    Shape("GR1348941", Of::Url, 20, ANY, "GitLab docs, token overview: runner registration tokens"),
    Shape("tvly- tvly-dev- tvly-prod-", Of::Alnum, 28, ANY, "Tavily docs, API keys"),
    Shape("csk-", Of::Alnum, 40, ANY, "Cerebras docs, API keys"),
    Shape("sgp_ sgd_ slk_", Of::Word, 40, ANY, "Sourcegraph docs, access tokens"),
    Shape("sk_", Of::Hex, 48, 48, "ElevenLabs docs, API keys"),
    Shape("sk-lf-", Of::Url, 36, 36, "Langfuse docs, API keys"),
    Shape("tgp_v1_", Of::Url, 40, ANY, "Together docs, API keys"),
    Shape("e2b_", Of::Hex, 40, 40, "E2B docs, API keys"),
    Shape("jina_", Of::Url, 50, ANY, "Jina docs, API keys"),
    Shape("rpa_", Of::Alnum, 40, ANY, "RunPod docs, API keys"),
    Shape("rootly_", Of::Hex, 64, 64, "Rootly docs, API keys"),
    Shape("dbtc_ dbtu_", Of::Url, 32, ANY, "dbt docs, tokens"),
    Shape("vcp_ vci_ vca_ vcr_ vck_", Of::Alnum, 24, ANY, "Vercel docs, token formats"),
    Shape("ory_at_ ory_rt_ ory_ac_ ory_pat_ ory_wak_", Of::Dotted, 30, ANY, "Ory docs, API keys and tokens"),
    Shape("APP_USR- TEST-", Of::Url, 60, ANY, "Mercado Pago docs, credentials"),
    Shape("snyk_uat. snyk_sat.", Of::Dotted, 30, ANY, "Snyk docs, API tokens"),
    Shape("apify_api_", Of::Alnum, 36, ANY, "Apify docs, API tokens"),
    Shape("signkey- signkey-prod- signkey-test- signkey-branch-", Of::Hex, 32, ANY, "Inngest API docs, authentication"),
    Shape("AVNS_", Of::Url, 15, ANY, "Aiven docs, service users"),
    Shape("ucat_", Of::Alnum, 26, ANY, "UpCloud docs, API tokens"),
    Shape("dnsimple_a_ dnsimple_u_", Of::Word, 24, ANY, "DNSimple docs, API tokens"),
    Shape("sk1_", Of::Hex, 64, 64, "Porkbun docs, API keys"),
    Shape("gb_api_", Of::Alnum, 30, ANY, "GitBook docs, API tokens"),
    Shape("ATTA", Of::Hex, 64, ANY, "Trello docs, API tokens"),
    Shape("waka_ xaat- xapt-", Of::Url, 36, 36, "WakaTime docs, API keys; Axiom docs, tokens"),
    Shape("mlsn.", Of::Hex, 64, 64, "MailerSend docs, API tokens"),
    Shape("os_v2_app_ os_v2_org_", Of::Alnum, 60, ANY, "OneSignal docs, keys"),
    Shape("key_", Of::Hex, 64, 128, "Runway docs and Cursor docs, API keys"),
    Shape("secret-live- secret-test-", Of::Url, 36, ANY, "Stytch docs, API keys"),
    Shape("dtn_", Of::Hex, 64, 64, "Daytona docs, API keys"),
    Shape("plane_api_ n8n_api_", Of::Alnum, 32, ANY, "Plane docs and n8n docs, API keys"),
    Shape("CCDB1_", Of::Word, 40, ANY, "CockroachDB Cloud docs, API access"),
    Shape("xau_", Of::Alnum, 36, ANY, "Xata docs, API keys"),
    Shape("p.eyJ", Of::Dotted, 60, ANY, "Tinybird docs, auth tokens"),
    Shape("4b1d", Of::Alnum, 38, 38, "ClickHouse Cloud docs, API keys"),
    Shape("fnAA fnAE", Of::Url, 36, ANY, "Fauna docs, keys"),
    Shape("mdb_sa_sk_", Of::Url, 30, ANY, "MongoDB Atlas docs, service accounts"),
    Shape("cflt", Of::Base64, 60, ANY, "Confluent Cloud docs, API keys"),
    Shape("cxtp_ cxup_ cxth_", Of::Alnum, 24, ANY, "Coralogix docs, API keys"),
    Shape("nbp_", Of::Alnum, 36, ANY, "NetBird docs, access tokens"),
    Shape("dG9rO", Of::Base64, 50, ANY, "Intercom docs, access tokens"),
    Shape("mfa.", Of::Url, 80, ANY, "Discord docs, tokens of users with a second factor"),
    Shape("SUA SAA SOA SNA SCA", Of::Base32, 55, 55, "NATS nkeys, README: prefixes of seeds"),
    Shape("polar_oat_ polar_pat_", Of::Alnum, 32, ANY, "Polar docs, integrate: authentication"),
    Shape("pdl_live_apikey_ pdl_sdbx_apikey_ pdl_test_apikey_", Of::Word, 40, ANY, "Paddle docs, authentication; AWS Secrets Manager guide, Paddle API key"),
    Shape("cal_live_", Of::Hex, 32, 32, "Cal.com docs, API keys"),
    Shape("zpka_", Of::Word, 36, ANY, "Zuplo docs, API keys"),
    Shape("mzp_", Of::Hex, 64, 64, "Materialize docs, app passwords"),
    Shape("fw_", Of::Alnum, 22, ANY, "Fireworks keys as they stand in public repositories"),
    Shape("pa-", Of::Url, 43, 43, "Voyage docs, API keys"),
    Shape("fc-", Of::Hex, 32, 32, "Firecrawl docs, API keys"),
    Shape("bb_live_", Of::Url, 24, ANY, "Browserbase docs, API keys"),
    Shape("tpuf_", Of::Alnum, 30, ANY, "Turbopuffer docs, API keys"),
    Shape("st.", Of::Dotted, 80, ANY, "Infisical docs, service tokens"),
    Shape("SWMTKN-1- SWMKEY-1-", Of::Base64, 40, ANY, "Docker docs, swarm: join tokens and the unlock key"),
    Shape("da2-", Of::Alnum, 26, 26, "AWS AppSync guide, API key authorization"),
    Shape("prod_ sand_", Of::Hex, 48, ANY, "Easyship docs, authentication"),
    Shape("acxd_live_", Of::Dotted, 50, ANY, "Amazon Connect guide, ACXD SDK: API tokens"),
    Shape("sktsec_", Of::Word, 40, ANY, "Socket docs, API tokens"),
];

/// The table by first byte: prefix and row.
static BY_BYTE: LazyLock<Vec<Vec<(&'static str, &'static Shape)>>> = LazyLock::new(|| {
    let mut by_byte = vec![Vec::new(); 128];
    for shape in SHAPES.iter().chain(&published::SHAPES) {
        for prefix in shape.0.split(' ') {
            by_byte[usize::from(prefix.as_bytes()[0])].push((prefix, shape));
        }
    }
    by_byte
});

/// Calls `found` with each token.
pub(super) fn find(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    // Where the word ends whose end was looked for last: many may begin within one.
    let mut word_end = 0;
    while at < bytes.len() {
        let may_begin = bytes[at].is_ascii_graphic() && begins_word(bytes, at);
        let length = may_begin.then(|| token(text, at, &mut word_end)).flatten();
        match length {
            Some(length) => {
                found(at..at + length);
                at += length;
            }
            None => at += 1,
        }
    }
}

/// Whether no word goes on here. In escaped text the letter behind a backslash is none.
pub(super) fn begins_word(bytes: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return true;
    };
    if !bytes[before].is_ascii_alphanumeric() && bytes[before] != b'_' {
        return true;
    }
    let is_escape = before > 0 && bytes[before - 1] == b'\\' && b"nrt".contains(&bytes[before]);
    // `%3D` before it.
    let is_percent = before > 1
        && bytes[before - 2] == b'%'
        && bytes[before - 1..=before].iter().all(u8::is_ascii_hexdigit);
    is_escape || is_percent
}

/// The length of the token that begins here.
fn token(text: &str, at: usize, word_end: &mut usize) -> Option<usize> {
    let bytes = &text.as_bytes()[at..];
    let rows = BY_BYTE.get(usize::from(bytes[0]))?;
    let lengths = rows
        .iter()
        .filter_map(|(prefix, Shape(_, of, least, most, _))| {
            let rest = bytes.strip_prefix(prefix.as_bytes())?;
            let length = run_up_to(rest, *of, *most);
            (*least..=*most)
                .contains(&length)
                .then_some(prefix.len() + length)
        });
    // The same prefix may have another maker, whose tokens are longer.
    lengths
        .max()
        .or_else(|| composed::token(bytes, at, word_end))
        .or_else(|| published::token(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_source_and_finds_its_own_and_nothing_shorter() {
        for Shape(prefixes, of, least, _, source) in SHAPES.iter().chain(&published::SHAPES) {
            assert!(source.len() > 8);
            let letter = match of {
                Of::Hex => "a",
                _ => "Q",
            };
            for prefix in prefixes.split(' ') {
                let check = |length: usize, expected: bool| {
                    let text = format!("x \"{prefix}{}\"", letter.repeat(length));
                    let mut ranges = Vec::new();
                    find(&text, &mut |range| ranges.push(range));
                    let whole = 3..3 + prefix.len() + length;
                    assert_eq!(ranges.contains(&whole), expected, "{text}: {ranges:?}");
                };
                check(*least, true);
                check(least - 1, false);
            }
        }
    }
}
