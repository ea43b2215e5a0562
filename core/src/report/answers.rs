//! Lists the failures of question-answering: the passage with what the model says and what is right marked in it.

use maud::{Markup, html};

use super::Page;
use super::listing::{Listing, Row, Value, failures};
use super::marks::{Mark, marked};
use crate::data::{AnswerSpan, Example};
use crate::metrics::answer_scores;
use crate::protocol::{AnswerPrediction, Prediction};

/// The failures of the page: answers that are not right to the letter.
pub fn listing(page: &Page) -> Listing {
    let mut rows = Vec::new();
    let (mut answered, mut texts, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for (example, prediction) in page.examples.iter().zip(&page.evaluation.predictions) {
        let Prediction::Answer(said) = prediction else { continue };
        let gold = example.gold.answers().unwrap_or_default();
        answered.push((example, said, gold));
        texts.push(gold.iter().map(|answer| answer.text.as_str()).collect());
        answers.push(said.answer.as_str());
    }
    // Without a question there is nothing to score, and nothing to list.
    let scores = answer_scores(&texts, &answers).unwrap_or_default();
    for ((example, said, gold), scores) in answered.into_iter().zip(scores) {
        if scores.exact_match == 1.0 {
            continue;
        }
        rows.push(Row {
            cell: None,
            is_right: false,
            values: vec![
                Value::probability(said.score),
                Value::Number(scores.f1, format!("{:.3}", scores.f1)),
                Value::Number(scores.character_f1, format!("{:.3}", scores.character_f1)),
                Value::Block(passage(example, said, gold)),
            ],
        });
    }
    Listing {
        heading: failures(rows.len()),
        hint: "Answers that are not right to the letter, the surest first. In the passage the system's answer is filled and gold \
               answers are underlined. Choose a column to sort by it.",
        columns: vec!["confidence", "F1", "character F1", "question"],
        rows,
    }
}

fn passage(example: &Example, said: &AnswerPrediction, gold: &[AnswerSpan]) -> Markup {
    let mark = |start, end, class: &str| Mark {
        start,
        end,
        class: class.to_owned(),
        label: None,
    };
    let mut places: Vec<(usize, usize)> = gold.iter().map(place).collect();
    places.sort_unstable();
    places.dedup();
    let mut marks: Vec<Mark> = places
        .into_iter()
        .map(|(start, end)| mark(start, end, "gold"))
        .collect();
    marks.push(mark(said.start, said.end, "said"));
    let mut answers: Vec<&str> = Vec::new();
    for answer in gold {
        if !answers.contains(&answer.text.as_str()) {
            answers.push(&answer.text);
        }
    }
    html! {
        p.text.question { (example.text) }
        dl.sides {
            dt { "system" } dd { (said.to_string()) }
            dt { "gold" } dd {
                @if answers.is_empty() { "(no answer)" } @else { (answers.join(" / ")) }
            }
        }
        p.text.passage { (marked(example.text_pair.as_deref().unwrap_or_default(), &marks)) }
    }
}

/// Where an answer stands, in characters.
fn place(answer: &AnswerSpan) -> (usize, usize) {
    let start = answer.start as usize;
    (start, start + answer.text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Gold;

    #[test]
    fn both_answers_are_marked_in_the_passage() {
        let gold = AnswerSpan {
            start: 2,
            text: "東京都".to_owned(),
        };
        let example = Example {
            text: "どこ?".to_owned(),
            text_pair: Some("今、東京都庁<に>".to_owned()),
            gold: Gold::Answers(Box::new([gold.clone()])),
            line: 1,
            id: None,
        };
        let said = AnswerPrediction {
            answer: "京都庁".to_owned(),
            start: 3,
            end: 6,
            score: 0.5,
            no_answer_score: None,
            runners_up: Vec::new(),
            unasked: None,
        };
        let page = passage(&example, &said, &[gold]).into_string();
        let expected = "今、<mark class=\"gold\">東</mark><mark class=\"gold said\">京都</mark><mark class=\"said\">庁</mark>&lt;に&gt;";
        assert!(page.contains(expected), "{page}");
        assert!(
            page.contains("<dd>京都庁</dd>") && page.contains("<dd>東京都</dd>"),
            "{page}"
        );
    }
}
