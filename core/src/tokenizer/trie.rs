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
#[derive(Debug, Clone, PartialEq, Eq)]
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

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Node {
    first_child: u32,
    first_word: u32,
}

/// What a trie has to know about every surface before it is built.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Code units it shares with the surface before it.
    pub shared: usize,
    /// Its code units.
    pub length: usize,
    /// Its words.
    pub words: usize,
}

/// Fills a trie in one pass over sorted surfaces: where each level begins is known from their shapes.
pub(super) struct TrieBuilder<T> {
    trie: Trie<T>,
    /// The number of the next node of each depth, and of the first beyond the deepest.
    next_node: Vec<u32>,
    /// Where the next words of each depth go.
    next_word: Vec<u32>,
}

impl<T: Copy + Default> TrieBuilder<T> {
    /// Makes room for surfaces of these shapes, which must be pushed in the same order.
    pub fn new(shapes: impl Iterator<Item = Shape>) -> Self {
        let (mut node_counts, mut word_counts) = (vec![0u32; 2], vec![0u32; 2]);
        for Shape { shared, length, words } in shapes {
            if node_counts.len() < length + 2 {
                node_counts.resize(length + 2, 0);
                word_counts.resize(length + 2, 0);
            }
            for count in &mut node_counts[shared + 1..=length] {
                *count += 1;
            }
            word_counts[length] += words as u32;
        }
        let firsts = |counts: &[u32], first: u32| -> Vec<u32> {
            let sums = counts.iter().scan(first, |sum, count| {
                let first = *sum;
                *sum += count;
                Some(first)
            });
            sums.collect()
        };
        // Node 0 is unused.
        let (next_node, next_word) = (firsts(&node_counts, 1), firsts(&word_counts, 0));
        let nodes = next_node.last().map_or(1, |&nodes| nodes as usize);
        let words = next_word.last().map_or(0, |&words| words as usize);
        let mut trie = Trie {
            roots: vec![0; 1 << 16],
            units: vec![0; nodes],
            nodes: vec![Node::default(); nodes + 1],
            words: vec![T::default(); words],
        };
        trie.nodes[0].first_child = 1;
        trie.nodes[nodes] = Node {
            first_child: nodes as u32,
            first_word: words as u32,
        };
        Self {
            trie,
            next_node,
            next_word,
        }
    }

    /// Adds a surface: how much it shares with the one before, its other code units, its words.
    pub fn push(&mut self, shared: usize, suffix: &[u16], words: &[T]) {
        let mut depth = shared;
        for &unit in suffix {
            depth += 1;
            let node = self.next_node[depth];
            self.next_node[depth] += 1;
            self.trie.units[node as usize] = unit;
            self.trie.nodes[node as usize] = Node {
                first_child: self.next_node[depth + 1],
                first_word: self.next_word[depth],
            };
            if depth == 1 {
                self.trie.roots[usize::from(unit)] = node;
            }
        }
        let first = self.next_word[depth] as usize;
        self.trie.words[first..first + words.len()].copy_from_slice(words);
        self.next_word[depth] += words.len() as u32;
    }

    /// The trie, once every surface has been pushed.
    pub fn finish(self) -> Trie<T> {
        self.trie
    }
}

impl<T: Copy + Default> Trie<T> {
    /// Builds the trie of distinct sorted surfaces, none of them empty.
    pub fn build(surfaces: &Surfaces<T>) -> Self {
        let shared = |index: usize| {
            let before = if index == 0 { &[] } else { surfaces.surface(index - 1) };
            let pairs = surfaces.surface(index).iter().zip(before);
            pairs.take_while(|(one, other)| one == other).count()
        };
        let shape = |index| Shape {
            shared: shared(index),
            length: surfaces.surface(index).len(),
            words: surfaces.words(index).len(),
        };
        let mut builder = TrieBuilder::new((0..surfaces.len()).map(shape));
        for index in 0..surfaces.len() {
            let shared = shared(index);
            builder.push(shared, &surfaces.surface(index)[shared..], surfaces.words(index));
        }
        builder.finish()
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
            let Some(&unit) = rest.next() else {
                return;
            };
            let children = here.first_child as usize..after.first_child as usize;
            let Ok(child) = self.units[children].binary_search(&unit) else {
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
