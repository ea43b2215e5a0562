//! Chooses the tokens that a model has to guess and hides them, as BERT was trained: of those chosen 80 % become the mask
//! token, 10 % a random one, and 10 % stay.
//!
//! What is chosen depends on a seed alone, so a resumed run hides what an unbroken one does.

use std::ops::RangeInclusive;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::mask_id;
use crate::random::{below, unit};
use crate::rows::WordAt;
use crate::tasks::TaskError;
use crate::tokenizer::{Encoding, Tokenizer};

/// What is hidden, and how much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Masking {
    /// The share of tokens, or of words, that is chosen.
    pub probability: f64,
    /// Whether all tokens of a word are chosen together.
    pub whole_words: bool,
}

/// The ids that masking has to know.
pub(super) struct Ids {
    mask: u32,
    vocab_size: u32,
    special: Vec<u32>,
    /// Whether the tokenizer takes what stands between spaces for a word, whatever the script.
    only_spaces: bool,
}

impl Ids {
    /// Those of a tokenizer.
    ///
    /// # Errors
    /// If it has no mask token.
    pub fn of(tokenizer: &Tokenizer) -> Result<Self, TaskError> {
        let names = tokenizer.special_tokens();
        let special = names.all().into_iter().filter_map(|name| tokenizer.token_to_id(name));
        Ok(Self {
            mask: mask_id(tokenizer)?,
            vocab_size: tokenizer.vocab_size() as u32,
            special: special.collect(),
            only_spaces: tokenizer.knows_only_spaces(),
        })
    }
}

