//! `ssm-rec play` without a name: all that is in the store and the spool, to pick from.
//!
//! Nothing is waited for that is known already, and a store that fails is told of once.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::{DateTime, Local};
use formats::sealed::Unlock;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{PLAY, PlayArgs, Playing, Running, in_turn};
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::cli::named::{self, Bytes, Named};
use crate::envelope::Identities;
use crate::player::picker::{Item, Mark, News, Picker};
use crate::player::{self, Input, Looker, Picked, Stopped};
use crate::review::catalog::{Catalog, Error, Found, State, Told};
use crate::settings::Settings;
use crate::terminal;
use crate::words::causes;

/// Lets somebody pick, plays what was picked, and lets them pick again.
pub(super) fn run(args: &PlayArgs, settings: &Arc<Settings>) -> CommandResult {
    if !terminal::stdout_is_terminal() || !terminal::stdin_is_terminal() {
        let error = anyhow!("no recording is named, and there is no terminal to pick one in");
        return Err(Failure::new(Status::Usage, error)
            .hint("name one; `ssm-rec list` tells which there are"));
    }
    let places = settings.places_to_read()?;
    let catalog = named::catalog(&places).remembering(settings.cache());
    let place = catalog.location();
    let mut picker = Picker::new(place.clone());
    let (tell, mut news) = unbounded_channel();
    let failed = Arc::new(Mutex::new(None));
    let listing = Arc::clone(&failed);
    thread::Builder::new()
        .name("listing".into())
        .spawn(move || list(&catalog, &tell, &listing))
        .context("cannot start")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let looker: Arc<dyn Looker> = Arc::new(Look(
        Arc::clone(settings),
        args.identity.unprotected(settings),
    ));
    // The end of all, where the store was not listed to its end.
    let failure = |status| {
        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed
            .take()
            .map_or(Ok(status), |error: Error| Err(Failure::from(error)))
    };
    loop {
        let picking = player::pick(&mut picker, &mut news, Arc::clone(&looker));
        match runtime.block_on(picking).context("cannot pick")? {
            Picked::Left => return failure(Status::Success),
            Picked::Signal(number) => return Ok(Status::Signal(number)),
            Picked::Nothing => {
                failure(Status::Success)?;
                let error = anyhow!("no recordings in {place:?}");
                return Err(Failure::new(Status::NotFound, error)
                    .hint("the next session that `ssm-rec start` records will be there"));
            }
            Picked::Play(items) => {
                let played = in_turn(items.len(), |at, is_last| {
                    let playing = Playing {
                        args,
                        settings,
                        number: (at + 1, items.len()),
                    };
                    playing.play_item(&items[at], is_last)
                });
                let result = match played {
                    Ok((Stopped::HungUp, result)) => return result,
                    Ok((_, result)) => result,
                    Err(failure) => Err(failure),
                };
                match result {
                    Ok(status @ Status::Signal(_)) => return Ok(status),
                    Ok(_) => {}
                    Err(failure) => {
                        let told = format!("{:#}", failure.error);
                        message::say(&told);
                        picker.say(told);
                    }
                }
                picker.handle_return();
            }
        }
    }
}

impl Playing<'_> {
    fn play_item(&self, item: &Item, is_last: bool) -> Result<(Stopped, CommandResult), Failure> {
        let identities = Arc::new(self.args.identity.identities(self.settings));
        let mut options = self.options(None, is_last);
        if item.marks.contains(&Mark::Running)
            && let Some(running) = Running::find(&item.id, self.settings)?
        {
            options.follow = true;
            return running.play(options, self.beside(), (self.settings, &identities), true);
        }
        let named = find(item, self.settings)?;
        let played = self.play_named(&item.id, named, identities, options, true)?;
        Ok((played.stopped, played.result))
    }
}

/// Where it was, or else wherever it is by now: what lay in the spool may be stored.
fn find(item: &Item, settings: &Settings) -> Result<Named, Failure> {
    let is_there = item.place.contains("://") || Path::new(&item.place).exists();
    let mut named = match is_there {
        true => named::open(&item.place, settings, PLAY)?,
        false => named::open(&item.id, settings, PLAY)?,
    };
    named.label.clone_from(&item.id);
    Ok(named)
}

/// Opens recordings for their last screens. Nobody is asked for a passphrase meanwhile: what needs one says so.
struct Look(Arc<Settings>, Identities);

impl Looker for Look {
    fn open(&self, item: &Item) -> Result<Input, String> {
        match find(item, &self.0) {
            Ok(named) => Ok(match named.bytes {
                Bytes::Seekable(bytes) => Input::Seekable(Box::new(bytes)),
                Bytes::Stream(bytes) => Input::Stream(bytes),
            }),
            Err(failure) => Err(format!("{:#}", failure.error)),
        }
    }

    fn unlock(&self) -> &dyn Unlock {
        &self.1
    }
}

fn list(catalog: &Catalog, tell: &UnboundedSender<News>, failed: &Mutex<Option<Error>>) {
    let listed = catalog.browse(|told| {
        let news = match told {
            Told::Found(found) => News::Items(found.into_iter().map(item).collect()),
            Told::Gone(ids) => News::Gone(ids),
            Told::Problem(problem) => {
                let error = causes(&problem.error);
                News::Problem(format!("{:?} does not read: {error}", problem.location))
            }
        };
        tell.send(news).is_ok()
    });
    if let Err(error) = listed {
        let _ = tell.send(News::Problem(causes(&error)));
        *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
    // Where nobody picks any more, nobody needs to know.
    let _ = tell.send(News::Listed);
}

fn item(found: Found) -> Item {
    let (manifest, state) = (found.entry.manifest, found.entry.state);
    let mut item = Item::new(found.id, found.entry.location);
    let started = manifest.started_at.as_deref();
    item.started = started
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
        .map(|time| time.with_timezone(&Local).fixed_offset());
    item.duration = (state == State::Stored).then(|| Duration::from_micros(manifest.duration_us));
    item.operator = manifest.operator.or(manifest.user).unwrap_or_default();
    item.target = manifest.target;
    item.reason = manifest.reason.unwrap_or_default();
    item.marks = [
        (state == State::InSpool && found.is_claimed, Mark::Running),
        (state == State::InSpool && !found.is_claimed, Mark::Unsent),
        (state == State::WithoutManifest, Mark::NoManifest),
        (manifest.recovered, Mark::Cut),
        (manifest.encryption.is_some(), Mark::Sealed),
        (found.is_signed == Some(false), Mark::Unsigned),
    ]
    .into_iter()
    .filter_map(|(is_so, mark)| is_so.then_some(mark))
    .collect();
    item.complete()
}
