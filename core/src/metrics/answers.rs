//! Scores answers cut from a passage as SQuAD's official scripts do: exact match and F1 over words, both after lower-casing and
//! without punctuation, articles and extra white space; F1 over characters for languages that do not write spaces.
//!
//! Where some questions have no answer the rules are those of version 2.0, else those of 1.1. Scores are fractions of 1, where
//! the scripts print per cent.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::table::counted;
use super::{MetricsError, check_lengths};

/// How good answers are. All scores are fractions of 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerReport {
    /// How many questions were scored.
    pub examples: u64,
    /// The part of the answers that is right to the letter, once normalized.
    pub exact_match: f64,
    /// Mean F1 over words.
    pub f1: f64,
    /// Mean F1 over characters.
    pub character_f1: f64,
    /// The scores of the questions that have an answer, where some have none.
    pub answerable: Option<AnswerScores>,
    /// The scores of the questions that have none.
    pub unanswerable: Option<AnswerScores>,
    /// Gold answers that no prediction could hit, because the tokenizer cuts the passage elsewhere; of questions all of whose
    /// answers are like that.
    pub unreachable: u64,
    /// Questions that were not asked, because they leave no room for their passage; they are scored as if the model had said
    /// that there is no answer.
    #[serde(default)]
    pub unasked: u64,
}

/// Scores of some questions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerScores {
    /// How many.
    pub examples: u64,
    /// As in [`AnswerReport`].
    pub exact_match: f64,
    /// As in [`AnswerReport`].
    pub f1: f64,
    /// As in [`AnswerReport`].
    pub character_f1: f64,
}

/// Scores one prediction a question against its gold answers, any of which is right; no gold answer means that there is none,
/// and an empty prediction says so.
///
/// # Errors
/// If there is nothing to score, or not one prediction for each question.
pub fn answer_report(gold: &[Vec<&str>], predicted: &[&str]) -> Result<AnswerReport, MetricsError> {
    let all = answer_scores(gold, predicted)?;
    let part = |has_answer: bool| {
        let rows = gold.iter().zip(&all).filter(|(gold, _)| gold.is_empty() != has_answer);
        let rows: Vec<AnswerScores> = rows.map(|(_, scores)| *scores).collect();
        (Rules::of(gold) == Rules::Version2 && !rows.is_empty()).then(|| mean(&rows))
    };
    let whole = mean(&all);
    Ok(AnswerReport {
        examples: whole.examples,
        exact_match: whole.exact_match,
        f1: whole.f1,
        character_f1: whole.character_f1,
        answerable: part(true),
        unanswerable: part(false),
        unreachable: 0,
        unasked: 0,
    })
}

/// The scores of each question by itself, under the rules that count for all of them; arguments and errors are those of
/// [`answer_report`].
pub fn answer_scores(gold: &[Vec<&str>], predicted: &[&str]) -> Result<Vec<AnswerScores>, MetricsError> {
    check_lengths(gold.len(), predicted.len())?;
    let rules = Rules::of(gold);
    let questions = gold.iter().zip(predicted);
    Ok(questions.map(|(gold, said)| rules.score(gold, said)).collect())
}

fn mean(rows: &[AnswerScores]) -> AnswerScores {
    let of = |score: fn(&AnswerScores) -> f64| rows.iter().map(score).sum::<f64>() / rows.len().max(1) as f64;
    AnswerScores {
        examples: rows.len() as u64,
        exact_match: of(|scores| scores.exact_match),
        f1: of(|scores| scores.f1),
        character_f1: of(|scores| scores.character_f1),
    }
}

/// Which script's rules count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rules {
    Version1,
    Version2,
}

impl Rules {
    /// Those of questions with these answers.
    fn of(gold: &[Vec<&str>]) -> Self {
        match gold.iter().any(Vec::is_empty) {
            true => Self::Version2,
            false => Self::Version1,
        }
    }

