//! The floor plan, from the roof down, in the order in which the house is read.
//!
//! Nothing is checked here; `rules` holds the sources against it. Whoever widens a row says why in the commit.

/// One room: the rooms that it may import, on lower floors but for `BESIDE`; the crates of others that it may name.
pub(crate) struct Room {
    pub(crate) floor: u8,
    pub(crate) name: &'static str,
    pub(crate) rooms: &'static str,
    pub(crate) crates: &'static str,
}

#[rustfmt::skip]
const fn room(floor: u8, name: &'static str, rooms: &'static str, crates: &'static str) -> Room {
    Room { floor, name, rooms, crates }
}

#[rustfmt::skip]
pub(crate) const PLAN: [Room; 28] = [
    room(8, "main", "lib cli", ""),
    room(7, "lib", "cli formats", ""),

    room(6, "cli", "recorded page doctor review spool packs settings session player export rules targets trail service athena store transcript \
                    signing envelope aws terminal words formats",
        "anyhow bytes chrono clap clap_complete clap_mangen directories flate2 indicatif serde serde_json sha2 tempfile thiserror tokio tracing \
         tracing_subscriber unicode_width zeroize"),

    room(5, "recorded", "targets spool settings session service recorder store signing envelope aws terminal words formats",
        "chrono futures_util nix rustix thiserror tokio tracing uuid zeroize"),
    room(5, "doctor", "spool settings session service store signing aws terminal words formats",
        "chrono futures_util serde tokio"),
    room(5, "page", "review spool packs settings player export transcript store words formats", ""),

    room(4, "review", "spool packs recorder rules transcript store screen words formats",
        "chrono memchr regex regex_syntax serde sha2 tempfile thiserror zip"),
    room(4, "spool", "settings recorder store words formats",
        "chrono serde serde_json tempfile thiserror tokio tracing uuid"),
    room(4, "packs", "store formats",
        "bytes chrono parquet regex_syntax roaring serde_json tempfile thiserror zstd"),

    room(3, "settings", "rules service recorder store signing aws terminal words formats",
        "directories regex serde_json sha2 thiserror toml"),
    room(3, "session", "service recorder aws terminal screen words formats",
        "avt aws_config aws_lc_rs aws_sdk_kms base64 bytes futures_util memchr serde serde_json thiserror tokio \
         tokio_tungstenite tracing uuid zeroize"),
    room(3, "player", "rules transcript terminal screen words formats", "avt base64 bytes chrono regex tempfile thiserror tokio unicode_width zstd"),
    room(3, "export", "transcript screen words formats", "avt base64 chrono memchr regex roaring serde serde_json sha2 thiserror"),

    room(3, "targets", "service store terminal screen words formats", "bytes serde serde_json sha2 tokio tracing"),
    room(3, "trail", "store", "chrono flate2 serde serde_json thiserror"),

    room(2, "service", "aws words", "aws_sdk_ssm aws_sdk_sts chrono serde_json thiserror tokio tracing"),
    room(2, "athena", "aws", "aws_sdk_athena thiserror tracing"),
    room(2, "recorder", "transcript rules screen words formats", "bytes rustix thiserror tokio"),
    room(2, "transcript", "screen words formats", "avt memchr percent_encoding regex serde_json"),
    room(2, "store", "aws words",
        "aws_config aws_sdk_s3 base64 bytes futures_util http_body rustix rustls rustls_native_certs serde \
         serde_json sha2 tempfile thiserror tokio tracing url"),
    room(2, "signing", "aws words formats", "aws_sdk_kms rsa ssh_key thiserror tokio zeroize"),
    room(2, "envelope", "words formats", "age base64 getrandom sha2 thiserror zeroize"),

    room(1, "aws", "words",
        "aws_config aws_credential_types aws_sdk_sts aws_smithy_http_client aws_smithy_runtime_api aws_types base64 bytes chrono \
         directories http_body hyper_util ipnet rustls rustls_native_certs serde serde_json sha1 tempfile thiserror \
         tokio tokio_rustls tracing url"),
    room(1, "terminal", "screen formats", "bytes crossterm futures_util libc nix rustix signal_hook tokio unicode_width"),
    room(1, "screen", "words formats", "avt memchr unicode_width"),
    // What rules find is told by the recorder, by reviewers and by the player, and changed by settings.
    room(1, "rules", "formats", "chrono regex regex_syntax serde serde_json sha2 thiserror"),
    room(1, "words", "", "serde serde_json strsim"),

    // A crate of its own, so that the compiler keeps the rooms out of it.
    room(0, "formats", "",
        "base64 bytes chacha20poly1305 chrono hkdf memchr serde serde_json sha2 ssh_key thiserror uuid zeroize zstd"),
];

