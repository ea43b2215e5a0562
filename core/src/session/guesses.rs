//! Says what a masked-lm model guesses for the words that an evaluation hides, each where it stands.

use super::Session;
use crate::data::Example;
use crate::error::Result;
use crate::examples::RowSource;
use crate::predictions::{MaskCandidate, WordGuess};
use crate::rows::{Output, Purpose, Row, Target, WordAt};
use crate::task_kind::TaskKind;
use crate::tasks::masked_lm::spelling;
use crate::tokenizer::Tokenizer;
use crate::train::Control;

/// Characters of a text that are shown on either side of a word.
const SHOWN_CHARACTERS: usize = 48;
/// Tokens of running text that are shown on either side of a word.
const SHOWN_TOKENS: usize = 12;

impl Session {
    /// What the model guesses for each word that [`Session::evaluate`] hides of `examples`, in the order of the data; nothing
    /// where the model is for another task. `progress` is that of [`Session::predict`].
    ///
    /// # Errors
    /// If the head is not trained, a text cannot be encoded, or the device fails.
    pub async fn guesses(
        &self,
        examples: &[Example],
        max_length: Option<usize>,
        batch_size: usize,
        progress: impl AsyncFnMut(usize, usize) -> Control,
    ) -> Result<Vec<WordGuess>> {
        if self.task.kind() != TaskKind::MaskedLm {
            return Ok(Vec::new());
        }
        let text = self.text_encoder(max_length);
        let answers = self
            .answers(examples, text, Purpose::Guess, batch_size, progress)
            .await?;
        // The same words are hidden again: what is drawn hangs on the row alone.
        let source = RowSource::new(examples, &*self.task, text, Purpose::Evaluate)?;
        let mut guesses = Vec::new();
        for (number, output) in answers.outputs.iter().enumerate() {
            let window = source.window(&[number], Purpose::Evaluate)?;
            let example = source.rows.example(number).map(|example| &examples[example]);
            for row in window.rows(&[0]) {
                guesses.extend(of_row(row, output, example, text.tokenizer));
            }
        }
        Ok(guesses)
    }
}

/// The guesses of a row that hides words; `example` is its text, where it is not a block of running text.
fn of_row(row: &Row, output: &Output, example: Option<&Example>, tokenizer: &Tokenizer) -> Vec<WordGuess> {
    let (Target::Words(words), Output::Words(said)) = (&row.target, output) else {
        return Vec::new();
    };
    let mut ids = row.encoding.ids.clone();
    for word in words {
        ids[word.position as usize] = word.id;
    }
    let candidate = |&(id, score): &(u32, f32)| MaskCandidate {
        token: spelling(tokenizer, id),
        score,
    };
    let guess = |(word, said): (&WordAt, &Vec<(u32, f32)>)| {
        let position = word.position as usize;
        let [before, there, after] = match example {
            Some(example) => in_text(row, position, example),
            None => in_block(&ids, position, tokenizer),
        };
        WordGuess {
            before,
            there,
            after,
            word: spelling(tokenizer, word.id),
            is_right: said.first().is_some_and(|(id, _)| *id == word.id),
            candidates: said.iter().map(candidate).collect(),
        }
    };
    words.iter().zip(said).map(guess).collect()
}

/// What stands before a token, where it is, and behind it, as the text is written.
fn in_text(row: &Row, position: usize, example: &Example) -> [String; 3] {
    let text = match row.encoding.sequence_ids.get(position) {
        Some(Some(1)) => example.text_pair.as_deref().unwrap_or_default(),
        _ => &example.text,
    };
    let characters: Vec<char> = text.chars().collect();
    let (start, end) = row.encoding.offsets.get(position).copied().unwrap_or_default();
    let end = end.min(characters.len());
    let start = start.min(end);
    let (first, last) = (
        start.saturating_sub(SHOWN_CHARACTERS),
        (end + SHOWN_CHARACTERS).min(characters.len()),
    );
    let part = |from: usize, to: usize| characters[from..to].iter().collect::<String>();
    let [left_out, left_out_behind] = [first > 0, last < characters.len()].map(|cut| if cut { "…" } else { "" });
    [
        format!("{left_out}{}", part(first, start)),
        part(start, end),
        format!("{}{left_out_behind}", part(end, last)),
    ]
}

