//! Planted violations: small sources, each with the rule that must find it, on the line that says `here`.
//!
//! Nothing here is compiled; the texts go through the same functions as the house.

/// A source by its made-up name.
type Source = (&'static str, &'static str);

#[rustfmt::skip]
pub(crate) const PLANTS: &[(&str, &[Source])] = &[
    // Rooms.
    ("rooms", &[("src/store/x.rs", "use crate::{\n  words::Text,\n  session::{channel::{self, Event}, port}, // here\n};")]),
    ("rooms", &[("src/store/s3/x.rs", "use super::super::super::player::Options; // here")]),
    ("rooms", &[("src/store/x.rs", "use ::formats::manifest::Manifest; // here")]),
    ("rooms", &[("src/store/x.rs", "use crate as whole;\nfn f(x: u8) -> whole::session::End { // here\n  todo!() }")]),
    ("rooms", &[("src/terminal/x.rs", "fn f() {\n  let x = crate::aws::Way::new(); // here\n}")]),
    ("rooms", &[("src/signing/x.rs", "fn f() {\n  assert_eq!(1, 2, \"{}\", crate::{ export::two, // here\n});\n}")]),
    ("rooms", &[("src/recorder/x.rs", "impl crate::session::Tee for Recorder {} // here")]),
    ("rooms", &[("src/store/x.rs", "use {std::fmt, crate::{self as whole}};\nfn f() { whole::session::go() } // here")]),
    ("rooms", &[("src/store/x.rs", "macro_rules! m { () => { $crate::session::go() } } // here")]),
    ("rooms", &[("src/helpers/mod.rs", "mod x;")]),
    ("rooms", &[("src/lib.rs", "pub use cli::run;"), ("src/cli/mod.rs", "pub fn run() {}"),
        ("src/store/x.rs", "fn f() { crate::run() } // here")]),
    ("rooms", &[("src/screen/mod.rs", "pub struct Screen;"), ("src/transcript/mod.rs", "pub use crate::screen::Screen;"),
        ("src/settings/x.rs", "use crate::transcript::Screen; // here")]),
    ("modules", &[("src/store/x.rs", "#[path = \"y.rs\"] // here\nmod x;")]),

    // Crates of others.
    ("crates", &[("src/settings/x.rs", "extern crate clap as c; // here")]),
    ("crates", &[("src/recorded/x.rs", "#[derive(Debug, clap::Args)] // here\nstruct Flags;")]),
    ("crates", &[("src/review/x.rs", "fn f<T: Into<anyhow::Error>>(t: T) {} // here")]),
    ("crates", &[("formats/src/x.rs", "use tokio::io; // here")]),

    // Sockets, and words on the terminal.
    ("sockets", &[("src/player/x.rs", "use tokio::{io, net, time}; // here")]),
    ("sockets", &[("src/recorder/x.rs", "use std::{fmt, net::{IpAddr,\n  TcpStream}}; // here")]),
    ("sockets", &[("src/recorder/x.rs", "use std as s;\nfn f() {\n  let _ = s::net::TcpStream::connect(\"x:1\"); // here\n}")]),
    ("sockets", &[("src/export/x.rs", "mod inner {\n  use std::net::*; // here\n}")]),
    ("prints", &[("src/store/x.rs", "fn f() {\n  println!(\"stored\"); // here\n}")]),
    ("prints", &[("src/store/x.rs", "use std::eprintln as say; // here\nfn f() {\n  say!(\"stored\");\n}")]),
    ("prints", &[("src/store/x.rs", "fn f() {\n  tokio::select! { x = y => println!(\"{x}\") } // here\n}")]),
    ("prints", &[("formats/src/x.rs", "use std::io::{self, Write};\nfn f() {\n  io::stdout().flush(); // here\n}")]),
    ("keys", &[("src/session/driver/x.rs", "use aws_sdk_kms::Client; // here")]),
    ("emulators", &[("src/player/x.rs", "use avt::Terminal;\nfn f() {\n  Terminal::new(80, 24); // here\n}")]),

    // Machines.
    ("machines", &[("src/session/channel/x.rs", "use std::time::Instant;\nfn f() -> Instant {\n  Instant::now() // here\n}")]),
    ("machines", &[("src/session/channel/mod.rs", "fn f(since: std::time::Instant) {\n  since.elapsed(); // here\n}")]),
    ("machines", &[("src/session/channel/x.rs", "use super::super::driver::Driver; // here"), ("src/session/driver/mod.rs", "pub struct Driver;")]),
    ("machines", &[("src/player/playback.rs", "fn f() {\n  format!(\"{:?}\", std::env::args()); // here\n}")]),
    ("machines", &[("src/recorder/input.rs", "use std::thread; // here")]),

    // Circles.
    ("circles", &[("src/store/mod.rs", "mod a; mod b; pub use a::A; pub use b::*;"),
        ("src/store/a.rs", "use super::B; // here\npub struct A(B);"), ("src/store/b.rs", "pub struct B(crate::store::A);")]),
    ("circles", &[("formats/src/x/mod.rs", "mod child;\npub use child::*;"),
        ("formats/src/x/child.rs", "use crate::y::*;\npub fn f() -> Y { Y } // here"), ("formats/src/y.rs", "use crate::x::*;\npub struct Y;\npub fn g() { f(); }")]),

    // Files.
    ("docs", &[("tests/x.rs", "// Silent. // here")]),
    ("docs", &[("examples/x.rs", "//! What this holds. And more of it.\nfn f() {}")]),
    ("docs", &[("src/store/x.rs", "//! What this holds, and not what never happens.\nfn f() {}")]),
];

/// What breaks no rule, though a search for text would think so.
#[rustfmt::skip]
pub(crate) const CLEAN: &[Source] = &[
    ("formats/src/x/mod.rs", "mod child;\npub struct Size;\npub fn f() { child::f(); }"),
    ("formats/src/x/child.rs", "use super::*;\npub fn f() -> Size { Size }"),
    ("src/store/mod.rs", "mod a; mod b; pub use a::A; pub use b::B; #[cfg(unix)] mod unix; mod unix {}"),
    ("src/store/a.rs", r#"
use std::net::IpAddr;
use crate::{aws::{self, Way}, words};
use super::B;
/// Not [`crate::session`], which `use crate::session;` would import.
pub struct A<'a>(pub(in crate::store) B, Way, &'a str, IpAddr);
fn f(clap: u8, formats: u8) -> String {
    let println = clap + formats; // use crate::player;
    format!("crate::session::channel {println} {}", words::text(aws::NAME))
}
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[test]
    fn a_test_may_print_and_listen() { println!("{:?}", std::net::TcpListener::bind("x:1")); }
}
"#),
    ("src/words/mod.rs", "pub fn text(name: &str) {}"),
    ("src/store/b.rs", "pub struct B;\n#[cfg(test)] mod tests;"),
    ("src/store/b/tests.rs", "use super::super::A; use super::*; use tokio::net::TcpStream;"),
    ("src/session/channel/mod.rs", "use std::time::{Duration, Instant}; use crate::words; mod window;"),
    ("src/session/channel/window.rs", "use formats::agent_message; use std::collections::VecDeque;"),
];
