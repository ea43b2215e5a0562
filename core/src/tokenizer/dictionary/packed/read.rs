//! Reads a packed dictionary in one pass, straight into the tables that are searched.

use std::io::Read;

use super::super::super::trie::{Shape, Trie, TrieBuilder};
use super::super::matrix::{Matrix, Ranges};
use super::super::{Categories, CharacterClass, Dictionary, DictionaryError, Word};
use super::stream::{Stream, within};
use super::{FILE, MAGIC, UNUSED, VERSION, unzigzag};

/// Reads a packed dictionary of at most `length` bytes.
///
/// # Errors
/// If it is not one, has another version or a wrong checksum, is truncated, or its numbers contradict each other.
pub(in super::super) fn unpack(file: impl Read, length: usize) -> Result<Dictionary, DictionaryError> {
    let mut file = Stream::new(file, length);
    let not_one = DictionaryError::NotADictionary {
        file: FILE,
        expected: "a dictionary packed by terakoya",
    };
    match file.array("the header") {
        Ok(magic) if magic == *MAGIC => {}
        Ok(_) => return Err(not_one),
        Err(error @ DictionaryError::Compression { .. }) => return Err(error),
        Err(_) => {
            // The size that a cut gzip file seems to give is anything: say rather that it is cut.
            file.drain()?;
            return Err(not_one);
        }
    }
    let version = file.u32("the header")?;
    if version != VERSION {
        return Err(DictionaryError::Version {
            file: FILE,
            found: version,
            expected: VERSION,
        });
    }
    let expected = file.u32("the header")?;
    file.restart_checksum();
    let dictionary = match read(&mut file) {
        Err(error @ DictionaryError::Compression { .. }) => return Err(error),
        result => result,
    };
    // A damaged file is said to be damaged, whatever the damage made of its numbers.
    let behind = file.drain()?;
    let found = file.checksum();
    if found != expected {
        return Err(DictionaryError::Checksum {
            file: FILE,
            expected,
            found,
        });
    }
    let dictionary = dictionary?;
    within(behind, "the number of bytes after the costs", 0)?;
    Ok(dictionary)
}

/// How many left and right ids there are.
#[derive(Clone, Copy)]
struct Contexts {
    lefts: usize,
    rights: usize,
}

impl Contexts {
    fn check(self, word: Word) -> Result<Word, DictionaryError> {
        within(word.left.into(), "a left id", self.lefts - 1)?;
        within(word.right.into(), "a right id", self.rights - 1)?;
        Ok(word)
    }
}

fn read(file: &mut Stream<impl Read>) -> Result<Dictionary, DictionaryError> {
    let name = file.text("the name")?;
    let categories = categories(file)?;
    let contexts = Contexts {
        lefts: file.u16("the number of context ids")?.into(),
        rights: file.u16("the number of context ids")?.into(),
    };
    within(
        1,
        "the least number of context ids",
        contexts.lefts.min(contexts.rights),
    )?;
    let left_ids = ids(file, contexts.lefts)?;
    let right_ids = ids(file, contexts.rights)?;
    let unknown = (0..categories.names.len()).map(|_| unknown(file, contexts));
    let unknown = unknown.collect::<Result<Vec<_>, _>>()?;
    let (surfaces, lexicon) = lexicon(file, contexts)?;
    let (connections, connection_ranges) = connections(file, contexts)?;
    Ok(Dictionary {
        name,
        lexicon,
        user: None,
        unknown,
        categories,
        connections,
        connection_ranges,
        left_ids,
        right_ids,
        surfaces,
    })
}

fn categories(file: &mut Stream<impl Read>) -> Result<Categories, DictionaryError> {
    let count = file.byte("the character categories")?;
    let names = (0..count).map(|_| file.text("the character categories"));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    let count = usize::from(file.u16("the character classes")?);
    // With no class at all nothing could be looked up.
    within(1, "the least number of character classes", count)?;
    let mut classes = Vec::new();
    for _ in 0..count {
        let types = file.u32("the character classes")?;
        let [default_type, length, flags] = file.array("the character classes")?;
        within(
            default_type.into(),
            "a character's category",
            names.len().saturating_sub(1),
        )?;
        classes.push(CharacterClass {
            types,
            default_type,
            length,
            group: flags & 1 != 0,
            invoke: flags & 2 != 0,
        });
    }
    let table = file.take(1 << 16, "the character table")?;
    let highest = table.iter().copied().max().unwrap_or(0);
    within(highest.into(), "a character's class", count - 1)?;
    Ok(Categories { names, classes, table })
}

fn ids(file: &mut Stream<impl Read>, contexts: usize) -> Result<Vec<Option<u16>>, DictionaryError> {
    let count = file.count("the number of ids", 1 << 16)?;
    let ids = file.planes(count, "the ids")?;
    let ids = ids.into_iter().map(|id| match id {
        UNUSED => Ok(None),
        id => within(id.into(), "a context id", contexts - 1).map(|_| Some(id)),
    });
    ids.collect()
}

fn unknown(file: &mut Stream<impl Read>, contexts: Contexts) -> Result<Vec<Word>, DictionaryError> {
    let count = file.byte("the unknown words")?;
    let word = |_| {
        contexts.check(Word {
            left: file.u16("the unknown words")?,
            right: file.u16("the unknown words")?,
            cost: file.u16("the unknown words")? as i16,
        })
    };
    (0..count).map(word).collect()
}

/// The words as they are stored.
struct Lexicon {
    /// Code units that each surface shares with the one before.
    shared: Vec<u8>,
    /// Code units of each surface's rest.
    lengths: Vec<u8>,
    /// Words of each surface.
    counts: Vec<u8>,
    suffixes: Vec<u16>,
    pair_lefts: Vec<u16>,
    pair_rights: Vec<u16>,
    /// The pair of ids of each word.
    numbers: Vec<u16>,
    costs: Vec<u16>,
}

