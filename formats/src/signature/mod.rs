//! Signatures over a manifest: SSHSIG, as `ssh-keygen -Y sign -n ssm-rec` makes them and `ssh-keygen -Y verify` checks them.
//!
//! Nothing here signs, asks for the time, or trusts a key: a signature that is right tells which key made it, and
//! [`AllowedSigners`] tells whose that is.

mod allowed;
mod key;
mod sshsig;

pub use allowed::{AllowedSigners, Mistake, Moment, Signer, Verdict};
pub use key::{algorithm, encoded, fingerprint, string};
pub use sshsig::{Error, MAX_SIGNATURE, Purpose, Signature, armored, to_be_signed};
