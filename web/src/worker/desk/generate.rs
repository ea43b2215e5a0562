//! Continues a prompt for the page: tells each piece as it comes, and ends between two tokens when nobody wants more.

use gloo_timers::future::TimeoutFuture;
use terakoya_core::generate::GenerationHost;
use terakoya_core::generation_config::GenerationConfig;
use terakoya_core::session::Session;
use terakoya_core::train::{Control, HostFuture};

use super::{Desk, Failure};
use crate::messages::{Event, Request, WhichModel};
use crate::worker::inbox::{Inbox, Posted};
use crate::worker::reading::answer_read_data;
use crate::worker::trying::answer_try;
use crate::worker::{now, tell};

impl Desk {
    /// Continues `prompt`, unless another one waits.
    pub(super) async fn generate(
        &self,
        id: u32,
        model: WhichModel,
        prompt: &str,
        config: &GenerationConfig,
    ) -> Result<(), Failure> {
        let session = self.session(model)?;
        if self.inbox.has(ends_a_continuation) {
            tell(id, Event::Stale);
            return Ok(());
        }
        let mut teller = Teller {
            id,
            inbox: &self.inbox,
            session,
        };
        let start = now();
        let generation = session.generate(prompt, config, &mut teller).await?;
        tell(
            id,
            Event::Generated {
                generation,
                milliseconds: now() - start,
            },
        );
        Ok(())
    }
}

/// Whether what comes after a continuation is not for its end to wait for.
fn ends_a_continuation(request: &Request) -> bool {
    matches!(
        request,
        Request::Generate { .. } | Request::Open { .. } | Request::Train { .. } | Request::Continue { .. }
    )
}

/// Tells the page of a continuation and hears it between two tokens.
struct Teller<'a> {
    /// The request that is answered.
    id: u32,
    inbox: &'a Inbox,
    /// Answers texts meanwhile.
    session: &'a Session,
}

impl GenerationHost for Teller<'_> {
    fn text(&mut self, piece: &str) {
        let text = piece.to_owned();
        tell(self.id, Event::Piece { text });
    }

    fn control(&mut self) -> HostFuture<'_, Control> {
        Box::pin(async {
            // Messages arrive between two turns of the browser's loop only.
            TimeoutFuture::new(0).await;
            let meanwhile =
                |request: &Request| matches!(request, Request::Try(_) | Request::ReadData(_) | Request::Hush);
            while let Some(Posted { id, request, files }) = self.inbox.take_if(meanwhile) {
                match request {
                    Request::Try(text) => answer_try(id, &text, self.session, None).await,
                    Request::ReadData(file) => answer_read_data(id, file, files.first()),
                    _ => {
                        tell(id, Event::Done);
                        return Control::Stop;
                    }
                }
            }
            match self.inbox.has(ends_a_continuation) {
                true => Control::Stop,
                false => Control::Continue,
            }
        })
    }
}
