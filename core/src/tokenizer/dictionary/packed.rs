//! Writes and reads the packed dictionary: one file that compresses well and unpacks in one pass.
//!
//! The file begins with [`MAGIC`], a version and the CRC-32 of the rest. Numbers are little-endian; arrays of 16-bit numbers are
//! stored as a plane of low bytes and a plane of high bytes, which gzip likes. Surfaces are front-coded. A connection
//! cost is stored as its difference from what the row and the column it resembles most predict. The file itself is not
//! compressed: gzip does that outside, since a browser unpacks gzip by itself.

use std::collections::HashMap;

use super::super::trie::Surfaces;
use super::bytes::Reader;
use super::matrix::Matrix;
use super::source::Source;
use super::tree::Tree;
use super::{Categories, CharacterClass, DictionaryError, Word};

/// How errors call the file.
pub(super) const FILE: &str = "packed dictionary";
pub(super) const MAGIC: &[u8; 8] = b"TERADICT";
const VERSION: u32 = 1;
/// Stands for an id that no word uses.
const UNUSED: u16 = u16::MAX;
/// Packs a dictionary; rows and columns are renumbered into the order of their trees.
///
/// # Errors
/// If it has more words, ids or longer surfaces than the format can count.
pub(super) fn pack(source: &Source) -> Result<Vec<u8>, DictionaryError> {
    let (rows, columns) = trees(&source.connections);
    let source = renumbered(source, &rows, &columns);
    let mut body = Writer::default();
    body.text(&source.name)?;
    body.categories(&source.categories)?;
    for ids in [&source.left_ids, &source.right_ids] {
        body.u32(ids.len());
        body.planes(ids.iter().map(|id| id.unwrap_or(UNUSED)));
    }
    for words in &source.unknown {
        body.byte(words.len(), "the words of a character category")?;
        for word in words {
            body.word(*word);
        }
    }
    body.surfaces(&source.surfaces)?;
    body.matrix(&source.connections, &rows, &columns);
    let mut file = MAGIC.to_vec();
    file.extend(VERSION.to_le_bytes());
    file.extend(checksum(&body.bytes).to_le_bytes());
    file.extend(body.bytes);
    Ok(file)
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn trees(matrix: &Matrix) -> (Tree, Tree) {
    let cost = |row: usize, column: usize| matrix.costs[row * matrix.rights + column];
    // Fitting the rows once more to the columns found would gain one part in a hundred.
    let neighbours = steps(&Tree::chain(matrix.rights));
    let line = |row| {
        neighbours
            .iter()
            .map(move |&(column, parent)| cost(row, column).wrapping_sub(cost(row, parent)))
    };
    let rows = Tree::minimum_spanning(&(0..matrix.lefts).map(|row| line(row).collect()).collect::<Vec<_>>());
    let relatives = steps(&rows);
    let line = |column| {
        relatives
            .iter()
            .map(move |&(row, parent)| cost(row, column).wrapping_sub(cost(parent, column)))
    };
    let columns = Tree::minimum_spanning(
        &(0..matrix.rights)
            .map(|column| line(column).collect())
            .collect::<Vec<_>>(),
    );
    (rows, columns)
}

/// Each line with its parent.
fn steps(tree: &Tree) -> Vec<(usize, usize)> {
    let places = tree.order.iter().zip(&tree.parents);
    places
        .map(|(&line, &parent)| (line, tree.order[usize::from(parent)]))
        .collect()
}

/// Gives every left id the place of its row, every right id the place of its column.
fn renumbered(source: &Source, rows: &Tree, columns: &Tree) -> Source {
    let inverse = |tree: &Tree| {
        let mut places = vec![0u16; tree.order.len()];
        for (place, &line) in tree.order.iter().enumerate() {
            places[line] = place as u16;
        }
        places
    };
    let (lefts, rights) = (inverse(rows), inverse(columns));
    let word = |word: &mut Word| {
        word.left = lefts[usize::from(word.left)];
        word.right = rights[usize::from(word.right)];
    };
    let mut source = source.clone();
    source.surfaces.words.iter_mut().for_each(word);
    source.unknown.iter_mut().flatten().for_each(word);
    for (ids, places) in [(&mut source.left_ids, &lefts), (&mut source.right_ids, &rights)] {
        for id in ids.iter_mut().flatten() {
            *id = places[usize::from(*id)];
        }
    }
    let old = &source.connections;
    let cost = |row: usize, column: usize| old.costs[row * old.rights + column];
    let line = |&row: &usize| columns.order.iter().map(move |&column| cost(row, column));
    let costs = rows.order.iter().flat_map(line).collect();
    source.connections = Matrix {
        rights: old.rights,
        lefts: old.lefts,
        costs,
    };
    source
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn byte(&mut self, value: usize, what: &'static str) -> Result<(), DictionaryError> {
        let byte = u8::try_from(value).map_err(|_| too_large(what, value, u8::MAX.into()))?;
        self.bytes.push(byte);
        Ok(())
    }

    fn u16(&mut self, value: u16) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn u32(&mut self, value: usize) {
        self.bytes.extend((value as u32).to_le_bytes());
    }

    fn text(&mut self, text: &str) -> Result<(), DictionaryError> {
        self.byte(text.len(), "the length of a name")?;
        self.bytes.extend(text.as_bytes());
        Ok(())
    }

    fn word(&mut self, word: Word) {
        self.u16(word.left);
        self.u16(word.right);
        self.u16(word.cost as u16);
    }

    fn planes(&mut self, values: impl Iterator<Item = u16> + Clone) {
        self.bytes.extend(values.clone().map(|value| value as u8));
        self.bytes.extend(values.map(|value| (value >> 8) as u8));
    }

    fn categories(&mut self, categories: &Categories) -> Result<(), DictionaryError> {
        self.byte(categories.names.len(), "the number of character categories")?;
        for name in &categories.names {
            self.text(name)?;
        }
        self.u16(categories.classes.len() as u16);
        for class in &categories.classes {
            self.u32(class.types as usize);
            let flags = u8::from(class.group) | u8::from(class.invoke) << 1;
            self.bytes.extend([class.default_type, class.length, flags]);
        }
        self.bytes.extend(&categories.table);
        Ok(())
    }

    fn surfaces(&mut self, surfaces: &Surfaces<Word>) -> Result<(), DictionaryError> {
        let (mut shared, mut lengths, mut counts) = (Writer::default(), Writer::default(), Writer::default());
        let mut suffixes: Vec<u16> = Vec::new();
        let mut previous: &[u16] = &[];
        for index in 0..surfaces.len() {
            let surface = surfaces.surface(index);
            let common = surface
                .iter()
                .zip(previous)
                .take_while(|(one, other)| one == other)
                .count();
            shared.byte(common, "the length of a surface")?;
            lengths.byte(surface.len() - common, "the length of a surface")?;
            counts.byte(surfaces.words(index).len(), "the words of a surface")?;
            suffixes.extend(&surface[common..]);
            previous = surface;
        }
        let pairs = pairs(&surfaces.words);
        u16::try_from(pairs.len()).map_err(|_| too_large("the number of id pairs", pairs.len(), u16::MAX.into()))?;
        let numbers: HashMap<(u16, u16), u16> = pairs.iter().copied().zip(0..).collect();
        let numbers = surfaces.words.iter().map(|word| numbers[&(word.left, word.right)]);
        self.u32(surfaces.len());
        self.u32(suffixes.len());
        self.u32(surfaces.words.len());
        self.u32(pairs.len());
        self.bytes.extend(shared.bytes);
        self.bytes.extend(lengths.bytes);
        self.bytes.extend(counts.bytes);
        self.planes(suffixes.iter().copied());
        self.planes(pairs.iter().map(|pair| pair.0));
        self.planes(pairs.iter().map(|pair| pair.1));
        self.planes(numbers);
        self.planes(surfaces.words.iter().map(|word| word.cost as u16));
        Ok(())
    }

    fn matrix(&mut self, matrix: &Matrix, rows: &Tree, columns: &Tree) {
        self.u16(matrix.lefts as u16);
        self.u16(matrix.rights as u16);
        self.planes(rows.parents.iter().copied());
        self.planes(columns.parents.iter().copied());
        let differences = (0..matrix.lefts).flat_map(|row| {
            let here = matrix.row(row as u16);
            let above = (row > 0).then(|| matrix.row(rows.parents[row]));
            let change = move |column: usize| here[column].wrapping_sub(above.map_or(0, |above| above[column]));
            columns.parents.iter().enumerate().map(move |(column, &parent)| {
                let predicted = if column == 0 { 0 } else { change(usize::from(parent)) };
                zigzag(change(column).wrapping_sub(predicted))
            })
        });
        self.planes(differences);
    }
}

fn too_large(what: &'static str, found: usize, limit: u64) -> DictionaryError {
    DictionaryError::OutOfRange {
        file: FILE,
        what,
        found: found as u64,
        limit,
    }
}

/// The pairs of ids that words have, the commonest first: their numbers' high bytes are then mostly alike.
fn pairs(words: &[Word]) -> Vec<(u16, u16)> {
    let mut counts: HashMap<(u16, u16), usize> = HashMap::new();
    for word in words {
        *counts.entry((word.left, word.right)).or_default() += 1;
    }
    let mut pairs: Vec<_> = counts.into_iter().collect();
    pairs.sort_unstable_by_key(|&(pair, count)| (std::cmp::Reverse(count), pair));
    pairs.into_iter().map(|(pair, _)| pair).collect()
}

fn zigzag(value: i16) -> u16 {
    (value << 1 ^ value >> 15) as u16
}

fn unzigzag(value: u16) -> i16 {
    (value >> 1) as i16 ^ -((value & 1) as i16)
}

/// Reads a packed dictionary.
///
/// # Errors
/// If it is not one, has another version or a wrong checksum, is truncated, or its numbers contradict each other.
pub(super) fn unpack(bytes: &[u8]) -> Result<Source, DictionaryError> {
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
