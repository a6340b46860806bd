//! `[review]`: whose signatures count, what opens recordings, how much of them is kept on this machine.
//!
//! Nothing here reads a recording.

use std::path::PathBuf;
use std::time::Duration;

use formats::findings::Severity;

use super::in_force::Values;
use super::kind::Form;
use super::spec::{
    Setting, Spec, Words, choice, duration, list, number, path, size, text, whole, word,
};

pub(crate) static ALLOWED_SIGNERS: Setting<PathBuf> = path(
    "review.allowed_signers",
    |_| Form::Path,
    "the path of a file",
)
.example("/etc/ssm-rec/allowed_signers")
.purpose("Whose signatures count: a file in the allowed_signers format of ssh-keygen.");

static IDENTITY: Setting<Vec<PathBuf>> = list(
    "review.identity",
    |text| match text {
        "" => Form::Bad,
        _ => Form::Path,
    },
    "a list of paths of files",
)
.default("")
.purpose(
    "What opens encrypted recordings: files of age identities or SSH private keys, which may \
     have a passphrase.",
);

static CACHE_SIZE: Setting<u64> = size("review.cache_size", 0, 1 << 40)
    .default("512MiB")
    .purpose("How much of what was read from S3 is kept on this machine. 0: nothing.");

static REVIEWERS: Setting<PathBuf> = path(
    "review.reviewers",
    |_| Form::Path,
    "the path of a file",
)
.example("/etc/ssm-rec/allowed_reviewers")
.purpose(
    "Whose verdicts count: a file in the allowed_signers format of ssh-keygen, whose keys may have \
     the namespace ssm-rec-review. Unset: review.allowed_signers; and where that is unset too, \
     whoever may write to the store.",
);

static REQUIRED: Setting<usize> = whole("review.required", 1, 9)
    .default("1")
    .purpose("How many people must have judged a session. The operator is none of them.");

static WITHIN: Setting<Duration> = duration(
    "review.within",
    Duration::from_hours(1),
    Duration::from_hours(24 * 366),
)
.default("7d")
.purpose("Within how long after its end a session is to be judged.");

static QUEUE: Setting<Vec<String>> = list(
    "review.queue",
    |text| match QUEUES.contains(&text) {
        true => Form::Other,
        false => Form::Bad,
    },
    "a list of \"all\", \"risky\" and \"sample\"",
)
.default("all")
.purpose(
    "Which sessions are to be judged: \"all\", those of which something \"risky\" is known, a \
     \"sample\", or several of these.",
);

static RISKY: Setting<String> = word("review.risky", || {
    Severity::ALL.iter().map(|severity| severity.name()).collect()
})
.default("high")
.purpose(
    "From which severity on what a rule finds makes a session risky. Where no rules were asked, and \
     where a part was not recorded, it is so too.",
);

static SAMPLE_RATE: Setting<f64> = number("review.sample_rate", 0.0, 1.0)
    .default("0.1")
    .purpose("Which share of all sessions a sample is.");

static SAMPLE_SEED: Setting<String> = text("review.sample_seed", |_| true, "a text")
    .default("")
    .purpose(
        "What the sample is drawn by: whoever knows it draws the same sample again. Best chosen \
         when the sessions are over, so that no operator knows what will be drawn.",
    );

static VIEWS: Setting<Views> = choice("review.views").default("off").purpose(
    "Whether it is kept, below views/, who looked at a session of the store: \"off\"; \"write\", \
     where it can be; or \"require\": who may not write it does not get in. Fixed by a policy; else \
     it is everybody's own to set.",
);

const QUEUES: [&str; 3] = ["all", "risky", "sample"];

/// Whether it is kept who looked at a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Views {
    #[default]
    Off,
    Write,
    Require,
}

impl Words for Views {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("off", Self::Off),
        ("write", Self::Write),
        ("require", Self::Require),
    ];
}

pub(super) static SPECS: [&Spec; 11] = [
    &ALLOWED_SIGNERS.spec,
    &REVIEWERS.spec,
    &IDENTITY.spec,
    &CACHE_SIZE.spec,
    &QUEUE.spec,
    &RISKY.spec,
    &SAMPLE_RATE.spec,
    &SAMPLE_SEED.spec,
    &REQUIRED.spec,
    &WITHIN.spec,
    &VIEWS.spec,
];

/// `[review]`
#[derive(Clone, Debug)]
pub(crate) struct Review {
    pub(crate) allowed_signers: Option<PathBuf>,
    /// Files of age identities and SSH private keys.
    pub(crate) identity: Vec<PathBuf>,
    /// In bytes.
    pub(crate) cache_size: u64,
    /// Whose verdicts count, where it is not whose recordings do.
    pub(crate) reviewers: Option<PathBuf>,
    /// How many must have judged a session.
    pub(crate) required: usize,
    /// Which sessions are to be judged, and within how long.
    pub(crate) policy: Policy,
    pub(crate) views: Views,
    /// From which severity on a session is risky.
    pub(crate) risky: Severity,
}

impl Review {
    pub(super) fn of(values: &Values) -> Self {
        Self {
            allowed_signers: values.given(&ALLOWED_SIGNERS),
            identity: values.of(&IDENTITY),
            cache_size: values.of(&CACHE_SIZE),
            reviewers: values.given(&REVIEWERS),
            required: values.of(&REQUIRED),
            policy: Policy::of(values),
            views: values.of(&VIEWS),
            risky: Severity::named(&values.of(&RISKY)).unwrap_or_default(),
        }
    }
}

/// Which sessions are to be judged, and within how long.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) all: bool,
    /// From which severity on.
    pub(crate) risky: Option<Severity>,
    /// The share of all that is drawn.
    pub(crate) sample: Option<f64>,
    pub(crate) seed: String,
    pub(crate) within: Duration,
}

impl Policy {
    fn of(values: &Values) -> Self {
        let queues = values.of(&QUEUE);
        let has = |name| queues.iter().any(|queue| queue == name);
        Self {
            all: has("all"),
            risky: has("risky").then(|| Severity::named(&values.of(&RISKY)).unwrap_or_default()),
            sample: has("sample").then(|| values.of(&SAMPLE_RATE)),
            seed: values.of(&SAMPLE_SEED),
            within: values.of(&WITHIN),
        }
    }
}
