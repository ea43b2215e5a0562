//! Holds windows and scores to those of transformers and of SQuAD's official evaluation, on passages of XQuAD; the fixture is
//! made by `tests/make_windows_fixture.py`.

use serde::Deserialize;

use super::*;
use crate::batch::Positions;
use crate::data::{Dataset, Gold, ReadOptions, read};
use crate::tokenizer::{Files, Tokenizer};

/// Sums of a few dozen f64 in another order than Python's.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Reference {
    max_length: usize,
    stride: usize,
    exact_match: f64,
    f1: f64,
    questions: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    id: String,
    /// An answer that is made up.
    said: String,
    /// Ids of the question.
    question: Vec<u32>,
    /// Ids and characters of the passage, where the question is its first.
    #[serde(default)]
    passage: Vec<u32>,
    #[serde(default)]
    offsets: Vec<u32>,
    /// The passage's first token in the window and the one after its last; the answer's first and last in the window.
    windows: Vec<[usize; 4]>,
}

fn reference() -> (Reference, Dataset) {
    let reference = include_str!("../../../../tests/fixtures/windows/reference.json");
    let options = ReadOptions {
        gold: GoldColumn::Answers,
        ..ReadOptions::default()
    };
    let squad = include_bytes!("../../../../tests/fixtures/windows/squad.json");
    let data = read("squad.json", squad, &options).expect("questions");
    let reference: Reference = serde_json::from_str(reference).expect("the fixture is valid");
    assert_eq!((reference.questions.len(), data.examples.len()), (23, 23));
    (reference, data)
}

#[test]
fn windows_and_answers_in_them_are_those_of_transformers() {
    let (reference, data) = reference();
    let bytes = include_bytes!("../../../../assets/bert-tiny/tokenizer.json").to_vec();
    let tokenizer = Tokenizer::from_files(&Files::from([("tokenizer.json".to_owned(), bytes)])).expect("a tokenizer");
    let [cls, sep] = [tokenizer.cls_id(), tokenizer.sep_id()].map(|id| id.expect("a special token"));
    let text = TextEncoder {
        tokenizer: &tokenizer,
        max_length: reference.max_length,
        longest: 512,
        positions: Positions::Columns,
    };
    let task = QuestionAnswering::new(&TrainingConfig {
        stride: reference.stride,
        ..TrainingConfig::default()
    });
    let (mut passage, mut offsets, mut several) = (&Vec::new(), &Vec::new(), 0);
    for (example, asked) in data.examples.iter().zip(&reference.questions) {
        assert_eq!(example.id.as_deref(), Some(&*asked.id));
        if !asked.passage.is_empty() {
            (passage, offsets) = (&asked.passage, &asked.offsets);
        }
        let rows = task.encode_parts(example, &text, Purpose::Evaluate).expect("windows");
        assert_eq!(rows.len(), asked.windows.len(), "{}", asked.id);
        several += usize::from(rows.len() > 1);
        for (row, &[first, last, from, to]) in rows.iter().zip(&asked.windows) {
            let of_passage = [&passage[first..last], &[sep]].concat();
            let expected = [&[cls], &asked.question[..], &[sep], &of_passage].concat();
            assert_eq!(row.encoding.ids, expected, "{}", asked.id);
            let types = [vec![0; asked.question.len() + 2], vec![1; of_passage.len()]].concat();
            assert_eq!(row.encoding.type_ids, types, "{}", asked.id);
            let spans = passage_tokens(&row.encoding)
                .into_iter()
                .flat_map(|(_, (start, end))| [start, end]);
            assert_eq!(
                spans.collect::<Vec<u32>>(),
                offsets[2 * first..2 * last],
                "{}",
                asked.id
            );
            assert_eq!(row.target, Target::Span([from as u32, to as u32]), "{}", asked.id);
        }
    }
    assert_eq!(several, data.examples.len(), "every passage takes several windows");
}

#[test]
fn white_space_around_an_answer_is_not_out_of_reach() {
    let reachable = |start: u32, answer: &str| {
        let answers = [AnswerSpan {
            start,
            text: answer.to_owned(),
        }];
        let example = Example {
            text: "Where?".to_owned(),
            text_pair: Some("in Kyoto, now".to_owned()),
            gold: Gold::Answers(answers.into()),
            line: 1,
            id: None,
        };
        let window = WindowScores {
            spans: [(0, 2), (3, 8), (8, 9), (10, 13)].into(),
            ..WindowScores::default()
        };
        QuestionAnswering::is_reachable(&example, &[&window])
    };
    assert!(reachable(3, "Kyoto") && reachable(2, " Kyoto, "));
    assert!(!reachable(3, "Kyot") && !reachable(4, "yoto ") && !reachable(2, " "));
}

#[test]
fn scores_of_answers_from_passages_are_the_official_ones() {
    let (reference, data) = reference();
    let answers = data.examples.iter().map(|example| example.gold.answers());
    let gold: Vec<Vec<&str>> = answers
        .map(|answers| answers.unwrap_or_default().iter().map(|answer| &*answer.text).collect())
        .collect();
    let said: Vec<&str> = reference.questions.iter().map(|asked| &*asked.said).collect();
    let report = answer_report(&gold, &said).expect("scores");
    assert!(
        (report.exact_match - reference.exact_match).abs() < TOLERANCE,
        "{report}"
    );
    assert!((report.f1 - reference.f1).abs() < TOLERANCE, "{report}");
}
