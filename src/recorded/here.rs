//! Which machine this is, and who uses it, as it knows them.
//!
//! What the environment says can be chosen by whoever starts the program, and names nobody here.

/// The name of this machine.
#[cfg(unix)]
pub(crate) fn host() -> Option<String> {
    rustix::system::uname()
        .nodename()
        .to_str()
        .ok()
        .map(str::to_owned)
}

/// The name of this machine.
#[cfg(not(unix))]
pub(crate) fn host() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// The name that this machine knows for the number, and the number.
#[cfg(unix)]
pub(crate) fn user() -> Option<String> {
    let number = nix::unistd::getuid();
    Some(match nix::unistd::User::from_uid(number) {
        Ok(Some(user)) if !user.name.is_empty() => format!("{} ({number})", user.name),
        _ => format!("user {number}"),
    })
}

/// The name of whoever is signed in here.
#[cfg(not(unix))]
pub(crate) fn user() -> Option<String> {
    std::env::var("USERNAME").ok()
}
