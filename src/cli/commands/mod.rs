//! The words that a person types: one file a command.
//!
//! Nothing stands here that two commands share.

pub(super) mod audit;
pub(super) mod compact;
pub(super) mod completions;
pub(super) mod config;
pub(super) mod derive;
pub(super) mod doctor;
pub(super) mod evidence;
pub(super) mod export;
pub(super) mod list;
pub(super) mod man;
pub(super) mod play;
pub(super) mod plugin;
pub(super) mod ran;
pub(super) mod recover;
pub(super) mod review;
pub(super) mod rules;
pub(super) mod search;
pub(super) mod sessions;
pub(super) mod show;
pub(super) mod ssh_proxy;
pub(super) mod start;
pub(super) mod tail;
pub(super) mod upload;
pub(super) mod verify;
