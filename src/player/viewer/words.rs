//! What the bar says in words.
//!
//! Nothing here is drawn.

use std::time::Duration;

use super::bar::Words;
use super::search::Search;
use super::{Viewer, times};
use crate::player::Standing;
use crate::screen::grid::Style;

impl Viewer {
    pub(super) fn words(&self, position: Duration) -> Words {
        Words {
            left: self.where_one_is(position),
            right: self.what_it_is(),
        }
    }

    fn where_one_is(&self, position: Duration) -> Vec<(String, Style)> {
        let playback = &self.playback;
        let is_over = playback.is_at_end();
        let (sign, style) = match () {
            () if playback.is_live() => ("● LIVE", Style::color(1).bold()),
            () if is_over => ("■ end", Style::PLAIN.bold()),
            () if playback.is_paused() => ("‖", Style::color(3).bold()),
            () => ("▶", Style::color(2).bold()),
        };
        let at = times::write(
            self.times,
            self.facts.started,
            self.facts.to_local,
            position,
        );
        let time = match self.lanes.total {
            Some(total) => format!("{at} / {}", times::relative(total)),
            None => at,
        };
        let mut words = vec![(sign.to_owned(), style), (time, Style::PLAIN)];
        let speed = playback.speed();
        if (speed - 1.0).abs() > f64::EPSILON {
            words.push((
                format!("{}x", (speed * 1000.0).round() / 1000.0),
                Style::color(6),
            ));
        }
        if let Some(skipped) = playback.skipped() {
            words.push((
                format!("skipped {}", times::about(skipped)),
                Style::color(3),
            ));
        }
        if self.placed.is_part {
            let (rows, cols) = playback.canvas().map_or((0, 0), |canvas| {
                let size = canvas.size();
                (size.rows, size.cols)
            });
            words.push((format!("of {cols}x{rows}"), Style::color(3)));
        }
        words
    }

    fn what_it_is(&self) -> Vec<(String, Style)> {
        let mut words = Vec::new();
        if let Some(search) = &self.search {
            words.push((Search::told(search), Style::color(2)));
        }
        match &self.proof {
            Some(proof) => words.push((
                proof.told.clone(),
                match proof.standing {
                    Standing::Proved => Style::color(2),
                    Standing::Unproved => Style::color(3),
                    Standing::Altered => Style::color(15).on(1).bold(),
                },
            )),
            None if self.facts.proves => words.push(("checking".to_owned(), Style::PLAIN.faint())),
            None => {}
        }
        let facts = &self.facts;
        if facts.number.1 > 1 {
            words.push((
                format!("{} of {}", facts.number.0, facts.number.1),
                Style::PLAIN,
            ));
        }
        let plain = [&facts.name, &facts.target, &facts.operator, &facts.reason];
        let plain = plain.into_iter().filter(|text| !text.is_empty());
        words.extend(plain.map(|text| (text.clone(), Style::PLAIN.faint())));
        words
    }
}
