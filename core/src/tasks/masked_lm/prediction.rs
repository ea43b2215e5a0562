//! Says which words fit the places that a text leaves open.

use crate::predictions::{MaskCandidate, MasksPrediction};
use crate::rows::{Answered, Output};
use crate::tokenizer::Tokenizer;

/// One prediction an example; an evaluation compares with known words and leaves nothing open.
pub(super) fn predictions(answered: Answered) -> Vec<MasksPrediction> {
    let candidate = |&(id, score): &(u32, f32)| MaskCandidate {
        token: spelling(answered.text.tokenizer, id),
        score,
    };
    let of_output = |output: &Output| match output {
        Output::Words(places) => Some(MasksPrediction {
            masks: places
                .iter()
                .map(|words| words.iter().map(candidate).collect())
                .collect(),
        }),
        _ => None,
    };
    answered.outputs.iter().filter_map(of_output).collect()
}

/// A token as text where it is one, else as the vocabulary spells it.
pub(crate) fn spelling(tokenizer: &Tokenizer, id: u32) -> String {
    let text = tokenizer.decode(&[id]).ok();
    let text = text.map(|text| text.trim().to_owned());
    let text = text.filter(|text| !text.is_empty() && !text.contains(char::REPLACEMENT_CHARACTER));
    text.or_else(|| tokenizer.id_to_token(id)).unwrap_or_default()
}