/// Reads the words: how many surfaces there are, and their trie.
fn lexicon(file: &mut Stream<impl Read>, contexts: Contexts) -> Result<(usize, Trie<Word>), DictionaryError> {
    let limit = file.rest();
    let surfaces = file.count("the number of surfaces", limit)?;
    let units = file.count("the number of code units", limit)?;
    let words = file.count("the number of words", limit)?;
    let pairs = file.count("the number of id pairs", u16::MAX.into())?;
    let lexicon = Lexicon {
        shared: file.take(surfaces, "the surfaces")?,
        lengths: file.take(surfaces, "the surfaces")?,
        counts: file.take(surfaces, "the surfaces")?,
        suffixes: file.planes(units, "the surfaces")?,
        pair_lefts: file.planes(pairs, "the id pairs")?,
        pair_rights: file.planes(pairs, "the id pairs")?,
        numbers: file.planes(words, "the words")?,
        costs: file.planes(words, "the words")?,
    };
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| usize::from(byte)).sum();
    within(sum(&lexicon.lengths), "the sum of the surfaces' lengths", units)?;
    within(sum(&lexicon.counts), "the sum of the surfaces' words", words)?;
    Ok((surfaces, lexicon.trie(contexts)?))
}

impl Lexicon {
    fn trie(&self, contexts: Contexts) -> Result<Trie<Word>, DictionaryError> {
        let mut builder = TrieBuilder::new(self.shapes());
        let mut words = self.words(contexts);
        let mut suffixes = self.suffixes.as_slice();
        let mut surface: Vec<u16> = Vec::new();
        let mut same: Vec<Word> = Vec::new();
        for shape in self.shapes() {
            let shared = within(shape.shared, "the shared part of a surface", surface.len())?;
            let (suffix, rest) = suffixes.split_at(shape.length - shared);
            suffixes = rest;
            // What the search relies on: surfaces are distinct, not empty, and grouped by every prefix.
            let follows = match (surface.get(shared), suffix.first()) {
                (Some(before), Some(here)) => before < here,
                (None, Some(_)) => true,
                (_, None) => false,
            };
            if !follows {
                return Err(DictionaryError::NotADictionary {
                    file: FILE,
                    expected: "a dictionary with sorted surfaces",
                });
            }
            surface.truncate(shared);
            surface.extend_from_slice(suffix);
            same.clear();
            for word in words.by_ref().take(shape.words) {
                same.push(word?);
            }
            builder.push(shared, suffix, &same);
        }
        Ok(builder.finish())
    }

    fn shapes(&self) -> impl Iterator<Item = Shape> + '_ {
        let surfaces = self.shared.iter().zip(&self.lengths).zip(&self.counts);
        surfaces.map(|((&shared, &length), &words)| Shape {
            shared: shared.into(),
            length: usize::from(shared) + usize::from(length),
            words: words.into(),
        })
    }

    fn words(&self, contexts: Contexts) -> impl Iterator<Item = Result<Word, DictionaryError>> + '_ {
        self.numbers.iter().zip(&self.costs).map(move |(&number, &cost)| {
            let highest = self.pair_lefts.len().saturating_sub(1);
            let pair = within(number.into(), "a word's id pair", highest)?;
            contexts.check(Word {
                left: self.pair_lefts.get(pair).copied().unwrap_or(UNUSED),
                right: self.pair_rights.get(pair).copied().unwrap_or(UNUSED),
                cost: cost as i16,
            })
        })
    }
}

/// Reads the connection costs, with the least and the greatest of each right id.
fn connections(
    file: &mut Stream<impl Read>,
    Contexts { lefts, rights }: Contexts,
) -> Result<(Matrix, Vec<(i16, i16)>), DictionaryError> {
    let rows = parents(file, lefts)?;
    let columns = parents(file, rights)?;
    // Twice the largest table does not fit the numbers of a 32-bit machine.
    file.has((lefts * rights).saturating_mul(2), "the connection costs")?;
    let mut costs: Vec<i16> = Vec::with_capacity(lefts * rights);
    let mut ranges = Ranges::new(rights);
    let mut change = vec![0i16; rights];
    let mut planes = vec![0; 2 * rights];
    for (row, &parent) in rows.iter().enumerate() {
        file.fill(&mut planes, "the connection costs")?;
        let (low, high) = planes.split_at(rights);
        // Passes over a row that stays in the cache: all but the second become vector instructions.
        for ((change, &low), &high) in change.iter_mut().zip(low).zip(high) {
            *change = unzigzag(u16::from_le_bytes([low, high]));
        }
        for (column, &parent) in columns.iter().enumerate().skip(1) {
            change[column] = change[column].wrapping_add(change[usize::from(parent)]);
        }
        if row == 0 {
            costs.extend_from_slice(&change);
        } else {
            let above = usize::from(parent) * rights;
            costs.extend_from_within(above..above + rights);
            for (cost, change) in costs[row * rights..].iter_mut().zip(&change) {
                *cost = cost.wrapping_add(*change);
            }
        }
        ranges.include(&costs[row * rights..]);
    }
    Ok((Matrix { rights, lefts, costs }, ranges.finish()))
}

/// The parents of a tree's lines: each comes before its children.
fn parents(file: &mut Stream<impl Read>, count: usize) -> Result<Vec<u16>, DictionaryError> {
    let parents = file.planes(count, "the trees of the connection costs")?;
    for (line, &parent) in parents.iter().enumerate() {
        within(parent.into(), "a line's parent", line.saturating_sub(1))?;
    }
    Ok(parents)
}
