//! Predicts each line of a table from the line most like it.
//!
//! Rows (and columns) of connection costs come in families. A minimum spanning tree over them gives every line a parent
//! that it differs from least; what remains to be stored is mostly zeros. Compared with predicting from the neighbour
//! in the original order this halves unidic-lite's table after compression.

/// A spanning tree: the order in which lines are stored, parents first, and each line's parent in that order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tree {
    /// The line at each place.
    pub order: Vec<usize>,
    /// The place of the parent of the line at each place; place 0 is its own.
    pub parents: Vec<u16>,
}

impl Tree {
    /// The tree that leaves the order as it is: every line follows the one before it.
    pub fn chain(len: usize) -> Self {
        Self {
            order: (0..len).collect(),
            parents: (0..len).map(|place| place.saturating_sub(1) as u16).collect(),
        }
    }

    /// Prim's algorithm over the estimated cost of storing the difference of two lines.
    pub fn minimum_spanning(lines: &[Vec<i16>]) -> Self {
        let count = lines.len();
        let mut nearest = vec![(u32::MAX, 0usize); count];
        let mut waiting: Vec<usize> = (1..count).collect();
        let mut children = vec![Vec::new(); count];
        let mut newest = 0;
        while !waiting.is_empty() {
            let mut best = (u32::MAX, 0);
            for (index, &line) in waiting.iter().enumerate() {
                let distance = difference_cost(&lines[newest], &lines[line]);
                if distance < nearest[line].0 {
                    nearest[line] = (distance, newest);
                }
                best = best.min((nearest[line].0, index));
            }
            newest = waiting.swap_remove(best.1);
            children[nearest[newest].1].push(newest);
        }
        Self::depth_first(&children)
    }

    fn depth_first(children: &[Vec<usize>]) -> Self {
        let mut tree = Self {
            order: Vec::new(),
            parents: Vec::new(),
        };
        let mut stack = if children.is_empty() { Vec::new() } else { vec![(0, 0)] };
        while let Some((line, parent)) = stack.pop() {
            let place = tree.order.len() as u16;
            tree.order.push(line);
            tree.parents.push(parent);
            stack.extend(children[line].iter().rev().map(|&child| (child, place)));
        }
        tree
    }
}

/// Estimates the bits that the difference of two lines takes: none where they agree, then two for each factor of four.
fn difference_cost(one: &[i16], other: &[i16]) -> u32 {
    // Sums of 16 bits over short runs are what the compiler turns into vector instructions.
    let run = |(one, other): (&[i16], &[i16])| {
        let bits = |difference: u16| {
            3 * u16::from(difference != 0)
                + 2 * u16::from(difference > 3)
                + 2 * u16::from(difference > 15)
                + 2 * u16::from(difference > 63)
                + 2 * u16::from(difference > 255)
                + 2 * u16::from(difference > 1023)
        };
        let pairs = one.iter().zip(other);
        let bits = pairs.map(|(one, other)| bits(one.wrapping_sub(*other).unsigned_abs()));
        u32::from(bits.fold(0u16, u16::wrapping_add))
    };
    one.chunks(256).zip(other.chunks(256)).map(run).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_joined_and_parents_come_first() {
        let lines = [
            vec![0, 0, 0],
            vec![900, 900, 900],
            vec![0, 0, 1],
            vec![900, 901, 900],
            vec![0, 2, 1],
        ];
        let tree = Tree::minimum_spanning(&lines);
        assert_eq!(tree.order.len(), 5);
        let parent = |line: usize| {
            let place = tree.order.iter().position(|&other| other == line).expect("in the tree");
            assert!(usize::from(tree.parents[place]) < place);
            tree.order[usize::from(tree.parents[place])]
        };
        assert_eq!((parent(2), parent(4), parent(3)), (0, 2, 1));
        assert_eq!(Tree::minimum_spanning(&[]).order.len(), 0);
        assert_eq!(Tree::chain(3).parents, [0, 0, 1]);
    }
}
