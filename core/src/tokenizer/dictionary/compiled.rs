//! Reads the dictionary that MeCab's compiler writes: `sys.dic`, `unk.dic`, `matrix.bin`, `char.bin`.
//!
//! Only what decides where words begin and end is kept: surfaces, context ids and costs. Nothing in the files is
//! trusted: every count is checked against the bytes there before anything is allocated.

use super::bytes::{Reader, padded_text};
use super::matrix::Matrix;
use super::{Categories, CharacterClass, DictionaryError, Files, Word};

/// Size of a dictionary file xor this is its first word.
const MAGIC: u32 = 0xef71_8f77;
const VERSION: u32 = 102;
const TOKEN_BYTES: usize = 16;
const UNIT_BYTES: usize = 8;
const NAME_BYTES: usize = 32;
/// The table covers U+0000 to U+FFFE.
const TABLE_ENTRIES: usize = 0xffff;
/// One class stays free for what the table does not cover.
const MAX_CLASSES: usize = 255;

/// The words of one `.dic` file: surfaces in byte order, each with its tokens in file order.
pub(super) type Surfaces = Vec<(Vec<u8>, Vec<Word>)>;

/// A compiled dictionary with the ids of its own files.
pub(super) struct Compiled {
    pub words: Vec<(String, Vec<Word>)>,
    pub unknown: Vec<Vec<Word>>,
    pub categories: Categories,
    pub matrix: Matrix,
}

impl Compiled {
    pub fn read(files: &Files) -> Result<Self, DictionaryError> {
        let file = |name: &'static str| {
            let bytes = files.get(name).ok_or(DictionaryError::FileMissing { file: name })?;
            Ok::<_, DictionaryError>(Reader::new(name, bytes))
        };
        let matrix = read_matrix(file("matrix.bin")?)?;
        let categories = read_categories(file("char.bin")?)?;
        let surfaces = read_words(file("sys.dic")?, &matrix)?;
        let mut words = Vec::with_capacity(surfaces.len());
        for (surface, tokens) in surfaces {
            let surface = String::from_utf8(surface).map_err(|_| DictionaryError::Charset {
                file: "sys.dic",
                charset: "not UTF-8".to_owned(),
            })?;
            words.push((surface, tokens));
        }
        let mut unknown = vec![Vec::new(); categories.names.len()];
        for (name, tokens) in read_words(file("unk.dic")?, &matrix)? {
            let category = categories.names.iter().position(|known| known.as_bytes() == name);
            if let Some(category) = category {
                unknown[category] = tokens;
            }
        }
        Ok(Self {
            words,
            unknown,
            categories,
            matrix,
        })
    }
}

fn read_matrix(mut file: Reader<'_>) -> Result<Matrix, DictionaryError> {
    let rights = usize::from(file.u16("the sizes")?);
    let lefts = usize::from(file.u16("the sizes")?);
    let costs = file.records(rights * lefts, 2, "the costs")?;
    file.within(file.rest(), "the number of bytes after the costs", 0)?;
    if costs.is_empty() {
        return Err(DictionaryError::NotADictionary {
            file: file.file(),
            expected: "a table of connection costs",
        });
    }
    let costs = costs
        .chunks_exact(2)
        .map(|cost| i16::from_le_bytes([cost[0], cost[1]]))
        .collect();
    Ok(Matrix { rights, lefts, costs })
}

fn read_categories(mut file: Reader<'_>) -> Result<Categories, DictionaryError> {
    // A type is one bit of 18.
    let count = file.count("the number of character categories", 18)?;
    let names = file.records(count, NAME_BYTES, "the category names")?;
    let names: Vec<String> = names.chunks_exact(NAME_BYTES).map(padded_text).collect();
    let entries = file.records(TABLE_ENTRIES, 4, "the character table")?;
    let mut classes: Vec<CharacterClass> = Vec::new();
    let mut table = Vec::with_capacity(TABLE_ENTRIES + 1);
    for entry in entries.chunks_exact(4) {
        let class = character_class(u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]));
        let default_type = usize::from(class.default_type);
        file.within(default_type, "a character's category", count.saturating_sub(1))?;
        let known = classes.iter().position(|known| *known == class);
        let index = known.unwrap_or_else(|| {
            classes.push(class);
            classes.len() - 1
        });
        table.push(file.within(index, "the number of character classes", MAX_CLASSES - 1)? as u8);
    }
    // MeCab reads U+FFFF behind the end of its table, where it finds zeros: no category at all.
    let none = CharacterClass::default();
    let index = classes.iter().position(|known| *known == none).unwrap_or(classes.len());
    if index == classes.len() {
        classes.push(none);
    }
    table.push(file.within(index, "the number of character classes", MAX_CLASSES)? as u8);
    Ok(Categories { names, classes, table })
}

/// Unpacks an entry of the character table: 18 bits of categories, 8 of default category, 4 of length, group, invoke.
fn character_class(entry: u32) -> CharacterClass {
    CharacterClass {
        types: entry & 0x3_ffff,
        default_type: (entry >> 18) as u8,
        length: (entry >> 26 & 0xf) as u8,
        group: entry >> 30 & 1 == 1,
        invoke: entry >> 31 == 1,
    }
}

