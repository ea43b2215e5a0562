//! Lists texts with the right answer and the model's, a page at a time; what differs is marked as the kind of answer asks.

use std::rc::Rc;

use terakoya_core::data::Gold;
use terakoya_core::protocol::{Evaluation, Prediction, Report};
use yew::prelude::*;

use super::judging::{confidence, label, parts};
use crate::messages::Row;
use crate::page::figures;
use crate::page::marked::{Mark, Marked, shortened};
use crate::page::pager::Pager;
use crate::page::words::Words;

/// Texts of a page.
const TEXTS: usize = 20;

/// Characters of a passage on each side of an answer.
const AROUND: usize = 40;

/// What a list is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The evaluation.
    pub evaluation: Rc<Evaluation>,
    /// Its rows.
    pub rows: Rc<Vec<Row>>,
    /// Which of them, in their order.
    pub numbers: Vec<usize>,
}

/// The texts.
#[component]
pub fn TextList(props: &Props) -> Html {
    let w = props.words;
    let page = use_state_eq(|| 0);
    let pages = props.numbers.len().div_ceil(TEXTS).max(1);
    let shown = (*page).min(pages - 1);
    let onpage = {
        let page = page.clone();
        Callback::from(move |next| page.set(next))
    };
    let names = match &props.evaluation.report {
        Report::Entities(report) => report.per_type.iter().map(|class| class.label.clone()).collect(),
        _ => Vec::new(),
    };
    html! {
        <>
            <div class="scroll-box">
                <table class="texts">
                    { head(w, &props.evaluation.report) }
                    <tbody>
                        { for props.numbers.iter().skip(shown * TEXTS).take(TEXTS).map(|&number| {
                            let (row, prediction) = (props.rows.get(number), props.evaluation.predictions.get(number));
                            match (row, prediction) {
                                (Some(row), Some(prediction)) => html! {
                                    <tr key={number}>{ cells(w, row, prediction, &names) }</tr>
                                },
                                _ => Html::default(),
                            }
                        }) }
                    </tbody>
                </table>
            </div>
            <Pager words={w} page={shown} {pages} {onpage} />
            if pages > 1 {
                <p class="caption print-only">{ w.listed(shown * TEXTS, TEXTS, props.numbers.len()) }</p>
            }
        </>
    }
}

fn head(w: Words, report: &Report) -> Html {
    let last = match report {
        Report::Classification(_) | Report::Answers(_) => Some(w.confidence()),
        Report::Regression(_) => Some(w.error()),
        _ => None,
    };
    let columns = match report {
        Report::Entities(_) => vec![w.text_column()],
        _ => vec![w.text_column(), w.gold(), w.predicted()],
    };
    html! {
        <thead>
            <tr>
                { for columns.into_iter().map(|name| html! { <th scope="col">{ name }</th> }) }
                if let Some(last) = last { <th scope="col" class="number">{ last }</th> }
            </tr>
        </thead>
    }
}

fn text_cell(row: &Row) -> Html {
    html! {
        <td class="text">
            { shortened(&row.text) }
            if let Some(pair) = row.text_pair.as_deref().map(shortened) { <span class="second">{ pair }</span> }
        </td>
    }
}