    /// Exact match and both F1 of an answer, each against the gold answer that suits it best.
    fn score(self, gold: &[&str], predicted: &str) -> AnswerScores {
        let mut gold: Vec<String> = gold.iter().map(|gold| normalized(gold)).collect();
        if self == Self::Version2 {
            gold.retain(|gold| !gold.is_empty());
            if gold.is_empty() {
                gold.push(String::new());
            }
        }
        let predicted = normalized(predicted);
        let mut best = [0.0f64; 3];
        for gold in &gold {
            let words = |text| str::split(text, ' ').filter(|word| !word.is_empty());
            let characters = |text| str::chars(text).filter(|c| *c != ' ');
            let scores = [
                f64::from(u8::from(predicted == *gold)),
                self.f1(words(gold).collect(), words(&predicted).collect()),
                self.f1(characters(gold).collect(), characters(&predicted).collect()),
            ];
            for (best, score) in best.iter_mut().zip(scores) {
                *best = best.max(score);
            }
        }
        let [exact_match, f1, character_f1] = best;
        AnswerScores {
            examples: 1,
            exact_match,
            f1,
            character_f1,
        }
    }

    fn f1<T: Ord>(self, gold: Vec<T>, predicted: Vec<T>) -> f64 {
        if self == Self::Version2 && (gold.is_empty() || predicted.is_empty()) {
            return f64::from(u8::from(gold == predicted));
        }
        let lengths = (gold.len() + predicted.len()) as f64;
        let mut left: BTreeMap<T, usize> = BTreeMap::new();
        for item in gold {
            *left.entry(item).or_default() += 1;
        }
        let mut shared = 0;
        for item in predicted {
            if let Some(count) = left.get_mut(&item).filter(|count| **count > 0) {
                *count -= 1;
                shared += 1;
            }
        }
        if shared == 0 {
            0.0
        } else {
            2.0 * f64::from(shared) / lengths
        }
    }
}

/// Lower case, without ASCII punctuation, English articles and extra white space.
pub fn normalized(text: &str) -> String {
    let kept: String = text
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_ascii_punctuation())
        .collect();
    let mut without_articles = String::with_capacity(kept.len());
    let mut rest = kept.as_str();
    while let Some(first) = rest.chars().next() {
        let is_word = first.is_alphanumeric();
        let end = rest
            .find(|c: char| c.is_alphanumeric() != is_word)
            .unwrap_or(rest.len());
        let (run, behind) = rest.split_at(end);
        match run {
            "a" | "an" | "the" => without_articles.push(' '),
            run => without_articles.push_str(run),
        }
        rest = behind;
    }
    let words: Vec<&str> = without_articles
        .split(is_space)
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// White space as Python's `str.split` sees it: Unicode's, and the four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

