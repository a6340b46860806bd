//! What ssm-rec promises: the real binary, in a real terminal where it matters, against the service on loopback.
//!
//! Nothing here looks inside the program. One file per command that a person types.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod answers;
mod athena;
mod audit;
#[cfg(unix)]
mod called;
mod captures;
#[cfg(unix)]
mod closed;
mod command;
mod commands;
mod compact;
mod completion;
mod config;
mod crash;
#[cfg(unix)]
mod credentials;
#[cfg(unix)]
mod demo;
mod derived;
mod doctor;
mod encrypted;
mod evidence;
mod export;
mod feel;
mod forward;
mod forwards;
#[cfg(unix)]
mod handed_over;
#[cfg(unix)]
mod inside;
#[cfg(unix)]
mod jobs;
mod judgement;
mod list;
#[cfg(unix)]
mod log;
mod man;
#[cfg(unix)]
mod official;
mod packs;
mod picker;
mod play;
#[cfg(unix)]
mod plugin;
mod policy;
mod proxy;
mod readers;
#[cfg(unix)]
mod readme;
mod recover;
mod remote;
mod review;
mod rough;
mod rules;
mod search;
mod sessions;
mod sql;
mod start;
mod stored;
mod tail;
#[cfg(unix)]
mod taken_back;
mod targets;
mod trust;
mod upload;
mod verify;
mod views;
mod watch;
mod web_server;

use loopback::rig;
