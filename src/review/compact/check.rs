//! Packs are compared with what they were made of.
//!
//! Nothing here believes an index: its files are read from end to end, and made again of the sessions that it names.

use std::io::{self, Read};

use formats::layout;
use formats::pack::{Covered, Index, Part, Telling};

use crate::packs::made_by;
use crate::review::catalog::{Catalog, Error, Filter, Packed, Standing, UNSIGNED};
use crate::transcript::EXTRACTOR;
use crate::words::causes;

/// A pack, and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Where its index lies, for a person.
    pub location: String,
    /// How many sessions it says that it has.
    pub sessions: usize,
    /// What it is worth.
    pub verdict: Verdict,
}

/// What a pack is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is what its sessions give, byte for byte.
    Same,
    /// Whoever made it was stopped; compact goes on with it.
    Unfinished,
    /// It was made by another version, and cannot be made again by this one; its files are what its index tells of.
    Another(String),
    /// It is not what it says: why.
    Differs(String),
}

/// Compares the packs of the days that `filter` may want something of with what they were made of.
///
/// # Errors
/// The store cannot be listed or reached.
pub fn check(
    catalog: &Catalog,
    filter: &Filter,
    tell: &mut dyn FnMut(Checked) -> bool,
) -> Result<(), Error> {
    for pack in catalog.packs(filter)? {
        let verdict = match &pack.state {
            Standing::Refused(why, _) => Verdict::Differs(why.clone()),
            Standing::Half(_) => Verdict::Unfinished,
            Standing::Unsigned(_) => Verdict::Differs(UNSIGNED.to_owned()),
            Standing::Whole(whole) => compared(catalog, &pack, whole.index())?,
        };
        let checked = Checked {
            location: pack.location.clone(),
            sessions: pack.index().map_or(0, |index| index.covers.len()),
            verdict,
        };
        if !tell(checked) {
            break;
        }
    }
    Ok(())
}

fn compared(catalog: &Catalog, pack: &Packed, index: &Index) -> Result<Verdict, Error> {
    for part in Part::ALL {
        let key = layout::pack(part, pack.date, pack.number);
        let object = catalog.store().open_straight(&key)?;
        let told = index.file(part);
        // What cannot be read is not what the index tells of either.
        match told_of(object, told.bytes) {
            Ok(telling) => {
                if telling.finish(told.count) == *told {
                    continue;
                }
                let why = format!("its {} are not what its index tells of", part.name());
                return Ok(Verdict::Differs(why));
            }
            Err(error) => return Ok(Verdict::Differs(causes(&error))),
        }
    }
    let made = match catalog.again(pack.date, index)? {
        Ok(made) => made,
        Err(why) => return Ok(Verdict::Differs(why)),
    };
    let again = made.index();
    if again == index {
        return Ok(Verdict::Same);
    }
    let differing = again.covers.iter().zip(&index.covers);
    let mut differing = differing.filter(|(again, told)| again != told);
    if let Some((again, told)) = differing.next()
        && index.extractor == EXTRACTOR
    {
        return Ok(Verdict::Differs(difference(again, told)));
    }
    let ours = made_by();
    Ok(
        match index.made_by != ours || index.extractor != EXTRACTOR {
            true => Verdict::Another(index.made_by.clone()),
            false => Verdict::Differs("its sessions give other files".to_owned()),
        },
    )
}

fn difference(again: &Covered, told: &Covered) -> String {
    let session = &told.session;
    if again.manifest != told.manifest {
        return format!("session {session:?} has another manifest");
    }
    for (what, again, told) in [
        ("lines", again.lines, told.lines),
        ("commands", again.commands, told.commands),
    ] {
        if again != told {
            return format!("session {session:?} has {again} {what}, and {told} in the pack");
        }
    }
    format!("session {session:?} is not as the pack has it")
}

fn told_of(mut object: impl Read, length: u64) -> io::Result<Telling> {
    let mut telling = Telling::default();
    let mut buffer = vec![0; 256 * 1024];
    let mut object = object.by_ref().take(length.saturating_add(1));
    loop {
        match object.read(&mut buffer) {
            Ok(0) => return Ok(telling),
            Ok(read) => telling.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
