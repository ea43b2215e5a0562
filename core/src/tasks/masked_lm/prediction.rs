//! Says which words fit the places that a text leaves open.

use crate::data::Example;
use crate::predictions::{MaskCandidate, MasksPrediction};
use crate::rows::{Answered, Output};
use crate::tokenizer::Tokenizer;

/// One prediction an example, `unasked` why it leaves nothing open; an evaluation compares with known words and has none.
pub(super) fn predictions(answered: Answered, unasked: impl Fn(&Example) -> Option<String>) -> Vec<MasksPrediction> {
    let candidate = |&(id, score): &(u32, f32)| MaskCandidate {
        token: spelling(answered.text.tokenizer, id),
        score,
    };
    let mut masks = vec![Vec::new(); answered.examples.len()];
    for (row, output) in answered.outputs.iter().enumerate() {
        match (output, answered.rows.example(row)) {
            (Output::Words(places), Some(example)) => {
                masks[example] = places
                    .iter()
                    .map(|words| words.iter().map(candidate).collect())
                    .collect();
            }
            _ => return Vec::new(),
        }
    }
    let said = |(masks, example): (Vec<_>, &Example)| MasksPrediction {
        unasked: if masks.is_empty() { unasked(example) } else { None },
        masks,
    };
    masks.into_iter().zip(answered.examples).map(said).collect()
}

/// A token as text where it is one, else as the vocabulary spells it.
pub(crate) fn spelling(tokenizer: &Tokenizer, id: u32) -> String {
    let text = tokenizer.decode(&[id]).ok();
    let text = text.map(|text| text.trim().to_owned());
    let text = text.filter(|text| !text.is_empty() && !text.contains(char::REPLACEMENT_CHARACTER));
    text.or_else(|| tokenizer.id_to_token(id)).unwrap_or_default()
}
