//! Finds the surfaces that begin at a character: a trie over UTF-16 code units, for dictionaries and for vocabularies.
//!
//! Nodes are numbered level by level, so that a node's children lie side by side and are searched by their unit; the
//! first level is a table. Units instead of bytes make three steps of Japanese text one, and instead of characters
//! keep the table small. It is built in linear time from sorted surfaces.

/// Distinct surfaces in the order of their UTF-16 code units, each with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Surfaces<T> {
    /// All surfaces' code units, one after the other.
    pub units: Vec<u16>,
    /// Where each surface ends in `units`.
    pub ends: Vec<u32>,
    /// All surfaces' words, one after the other.
    pub words: Vec<T>,
    /// Where each surface's words end in `words`.
    pub word_ends: Vec<u32>,
}

impl<T: Copy> Surfaces<T> {
    /// Room for so many surfaces and words; code units are more than the `suffixes` that front-coding leaves.
    pub fn with_capacity(surfaces: usize, suffixes: usize, words: usize) -> Self {
        Self {
            units: Vec::with_capacity(suffixes),
            ends: Vec::with_capacity(surfaces),
            words: Vec::with_capacity(words),
            word_ends: Vec::with_capacity(surfaces),
        }
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn surface(&self, index: usize) -> &[u16] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.units[start as usize..self.ends[index] as usize]
    }

    pub fn words(&self, index: usize) -> &[T] {
        let start = if index == 0 { 0 } else { self.word_ends[index - 1] };
        &self.words[start as usize..self.word_ends[index] as usize]
    }

    /// Appends a surface, which must come after the last one, with its words.
    pub fn push(&mut self, surface: impl IntoIterator<Item = u16>, words: &[T]) {
        self.units.extend(surface);
        self.ends.push(self.units.len() as u32);
        self.words.extend_from_slice(words);
        self.word_ends.push(self.words.len() as u32);
    }
}

impl<T> Default for Surfaces<T> {
    fn default() -> Self {
        Self {
            units: Vec::new(),
            ends: Vec::new(),
            words: Vec::new(),
            word_ends: Vec::new(),
        }
    }
}

/// A trie from surfaces to their words.
#[derive(Debug, Clone)]
pub(super) struct Trie<T> {
    /// The node after each first unit, 0 if there is none.
    roots: Vec<u32>,
    /// The unit that leads to a node; node 0 is unused.
    units: Vec<u16>,
    /// One more entry than nodes: what is a node's ends where the next node's begins.
    nodes: Vec<Node>,
    /// The words in the order of the nodes.
    words: Vec<T>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    first_child: u32,
    first_word: u32,
}

impl<T: Copy> Trie<T> {
    /// Builds the trie of distinct sorted surfaces, none of them empty.
    pub fn build(surfaces: &Surfaces<T>) -> Self {
        let mut trie = Self {
            roots: vec![0; 1 << 16],
            units: vec![0],
            nodes: vec![Node {
                first_child: 0,
                first_word: 0,
            }],
            words: Vec::with_capacity(surfaces.words.len()),
        };
        // The surfaces below each node of a level, as a range of indices.
        let mut level: Vec<(u32, u32)> = Vec::new();
        trie.branch(surfaces, (0, surfaces.len() as u32), 0, &mut level);
        for (node, &unit) in (1u32..).zip(&trie.units[1..]) {
            trie.roots[usize::from(unit)] = node;
        }
        let mut depth = 1;
        while !level.is_empty() {
            let mut next = Vec::with_capacity(level.len());
            // The level's nodes already have numbers; their children follow the nodes numbered so far.
            for (mut first, last) in level {
                trie.nodes.push(Node {
                    first_child: trie.units.len() as u32,
                    first_word: trie.words.len() as u32,
                });
                if surfaces.surface(first as usize).len() == depth {
                    trie.words.extend_from_slice(surfaces.words(first as usize));
                    first += 1;
                }
                trie.branch(surfaces, (first, last), depth, &mut next);
            }
            level = next;
            depth += 1;
        }
        trie.nodes.push(Node {
            first_child: trie.units.len() as u32,
            first_word: trie.words.len() as u32,
        });
        trie
    }

    /// Numbers the children of a node whose surfaces are `range`, and says which surfaces are below each.
    fn branch(&mut self, surfaces: &Surfaces<T>, (first, last): (u32, u32), depth: usize, next: &mut Vec<(u32, u32)>) {
        let mut start = first;
        while start < last {
            let unit = surfaces.surface(start as usize)[depth];
            let mut end = start + 1;
            while end < last && surfaces.surface(end as usize)[depth] == unit {
                end += 1;
            }
            self.units.push(unit);
            next.push((start, end));
            start = end;
        }
    }

    /// Calls `found` with the length in code units and the words of every surface that begins `text`, shortest first.
    #[inline]
    pub fn prefixes(&self, text: &[u16], mut found: impl FnMut(usize, &[T])) {
        let Some((&first, rest)) = text.split_first() else {
            return;
        };
        let Some(&root) = self.roots.get(usize::from(first)) else {
            return;
        };
        let mut node = root as usize;
        if node == 0 {
            return;
        }
        let mut length = 1;
        let mut rest = rest.iter();
        loop {
            let (here, after) = (self.nodes[node], self.nodes[node + 1]);
            if here.first_word < after.first_word {
                found(length, &self.words[here.first_word as usize..after.first_word as usize]);
            }
            let Some(unit) = rest.next() else {
                return;
            };
            let children = &self.units[here.first_child as usize..after.first_child as usize];
            let Ok(child) = children.binary_search(unit) else {
                return;
            };
            node = here.first_child as usize + child;
            length += 1;
        }
    }

    /// Bytes the trie holds.
    pub fn bytes(&self) -> usize {
        self.roots.len() * size_of::<u32>()
            + self.units.len() * size_of::<u16>()
            + self.nodes.len() * size_of::<Node>()
            + self.words.len() * size_of::<T>()
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.words.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_is_found_shortest_first() {
        let mut surfaces = Surfaces::default();
        for (cost, surface) in ["a", "ab", "abcd", "b", "東", "東京", "東京都", "😀", "😁x"]
            .iter()
            .enumerate()
        {
            surfaces.push(surface.encode_utf16(), &[cost, 99]);
        }
        let trie = Trie::build(&surfaces);
        let found = |text: &str| {
            let units: Vec<u16> = text.encode_utf16().collect();
            let mut found = Vec::new();
            trie.prefixes(&units, |length, words| found.push((length, words[0], words.len())));
            found
        };
        assert_eq!(found("abcdef"), [(1, 0, 2), (2, 1, 2), (4, 2, 2)]);
        assert_eq!(found("東京タワー"), [(1, 4, 2), (2, 5, 2)]);
        assert_eq!(found("😁x"), [(3, 8, 2)]);
        assert_eq!(found("😀"), [(2, 7, 2)]);
        assert!(found("").is_empty() && found("x").is_empty() && found("京").is_empty());
    }

    #[test]
    fn an_empty_trie_finds_nothing() {
        let trie = Trie::<u32>::build(&Surfaces::default());
        trie.prefixes(&[97], |_, _| panic!("nothing to find"));
    }
}
