//! Lists the texts of token-classification whose entities are not all right: what the system says above what is gold.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::Page;
use super::listing::{Listing, Row, Value};
use super::marks::{Mark, marked};
use crate::bio::Entity;
use crate::data::{Example, LabelMap};
use crate::metrics::EntityReport;
use crate::protocol::{EntityPrediction, Prediction, TagsPrediction};
use crate::tasks::token_classification::mapped;

/// Colours in the style sheet.
const COLOURS: usize = 8;
/// Texts without a mistake that are listed below the failures.
const RIGHT_TEXTS: usize = 20;

/// The texts of the page.
pub fn listing(page: &Page, report: &EntityReport) -> Listing {
    let (mut rows, mut failures, mut right) = (Vec::new(), 0, 0);
    for (example, prediction) in page.examples.iter().zip(&page.evaluation.predictions) {
        let Prediction::Tags(said) = prediction else { continue };
        let gold = gold_entities(example, page.label_map);
        let said_entities = said_entities(said);
        let is_right = gold == said_entities;
        match is_right {
            true => right += 1,
            false => failures += 1,
        }
        if is_right && (right > RIGHT_TEXTS || gold.is_empty()) {
            continue;
        }
        let colour = |entity: &Entity| {
            let number = report
                .per_type
                .iter()
                .position(|class| class.label == entity.entity_type);
            number.unwrap_or_default() % COLOURS
        };
        let wrong: BTreeSet<Entity> = gold.symmetric_difference(&said_entities).copied().collect();
        rows.push(Row {
            cell: None,
            is_right: false,
            values: vec![
                confidence(said, &wrong),
                Value::Number(wrong.len() as f64, wrong.len().to_string()),
                Value::Block(lines(&example.text, [&said_entities, &gold], colour)),
            ],
        });
    }
    Listing {
        heading: match failures {
            1 => "1 text with mistakes".to_owned(),
            count => format!("{count} texts with mistakes"),
        },
        hint: "The confidence is that of the surest entity that is wrong, – where entities are only missed. An entity that only \
               one side has is framed. Choose a column to sort by it; the first texts without a mistake stand at the end.",
        columns: vec!["confidence", "mistakes", "text"],
        rows,
    }
}

/// The score of the surest of the predicted entities that are wrong.
fn confidence(said: &TagsPrediction, wrong: &BTreeSet<Entity>) -> Value {
    let scores = said.entities.iter().filter(|entity| wrong.contains(&place(entity)));
    let surest = scores.map(|entity| entity.score).reduce(f32::max);
    match (surest, wrong.is_empty()) {
        (Some(score), _) => Value::probability(score),
        (None, false) => Value::Number(0.0, "–".to_owned()),
        (None, true) => Value::Number(-1.0, "right".to_owned()),
    }
}

fn said_entities(said: &TagsPrediction) -> BTreeSet<Entity<'_>> {
    said.entities.iter().map(place).collect()
}

fn place(said: &EntityPrediction) -> Entity<'_> {
    Entity {
        start: said.start,
        end: said.end,
        entity_type: &said.label,
    }
}

/// The gold entities of an example, in characters of its text, as the report counts them.
fn gold_entities<'a>(example: &'a Example, map: &'a LabelMap) -> BTreeSet<Entity<'a>> {
    let (found, _) = example.gold.entities(&example.text);
    found.into_iter().map(|entity| mapped(entity, map)).collect()
}

/// One line where both sides agree, else what the system says above what is gold.
fn lines(text: &str, [said, gold]: [&BTreeSet<Entity>; 2], colour: impl Fn(&Entity) -> usize) -> Markup {
    let line = |own: &BTreeSet<Entity>, other: &BTreeSet<Entity>| {
        let marks = own.iter().map(|entity| {
            let framed = if other.contains(entity) { "" } else { " alone" };
            Mark {
                start: entity.start,
                end: entity.end,
                class: format!("entity c{}{framed}", colour(entity)),
                label: Some(entity.entity_type),
            }
        });
        marked(text, &marks.collect::<Vec<_>>())
    };
    html! {
        @if said == gold {
            p.text { (line(said, gold)) }
        } @else {
            dl.sides {
                dt { "system" } dd { p.text { (line(said, gold)) } }
                dt { "gold" } dd { p.text { (line(gold, said)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{EntitySpan, Gold};

    #[test]
    fn gold_has_the_names_of_the_map() {
        let span = |start, end, label: &str| EntitySpan {
            start,
            end,
            label: label.to_owned(),
        };
        let example = Example {
            text: "𠮷田さん 東京都".to_owned(),
            text_pair: None,
            gold: Gold::Spans([span(0, 2, "人"), span(5, 8, "地")].into()),
            line: 1,
            id: None,
        };
        let map: LabelMap = "人=PER".parse().expect("a map");
        let found: Vec<(usize, usize, &str)> = gold_entities(&example, &map)
            .into_iter()
            .map(|entity| (entity.start, entity.end, entity.entity_type))
            .collect();
        assert_eq!(found, [(0, 2, "PER"), (5, 8, "地")]);
    }
}