fn cells(w: Words, row: &Row, prediction: &Prediction, names: &[String]) -> Html {
    let sure = confidence(prediction).map(figures::percent).unwrap_or_default();
    match (&row.gold, prediction) {
        (Gold::Labels(gold), Prediction::Labels(said)) => html! {
            <>
                { text_cell(row) }
                <td data-name={w.gold()}>{ for gold.iter().map(|label| difference(label, said.labels.contains(label), "missing", w.missed())) }</td>
                <td data-name={w.predicted()}>{ for said.labels.iter().map(|label| difference(label, gold.contains(label), "extra", w.too_much())) }</td>
            </>
        },
        (Gold::Score(gold), Prediction::Score(said)) => {
            let said = f64::from(said.score);
            html! {
                <>
                    { text_cell(row) }
                    <td class="number" data-name={w.gold()}>{ figures::short(*gold) }</td>
                    <td class="number" data-name={w.predicted()}>{ figures::score(said) }</td>
                    <td class="number" data-name={w.error()}>{ figures::signed(said - gold) }</td>
                </>
            }
        }
        (Gold::Words(_) | Gold::Spans(_), Prediction::Tags(_)) => {
            html! { <td>{ names_over(w, row, prediction, names) }</td> }
        }
        (Gold::Answers(gold), Prediction::Answer(said)) => html! {
            <>
                <td class="text">
                    { &row.text }
                    <span class="second">{ in_passage(w, row, said.start, said.end) }</span>
                </td>
                <td class="long" data-name={w.gold()}>{ gold.first().map_or(w.no_answer(), |gold| gold.text.as_str()) }</td>
                <td class="long" data-name={w.predicted()}>{ if said.answer.is_empty() { w.no_answer() } else { said.answer.as_str() } }</td>
                <td class="number" data-name={w.confidence()}>{ sure }</td>
            </>
        },
        _ => html! {
            <>
                { text_cell(row) }
                <td data-name={w.gold()}>{ row.gold.to_string() }</td>
                <td data-name={w.predicted()}>{ label(prediction) }</td>
                <td class="number" data-name={w.confidence()}>{ sure }</td>
            </>
        },
    }
}

/// A label of a set; marked where the other set lacks it.
fn difference(label: &str, shared: bool, class: &'static str, title: &'static str) -> Html {
    match shared {
        true => html! { <span class="set-label">{ label }</span> },
        false => html! { <span class={classes!("set-label", class)} {title}>{ label }</span> },
    }
}

/// The model's parts over the right ones; those that only one side has stand out.
fn names_over(w: Words, row: &Row, prediction: &Prediction, names: &[String]) -> Html {
    let [gold, said] = parts(row, prediction);
    let stand_out = |mut marks: Vec<Mark>, other: &std::collections::BTreeSet<(usize, usize, String)>, class: &str| {
        for mark in &mut marks {
            if !other.contains(&(mark.start, mark.end, mark.label.clone())) {
                mark.class.push(' ');
                mark.class.push_str(class);
            }
        }
        marks
    };
    let entities = match prediction {
        Prediction::Tags(prediction) => prediction.entities.as_slice(),
        _ => &[],
    };
    let title = |score: f32| figures::percent(f64::from(score));
    let system = stand_out(Mark::of_entities(entities, names, title), &gold, "extra");
    let right = stand_out(Mark::of_spans(&row.named_parts(), names), &said, "missing");
    html! {
        <dl class="over">
            <dt>{ w.predicted() }</dt><dd><Marked text={row.text.clone()} marks={system} /></dd>
            <dt>{ w.gold() }</dt><dd><Marked text={row.text.clone()} marks={right} /></dd>
        </dl>
    }
}

/// What the passage holds around the right answer and around the model's.
fn in_passage(w: Words, row: &Row, start: usize, end: usize) -> Html {
    let passage: Vec<char> = row.text_pair.as_deref().unwrap_or_default().chars().collect();
    let right = row.gold.answers().and_then(<[_]>::first).map(|answer| {
        let start = answer.start as usize;
        (start, start + answer.text.chars().count())
    });
    let excerpt = |start: usize, end: usize, class: &str| {
        let (from, to) = (start.saturating_sub(AROUND), (end + AROUND).min(passage.len()));
        let text: String = passage.get(from..to).unwrap_or_default().iter().collect();
        let mark = Mark {
            start: start - from,
            end: end - from,
            class: class.to_owned(),
            label: String::new(),
            title: String::new(),
        };
        html! { <>{ if from > 0 { "…" } else { "" } }<Marked {text} marks={vec![mark]} />{ if to < passage.len() { "…" } else { "" } }</> }
    };
    html! {
        <dl class="over">
            if end > start { <dt>{ w.predicted() }</dt><dd>{ excerpt(start, end, "other") }</dd> }
            if let Some((start, end)) = right { <dt>{ w.gold() }</dt><dd>{ excerpt(start, end, "answer-mark") }</dd> }
        </dl>
    }
}