impl fmt::Display for AnswerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "questions    {:>7}", self.examples)?;
        writeln!(f, "exact match  {:>7.4}", self.exact_match)?;
        writeln!(f, "F1           {:>7.4}", self.f1)?;
        writeln!(f, "character F1 {:>7.4}", self.character_f1)?;
        for (scores, what) in [(self.answerable, "with"), (self.unanswerable, "without")] {
            if let Some(scores) = scores {
                writeln!(
                    f,
                    "{} {what} an answer: exact match {:.4}, F1 {:.4}",
                    counted(scores.examples, ["question", "questions"]),
                    scores.exact_match,
                    scores.f1
                )?;
            }
        }
        if self.unreachable > 0 {
            writeln!(
                f,
                "\n{} only answers that cannot be cut out: the tokenizer cuts the passage elsewhere",
                counted(self.unreachable, ["question has", "questions have"])
            )?;
        }
        if self.unasked > 0 {
            let words = [
                "question leaves no room for its passage: it was not asked and counts as not answered",
                "questions leave no room for their passage: they were not asked and count as not answered",
            ];
            writeln!(f, "\n{}", counted(self.unasked, words))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of a few dozen f64 in another order than Python's.
    const TOLERANCE: f64 = 1e-12;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        gold: Vec<Vec<String>>,
        predicted: Vec<String>,
        normalized: Vec<String>,
        exact_match: f64,
        f1: f64,
        character_f1: f64,
        answerable: Option<[f64; 3]>,
        unanswerable: Option<[f64; 3]>,
    }

    #[test]
    fn scores_are_those_of_the_official_scripts() {
        let cases = include_str!("../../../tests/fixtures/answers.json");
        let cases: Vec<Case> = serde_json::from_str(cases).expect("the fixture is valid");
        assert_eq!(cases.len(), 6);
        for case in cases {
            let gold: Vec<Vec<&str>> = case
                .gold
                .iter()
                .map(|gold| gold.iter().map(String::as_str).collect())
                .collect();
            let predicted: Vec<&str> = case.predicted.iter().map(String::as_str).collect();
            let found: Vec<String> = predicted.iter().map(|text| normalized(text)).collect();
            assert_eq!(found, case.normalized, "{}", case.name);
            let report = answer_report(&gold, &predicted).expect("valid");
            let close = |what: &str, found: f64, expected: f64| {
                assert!(
                    (found - expected).abs() < TOLERANCE,
                    "{}: {what} {found}, expected {expected}",
                    case.name
                );
            };
            close("exact match", report.exact_match, case.exact_match);
            close("F1", report.f1, case.f1);
            close("character F1", report.character_f1, case.character_f1);
            let parts = [
                (report.answerable, case.answerable),
                (report.unanswerable, case.unanswerable),
            ];
            for (found, expected) in parts {
                assert_eq!(found.is_some(), expected.is_some(), "{}", case.name);
                for (found, expected) in found.into_iter().zip(expected) {
                    close("exact match of a part", found.exact_match, expected[0]);
                    close("F1 of a part", found.f1, expected[1]);
                    close("questions of a part", found.examples as f64, expected[2]);
                }
            }
        }
    }

    #[test]
    fn a_question_counts_by_the_rules_of_its_file() {
        // An answer of articles alone is empty once normalized: version 1.1 finds nothing shared, 2.0 says the same twice.
        let alone = answer_scores(&[vec!["the"]], &["a"]).expect("valid");
        let beside = answer_scores(&[vec!["the"], vec![]], &["a", ""]).expect("valid");
        assert_eq!((alone[0].exact_match, alone[0].f1), (1.0, 0.0));
        assert_eq!((beside[0].exact_match, beside[0].f1), (1.0, 1.0));
        let report = answer_report(&[vec!["the"], vec![]], &["a", "x"]).expect("valid");
        assert_eq!((report.f1, report.examples), (0.5, 2));
    }

    #[test]
    fn one_question_is_told_of_as_one() {
        let mut report = answer_report(&[vec!["tea"], vec![], vec![]], &["tea", "", ""]).expect("valid");
        for (unasked, expected) in [
            (1, "\n1 question leaves no room for its"),
            (2, "\n2 questions leave no room for their"),
        ] {
            report.unasked = unasked;
            let printed = report.to_string();
            assert!(printed.contains(expected), "{printed}");
            assert!(
                printed.contains("\n1 question with an answer: exact match 1.0000"),
                "{printed}"
            );
            assert!(
                printed.contains("\n2 questions without an answer: exact match 1.0000"),
                "{printed}"
            );
        }
    }

    #[test]
    fn words_and_characters_count_differently() {
        let report = answer_report(&[vec!["東京都", "京都"]], &["東京 都庁"]).expect("valid");
        assert_eq!((report.exact_match, report.f1), (0.0, 0.0));
        // Three characters of three and four are shared with the longer gold answer.
        assert!((report.character_f1 - 6.0 / 7.0).abs() < TOLERANCE);
        assert_eq!(answer_report(&[], &[]), Err(MetricsError::NoExamples));
        let lengths = MetricsError::Lengths { gold: 1, predicted: 0 };
        assert_eq!(answer_report(&[vec![]], &[]), Err(lengths));
    }
}
