//! Holds the costs of connecting two words.

/// Cost of every pair of context ids: that of the word before and that of the word after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Matrix {
    /// How many right ids (of the word before) there are: the length of a row.
    pub rights: usize,
    /// How many left ids (of the word after) there are: the number of rows.
    pub lefts: usize,
    /// `[lefts, rights]`.
    pub costs: Vec<i16>,
}

impl Matrix {
    /// The costs of putting a word with this left id after each right id.
    #[inline]
    pub fn row(&self, left: u16) -> &[i16] {
        let start = usize::from(left) * self.rights;
        &self.costs[start..start + self.rights]
    }

    /// The least and the greatest cost of each column.
    pub fn ranges(&self) -> Vec<(i16, i16)> {
        let mut ranges = Ranges::new(self.rights);
        self.costs.chunks_exact(self.rights).for_each(|row| ranges.include(row));
        ranges.finish()
    }

    /// Numbers the rows that are alike over the columns `used`, in the order of their first occurrence.
    fn classes_of(lines: impl Iterator<Item = Vec<i16>>, used: &[bool]) -> (Vec<Option<u16>>, Vec<usize>) {
        let mut classes = std::collections::HashMap::new();
        let mut firsts = Vec::new();
        let numbers = lines.zip(used).enumerate().map(|(index, (line, used))| {
            used.then(|| {
                *classes.entry(line).or_insert_with(|| {
                    firsts.push(index);
                    (firsts.len() - 1) as u16
                })
            })
        });
        (numbers.collect(), firsts)
    }

    /// Drops unused ids and merges those that connect alike. Returns the smaller matrix and, for each old left and each
    /// old right id, its new number.
    pub fn merged(&self, used_lefts: &[bool], used_rights: &[bool]) -> (Self, Vec<Option<u16>>, Vec<Option<u16>>) {
        let used_columns: Vec<usize> = (0..self.rights).filter(|&right| used_rights[right]).collect();
        let row = |left: usize| -> Vec<i16> {
            let row = &self.costs[left * self.rights..][..self.rights];
            used_columns.iter().map(|&right| row[right]).collect()
        };
        let (left_classes, rows) = Self::classes_of((0..self.lefts).map(row), used_lefts);
        let column = |right: usize| -> Vec<i16> {
            rows.iter()
                .map(|&left| self.costs[left * self.rights + right])
                .collect()
        };
        let (right_classes, columns) = Self::classes_of((0..self.rights).map(column), used_rights);
        let costs = rows
            .iter()
            .flat_map(|&left| columns.iter().map(move |&right| self.costs[left * self.rights + right]));
        let merged = Self {
            rights: columns.len(),
            lefts: rows.len(),
            costs: costs.collect(),
        };
        (merged, left_classes, right_classes)
    }
}

/// The least and the greatest cost of each column, as its rows become known.
pub(super) struct Ranges {
    least: Vec<i16>,
    most: Vec<i16>,
}

impl Ranges {
    pub fn new(rights: usize) -> Self {
        Self {
            least: vec![i16::MAX; rights],
            most: vec![i16::MIN; rights],
        }
    }

    pub fn include(&mut self, row: &[i16]) {
        for ((least, most), &cost) in self.least.iter_mut().zip(&mut self.most).zip(row) {
            *least = cost.min(*least);
            *most = cost.max(*most);
        }
    }

    pub fn finish(self) -> Vec<(i16, i16)> {
        self.least.into_iter().zip(self.most).collect()
    }
}
