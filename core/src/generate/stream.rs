//! Turns tokens into text as they come, whole characters only.
//!
//! A token may end within a character, which then shows as U+FFFD at the end, one for all its bytes or one for each; it is
//! held back until the next tokens complete it. Only the last tokens are decoded again for each new one, so a long text costs no more
//! for each token than a short one.

use crate::tokenizer::{Tokenizer, TokenizerError};

/// Tokens after which the decoded part begins anew.
const WINDOW: usize = 16;

/// The tokens of a growing text.
pub struct TextStream<'a> {
    tokenizer: &'a Tokenizer,
    /// The last tokens; what stands before them is told.
    window: Vec<u32>,
    /// Bytes of the window's text that are told.
    told: usize,
}

impl<'a> TextStream<'a> {
    /// A stream that begins behind `prompt`, of which nothing is told.
    ///
    /// # Errors
    /// If the tokenizer cannot decode its own ids.
    pub fn after(prompt: &[u32], tokenizer: &'a Tokenizer) -> Result<Self, TokenizerError> {
        let window = prompt[prompt.len().saturating_sub(WINDOW)..].to_vec();
        let told = tokenizer.decode(&window)?.len();
        Ok(Self {
            tokenizer,
            window,
            told,
        })
    }

    /// Adds a token; gives what can be told now.
    ///
    /// # Errors
    /// If the tokenizer cannot decode its own ids.
    pub fn push(&mut self, id: u32) -> Result<String, TokenizerError> {
        self.window.push(id);
        let text = self.tokenizer.decode(&self.window)?;
        let whole = text.trim_end_matches(char::REPLACEMENT_CHARACTER).len();
        let piece = text.get(self.told..whole).unwrap_or_default().to_owned();
        self.told += piece.len();
        if whole == text.len() && self.window.len() >= 2 * WINDOW {
            self.window.drain(..self.window.len() - WINDOW);
            self.told = self.tokenizer.decode(&self.window)?.len();
        }
        Ok(piece)
    }

    /// What was held back and will not be completed.
    ///
    /// # Errors
    /// If the tokenizer cannot decode its own ids.
    pub fn finish(self) -> Result<String, TokenizerError> {
        let text = self.tokenizer.decode(&self.window)?;
        Ok(text.get(self.told..).unwrap_or_default().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::Files;

    /// The vocabulary's 256 bytes and 1,000 merges of English: other characters are bytes.
    fn tokenizer() -> Tokenizer {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/tokenizer/gpt2");
        let names = ["vocab.json", "merges.txt", "tokenizer_config.json"];
        let file = |name: &str| (name.to_owned(), std::fs::read(format!("{folder}/{name}")).expect(name));
        Tokenizer::from_files(&Files::from(names.map(file))).expect("a tokenizer")
    }

    #[test]
    fn pieces_are_whole_characters_and_make_the_text() {
        let tokenizer = tokenizer();
        let prompt = tokenizer.encode_without_special_tokens("The 寺").expect("ids").ids;
        let text = " temple 寺子屋 🗼 taught reading.\n\nAnd 😀 more, 二千字も書いた。".repeat(5);
        let ids = tokenizer.encode_without_special_tokens(&text).expect("ids").ids;
        let mut stream = TextStream::after(&prompt, &tokenizer).expect("a stream");
        let mut pieces = Vec::new();
        for &id in &ids {
            let piece = stream.push(id).expect("decodes");
            assert!(!piece.contains(char::REPLACEMENT_CHARACTER), "{piece:?}");
            pieces.push(piece);
        }
        assert!(
            pieces.iter().filter(|piece| piece.is_empty()).count() > 20,
            "nothing was held back"
        );
        assert_eq!(pieces.concat(), text);
        assert_eq!(stream.finish().expect("decodes"), "");
    }

    #[test]
    fn a_character_of_three_bytes_that_are_tokens_is_told_when_it_is_whole() {
        let json = r#"{"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null,
            "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
            "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": true, "merges": [],
                "vocab": {"<unk>": 0, "<0xE5>": 1, "<0xAF>": 2, "<0xBA>": 3, "a": 4}}}"#;
        let files = Files::from([("tokenizer.json".to_owned(), json.as_bytes().to_vec())]);
        let tokenizer = Tokenizer::from_files(&files).expect("a tokenizer");
        let mut stream = TextStream::after(&[4], &tokenizer).expect("a stream");
        let pieces = [1, 2, 3, 4].map(|id| stream.push(id).expect("decodes"));
        assert_eq!(pieces, ["", "", "寺", "a"]);
    }

    #[test]
    fn what_is_never_completed_is_told_at_the_end() {
        let tokenizer = tokenizer();
        let tower = tokenizer.encode_without_special_tokens("🗼").expect("ids").ids;
        assert!(tower.len() > 1, "{tower:?}");
        let mut stream = TextStream::after(&[], &tokenizer).expect("a stream");
        assert_eq!(stream.push(tower[0]).expect("decodes"), "");
        let letter = tokenizer.encode_without_special_tokens("x").expect("ids").ids[0];
        assert_eq!(stream.push(letter).expect("decodes"), "\u{fffd}x");
        assert_eq!(stream.push(tower[0]).expect("decodes"), "");
        assert_eq!(stream.finish().expect("decodes"), "\u{fffd}");
    }
}
