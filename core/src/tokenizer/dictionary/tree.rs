//! Predicts each line of a table from the line most like it.
//!
//! Rows (and columns) of connection costs come in families. A minimum spanning tree over them gives every line a parent
//! that it differs from least; what remains to be stored is mostly zeros. Compared with predicting from the neighbour
//! in the original order this halves unidic-lite's table after compression. Lines that text uses most stay together in
//! front, where the processor's cache holds them all.

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

    /// Puts the lines `first` in front, in their order; each has the parent among those before it that it differs from least.
    /// Prim's algorithm joins the others to them, which then follow depth first.
    pub fn spanning(lines: &[Vec<i16>], first: &[usize]) -> Self {
        let first = if first.is_empty() && !lines.is_empty() {
            &[0]
        } else {
            first
        };
        let parents = parents(lines, first);
        let mut children = vec![Vec::new(); lines.len()];
        let mut is_first = vec![false; lines.len()];
        for &line in first {
            is_first[line] = true;
        }
        for (line, &parent) in parents.iter().enumerate().filter(|(line, _)| !is_first[*line]) {
            children[parent].push(line);
        }
        let mut order = first.to_vec();
        for &root in first {
            let mut stack: Vec<usize> = children[root].iter().rev().copied().collect();
            while let Some(line) = stack.pop() {
                order.push(line);
                stack.extend(children[line].iter().rev());
            }
        }
        let mut places = vec![0; lines.len()];
        for (place, &line) in (0u16..).zip(&order) {
            places[line] = place;
        }
        Self {
            parents: order.iter().map(|&line| places[parents[line]]).collect(),
            order,
        }
    }
}

/// The parent of each line by the estimated cost of storing the difference; the very first is its own.
fn parents(lines: &[Vec<i16>], first: &[usize]) -> Vec<usize> {
    let mut nearest: Vec<(u32, usize)> = (0..lines.len()).map(|line| (u32::MAX, line)).collect();
    let mut waiting: Vec<usize> = (0..lines.len()).collect();
    let mut first = first.iter();
    while !waiting.is_empty() {
        let next = first
            .next()
            .and_then(|line| waiting.iter().position(|other| other == line));
        let cheapest = || (0..waiting.len()).min_by_key(|&place| nearest[waiting[place]].0);
        let newest = waiting.swap_remove(next.or_else(cheapest).unwrap_or(0));
        for &line in &waiting {
            let distance = difference_cost(&lines[newest], &lines[line]);
            if distance < nearest[line].0 {
                nearest[line] = (distance, newest);
            }
        }
    }
    nearest.into_iter().map(|(_, parent)| parent).collect()
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
            vec![900, 3901, 900],
            vec![0, 2, 1],
        ];
        let tree = Tree::spanning(&lines, &[]);
        assert_eq!(tree.order.len(), 5);
        let parent = |line: usize| {
            let place = tree.order.iter().position(|&other| other == line).expect("in the tree");
            assert!(usize::from(tree.parents[place]) < place);
            tree.order[usize::from(tree.parents[place])]
        };
        assert_eq!((parent(2), parent(4), parent(3)), (0, 2, 1));
        let chosen = Tree::spanning(&lines, &[3, 2]);
        assert_eq!((&chosen.order[..2], &chosen.parents[..2]), (&[3, 2][..], &[0, 0][..]));
        assert!(
            chosen
                .parents
                .iter()
                .zip(0u16..)
                .skip(1)
                .all(|(&parent, place)| parent < place)
        );
        assert_eq!(Tree::spanning(&[], &[]).order.len(), 0);
        assert_eq!(Tree::chain(3).parents, [0, 0, 1]);
    }
}