impl Masking {
    /// Hides words of `encoding` and gives what stood there. At least one, where there is one to hide: a short text would
    /// often teach nothing.
    pub fn hide(self, encoding: &mut Encoding, ids: &Ids, seed: u64) -> Vec<WordAt> {
        let units = self.units(encoding, ids);
        if units.is_empty() {
            return Vec::new();
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut chosen: Vec<&Vec<usize>> = units.iter().filter(|_| unit(&mut rng) < self.probability).collect();
        if chosen.is_empty() {
            chosen.push(&units[below(&mut rng, units.len() as u64) as usize]);
        }
        let mut words = Vec::new();
        for &position in chosen.into_iter().flatten() {
            words.push(WordAt {
                position: position as u32,
                id: encoding.ids[position],
            });
            let draw = unit(&mut rng);
            if draw < 0.8 {
                encoding.ids[position] = ids.mask;
            } else if draw < 0.9 {
                encoding.ids[position] = below(&mut rng, ids.vocab_size.into()) as u32;
            }
        }
        words
    }

    /// The tokens that are chosen together: words, or each by itself. Special tokens are none.
    ///
    /// A tokenizer that finds words by spaces alone takes a whole Japanese sentence for one; see [`part_words`].
    fn units(self, encoding: &Encoding, ids: &Ids) -> Vec<Vec<usize>> {
        let mut units: Vec<Vec<usize>> = Vec::new();
        let mut last = None;
        let spelled = |position: usize| encoding.tokens.get(position).map_or("", String::as_str);
        let part = |position: usize| part_words(spelled(position - 1), spelled(position));
        for (position, id) in encoding.ids.iter().enumerate() {
            let added = encoding.special_tokens_mask.get(position).copied().unwrap_or(false);
            if added || ids.special.contains(id) {
                last = None;
                continue;
            }
            let sequence = encoding.sequence_ids.get(position).copied().flatten();
            let word = encoding.word_ids.get(position).copied().flatten();
            let word = word.map(|word| (sequence, word)).filter(|_| self.whole_words);
            match units.last_mut() {
                Some(unit) if word.is_some() && word == last && !(ids.only_spaces && part(position)) => {
                    unit.push(position);
                }
                _ => units.push(vec![position]),
            }
            last = word;
        }
        units
    }
}

/// Begins the pieces of a tokenizer that finds words by spaces alone.
const SPACE_SYMBOL: char = '\u{2581}';

/// Characters of scripts that put no spaces between words, with their punctuation: Thai to Myanmar, Khmer, Japanese and
/// Chinese of all widths and planes.
const UNSPACED: [RangeInclusive<char>; 7] = [
    '\u{e00}'..='\u{eff}',
    '\u{1000}'..='\u{109f}',
    '\u{1780}'..='\u{17ff}',
    '\u{3000}'..='\u{9fff}',
    '\u{f900}'..='\u{faff}',
    '\u{ff00}'..='\u{ff9f}',
    '\u{20000}'..='\u{3ffff}',
];
const KATAKANA: [RangeInclusive<char>; 3] = [
    '\u{30a1}'..='\u{30ff}',
    '\u{31f0}'..='\u{31ff}',
    '\u{ff66}'..='\u{ff9f}',
];

/// Whether the piece `next` begins another word than the piece before it, although no space stands between them. Where a
/// script puts none, a piece is the best word there is; katakana, as of loanwords, stay together.
fn part_words(piece: &str, next: &str) -> bool {
    let is_in = |ranges: &[RangeInclusive<char>], c: char| ranges.iter().any(|range| range.contains(&c));
    match (piece.chars().next_back(), next.chars().next()) {
        // The space tells, where the tokenizer does not number words.
        (_, Some(SPACE_SYMBOL)) => true,
        // The space itself belongs to what follows.
        (Some(SPACE_SYMBOL), _) => false,
        (Some(before), Some(behind)) => {
            (is_in(&UNSPACED, before) || is_in(&UNSPACED, behind))
                && !(is_in(&KATAKANA, before) && is_in(&KATAKANA, behind))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: fn() -> Ids = || Ids {
        mask: 4,
        vocab_size: 1000,
        special: vec![0, 1, 2, 3, 4],
        only_spaces: false,
    };

    /// [CLS], 400 words of two tokens each, a literal [SEP], [SEP].
    fn encoding() -> Encoding {
        let mut ids = vec![2];
        let mut word_ids = vec![None];
        for word in 0..400 {
            ids.extend([100 + word, 500 + word]);
            word_ids.extend([Some(word); 2]);
        }
        ids.extend([3, 3]);
        word_ids.extend([Some(400), None]);
        let added = |position: usize| position == 0 || position == ids.len() - 1;
        Encoding {
            special_tokens_mask: (0..ids.len()).map(added).collect(),
            sequence_ids: vec![Some(0); ids.len()],
            ids,
            word_ids,
            ..Encoding::default()
        }
    }

    #[test]
    fn shares_are_those_of_bert() {
        let masking = Masking {
            probability: 0.15,
            whole_words: false,
        };
        let (mut chosen, mut masked, mut kept) = (0, 0, 0);
        for seed in 0..50 {
            let mut hidden = encoding();
            for word in masking.hide(&mut hidden, &IDS(), seed) {
                let position = word.position as usize;
                assert_eq!(word.id, encoding().ids[position]);
                assert!(word.id >= 100, "a special token was hidden");
                chosen += 1;
                masked += usize::from(hidden.ids[position] == 4);
                kept += usize::from(hidden.ids[position] == word.id);
            }
            assert_eq!(hidden.ids[801], 3, "a literal [SEP] stays");
        }
        let share = |count: usize, of: usize| count as f64 / of as f64;
        // Of 40,000 tokens; four standard errors each.
        assert!((share(chosen, 40_000) - 0.15).abs() < 0.0072, "{chosen}");
        assert!((share(masked, chosen) - 0.8).abs() < 0.021, "{masked} of {chosen}");
        assert!((share(kept, chosen) - 0.1).abs() < 0.016, "{kept} of {chosen}");
    }

    #[test]
    fn whole_words_are_hidden_together_and_a_seed_repeats_itself() {
        let masking = Masking {
            probability: 0.15,
            whole_words: true,
        };
        let mut hidden = encoding();
        let words = masking.hide(&mut hidden, &IDS(), 7);
        assert!(words.len() > 60 && words.len().is_multiple_of(2), "{}", words.len());
        for pair in words.as_chunks::<2>().0 {
            assert_eq!((pair[0].position % 2, pair[1].position), (1, pair[0].position + 1));
        }
        let mut again = encoding();
        assert_eq!(masking.hide(&mut again, &IDS(), 7), words);
        assert_eq!(again.ids, hidden.ids);
        assert_ne!(masking.hide(&mut encoding(), &IDS(), 8), words);
    }

    #[test]
    fn a_short_text_hides_one_and_nothing_else_hides_none() {
        let masking = Masking {
            probability: 1e-9,
            whole_words: false,
        };
        let mut short = encoding();
        short.ids.truncate(2);
        assert_eq!(masking.hide(&mut short, &IDS(), 3).len(), 1);
        let mut empty = Encoding {
            ids: vec![2, 3],
            special_tokens_mask: vec![true, true],
            ..Encoding::default()
        };
        assert_eq!(masking.hide(&mut empty, &IDS(), 3), []);
    }

    #[test]
    fn where_no_spaces_stand_pieces_are_words() {
        let masking = Masking {
            probability: 0.15,
            whole_words: true,
        };
        let units = |only_spaces: bool, tokens: &str| {
            let tokens: Vec<String> = tokens.split(' ').map(str::to_owned).collect();
            let mut word = 0;
            let mut word_of = |token: &String| {
                word += u32::from(token.starts_with('▁'));
                Some(word)
            };
            let encoding = Encoding {
                ids: tokens
                    .iter()
                    .map(|token| if token == "<unk>" { 3 } else { 100 })
                    .collect(),
                special_tokens_mask: vec![false; tokens.len()],
                sequence_ids: vec![Some(0); tokens.len()],
                word_ids: tokens.iter().map(&mut word_of).collect(),
                tokens: tokens.clone(),
                ..Encoding::default()
            };
            let ids = Ids { only_spaces, ..IDS() };
            let units = masking.units(&encoding, &ids);
            let spelled = |unit: &Vec<usize>| unit.iter().map(|&at| tokens[at].as_str()).collect::<String>();
            units.iter().map(spelled).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            units(true, "▁ 今日は コン ピュー タ を 学ぶ 。 ▁un believ able ▁ABC を"),
            "▁今日は コンピュータ を 学ぶ 。 ▁unbelievable ▁ABC を"
        );
        assert!(
            part_words("able", "▁cat"),
            "where one number is all that the words have"
        );
        assert_eq!(units(true, "▁今日は <unk> を 学ぶ 。"), "▁今日は を 学ぶ 。");
        assert_eq!(
            units(true, "▁딥 러 닝 ▁été s"),
            "▁딥러닝 ▁étés",
            "these scripts have spaces"
        );
        // A dictionary found these words.
        assert_eq!(units(false, "東 ##京 ##都"), "東##京##都");
    }
}