/// The only imports that stay on a floor, further down the table all the same: from, to, and why.
pub(crate) const BESIDE: [(&str, &str, &str); 6] = [
    (
        "review",
        "spool",
        "a running session is followed where it grows",
    ),
    (
        "review",
        "packs",
        "packs are made of what was recorded, and searched",
    ),
    (
        "recorder",
        "transcript",
        "lines and commands are made while the session runs",
    ),
    ("aws", "words", "failures are told with their causes"),
    (
        "screen",
        "words",
        "which characters are harmless is said once",
    ),
    ("terminal", "screen", "one size for both kinds of terminal"),
];

/// Rooms that are drawn and not built yet.
pub(crate) const LATER: [&str; 1] = ["page"];

/// What the tests inside a room may name besides.
pub(crate) const IN_TESTS: &str = "base64 bytes clap loopback proptest regex rustix serde_json sha2 shlex tempfile thiserror tokio uuid zstd";

/// Names that stand in few places, whatever crates a room may name: each place with its reason.
pub(crate) struct Guard {
    pub(crate) rule: &'static str,
    pub(crate) names: &'static str,
    pub(crate) places: &'static [(&'static str, &'static str)],
}

#[rustfmt::skip]
pub(crate) const GUARDS: [Guard; 4] = [
    Guard {
        rule: "sockets",
        names: "std::net::TcpListener std::net::TcpStream std::net::ToSocketAddrs std::net::UdpSocket \
                std::os::unix::net tokio::net tokio_tungstenite::accept_async tokio_tungstenite::client_async \
                tokio_tungstenite::client_async_with_config tokio_tungstenite::connect_async",
        places: &[
            ("session/driver", "the data channel"),
            ("session/port/local.rs", "listens for programs of this machine"),
            ("service", "calls"),
            ("store", "buckets and addresses"),
            ("page", "listens for a browser of this machine"),
            ("signing/agent.rs", "the ssh-agent of this machine"),
            ("aws/network.rs", "the way there for all of these: proxies and TLS"),
        ],
    },
    Guard {
        rule: "prints",
        names: "std::print std::println std::eprint std::eprintln std::dbg \
                std::io::stdout std::io::stderr tokio::io::stdout tokio::io::stderr",
        places: &[("cli", "the one door for messages and results"), ("terminal", "the screen itself")],
    },
    Guard {
        rule: "keys",
        names: "aws_sdk_kms",
        places: &[
            ("session/driver/data_keys.rs", "opens an encrypted session"),
            ("signing/kms.rs", "signs a manifest"),
        ],
    },
    Guard {
        rule: "emulators",
        names: "avt::Terminal::new avt::Terminal::with_scrollback",
        places: &[("screen", "makes every emulated terminal, within its bounds")],
    },
];

/// The machines, with the crates that each may name. Beside those they may name `formats`, each other, `PURE`, and of
/// `std` what `OF_STD` lists: so no clock, socket, file, thread, and no chance.
#[rustfmt::skip]
pub(crate) const MACHINES: [(&str, &str); 28] = [
    ("session/channel", "aws_lc_rs base64 bytes serde serde_json thiserror uuid zeroize"),
    ("session/port/mux", "bytes"),
    ("session/port/note.rs", ""),
    ("session/port/outgoing.rs", "bytes"),
    ("session/port/plain.rs", "bytes"),
    ("session/port/wire.rs", "bytes"),
    ("session/console/escape.rs", "bytes"),
    ("session/console/overlay.rs", "avt memchr"),
    ("doctor/verdict.rs", "serde"),
    ("player/playback", ""),
    ("player/canvas.rs", "avt"),
    ("player/keys.rs", ""),
    ("player/outcome.rs", ""),
    ("player/picker", "chrono"),
    ("player/viewer", "avt chrono regex"),
    ("player/scan/activity.rs", ""),
    ("player/scan/idle.rs", ""),
    ("player/scan/overview.rs", ""),
    ("player/scan/search/hits.rs", ""),
    ("player/scan/search/places.rs", "avt regex"),
    ("recorder/input.rs", ""),
    ("review/audit", "chrono"),
    ("review/condition", "chrono regex thiserror"),
    ("rules", "chrono regex regex_syntax serde serde_json sha2 thiserror"),
    ("terminal/bindings.rs", ""),
    ("terminal/choosing.rs", "unicode_width"),
    ("terminal/press.rs", ""),
    ("transcript", "avt memchr percent_encoding regex serde_json"),
];
pub(crate) const PURE: [(&str, &str); 2] = [
    ("screen", "avt memchr unicode_width"),
    ("words", "serde serde_json strsim"),
];
pub(crate) const OF_STD: &str =
    "borrow cmp collections error fmt hash iter mem num ops str string time vec";
pub(crate) const NOT_PURE: &str = "std::time::Instant::now std::time::SystemTime::now chrono::Local \
     chrono::Utc::now uuid::Uuid::new_v4 uuid::Uuid::now_v7 aws_lc_rs::rand";

/// One of these words says what never happens in a file, after the sentence that says what the file holds.
pub(crate) const ABSENCE: &str =
    "nothing never no none nobody nowhere not cannot neither nor without";

/// How many lines a file may have.
pub(crate) const LINES: usize = 500;
