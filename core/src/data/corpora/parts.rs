//! Shares rows out into train, dev and test: as the corpus does, or at random by a seed.
//!
//! By article means that all rows of an article land in one part: sentences of one text resemble each other, and a test
//! on sentences whose neighbours were trained on flatters.

use std::fmt;

use crate::data::{SplitRatios, split};

use super::CorpusError;

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartName {
    /// What is trained on.
    Train,
    /// What choices are made on.
    Dev,
    /// What is scored once, at the end.
    Test,
}

impl PartName {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Dev, Self::Test];

    /// The part that a file is by its name: `train…`, `dev…` or `val…`, `test…`.
    pub fn of_file(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        match () {
            () if starts(&["train"]) => Some(Self::Train),
            () if starts(&["dev", "val"]) => Some(Self::Dev),
            () if starts(&["test"]) => Some(Self::Test),
            () => None,
        }
    }

    /// The part that a cell names: `train`, `dev` or `test`.
    pub fn of_cell(cell: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.to_string() == cell)
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Train => "train",
            Self::Dev => "dev",
            Self::Test => "test",
        })
    }
}

/// The rows of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<T> {
    /// Which part.
    pub name: PartName,
    /// Its rows in the order of the corpus, at least one.
    pub rows: Vec<T>,
}

/// What stays together when rows are shared out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SplitBy {
    /// All rows of an article or page.
    #[default]
    Article,
    /// Nothing but the row itself.
    Sentence,
}

impl fmt::Display for SplitBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Article => "article",
            Self::Sentence => "sentence",
        })
    }
}

/// How rows are shared out at random.
#[derive(Clone, Debug)]
pub struct SplitPlan {
    /// Two or three sizes, relative to each other.
    pub ratios: SplitRatios,
    /// What stays together.
    pub by: SplitBy,
    /// The same seed gives the same parts on every machine.
    pub seed: u64,
}

/// Gathers rows that know their part; parts without rows are left out.
pub fn gather<T>(rows: Vec<(PartName, T)>) -> Vec<Part<T>> {
    let mut parts = PartName::ALL.map(|name| Part { name, rows: Vec::new() });
    for (name, row) in rows {
        parts[name as usize].rows.push(row);
    }
    parts.into_iter().filter(|part| !part.rows.is_empty()).collect()
}

/// Shares out rows at random, each given with the article it is from; rows of an article stand next to each other.
///
/// Sizes follow the ratios in articles or rows; a part that rounding leaves without any takes one from the largest.
///
/// # Errors
/// If there are fewer articles (or rows) than parts.
pub fn cut<T>(rows: Vec<(String, T)>, plan: &SplitPlan) -> Result<Vec<Part<T>>, CorpusError> {
    let mut group_of = Vec::with_capacity(rows.len());
    for (index, (article, _)) in rows.iter().enumerate() {
        let same = plan.by == SplitBy::Article && index > 0 && rows[index - 1].0 == *article;
        let last = group_of.last().copied();
        group_of.push(last.map_or(0, |last: usize| if same { last } else { last + 1 }));
    }
    let groups = group_of.last().map_or(0, |last| last + 1);
    let mut shares = split(groups, &plan.ratios, plan.seed);
    if groups < shares.len() {
        return Err(CorpusError::TooFew {
            parts: shares.len(),
            by: plan.by,
            found: groups,
        });
    }
    fill_empty(&mut shares);
    let mut part_of = vec![PartName::Train; groups];
    for (name, share) in PartName::ALL.into_iter().zip(&shares) {
        share.iter().for_each(|&group| part_of[group] = name);
    }
    let named = rows
        .into_iter()
        .zip(&group_of)
        .map(|((_, row), &group)| (part_of[group], row));
    Ok(gather(named.collect()))
}

/// Gives every empty share the last item of the largest; there are at least as many items as shares.
fn fill_empty(shares: &mut [Vec<usize>]) {
    while let Some(empty) = shares.iter().position(Vec::is_empty) {
        let largest = shares.iter_mut().max_by_key(|share| share.len());
        let Some(item) = largest.and_then(Vec::pop) else {
            return;
        };
        shares[empty].push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(ratios: &str, by: SplitBy, seed: u64) -> SplitPlan {
        SplitPlan {
            ratios: ratios.parse().expect("the test writes valid ratios"),
            by,
            seed,
        }
    }

    /// `articles` articles of three rows each; a row is (article, number).
    fn rows(articles: usize) -> Vec<(String, (usize, usize))> {
        let row = |article: usize, number| (format!("a{article}"), (article, number));
        (0..articles)
            .flat_map(|article| (0..3).map(move |number| row(article, number)))
            .collect()
    }

    #[test]
    fn articles_stay_whole_and_every_row_lands_once() {
        for seed in 0..20 {
            let parts = cut(rows(10), &plan("8:1:1", SplitBy::Article, seed)).expect("enough articles");
            let sizes: Vec<usize> = parts.iter().map(|part| part.rows.len()).collect();
            assert_eq!(sizes, [24, 3, 3]);
            for part in &parts {
                assert!(part.rows.is_sorted());
                assert!(part.rows.chunks(3).all(|article| article[0].0 == article[2].0));
            }
            let mut all: Vec<_> = parts.into_iter().flat_map(|part| part.rows).collect();
            all.sort_unstable();
            assert_eq!(all, rows(10).into_iter().map(|(_, row)| row).collect::<Vec<_>>());
        }
    }

    #[test]
    fn sentences_of_an_article_part_when_asked() {
        let torn = (0..20).any(|seed| {
            let parts = cut(rows(10), &plan("1:1", SplitBy::Sentence, seed)).expect("enough rows");
            let train: Vec<usize> = parts[0].rows.iter().map(|row| row.0).collect();
            parts[1].rows.iter().any(|row| train.contains(&row.0))
        });
        assert!(torn);
        let once = cut(rows(10), &plan("8:1:1", SplitBy::Sentence, 1)).expect("enough rows");
        assert_eq!(
            once,
            cut(rows(10), &plan("8:1:1", SplitBy::Sentence, 1)).expect("enough rows")
        );
        assert_ne!(
            once,
            cut(rows(10), &plan("8:1:1", SplitBy::Sentence, 2)).expect("enough rows")
        );
    }

    #[test]
    fn no_part_is_empty_unless_there_is_too_little() {
        for articles in 3..12 {
            let parts = cut(rows(articles), &plan("8:1:1", SplitBy::Article, 3)).expect("enough articles");
            assert_eq!(parts.iter().map(|part| part.name).collect::<Vec<_>>(), PartName::ALL);
        }
        let error = cut(rows(2), &plan("8:1:1", SplitBy::Article, 3)).expect_err("two articles, three parts");
        assert!(
            error
                .to_string()
                .contains("3 parts need at least 3 articles; there are 2"),
            "{error}"
        );
        assert!(cut(rows(2), &plan("8:1:1", SplitBy::Sentence, 3)).is_ok());
    }

    #[test]
    fn files_are_parts_by_their_names() {
        let names = [
            "train.txt",
            "val.txt",
            "valid-v1.3.json",
            "dev.tsv",
            "Test.csv",
            "labels.txt",
        ];
        use PartName::{Dev, Test, Train};
        let expected = [Some(Train), Some(Dev), Some(Dev), Some(Dev), Some(Test), None];
        assert_eq!(names.map(PartName::of_file), expected);
        assert_eq!(
            PartName::ALL.map(|part| PartName::of_cell(&part.to_string())),
            PartName::ALL.map(Some)
        );
    }
}
