//! Cuts text into words as MeCab does: builds the lattice of all dictionary words and finds its cheapest path.
//!
//! Positions are UTF-16 code units of the text, which is the step of the dictionary's trie; every word begins and ends
//! at a character. Where two paths cost the same the one whose last word was entered into the lattice last wins, and
//! words of one span rank in dictionary order: both are MeCab's order, on which equal results depend.

use std::ops::Range;

use super::dictionary::{Dictionary, Word};

/// A run of unknown characters is offered as one word if at most this many follow its first: MeCab's default.
const MAX_GROUPING: usize = 24;
const NONE: u32 = u32::MAX;

/// A word in the lattice.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// Cost of the cheapest path to the end of this word.
    cost: i64,
    /// Where the word itself begins, after skipped spaces, and ends.
    begin: u32,
    end: u32,
    /// The word before it on that path.
    previous: u32,
    /// The next older word that ends where this one does.
    older: u32,
    right: u16,
    word_cost: i16,
    /// The category of an unknown word.
    unknown: Option<u8>,
}

/// The words that end at a position, newest first.
#[derive(Debug, Clone, Copy)]
struct End {
    newest: u32,
    /// Whatever follows, the best continuation costs at most this.
    limit: i64,
}

/// A word that ends where others begin.
#[derive(Debug, Clone, Copy)]
struct Before {
    /// How much dearer it is than the first of them, shifted left by 32 bits, and its place among them.
    key: i64,
    right: u16,
    node: u32,
}

impl End {
    const NOTHING: Self = Self {
        newest: NONE,
        limit: i64::MAX,
    };
}

/// A word of the cheapest path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathWord {
    /// Bytes of the text it covers; skipped spaces belong to no word.
    pub bytes: Range<usize>,
    /// What the word itself adds to the path.
    pub word_cost: i32,
    /// What connecting it to the word before it adds.
    pub connection_cost: i32,
    /// Cost of the path up to and with this word.
    pub total_cost: i64,
    /// The character category that made it, if the dictionary does not have it.
    pub unknown: Option<String>,
}

/// The text in the lattice's units.
struct Units {
    units: Vec<u16>,
    /// Byte offset of each unit, and of the end.
    bytes: Vec<u32>,
}

impl Dictionary {
    /// The words of a text as byte ranges. White space between words belongs to none.
    pub fn words(&self, text: &str) -> Vec<Range<usize>> {
        let text = Units::new(text);
        let lattice = Lattice::new(self, &text.units);
        let path = lattice.path.iter().map(|&node| &lattice.nodes[node as usize]);
        path.map(|node| text.bytes(node.begin, node.end)).collect()
    }

    /// The cheapest path through the lattice of a text, with what each step costs.
    pub fn explain(&self, text: &str) -> Vec<PathWord> {
        let text = Units::new(text);
        let lattice = Lattice::new(self, &text.units);
        let path = lattice.path.iter().map(|&node| &lattice.nodes[node as usize]);
        let category = |category: u8| self.categories.names.get(usize::from(category)).cloned();
        let step = |node: &Node| {
            let before = &lattice.nodes[node.previous as usize];
            let word_cost = i32::from(node.word_cost);
            PathWord {
                bytes: text.bytes(node.begin, node.end),
                word_cost,
                connection_cost: (node.cost - before.cost) as i32 - word_cost,
                total_cost: node.cost,
                unknown: node.unknown.map(|unknown| category(unknown).unwrap_or_default()),
            }
        };
        path.map(step).collect()
    }
}

impl Units {
    fn new(text: &str) -> Self {
        let mut units = Vec::with_capacity(text.len());
        let mut bytes = Vec::with_capacity(text.len() + 1);
        // MeCab is handed a C string, which ends at the first NUL.
        let text = text.split('\0').next().unwrap_or_default();
        for (byte, character) in text.char_indices() {
            if let Ok(unit) = u16::try_from(u32::from(character)) {
                units.push(unit);
                bytes.push(byte as u32);
            } else {
                units.extend(character.encode_utf16(&mut [0; 2]).iter());
                bytes.extend([byte as u32; 2]);
            }
        }
        bytes.push(text.len() as u32);
        Self { units, bytes }
    }

    fn bytes(&self, begin: u32, end: u32) -> Range<usize> {
        self.bytes[begin as usize] as usize..self.bytes[end as usize] as usize
    }
}

struct Lattice<'a> {
    dictionary: &'a Dictionary,
    units: &'a [u16],
    nodes: Vec<Node>,
    /// The words that end at each position.
    ends: Vec<End>,
    /// Those that end where the current position is and may win, newest first.
    befores: Vec<Before>,
    /// The cost of the first of them.
    base: i64,
    /// The words of the cheapest path, first to last.
    path: Vec<u32>,
}

impl<'a> Lattice<'a> {
    fn new(dictionary: &'a Dictionary, units: &'a [u16]) -> Self {
        let mut lattice = Self {
            dictionary,
            units,
            nodes: Vec::with_capacity(units.len() * 8 + 1),
            ends: vec![End::NOTHING; units.len() + 1],
            befores: Vec::with_capacity(64),
            base: 0,
            path: Vec::new(),
        };
        let (left, right) = dictionary.boundary();
        lattice.ends[0].newest = 0;
        lattice.nodes.push(Node {
            cost: 0,
            begin: 0,
            end: 0,
            previous: NONE,
            older: NONE,
            right,
            word_cost: 0,
            unknown: None,
        });
        for position in 0..units.len() {
            if lattice.ends[position].newest != NONE {
                lattice.gather(position);
                lattice.extend(position);
            }
        }
        lattice.find_path(left);
        lattice
    }