/// The same of running text, of which only the tokens are known: with spaces where putting them together puts some.
fn in_block(ids: &[u32], position: usize, tokenizer: &Tokenizer) -> [String; 3] {
    let first = position.saturating_sub(SHOWN_TOKENS);
    let last = (position + 1 + SHOWN_TOKENS).min(ids.len());
    let text = |from: usize, to: usize| tokenizer.decode(&ids[from..to]).unwrap_or_default();
    let before = text(first, position);
    let with_word = text(first, position + 1);
    let whole = text(first, last);
    let word = with_word.strip_prefix(&before).map(str::trim_start);
    match (word, whole.strip_prefix(&with_word)) {
        (Some(word), Some(after)) if !word.is_empty() => {
            let before = with_word[..with_word.len() - word.len()].to_owned();
            [before, word.to_owned(), after.to_owned()]
        }
        // The word changes how its neighbours are spelled, or is none.
        _ => {
            let after = text(position + 1, last);
            [
                format!("{before} "),
                spelling(tokenizer, ids[position]),
                format!(" {after}"),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Gold;
    use crate::device::ComputeDevice;
    use crate::tokenizer::{Encoding, Files};

    #[test]
    fn a_model_reads_its_mask_in_either_spelling() {
        let config = r#"{"model_type":"bert","architectures":["BertForMaskedLM"],"hidden_size":8,"num_hidden_layers":1,
            "num_attention_heads":1,"intermediate_size":8,"max_position_embeddings":16}"#;
        let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        let files = Files::from([
            file("config.json", config),
            file("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n<mask>\nthe\ncat\n"),
            file("tokenizer_config.json", r#"{"mask_token":"<mask>"}"#),
        ]);
        let session = Session::from_scratch(files, None, ComputeDevice::cpu("as asked"), 0).expect("a model");
        for text in ["the <mask>", "the [MASK]"] {
            assert_eq!(session.encode(text, None).expect("a text").ids, [2, 5, 4, 3], "{text}");
        }
    }

    #[test]
    fn a_word_of_running_text_stands_as_the_text_is_put_together() {
        let spoken = |words: &[&str], position: usize| {
            let vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\n##s\n.\n";
            let files = Files::from([("vocab.txt".to_owned(), vocabulary.as_bytes().to_vec())]);
            let tokenizer = Tokenizer::from_files(&files).expect("a tokenizer");
            let id = |word: &&str| tokenizer.token_to_id(word).expect("a word");
            let ids: Vec<u32> = words.iter().map(id).collect();
            in_block(&ids, position, &tokenizer)
        };
        let words = ["the", "cat", "##s", ".", "[SEP]", "the"];
        assert_eq!(spoken(&words, 0), ["", "the", " cats. the"]);
        assert_eq!(spoken(&words, 1), ["the ", "cat", "s. the"]);
        assert_eq!(spoken(&words, 2), ["the cat", "s", ". the"]);
        assert_eq!(spoken(&words, 3), ["the cats", ".", " the"]);
        assert_eq!(spoken(&words, 4), ["the cats. ", "[SEP]", " the"]);
    }

    #[test]
    fn a_word_stands_where_it_is_in_its_own_text() {
        let example = Example {
            text: "𠮷野家で牛丼".to_owned(),
            text_pair: Some("x".repeat(60) + "を食べた" + &"y".repeat(49)),
            gold: Gold::None,
            line: 1,
            id: None,
        };
        let row = Row {
            encoding: Encoding {
                ids: vec![2, 7, 8, 3],
                offsets: vec![(0, 0), (4, 6), (61, 63), (0, 0)],
                sequence_ids: vec![None, Some(0), Some(1), None],
                ..Encoding::default()
            },
            target: Target::None,
        };
        let [before, there, after] = in_text(&row, 1, &example);
        assert_eq!((&*before, &*there, &*after), ("𠮷野家で", "牛丼", ""));
        let [before, there, after] = in_text(&row, 2, &example);
        assert_eq!(before, format!("…{}を", "x".repeat(47)));
        assert_eq!((&*there, after), ("食べ", format!("た{}…", "y".repeat(47))));
    }
}
