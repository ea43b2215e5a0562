//! Draws a text with parts of it marked: colours are numbered classes, and what a part is stands beside it.

use terakoya_core::data::EntitySpan;
use terakoya_core::predictions::EntityPrediction;
use terakoya_core::task_kind::TaskKind;
use yew::prelude::*;

/// Colours of the style sheet; further names begin again with the first.
pub const COLOURS: usize = 8;

/// Characters of a text that are drawn; a page of texts of megabytes each would hold the browser up.
pub const DRAWN: usize = 4000;

/// As much of a text as is drawn.
pub fn beginning(text: &str) -> &str {
    text.char_indices().nth(DRAWN).map_or(text, |(end, _)| &text[..end])
}

/// As much of a text as is drawn, and that there is more.
pub fn shortened(text: &str) -> String {
    let shown = beginning(text);
    [shown, if shown.len() < text.len() { "…" } else { "" }].concat()
}

/// A marked part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its first character.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// Class of its colour.
    pub class: String,
    /// What stands beside it; it is no part of the text that can be selected.
    pub label: String,
    /// What is told to who points at it.
    pub title: String,
}

impl Mark {
    /// A named part, coloured by the place of its name among `names`.
    pub fn named(start: usize, end: usize, name: &str, names: &[String]) -> Self {
        Self {
            start,
            end,
            class: colour(name, names),
            label: name.to_owned(),
            title: name.to_owned(),
        }
    }

    /// Parts as an example has them.
    pub fn of_spans(spans: &[EntitySpan], names: &[String]) -> Vec<Self> {
        let mark = |span: &EntitySpan| Self::named(span.start as usize, span.end as usize, &span.label, names);
        spans.iter().map(mark).collect()
    }

    /// Parts as a model says them; `title` makes a title of a score.
    pub fn of_entities(entities: &[EntityPrediction], names: &[String], title: impl Fn(f32) -> String) -> Vec<Self> {
        let mark = |entity: &EntityPrediction| Self {
            title: format!("{} {}", entity.label, title(entity.score)),
            ..Self::named(entity.start, entity.end, &entity.label, names)
        };
        entities.iter().map(mark).collect()
    }
}

/// The class of a name's colour.
pub fn colour(name: &str, names: &[String]) -> String {
    let position = names.iter().position(|known| known == name).unwrap_or(names.len());
    format!("colour{}", position % COLOURS)
}

/// The types that tags are of, in the order of their characters: those of `B-PER`, `I-PER` and `O` are `PER`.
pub fn types(labels: &[String]) -> Vec<String> {
    let stripped = labels.iter().filter(|label| *label != "O").map(|label| {
        let prefixed = label.strip_prefix("B-").or_else(|| label.strip_prefix("I-"));
        // As the core calls the type of tags without one.
        let is_bare = matches!(label.as_str(), "B" | "I");
        prefixed.unwrap_or(if is_bare { "_" } else { label }).to_owned()
    });
    let mut types: Vec<String> = stripped.collect();
    types.sort();
    types.dedup();
    types
}

/// The names that a model's labels say: of tags their types.
pub fn names_said(task: TaskKind, labels: &[String]) -> Vec<String> {
    match task {
        TaskKind::TokenClassification => types(labels),
        _ => labels.to_vec(),
    }
}

/// What a marked text is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The text.
    pub text: String,
    /// Its marked parts.
    pub marks: Vec<Mark>,
    /// Classes of the element.
    #[prop_or_default]
    pub class: Classes,
}

/// The text. Its text content is exactly the text, so that what is selected in it can be counted in characters.
#[component]
pub fn Marked(props: &Props) -> Html {
    html! { <span class={classes!("marked", props.class.clone())}>{ parts(&props.text, &props.marks) }</span> }
}

/// The text in parts; a mark that lies over an earlier one, or outside, is left out.
fn parts(text: &str, marks: &[Mark]) -> Html {
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut marks: Vec<&Mark> = marks.iter().collect();
    marks.sort_by_key(|mark| mark.start);
    let mut drawn: Vec<Html> = Vec::with_capacity(2 * marks.len() + 1);
    let mut at = 0;
    for mark in marks {
        let (Some(&start), Some(&end)) = (ends.get(mark.start), ends.get(mark.end)) else {
            continue;
        };
        if start < at || end <= start {
            continue;
        }
        drawn.push(html! { { &text[at..start] } });
        drawn.push(html! {
            <mark class={classes!("part", mark.class.clone())} data-label={mark.label.clone()} title={mark.title.clone()}>
                { &text[start..end] }
            </mark>
        });
        at = end;
    }
    drawn.push(html! { { &text[at..] } });
    drawn.into_iter().collect()
}
