//! Seals what the compressor gives: the envelope first, then chunk after chunk.
//!
//! Nothing here writes or compresses, and no two chunks are sealed for the same place.

use std::io;

use crate::asciicast::Header;
use crate::manifest::{Encryption, Manifest};
use crate::recording::envelope::ChunkHead;
use crate::sealed::{CIPHER, Cipher, Envelope, Seal};

/// What is held back until a chunk is sealed.
pub(super) struct Sealer {
    pub(super) cipher: Cipher,
    pub(super) encryption: Encryption,
    /// The envelope's frame, until it is written.
    envelope: Vec<u8>,
    /// Not sealed yet.
    pub(super) plain: Vec<u8>,
    /// Number of the next chunk in the frame.
    chunk: u32,
    /// What can be read of the frame once this chunk is there.
    head: ChunkHead,
}

impl Sealer {
    pub(super) fn new(seal: Seal, header: &Header) -> Self {
        let encryption = Encryption {
            cipher: CIPHER.to_owned(),
            recipients: seal.recipients,
        };
        let mut envelope = Vec::new();
        Envelope {
            salt: seal.salt,
            wrapped: seal.wrapped,
            opening: Manifest {
                terminal: Some(header.term.size()),
                encryption: Some(encryption.clone()),
                ..Manifest::of_session(&header.ssm.clone().unwrap_or_default())
            },
        }
        .encode(&mut envelope);
        Self {
            cipher: Cipher::new(&seal.key, &seal.salt),
            encryption,
            envelope,
            plain: Vec::new(),
            chunk: 0,
            head: ChunkHead::default(),
        }
    }

    /// Begins a data frame behind an event that came at `last_us`. What is returned stands before the first one.
    pub(super) fn begin(&mut self, last_us: u64) -> Vec<u8> {
        self.chunk = 0;
        self.head = ChunkHead {
            last_us,
            ..ChunkHead::default()
        };
        std::mem::take(&mut self.envelope)
    }

    /// The compressor has given all that it had: the frame reads so far.
    pub(super) fn reach(&mut self, text: usize, last_us: u64) -> io::Result<()> {
        self.head = ChunkHead {
            text: u32::try_from(text).map_err(|_| io::ErrorKind::FileTooLarge)?,
            last_us,
            ..self.head
        };
        Ok(())
    }

    /// What is held back, as a chunk of the data frame of this number.
    pub(super) fn chunk(&mut self, frame: u64, is_last: bool) -> io::Result<Vec<u8>> {
        let frame = u32::try_from(frame).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let head = ChunkHead {
            is_last,
            ..self.head
        };
        let mut sealed = Vec::with_capacity(self.plain.len() + 64);
        head.seal((frame, self.chunk), &self.plain, &self.cipher, &mut sealed)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        self.plain.clear();
        self.chunk += 1;
        Ok(sealed)
    }
}
