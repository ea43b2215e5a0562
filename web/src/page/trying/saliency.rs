//! Colours the words of a text by how much they spoke for a label (gradient × input), with numbers beside the colours.

use yew::prelude::*;

use super::Explanation;
use super::tokens::groups;
use crate::messages::Token;
use crate::page::figures;
use crate::page::words::Words;

/// Steps of colour on either side of neutral, as in the style sheet.
const STEPS: f32 = 6.0;
/// How many of the strongest words are listed below.
const LISTED: usize = 6;

/// What the words are drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The explanation.
    pub explanation: Explanation,
}

/// A stretch of the text with what it contributed.
struct Part<'a> {
    tokens: &'a [Token],
    value: f32,
}

/// The coloured words with their legend.
#[component]
pub fn Saliency(props: &Props) -> Html {
    let w = props.words;
    let explanation = &props.explanation;
    let parts = parts(&explanation.tokens, &explanation.saliency);
    let largest = parts.iter().map(|part| part.value.abs()).fold(f32::EPSILON, f32::max);
    let mut strongest: Vec<&Part> = parts.iter().collect();
    strongest.sort_by(|left, right| right.value.abs().total_cmp(&left.value.abs()));
    strongest.truncate(LISTED);
    html! {
        <>
            <p class="saliency">
                { for parts.iter().enumerate().map(|(index, part)| html! {
                    <>
                        if index > 0 && is_spaced(&parts[index - 1], part) { { " " } }
                        <span class={colour(part.value / largest)} title={signed(part.value)}>{ label(part.tokens) }</span>
                    </>
                }) }
            </p>
            <p class="legend" aria-hidden="true">
                <span>{ w.speaks_against(&explanation.label) }</span>
                { for (-(STEPS as i32)..=STEPS as i32).map(|step| html! {
                    <i class={colour(step as f32 / STEPS)}></i>
                }) }
                <span>{ w.speaks_for(&explanation.label) }</span>
            </p>
            <ul class="strongest" aria-label={w.strongest_words()}>
                { for strongest.iter().map(|part| html! {
                    <li>{ label(part.tokens) }{ " " }<span class="number">{ signed(part.value) }</span></li>
                }) }
            </ul>
            <p class="caption">{ w.saliency_hint() }</p>
        </>
    }
}

/// Words where the tokenizer knows several, else pieces: Japanese SentencePiece calls a whole sentence one word.
fn parts<'a>(tokens: &'a [Token], saliency: &[f32]) -> Vec<Part<'a>> {
    let text = |token: &&Token| token.span.is_some();
    let pieces = tokens.iter().filter(text).count();
    let words = groups(tokens)
        .filter(|group| group.iter().any(|token| token.span.is_some()))
        .count();
    let by_word = words * 4 >= pieces;
    let mut start = 0;
    let mut found = Vec::new();
    for group in groups(tokens) {
        let values = saliency.get(start..start + group.len()).unwrap_or_default();
        start += group.len();
        if group.iter().all(|token| token.span.is_none()) {
            continue;
        }
        match by_word {
            true => found.push(Part {
                tokens: group,
                value: values.iter().sum(),
            }),
            false => found.extend(
                group
                    .chunks(1)
                    .zip(values)
                    .map(|(tokens, &value)| Part { tokens, value }),
            ),
        }
    }
    found
}

/// The tokens as one reads them: without the marks of the vocabulary.
fn label(tokens: &[Token]) -> String {
    let plain = |token: &Token| token.token.trim_start_matches("##").replace('▁', "");
    let text: String = tokens.iter().map(plain).collect();
    // A lone mark would leave nothing to colour.
    if text.is_empty() { "▁".to_owned() } else { text }
}

/// Whether a space stood between two parts: a gap in the text, a mark of SentencePiece, or the end of the first text.
fn is_spaced(before: &Part, part: &Part) -> bool {
    let (Some(before), Some(token)) = (before.tokens.last(), part.tokens.first()) else {
        return false;
    };
    let gap = before
        .span
        .zip(token.span)
        .is_some_and(|((_, end), (start, _))| start > end);
    gap || token.token.starts_with('▁') || token.sequence != before.sequence
}

/// The class of a share between −1 and 1.
fn colour(share: f32) -> String {
    let step = (share * STEPS).round().clamp(-STEPS, STEPS) as i32;
    match step {
        0 => "s0".to_owned(),
        1.. => format!("for{step}"),
        _ => format!("against{}", -step),
    }
}

fn signed(value: f32) -> String {
    match value < 0.0 {
        true => format!("−{}", figures::short(f64::from(-value))),
        false => format!("+{}", figures::short(f64::from(value))),
    }
}
