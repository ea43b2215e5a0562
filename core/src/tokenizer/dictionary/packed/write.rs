//! Writes a packed dictionary: finds which rows and columns of the connection costs resemble each other, then puts down each
//! part in the order in which `read` takes it.

use std::collections::HashMap;

use super::super::super::trie::Surfaces;
use super::super::matrix::Matrix;
use super::super::source::{Source, Used};
use super::super::tree::Tree;
use super::super::{Categories, DictionaryError, Word};
use super::{FILE, MAGIC, UNUSED, VERSION, checksum, zigzag};

/// Packs a dictionary; rows and columns are renumbered into the order of their trees, those that `sample` uses in front.
///
/// # Errors
/// If it has more words, ids or longer surfaces than the format can count.
pub(in super::super) fn pack(source: &Source, sample: &str) -> Result<Vec<u8>, DictionaryError> {
    let (rows, columns) = trees(&source.connections, &Used::in_sample(source, sample));
    let source = renumbered(source, &rows, &columns);
    let mut body = Writer::default();
    body.text(&source.name)?;
    body.categories(&source.categories)?;
    body.u16(source.connections.lefts as u16);
    body.u16(source.connections.rights as u16);
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

fn trees(matrix: &Matrix, used: &Used) -> (Tree, Tree) {
    let cost = |row: usize, column: usize| matrix.costs[row * matrix.rights + column];
    // Fitting the rows once more to the columns found would gain one part in a hundred.
    let neighbours = steps(&Tree::chain(matrix.rights));
    let line = |row| {
        neighbours
            .iter()
            .map(move |&(column, parent)| cost(row, column).wrapping_sub(cost(row, parent)))
    };
    let lines: Vec<Vec<i16>> = (0..matrix.lefts).map(|row| line(row).collect()).collect();
    let rows = Tree::spanning(&lines, &used.lefts);
    let relatives = steps(&rows);
    let line = |column| {
        relatives
            .iter()
            .map(move |&(row, parent)| cost(row, column).wrapping_sub(cost(parent, column)))
    };
    let lines: Vec<Vec<i16>> = (0..matrix.rights).map(|column| line(column).collect()).collect();
    let columns = Tree::spanning(&lines, &used.rights);
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
        self.planes(rows.parents.iter().copied());
        self.planes(columns.parents.iter().copied());
        for row in 0..matrix.lefts {
            let here = matrix.row(row as u16);
            let above = (row > 0).then(|| matrix.row(rows.parents[row]));
            let change = move |column: usize| here[column].wrapping_sub(above.map_or(0, |above| above[column]));
            let differences = columns.parents.iter().enumerate().map(move |(column, &parent)| {
                let predicted = if column == 0 { 0 } else { change(usize::from(parent)) };
                zigzag(change(column).wrapping_sub(predicted))
            });
            self.planes(differences);
        }
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
