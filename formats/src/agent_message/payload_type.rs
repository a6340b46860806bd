//! How the payload of an agent message is read: a number of its header, by name.
//!
//! Nothing here reads a payload; the bodies are in [`crate::payload`].

/// How the payload of a stream message is read (source: PayloadType constants, contracts/model.go).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PayloadType(pub u32);

#[allow(
    missing_docs,
    reason = "the names are those of the protocol; the bodies in `payload` document their content"
)]
impl PayloadType {
    /// Messages outside the stream.
    pub const NONE: Self = Self(0);
    /// Bytes: the screen, the keyboard, or a port's data.
    pub const OUTPUT: Self = Self(1);
    pub const ERROR: Self = Self(2);
    pub const SIZE: Self = Self(3);
    pub const PARAMETER: Self = Self(4);
    pub const HANDSHAKE_REQUEST: Self = Self(5);
    pub const HANDSHAKE_RESPONSE: Self = Self(6);
    pub const HANDSHAKE_COMPLETE: Self = Self(7);
    pub const ENCRYPTION_CHALLENGE_REQUEST: Self = Self(8);
    pub const ENCRYPTION_CHALLENGE_RESPONSE: Self = Self(9);
    pub const FLAG: Self = Self(10);
    pub const STD_ERR: Self = Self(11);
    pub const EXIT_CODE: Self = Self(12);

    /// The name used in exports and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NONE => "none",
            Self::OUTPUT => "output",
            Self::ERROR => "error",
            Self::SIZE => "size",
            Self::PARAMETER => "parameter",
            Self::HANDSHAKE_REQUEST => "handshake-request",
            Self::HANDSHAKE_RESPONSE => "handshake-response",
            Self::HANDSHAKE_COMPLETE => "handshake-complete",
            Self::ENCRYPTION_CHALLENGE_REQUEST => "encryption-challenge-request",
            Self::ENCRYPTION_CHALLENGE_RESPONSE => "encryption-challenge-response",
            Self::FLAG => "flag",
            Self::STD_ERR => "stderr",
            Self::EXIT_CODE => "exit-code",
            _ => "unknown",
        }
    }

    /// Whether these bytes are shown to the person: screen output, and what a command wrote to stderr.
    #[must_use]
    pub fn is_shown(self) -> bool {
        matches!(self, Self::OUTPUT | Self::STD_ERR)
    }
}
