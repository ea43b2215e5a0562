//! Changes right answers as the table needs it: finds the names in them, renames, marks parts, fits them to another task.

use terakoya_core::bio::Tag;
use terakoya_core::data::{AnswerSpan, EntitySpan, Gold, TaggedWords};
use terakoya_core::task_kind::TaskKind;

use crate::messages::Row;
use crate::page::tasks::{self, Second};

/// The names in an answer, as often as they occur: labels, or types of entities.
pub fn names(row: &Row) -> Vec<String> {
    match &row.gold {
        Gold::Label(label) => vec![label.clone()],
        Gold::Labels(labels) => labels.to_vec(),
        _ => row.named_parts().into_iter().map(|span| span.label).collect(),
    }
}

/// The answer of `row` with `parts` for its named parts; of words that were given, those that a part touches.
pub fn with_parts(row: &Row, mut parts: Vec<EntitySpan>) -> Gold {
    parts.sort_by_key(|part| part.start);
    let Gold::Words(words) = &row.gold else {
        return Gold::Spans(parts.into());
    };
    let places = row.word_places();
    let mut before = None;
    let tag = |&(start, end): &(u32, u32)| {
        let part = parts.iter().position(|part| part.start < end && start < part.end);
        let goes_on = std::mem::replace(&mut before, part) == part;
        match part.map(|number| parts[number].label.as_str()) {
            None => Tag::Outside.to_string(),
            Some(label) if goes_on => Tag::Inside(label).to_string(),
            Some(label) => Tag::Begin(label).to_string(),
        }
    };
    let tags: Vec<String> = places.iter().map(tag).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let words: Vec<&str> = words.words(&row.text).collect();
    Gold::Words(Box::new(TaggedWords::join(&words, Some(&tags)).1))
}

/// The answer of `row` with one more named part, in the place of those it lies over.
pub fn with_part(row: &Row, part: EntitySpan) -> Gold {
    let apart = |other: &EntitySpan| other.end <= part.start || part.end <= other.start;
    let mut parts: Vec<EntitySpan> = row.named_parts().into_iter().filter(apart).collect();
    parts.push(part);
    with_parts(row, parts)
}

/// The answer that stands in the passage of `row` from `start` to before `end`.
pub fn with_answer(row: &Row, start: usize, end: usize) -> Gold {
    let passage = row.text_pair.as_deref().unwrap_or_default();
    let text: String = passage.chars().skip(start).take(end.saturating_sub(start)).collect();
    let answer = AnswerSpan {
        start: u32::try_from(start).unwrap_or(u32::MAX),
        text,
    };
    Gold::Answers([answer].into())
}

/// Gives a name another spelling, or takes it away.
pub fn rename(row: &mut Row, old: &str, new: Option<&str>) {
    match &mut row.gold {
        Gold::Label(label) if label == old => row.gold = new.map_or(Gold::None, |new| Gold::Label(new.to_owned())),
        Gold::Labels(labels) if labels.iter().any(|label| label == old) => {
            let mut renamed: Vec<String> = Vec::with_capacity(labels.len());
            for label in labels.iter() {
                let name = if label == old { new } else { Some(label.as_str()) };
                if let Some(name) = name.filter(|name| !renamed.iter().any(|other| other == name)) {
                    renamed.push(name.to_owned());
                }
            }
            *labels = renamed.into();
        }
        Gold::Words(_) | Gold::Spans(_) => {
            let mut parts = row.named_parts();
            if parts.iter().any(|part| part.label == old) {
                match new {
                    Some(new) => parts
                        .iter_mut()
                        .filter(|part| part.label == old)
                        .for_each(|part| new.clone_into(&mut part.label)),
                    None => parts.retain(|part| part.label != old),
                }
                row.gold = with_parts(row, parts);
            }
        }
        _ => {}
    }
}

/// A spelling that a name may have: tags are written without white space.
pub fn spelling(task: TaskKind, name: &str) -> String {
    match task {
        TaskKind::TokenClassification => name.split_whitespace().collect::<Vec<_>>().join("_"),
        _ => name.trim().to_owned(),
    }
}

/// Makes of an answer what it is to `task`; nothing where it says nothing about it.
pub fn fit(row: &mut Row, task: TaskKind) {
    let gold = std::mem::take(&mut row.gold);
    row.gold = match (task, gold) {
        (TaskKind::SequenceClassification, Gold::Label(label)) => label_of(&label),
        (TaskKind::SequenceClassification, Gold::Labels(labels)) if labels.len() == 1 => label_of(&labels[0]),
        (TaskKind::SequenceClassification, Gold::Score(score)) => Gold::Label(score.to_string()),
        (TaskKind::MultiLabelClassification, Gold::Label(label)) if !label.trim().is_empty() => Gold::of_list(&label),
        (TaskKind::Regression, gold) => gold.score().map_or(Gold::None, Gold::Score),
        (TaskKind::MultiLabelClassification, gold @ Gold::Labels(_))
        | (TaskKind::TokenClassification, gold @ (Gold::Words(_) | Gold::Spans(_)))
        | (TaskKind::QuestionAnswering, gold @ Gold::Answers(_)) => gold,
        _ => Gold::None,
    };
    if tasks::of(task).second == Second::Passage && row.text_pair.is_none() {
        row.gold = Gold::None;
    }
}

fn label_of(text: &str) -> Gold {
    match text.trim() {
        "" => Gold::None,
        label => Gold::Label(label.to_owned()),
    }
}

/// Whether `task` can be learned from a row: its answer is known, and says something about words where they are given; a text by
/// itself holds more than space.
pub fn is_known(row: &Row, task: TaskKind) -> bool {
    match &row.gold {
        _ if !tasks::of(task).answers => !row.text.trim().is_empty(),
        Gold::None => false,
        Gold::Words(words) => words.tags().is_some(),
        _ => true,
    }
}
