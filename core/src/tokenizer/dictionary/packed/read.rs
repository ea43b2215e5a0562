//! Reads a packed dictionary in one pass; every count is checked against the bytes there before anything is allocated.

use super::super::super::trie::Surfaces;
use super::super::bytes::Reader;
use super::super::matrix::Matrix;
use super::super::source::Source;
use super::super::{Categories, CharacterClass, DictionaryError, Word};
use super::{FILE, MAGIC, UNUSED, VERSION, checksum, unzigzag};

/// Reads a packed dictionary.
///
/// # Errors
/// If it is not one, has another version or a wrong checksum, is truncated, or its numbers contradict each other.
pub(in super::super) fn unpack(bytes: &[u8]) -> Result<Source, DictionaryError> {
    let mut file = Reader::new(FILE, bytes);
    let magic = file.take(MAGIC.len(), "the header");
    if magic.ok() != Some(MAGIC.as_slice()) {
        return Err(DictionaryError::NotADictionary {
            file: FILE,
            expected: "a dictionary packed by terakoya",
        });
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
    let found = checksum(&bytes[bytes.len() - file.rest()..]);
    if found != expected {
        return Err(DictionaryError::Checksum {
            file: FILE,
            expected,
            found,
        });
    }
    let name = file.text("the name")?;
    let categories = file.categories()?;
    let left_ids = file.ids()?;
    let right_ids = file.ids()?;
    let unknown = (0..categories.names.len())
        .map(|_| file.unknown())
        .collect::<Result<Vec<_>, _>>()?;
    let surfaces = file.surfaces()?;
    let connections = file.matrix()?;
    file.within(file.rest(), "the number of bytes after the costs", 0)?;
    let source = Source {
        name,
        surfaces,
        unknown,
        categories,
        connections,
        left_ids,
        right_ids,
    };
    check_ids(&source, &file)?;
    Ok(source)
}

fn check_ids(source: &Source, file: &Reader<'_>) -> Result<(), DictionaryError> {
    let Matrix { lefts, rights, .. } = source.connections;
    let words = source.surfaces.words.iter().chain(source.unknown.iter().flatten());
    let (left, right) = words.fold((0, 0), |(left, right), word| {
        (left.max(word.left), right.max(word.right))
    });
    let highest = |ids: &[Option<u16>]| ids.iter().flatten().copied().max().unwrap_or(0);
    file.within(left.max(highest(&source.left_ids)).into(), "a left id", lefts - 1)?;
    file.within(right.max(highest(&source.right_ids)).into(), "a right id", rights - 1)?;
    Ok(())
}

impl<'a> Reader<'a> {
    fn byte(&mut self, what: &'static str) -> Result<usize, DictionaryError> {
        Ok(usize::from(self.take(1, what)?[0]))
    }

    fn text(&mut self, what: &'static str) -> Result<String, DictionaryError> {
        let len = self.byte(what)?;
        Ok(String::from_utf8_lossy(self.take(len, what)?).into_owned())
    }

    fn planes(
        &mut self,
        count: usize,
        what: &'static str,
    ) -> Result<impl Iterator<Item = u16> + use<'a>, DictionaryError> {
        let low = self.take(count, what)?;
        let high = self.take(count, what)?;
        Ok(low
            .iter()
            .zip(high)
            .map(|(&low, &high)| u16::from_le_bytes([low, high])))
    }

    fn categories(&mut self) -> Result<Categories, DictionaryError> {
        let count = self.byte("the character categories")?;
        let names = (0..count)
            .map(|_| self.text("the character categories"))
            .collect::<Result<Vec<_>, _>>()?;
        let count = usize::from(self.u16("the character classes")?);
        let mut classes = Vec::new();
        for _ in 0..count {
            let types = self.u32("the character classes")?;
            let rest = self.take(3, "the character classes")?;
            self.within(rest[0].into(), "a character's category", names.len().saturating_sub(1))?;
            classes.push(CharacterClass {
                types,
                default_type: rest[0],
                length: rest[1],
                group: rest[2] & 1 != 0,
                invoke: rest[2] & 2 != 0,
            });
        }
        let table = self.take(1 << 16, "the character table")?.to_vec();
        let highest = table.iter().copied().max().unwrap_or(0);
        // With no class at all nothing could be looked up.
        self.within(
            highest.into(),
            "a character's class",
            classes.len().wrapping_sub(1).min(255),
        )?;
        self.within(1, "the least number of character classes", classes.len())?;
        Ok(Categories { names, classes, table })
    }

    fn ids(&mut self) -> Result<Vec<Option<u16>>, DictionaryError> {
        let count = self.count("the number of ids", 1 << 16)?;
        let ids = self.planes(count, "the ids")?;
        Ok(ids.map(|id| (id != UNUSED).then_some(id)).collect())
    }

    fn unknown(&mut self) -> Result<Vec<Word>, DictionaryError> {
        let count = self.byte("the unknown words")?;
        let word = |_| {
            Ok(Word {
                left: self.u16("the unknown words")?,
                right: self.u16("the unknown words")?,
                cost: self.u16("the unknown words")? as i16,
            })
        };
        (0..count).map(word).collect()
    }

    fn surfaces(&mut self) -> Result<Surfaces<Word>, DictionaryError> {
        let limit = self.rest();
        let surface_count = self.count("the number of surfaces", limit)?;
        let unit_count = self.count("the number of code units", limit)?;
        let word_count = self.count("the number of words", limit)?;
        let pair_count = self.count("the number of id pairs", u16::MAX.into())?;
        let shared = self.take(surface_count, "the surfaces")?;
        let lengths = self.take(surface_count, "the surfaces")?;
        let counts = self.take(surface_count, "the surfaces")?;
        let mut suffixes = self.planes(unit_count, "the surfaces")?;
        let pair_lefts = self.planes(pair_count, "the id pairs")?;
        let pairs: Vec<(u16, u16)> = pair_lefts.zip(self.planes(pair_count, "the id pairs")?).collect();
        let mut numbers = self.planes(word_count, "the words")?;
        let mut costs = self.planes(word_count, "the words")?;
        let mut surfaces = Surfaces::with_capacity(surface_count, unit_count, word_count);
        let mut surface: Vec<u16> = Vec::new();
        let mut previous: Vec<u16> = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        for ((&shared, &length), &count) in shared.iter().zip(lengths).zip(counts) {
            self.within(shared.into(), "the shared part of a surface", surface.len())?;
            std::mem::swap(&mut previous, &mut surface);
            surface.clear();
            surface.extend_from_slice(&previous[..shared.into()]);
            surface.extend(suffixes.by_ref().take(length.into()));
            // What the search relies on: surfaces are distinct, not empty, and grouped by every prefix.
            let follows = surface.len() == usize::from(shared) + usize::from(length)
                && length > 0
                && (previous.len() == usize::from(shared)
                    || previous[usize::from(shared)] < surface[usize::from(shared)]);
            if !follows {
                return Err(DictionaryError::NotADictionary {
                    file: FILE,
                    expected: "a dictionary with sorted surfaces",
                });
            }
            words.clear();
            for (number, cost) in numbers.by_ref().zip(costs.by_ref()).take(count.into()) {
                let number = self.within(number.into(), "a word's id pair", pair_count.saturating_sub(1))?;
                let &(left, right) = pairs.get(number).unwrap_or(&(UNUSED, UNUSED));
                words.push(Word {
                    left,
                    right,
                    cost: cost as i16,
                });
            }
            surfaces.push(surface.iter().copied(), &words);
        }
        Ok(surfaces)
    }

    fn matrix(&mut self) -> Result<Matrix, DictionaryError> {
        let lefts = usize::from(self.u16("the connection costs")?);
        let rights = usize::from(self.u16("the connection costs")?);
        self.within(1, "the least number of context ids", lefts.min(rights))?;
        let rows = self.parents(lefts)?;
        let columns = self.parents(rights)?;
        let low = self.take(lefts * rights, "the connection costs")?;
        let high = self.take(lefts * rights, "the connection costs")?;
        let mut costs: Vec<i16> = Vec::with_capacity(lefts * rights);
        let mut change = vec![0i16; rights];
        let lines = low.chunks_exact(rights).zip(high.chunks_exact(rights));
        for (row, ((low, high), &parent)) in lines.zip(&rows).enumerate() {
            // Three passes over a row that stays in the cache: the first and the last become vector instructions.
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
                let here = &mut costs[row * rights..];
                for (cost, change) in here.iter_mut().zip(&change) {
                    *cost = cost.wrapping_add(*change);
                }
            }
        }
        Ok(Matrix { rights, lefts, costs })
    }

    /// The parents of a tree's lines: each comes before its children.
    fn parents(&mut self, count: usize) -> Result<Vec<u16>, DictionaryError> {
        let parents: Vec<u16> = self.planes(count, "the trees of the connection costs")?.collect();
        for (line, &parent) in parents.iter().enumerate() {
            self.within(parent.into(), "a line's parent", line.saturating_sub(1))?;
        }
        Ok(parents)
    }
}