    /// Collects the words that end at a position and may be the best before one of those that begin there.
    fn gather(&mut self, position: usize) {
        let End { newest, limit } = self.ends[position];
        self.befores.clear();
        let mut node = newest;
        while node != NONE {
            let Node { cost, older, right, .. } = self.nodes[node as usize];
            if cost + self.dictionary.least_connection(right) <= limit {
                if self.befores.is_empty() {
                    self.base = cost;
                }
                // Within `limit` of each other: the difference fits.
                let key = (cost - self.base) << 32 | self.befores.len() as i64;
                self.befores.push(Before { key, right, node });
            }
            node = older;
        }
    }

    /// Enters every word that begins at a position, after the spaces there.
    fn extend(&mut self, position: usize) {
        let dictionary = self.dictionary;
        let space = dictionary.categories.class(u16::from(b' '));
        let begin = self.end_of_run(position, space);
        let units = self.units;
        let Some(&first) = units.get(begin) else {
            return;
        };
        let first_node = self.nodes.len();
        let class = dictionary.categories.class(first);
        let mut known = false;
        dictionary.prefixes(&units[begin..], |length, words| {
            known = true;
            self.enter((begin, begin + length), words, None);
        });
        if !known || class.invoke {
            self.extend_unknown(begin, known);
        }
        for node in (first_node..self.nodes.len()).rev() {
            let end = &mut self.ends[self.nodes[node].end as usize].newest;
            self.nodes[node].older = std::mem::replace(end, node as u32);
        }
    }

    fn extend_unknown(&mut self, begin: usize, known: bool) {
        let dictionary = self.dictionary;
        let class = dictionary.categories.class(self.units[begin]);
        let Some(words) = dictionary.unknown.get(usize::from(class.default_type)) else {
            return;
        };
        let category = Some(class.default_type);
        let after_first = begin + self.width(begin);
        let mut entered = known;
        let mut group_end = None;
        if class.group {
            let end = self.end_of_run(after_first, class);
            if self.characters(after_first, end) <= MAX_GROUPING {
                self.enter((begin, end), words, category);
                entered = true;
            }
            group_end = Some(end);
        }
        let mut end = after_first;
        for _ in 0..class.length {
            if end > self.units.len() || group_end == Some(end) {
                break;
            }
            self.enter((begin, end), words, category);
            entered = true;
            match self.units.get(end) {
                Some(&unit) if class.is_kind_of(dictionary.categories.class(unit)) => {
                    end += self.width(end);
                }
                _ => break,
            }
        }
        if !entered {
            self.enter((begin, after_first), words, category);
        }
    }

    /// Where the run of characters that share a category with `class` ends.
    fn end_of_run(&self, begin: usize, class: super::dictionary::CharacterClass) -> usize {
        let mut end = begin;
        while let Some(&unit) = self.units.get(end) {
            if !class.is_kind_of(self.dictionary.categories.class(unit)) {
                break;
            }
            end += self.width(end);
        }
        end
    }

    /// How many units the character at a position has.
    fn width(&self, position: usize) -> usize {
        if (0xd800..0xdc00).contains(&self.units[position]) {
            2
        } else {
            1
        }
    }

    fn characters(&self, begin: usize, end: usize) -> usize {
        let low_surrogate = |unit: &&u16| (0xdc00..0xe000).contains(*unit);
        end - begin - self.units[begin..end].iter().filter(low_surrogate).count()
    }

    /// Connects words of one span to the cheapest path before them.
    fn enter(&mut self, (begin, end): (usize, usize), words: &[Word], unknown: Option<u8>) {
        for word in words {
            let (cost, previous) = self.cheapest_before(word.left);
            let cost = cost + i64::from(word.cost);
            // Whatever follows, the best continuation costs at most `limit`: what is dearer even when connected at its
            // cheapest cannot win. Almost half of all words go here, before they cost look-ups in the table.
            let limit = &mut self.ends[end].limit;
            let (least, most) = self.dictionary.connection_range(word.right);
            if cost + i64::from(least) > *limit {
                continue;
            }
            *limit = (cost + i64::from(most)).min(*limit);
            self.nodes.push(Node {
                cost,
                begin: begin as u32,
                end: end as u32,
                previous,
                older: NONE,
                right: word.right,
                word_cost: word.cost,
                unknown,
            });
        }
    }

    /// The cheapest path to the current position for a word with this left id: its cost and its last word.
    #[inline]
    fn cheapest_before(&self, left: u16) -> (i64, u32) {
        let row = self.dictionary.connection_costs(left);
        // Cost and place in one number: the least of them is the cheapest, of equally cheap ones the first, and finding
        // it takes no branch that waits for the table, most of which lies in distant memory.
        let mut best = i64::MAX;
        for before in &self.befores {
            best = best.min(before.key + (i64::from(row[usize::from(before.right)]) << 32));
        }
        let before = self.befores.get((best & 0xffff_ffff) as usize);
        (self.base + (best >> 32), before.map_or(NONE, |before| before.node))
    }

    /// Ends the sentence after the last position that can be reached, which leaves trailing spaces out.
    fn find_path(&mut self, left: u16) {
        let Some(position) = self.ends.iter().rposition(|end| end.newest != NONE) else {
            return;
        };
        self.gather(position);
        let (_, mut node) = self.cheapest_before(left);
        while node != NONE && node != 0 {
            self.path.push(node);
            node = self.nodes[node as usize].previous;
        }
        self.path.reverse();
    }
}
