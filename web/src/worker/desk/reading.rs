//! Scores rows and places them on a map: between two batches it tells how far it is, answers what is typed, and hears whether
//! to go on.

use gloo_timers::future::TimeoutFuture;
use terakoya_core::data::{LabelMap, Place};
use terakoya_core::pca::{self, Projection};
use terakoya_core::session::NamedExamples;
use terakoya_core::tasks::features::Pooling;
use terakoya_core::train::Control;

use super::train::is_interrupted;
use super::{Desk, Failure, Posted, examples};
use crate::messages::{Event, Request, Row, WhichModel};
use crate::worker::training::TURN;
use crate::worker::{now, tell};

/// Texts a forward pass of an evaluation in the page.
const EVALUATION_BATCH: usize = 16;

/// What the page waits for and may end.
pub(super) struct Reading<'a> {
    desk: &'a Desk,
    /// The request.
    id: u32,
    /// What ends it.
    number: u32,
    last_turn: f64,
}

impl<'a> Reading<'a> {
    pub(super) fn new(desk: &'a Desk, id: u32, number: u32) -> Self {
        Self {
            desk,
            id,
            number,
            last_turn: now(),
        }
    }

    /// Tells how far it is and answers what is typed, once a turn is over; whether to go on.
    async fn turn(&mut self, done: usize, total: usize) -> Control {
        if now() - self.last_turn < TURN {
            return Control::Continue;
        }
        tell(self.id, Event::Read { done, total });
        // Messages arrive between two turns of the browser's loop only.
        TimeoutFuture::new(0).await;
        let inbox = &self.desk.inbox;
        let is_typed = |request: &Request| matches!(request, Request::Try(_));
        while let Some(Posted {
            id,
            request: Request::Try(text),
            ..
        }) = inbox.take_if(is_typed)
        {
            if let Some(model) = &self.desk.model {
                model.try_text(id, &text).await;
            }
        }
        self.last_turn = now();
        // It is left there for what waits under the same number.
        match inbox.has(|request| matches!(request, Request::EndReading { number } if *number == self.number)) {
            true => Control::Stop,
            false => Control::Continue,
        }
    }

    pub(super) async fn map(mut self, which: WhichModel, rows: &[Row]) -> Result<(), Failure> {
        let (session, rows) = (self.desk.session(which)?, examples(rows));
        let mut vectors = Vec::with_capacity(rows.len());
        for batch in rows.chunks(EVALUATION_BATCH) {
            vectors.extend(session.embed(batch, Pooling::Mean, EVALUATION_BATCH).await?.0);
            if self.turn(vectors.len(), rows.len()).await == Control::Stop {
                tell(self.id, Event::Stale);
                return Ok(());
            }
        }
        let Projection { points, explained } = pca::project(&vectors)?;
        tell(self.id, Event::Mapped { points, explained });
        Ok(())
    }

    pub(super) async fn evaluate(mut self, which: WhichModel, rows: &[Row]) -> Result<(), Failure> {
        let session = self.desk.session(which)?;
        let examples = examples(rows);
        let data = NamedExamples {
            name: "table",
            examples: &examples,
            place: Place::Line,
        };
        // A text may make several rows, or a row hold several texts.
        let share = |done: usize, all: usize| (rows.len() as f64 * done as f64 / all as f64) as usize;
        let turn = async |done, all| self.turn(share(done, all), rows.len()).await;
        let evaluated = session
            .evaluate(data, &LabelMap::default(), None, EVALUATION_BATCH, turn)
            .await;
        let event = match evaluated.map_err(Failure::from) {
            Err(error) if is_interrupted(&*error) => Event::Stale,
            evaluated => Event::Evaluated {
                model: which,
                evaluation: evaluated?,
            },
        };
        tell(self.id, event);
        Ok(())
    }
}