/// Reads a `.dic` file whole.
fn read_words(mut file: Reader<'_>, matrix: &Matrix) -> Result<Surfaces, DictionaryError> {
    let name = file.file();
    let size = file.rest();
    let magic = file.u32("the header")?;
    if magic ^ MAGIC != size as u32 {
        let swapped = magic.swap_bytes() ^ MAGIC == size as u32;
        return Err(if swapped {
            DictionaryError::ByteOrder { file: name }
        } else {
            DictionaryError::NotADictionary {
                file: name,
                expected: "a MeCab dictionary of the size its header says",
            }
        });
    }
    let version = file.u32("the header")?;
    if version != VERSION {
        return Err(DictionaryError::Version {
            file: name,
            found: version,
            expected: VERSION,
        });
    }
    let _dictionary_type = file.u32("the header")?;
    let _lexicon_size = file.u32("the header")?;
    let _right_ids = file.count("the number of right ids", matrix.rights)?;
    let _left_ids = file.count("the number of left ids", matrix.lefts)?;
    let trie_bytes = file.u32("the header")? as usize;
    let token_bytes = file.u32("the header")? as usize;
    let _feature_bytes = file.u32("the header")?;
    let _reserved = file.u32("the header")?;
    let charset = padded_text(file.take(NAME_BYTES, "the charset")?);
    if !matches!(charset.to_ascii_lowercase().as_str(), "utf8" | "utf-8") {
        return Err(DictionaryError::Charset { file: name, charset });
    }
    let units = file.take(trie_bytes, "the double array")?;
    let tokens = file.take(token_bytes, "the tokens")?;
    let tokens: Vec<Word> = tokens.chunks_exact(TOKEN_BYTES).map(token).collect();
    for token in &tokens {
        file.within(usize::from(token.left), "a left id", matrix.lefts - 1)?;
        file.within(usize::from(token.right), "a right id", matrix.rights - 1)?;
    }
    let array = DoubleArray { file, units };
    let keys = array.keys()?;
    let mut words = Vec::with_capacity(keys.len());
    for (surface, value) in keys {
        let (first, count) = ((value >> 8) as usize, (value & 0xff) as usize);
        let last = array.file.within(first + count, "a word's last token", tokens.len())?;
        words.push((surface, tokens[first..last].to_vec()));
    }
    Ok(words)
}

fn token(bytes: &[u8]) -> Word {
    Word {
        left: u16::from_le_bytes([bytes[0], bytes[1]]),
        right: u16::from_le_bytes([bytes[2], bytes[3]]),
        cost: i16::from_le_bytes([bytes[6], bytes[7]]),
    }
}

/// MeCab's trie: unit `base + byte + 1` is a child of the node with that base, unit `base` holds its value.
struct DoubleArray<'a> {
    file: Reader<'a>,
    units: &'a [u8],
}

impl DoubleArray<'_> {
    fn len(&self) -> usize {
        self.units.len() / UNIT_BYTES
    }

    fn unit(&self, index: usize) -> Option<(i32, u32)> {
        let unit = self.units.get(index.checked_mul(UNIT_BYTES)?..)?.get(..UNIT_BYTES)?;
        let base = i32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]);
        let check = u32::from_le_bytes([unit[4], unit[5], unit[6], unit[7]]);
        Some((base, check))
    }

    /// Every key with its value, in byte order.
    fn keys(&self) -> Result<Vec<(Vec<u8>, u32)>, DictionaryError> {
        let mut keys = Vec::new();
        let Some((root, _)) = self.unit(0) else {
            return Ok(keys);
        };
        // A sound trie visits each unit at most once; links that lie would go round for ever.
        let mut visits = 0usize;
        let mut key: Vec<u8> = Vec::new();
        let mut path: Vec<(u32, u16)> = vec![(self.base(root)?, 0)];
        while let Some((base, next)) = path.last_mut() {
            let node = *base;
            if *next == 0
                && let Some((value, check)) = self.unit(node as usize)
                && check == node
                && value < 0
                && !key.is_empty()
            {
                keys.push((key.clone(), (-1 - value) as u32));
            }
            let child = (*next..256).find_map(|byte| {
                let index = (node as usize) + usize::from(byte) + 1;
                let (base, check) = self.unit(index)?;
                (check == node && base > 0).then_some((byte, base))
            });
            match child {
                Some((byte, base)) => {
                    *next = byte + 1;
                    visits += 1;
                    self.file
                        .within(visits, "the number of visited trie nodes", self.len())?;
                    key.push(byte as u8);
                    path.push((self.base(base)?, 0));
                }
                None => {
                    path.pop();
                    key.pop();
                }
            }
        }
        Ok(keys)
    }

    fn base(&self, base: i32) -> Result<u32, DictionaryError> {
        let found = u32::try_from(base).unwrap_or(u32::MAX);
        self.file.within(found as usize, "a trie node", self.len())?;
        Ok(found)
    }
}
