//! Holds a dictionary between its files and its searchable form: merged, sorted, ready to be packed.

use std::collections::HashMap;

use super::super::trie::{Surfaces, Trie};
use super::compiled::Compiled;
use super::matrix::Matrix;
use super::{Categories, DictionaryError, Files, Word};

/// A dictionary with its words in order and its context ids renumbered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Source {
    pub name: String,
    pub surfaces: Surfaces<Word>,
    /// Words for unknown text, for each character category.
    pub unknown: Vec<Vec<Word>>,
    pub categories: Categories,
    pub connections: Matrix,
    /// The number here of each left id of the original, `None` where no word uses it.
    pub left_ids: Vec<Option<u16>>,
    pub right_ids: Vec<Option<u16>>,
}

impl Source {
    /// Reads MeCab's compiled files and drops what never decides a boundary.
    pub fn from_compiled(name: &str, files: &Files) -> Result<Self, DictionaryError> {
        let Compiled {
            words,
            unknown,
            categories,
            matrix,
        } = Compiled::read(files)?;
        let mut used_lefts = vec![false; matrix.lefts];
        let mut used_rights = vec![false; matrix.rights];
        // Id 0 is the beginning and the end of a sentence.
        (used_lefts[0], used_rights[0]) = (true, true);
        let all = words
            .iter()
            .flat_map(|(_, words)| words)
            .chain(unknown.iter().flatten());
        for word in all {
            used_lefts[usize::from(word.left)] = true;
            used_rights[usize::from(word.right)] = true;
        }
        let (connections, left_ids, right_ids) = matrix.merged(&used_lefts, &used_rights);
        let renumber = |words: &[Word]| {
            let renumbered = words.iter().map(|word| Word {
                left: left_ids[usize::from(word.left)].unwrap_or(0),
                right: right_ids[usize::from(word.right)].unwrap_or(0),
                cost: word.cost,
            });
            cheapest(renumbered)
        };
        let mut words: Vec<(Vec<u16>, Vec<Word>)> = words
            .into_iter()
            .map(|(surface, words)| (surface.encode_utf16().collect(), words))
            .collect();
        // Byte order and the order of code units differ for characters beyond U+FFFF.
        words.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let mut surfaces = Surfaces::default();
        for (surface, words) in words {
            surfaces.push(surface, &renumber(&words));
        }
        let unknown = unknown.iter().map(|words| renumber(words)).collect();
        Ok(Self {
            name: name.to_owned(),
            surfaces,
            unknown,
            categories,
            connections,
            left_ids,
            right_ids,
        })
    }
}

/// Ids that a text uses, the commonest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub lefts: Vec<usize>,
    pub rights: Vec<usize>,
}

impl Used {
    /// Counts the words that begin anywhere in `sample`: they are what a search has to connect.
    pub fn in_sample(source: &Source, sample: &str) -> Self {
        let lexicon = Trie::build(&source.surfaces);
        let mut lefts = vec![0usize; source.connections.lefts];
        let mut rights = vec![0usize; source.connections.rights];
        let units: Vec<u16> = sample.encode_utf16().collect();
        for start in 0..units.len() {
            lexicon.prefixes(&units[start..], |_, words| {
                for word in words {
                    lefts[usize::from(word.left)] += 1;
                    rights[usize::from(word.right)] += 1;
                }
            });
        }
        let commonest = |counts: &[usize]| {
            let mut ids: Vec<usize> = (0..counts.len()).filter(|&id| counts[id] > 0).collect();
            ids.sort_by_key(|&id| std::cmp::Reverse(counts[id]));
            ids
        };
        Self {
            lefts: commonest(&lefts),
            rights: commonest(&rights),
        }
    }
}

/// Of words that connect alike, keeps the cheapest; of equally cheap ones the first, which a tie prefers.
fn cheapest(words: impl Iterator<Item = Word>) -> Vec<Word> {
    let words: Vec<Word> = words.collect();
    let mut best: HashMap<(u16, u16), usize> = HashMap::new();
    for (index, word) in words.iter().enumerate() {
        let kept = best.entry((word.left, word.right)).or_insert(index);
        if word.cost < words[*kept].cost {
            *kept = index;
        }
    }
    let kept = words.iter().enumerate();
    let kept = kept.filter(|(index, word)| best.get(&(word.left, word.right)) == Some(index));
    kept.map(|(_, word)| *word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_word_keeps_its_place() {
        let word = |left, cost| Word { left, right: 0, cost };
        let words = [word(1, 5), word(2, 7), word(1, 3), word(2, 7), word(1, 3)];
        assert_eq!(cheapest(words.into_iter()), [word(2, 7), word(1, 3)]);
    }
}
