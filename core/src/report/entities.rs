//! Lists the texts of token-classification whose entities are not all right: what the system says above what is gold.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::Page;
use super::listing::{Listing, Row, Value};
use super::marks::{Mark, marked};
use crate::bio::{Entity, Tag, entities};
use crate::data::{Example, LabelMap};
use crate::metrics::EntityReport;
use crate::protocol::{Prediction, TagsPrediction};

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
        heading: format!("{failures} texts with mistakes"),
        hint: "The confidence is that of the surest entity that is wrong, – where entities are only missed. An entity that only \
               one side has is framed. Choose a column to sort by it; the first texts without a mistake stand at the end.",
        columns: vec!["confidence", "mistakes", "text"],
        rows,
    }
}

/// The score of the surest of the predicted entities that are wrong.
fn confidence(said: &TagsPrediction, wrong: &BTreeSet<Entity>) -> Value {
    let scores = said.entities.iter().filter(|entity| {
        let (start, end, entity_type) = (entity.start, entity.end, entity.label.as_str());
        wrong.contains(&Entity {
            start,
            end,
            entity_type,
        })
    });
    let surest = scores.map(|entity| entity.score).reduce(f32::max);
    match (surest, wrong.is_empty()) {
        (Some(score), _) => Value::probability(score),
        (None, false) => Value::Number(0.0, "–".to_owned()),
        (None, true) => Value::Number(-1.0, "right".to_owned()),
    }
}

fn said_entities(said: &TagsPrediction) -> BTreeSet<Entity<'_>> {
    let entity = |entity: &'_ crate::protocol::EntityPrediction| (entity.start, entity.end);
    let entities = said.entities.iter().map(|said| {
        let (start, end) = entity(said);
        Entity {
            start,
            end,
            entity_type: &said.label,
        }
    });
    entities.collect()
}

/// The gold entities of an example, in characters of its text, as the report counts them.
fn gold_entities<'a>(example: &'a Example, map: &'a LabelMap) -> BTreeSet<Entity<'a>> {
    if let Some(spans) = example.gold.spans() {
        let entity = |span: &'a crate::data::EntitySpan| Entity {
            start: span.start as usize,
            end: span.end as usize,
            entity_type: map.apply(&span.label),
        };
        return spans.iter().map(entity).collect();
    }
    let Some(words) = example.gold.words() else {
        return BTreeSet::new();
    };
    let mut places = Vec::with_capacity(words.len());
    let mut start = 0;
    for word in words.words(&example.text) {
        let end = start + word.chars().count();
        places.push((start, end));
        start = end + 1;
    }
    let tags = words.tags().into_iter().flatten();
    let (found, _) = entities(tags.map(|tag| Tag::parse(tag).unwrap_or(Tag::Outside)));
    let in_characters = |entity: Entity<'a>| {
        let words = places.get(entity.start..entity.end)?;
        Some(Entity {
            start: words.first()?.0,
            end: words.last()?.1,
            entity_type: map.apply(entity.entity_type),
        })
    };
    found.into_iter().filter_map(in_characters).collect()
}

/// One line where both sides agree, else what the system says above what is gold.
fn lines(text: &str, [said, gold]: [&BTreeSet<Entity>; 2], colour: impl Fn(&Entity) -> usize) -> Markup {
    let line = |own: &BTreeSet<Entity>, other: &BTreeSet<Entity>| {
        let mark = |entity: &Entity| {
            let framed = if other.contains(entity) { "" } else { " alone" };
            (entity.start, entity.end, format!("entity c{}{framed}", colour(entity)))
        };
        let marks = own.iter().map(|entity| {
            let (start, end, class) = mark(entity);
            let label = Some(entity.entity_type);
            Mark {
                start,
                end,
                class,
                label,
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
    use crate::data::{Gold, TaggedWords};

    #[test]
    fn words_become_characters_of_their_text() {
        let (text, words) = TaggedWords::join(&["𠮷田", "さん", "東京", "都"], Some(&["B-人", "O", "B-地", "I-地"]));
        let example = Example {
            text,
            text_pair: None,
            gold: Gold::Words(Box::new(words)),
            line: 1,
        };
        let map: LabelMap = "人=PER".parse().expect("a map");
        let found: Vec<(usize, usize, &str)> = gold_entities(&example, &map)
            .into_iter()
            .map(|entity| (entity.start, entity.end, entity.entity_type))
            .collect();
        assert_eq!(found, [(0, 2, "PER"), (6, 10, "地")]);
    }
}
