//! What is derived from a recording, as an object of its own: lines of JSON, compressed, and sealed where the recording is.
//!
//! Nothing here knows what the lines say. An object reads like a recording without an end: `recording::Reader` gives its lines,
//! `zstd -d` its text.

use std::io::{self, Read, Write};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::digest::hex;
use super::envelope::ChunkHead;
use crate::manifest::{Encryption, FORMAT, Manifest, Object};
use crate::sealed::{CIPHER, Cipher, Envelope, Seal};

/// Text in a frame, in bytes; a frame ends with a line.
const FRAME: usize = 256 * 1024;
/// Lines of a long output are half of what it costs to make them already; more than this saves next to nothing of what people
/// type, and an eighth of long texts.
const LEVEL: i32 = 1;

/// Writes such an object.
pub struct DerivedWriter<W> {
    sink: W,
    compressor: zstd::bulk::Compressor<'static>,
    cipher: Option<Cipher>,
    text: Vec<u8>,
    frames: u32,
    digest: Sha256,
    bytes: u64,
    count: u64,
}

impl<W: Write> DerivedWriter<W> {
    /// Begins an object, for the readers of `seal` where there is one: the recording's own, but for the salt, which is
    /// another for each object.
    ///
    /// # Errors
    /// The sink failed.
    pub fn new(sink: W, session_id: &str, seal: Option<Seal>) -> io::Result<Self> {
        let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
        compressor.include_checksum(true)?;
        let mut writer = Self {
            sink,
            compressor,
            cipher: seal.as_ref().map(|seal| Cipher::new(&seal.key, &seal.salt)),
            text: Vec::new(),
            frames: 0,
            digest: Sha256::new(),
            bytes: 0,
            count: 0,
        };
        if let Some(seal) = seal {
            let mut envelope = Vec::new();
            Envelope {
                salt: seal.salt,
                wrapped: seal.wrapped,
                opening: Manifest {
                    format: FORMAT,
                    session_id: session_id.to_owned(),
                    encryption: Some(Encryption {
                        cipher: CIPHER.to_owned(),
                        recipients: seal.recipients,
                    }),
                    ..Manifest::default()
                },
            }
            .encode(&mut envelope);
            writer.put(&envelope)?;
        }
        Ok(writer)
    }

    /// Adds a line.
    ///
    /// # Errors
    /// The sink failed, or the line is no JSON.
    pub fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.text, line)?;
        self.text.push(b'\n');
        self.count += 1;
        match self.text.len() >= FRAME {
            true => self.frame(),
            false => Ok(()),
        }
    }

    /// Writes what is left. Gives the sink, and what the manifest tells of the object.
    ///
    /// # Errors
    /// The sink failed.
    pub fn finish(mut self) -> io::Result<(W, Object)> {
        // Nothing is an object as well.
        if !self.text.is_empty() || self.frames == 0 {
            self.frame()?;
        }
        self.sink.flush()?;
        let object = Object {
            digest: hex(&self.digest.finalize().into()),
            bytes: self.bytes,
            count: self.count,
        };
        Ok((self.sink, object))
    }

    fn frame(&mut self) -> io::Result<()> {
        let mut frame = self.compressor.compress(&self.text)?;
        if let Some(cipher) = &self.cipher {
            let head = ChunkHead {
                text: u32::try_from(self.text.len()).map_err(|_| io::ErrorKind::FileTooLarge)?,
                is_last: true,
                last_us: 0,
            };
            let mut sealed = Vec::with_capacity(frame.len() + 64);
            head.seal((self.frames, 0), &frame, cipher, &mut sealed)
                .ok_or(io::ErrorKind::FileTooLarge)?;
            frame = sealed;
        }
        self.frames = self
            .frames
            .checked_add(1)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        self.text.clear();
        self.put(&frame)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        self.sink.write_all(bytes)
    }
}

impl Object {
    /// Whether these are its bytes.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn is(&self, source: impl Read) -> io::Result<bool> {
        self.reading(source).is_it()
    }

    /// Reads bytes that may be its own; when they have been read, [`Reading::is_it`] tells.
    pub fn reading<R: Read>(&self, source: R) -> Reading<'_, R> {
        Reading {
            object: self,
            source,
            digest: Sha256::new(),
            bytes: 0,
        }
    }
}

/// Bytes that are read before it is known whether they are an object's own.
pub struct Reading<'a, R> {
    object: &'a Object,
    source: R,
    digest: Sha256,
    bytes: u64,
}

impl<R: Read> Reading<'_, R> {
    /// Reads what is left. Tells whether all of it is the object.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn is_it(mut self) -> io::Result<bool> {
        let mut piece = vec![0; 64 * 1024];
        loop {
            match self.read(&mut piece) {
                Ok(0) => break,
                // What goes on behind it is another one.
                Ok(_) if self.bytes > self.object.bytes => break,
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(self.bytes == self.object.bytes
            && hex(&self.digest.finalize().into()) == self.object.digest)
    }
}

impl<R: Read> Read for Reading<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        self.digest.update(&buffer[..length]);
        self.bytes += length as u64;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::LineSource;
    use crate::recording::Reader;
    use crate::sealed::{KEY, Key, SALT};

    fn lines(object: &[u8], key: Option<&Key>) -> Vec<String> {
        let mut reader = match key {
            Some(key) => Reader::open_with(object, key).unwrap(),
            None => Reader::open(object).unwrap(),
        };
        let mut lines = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
        }
        lines
    }

    fn object(count: usize, seal: Option<Seal>) -> (Vec<u8>, Object) {
        let mut writer = DerivedWriter::new(Vec::new(), "s-1", seal).unwrap();
        for number in 0..count {
            writer.line(&format!("line {number}")).unwrap();
        }
        writer.finish().unwrap()
    }

    fn seal(salt: u8) -> Seal {
        Seal {
            key: Key::new([7; KEY]),
            salt: [salt; SALT],
            wrapped: b"age-encryption.org/v1\n".to_vec(),
            recipients: vec!["age1reader".to_owned()],
        }
    }

    #[test]
    fn what_is_written_is_read_in_as_many_frames_as_it_takes() {
        for count in [0, 1, 100_000] {
            let (bytes, told) = object(count, None);
            let read = lines(&bytes, None);
            assert_eq!((read.len(), told.count), (count, count as u64));
            assert!(
                read.last()
                    .is_none_or(|last| *last == format!("\"line {}\"", count - 1))
            );
            assert_eq!(told.digest, hex(&Sha256::digest(&bytes).into()));
            assert_eq!(told.bytes, bytes.len() as u64);
            assert!(told.is(&bytes[..]).unwrap());
            assert!(!told.is(&bytes[1..]).unwrap());
            assert!(!told.is(bytes.chain(&b"more"[..])).unwrap());
            let mut begun = told.reading(&bytes[..]);
            begun.read_exact(&mut [0; 4]).unwrap();
            assert!(begun.is_it().unwrap());
            let text = zstd::decode_all(&bytes[..]).unwrap();
            assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), count);
        }
    }

    #[test]
    fn what_is_sealed_reads_with_the_key_of_the_recording_alone() {
        let (bytes, _) = object(50_000, Some(seal(1)));
        let key = Key::new([7; KEY]);
        assert_eq!(lines(&bytes, Some(&key)).len(), 50_000);
        assert!(Reader::open(&bytes[..]).is_err());
        let shown = String::from_utf8_lossy(&bytes);
        assert!(!shown.contains("line 1") && shown.contains("age1reader"));
        // Another salt gives another object.
        assert_ne!(object(50_000, Some(seal(2))).0, bytes);
    }
}
