//! Answers what the page asks while somebody types: what the tokenizer makes of a text, and what the model says of it.

use terakoya_core::data::Gold;
use terakoya_core::error::Error;
use terakoya_core::protocol::Prediction;
use terakoya_core::session::Session;
use terakoya_core::task_kind::TaskKind;
use terakoya_core::tokenizer::Encoding;
use terakoya_core::train::Control;

use super::training::examples;
use super::{now, tell};
use crate::messages::{Event, Row, Text, Token, in_words};

/// Tokenizes and classifies a text.
pub async fn answer_try(id: u32, text: &Text, session: &Session, before: Option<&Session>) {
    let event = match tried(text, session, before).await {
        Ok(event) => event,
        Err(error) => Event::Failed {
            message: in_words(&error),
        },
    };
    tell(id, event);
}

async fn tried(text: &Text, session: &Session, before: Option<&Session>) -> Result<Event, Error> {
    // What a text goes on from has no end yet.
    let encoding = match session.task() {
        TaskKind::CausalLm => session.tokenizer().encode_without_special_tokens(&text.text)?,
        _ => session.encode(&text.text, text.text_pair.as_deref())?,
    };
    let start = now();
    let prediction = predict(text, &encoding, session).await?;
    let milliseconds = now() - start;
    // Only answers of one kind stand side by side.
    let before = match before.filter(|before| before.task() == session.task()) {
        Some(session) => predict(text, &encoding, session).await?,
        None => None,
    };
    Ok(Event::Tried {
        tokens: tokens(&encoding, session),
        truncated: encoding.truncated,
        prediction,
        before,
        milliseconds,
    })
}

/// The model's answer to a text, which `encoding` is of, where its head is trained.
async fn predict(text: &Text, encoding: &Encoding, session: &Session) -> Result<Option<Prediction>, Error> {
    // What goes on behind a text is asked for by itself.
    let continues = session.task() == TaskKind::CausalLm;
    if continues || !session.has_head() || leaves_nothing_open(encoding, session) {
        return Ok(None);
    }
    let row = Row {
        text: text.text.clone(),
        text_pair: text.text_pair.clone(),
        gold: Gold::None,
    };
    let (predictions, _) = session
        .predict(&examples(&[row]), None, 1, async |_, _| Control::Continue)
        .await?;
    Ok(predictions.into_iter().next())
}

/// Whether the model guesses hidden words and the text hides none.
fn leaves_nothing_open(encoding: &Encoding, session: &Session) -> bool {
    let mask = session.tokenizer().mask_id();
    session.task() == TaskKind::MaskedLm && !encoding.ids.iter().any(|id| Some(*id) == mask)
}

/// The tokens as the page shows them.
pub fn tokens(encoding: &Encoding, session: &Session) -> Vec<Token> {
    let unknown = session.tokenizer().unk_id();
    (0..encoding.ids.len())
        .map(|index| Token {
            id: encoding.ids[index],
            token: encoding.tokens[index].clone(),
            span: (!encoding.special_tokens_mask[index]).then(|| encoding.offsets[index]),
            word: encoding.word_ids[index],
            sequence: encoding.sequence_ids[index],
            unknown: Some(encoding.ids[index]) == unknown,
        })
        .collect()
}
