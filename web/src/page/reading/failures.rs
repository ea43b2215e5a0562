//! Lists what the model got wrong, the most confident mistakes first.

use std::rc::Rc;

use terakoya_core::protocol::{Evaluation, Prediction};
use yew::prelude::*;

use crate::messages::Row;
use crate::page::figures;
use crate::page::pager::Pager;
use crate::page::results;
use crate::page::words::Words;

/// Texts of a page.
const TEXTS: usize = 20;

/// What the failures are drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The evaluation.
    pub evaluation: Rc<Evaluation>,
    /// Its rows.
    pub rows: Rc<Vec<Row>>,
}

/// The failures.
#[component]
pub fn Failures(props: &Props) -> Html {
    let w = props.words;
    let numbers = failures(&props.rows, &props.evaluation);
    html! {
        <div id="failures" class="failures" data-count={numbers.len().to_string()}>
            <h3>{ w.failures_title(numbers.len()) }</h3>
            if numbers.is_empty() {
                <p class="message">{ w.no_failures() }</p>
            } else {
                <p class="caption">{ w.failures_hint() }</p>
                <TextList words={w} evaluation={props.evaluation.clone()} rows={props.rows.clone()} {numbers} />
            }
        </div>
    }
}

/// The numbers of the rows whose label was not said, the surest mistake first.
fn failures(rows: &[Row], evaluation: &Evaluation) -> Vec<usize> {
    let predictions = &evaluation.predictions;
    let wrong = |(row, prediction): &(&Row, &Prediction)| {
        row.label
            .as_deref()
            .is_some_and(|gold| gold != results::label(prediction))
    };
    let pairs = rows.iter().zip(predictions).enumerate();
    let mut numbers: Vec<usize> = pairs
        .filter(|(_, pair)| wrong(pair))
        .map(|(number, _)| number)
        .collect();
    let confidence = |number: &usize| results::confidence(&predictions[*number]);
    numbers.sort_by(|left, right| confidence(right).total_cmp(&confidence(left)));
    numbers
}

/// What a list is drawn from.
#[derive(Properties, PartialEq)]
pub struct TextListProps {
    /// The language.
    pub words: Words,
    /// The evaluation.
    pub evaluation: Rc<Evaluation>,
    /// Its rows.
    pub rows: Rc<Vec<Row>>,
    /// Which of them, in their order.
    pub numbers: Vec<usize>,
}

/// Texts with their label, what the model said and how sure it was, a page at a time.
#[component]
pub fn TextList(props: &TextListProps) -> Html {
    let w = props.words;
    let page = use_state_eq(|| 0);
    let pages = props.numbers.len().div_ceil(TEXTS).max(1);
    let shown = (*page).min(pages - 1);
    let onpage = {
        let page = page.clone();
        Callback::from(move |next| page.set(next))
    };
    html! {
        <>
            <div class="scroll-box">
                <table class="texts">
                    <thead>
                        <tr>
                            <th scope="col">{ w.text_column() }</th>
                            <th scope="col">{ w.gold() }</th>
                            <th scope="col">{ w.predicted() }</th>
                            <th scope="col" class="number">{ w.confidence() }</th>
                        </tr>
                    </thead>
                    <tbody>
                        { for props.numbers.iter().skip(shown * TEXTS).take(TEXTS).map(|&number| text(props, number)) }
                    </tbody>
                </table>
            </div>
            <Pager words={w} page={shown} {pages} {onpage} />
        </>
    }
}

fn text(props: &TextListProps, number: usize) -> Html {
    let (Some(row), Some(prediction)) = (props.rows.get(number), props.evaluation.predictions.get(number)) else {
        return Html::default();
    };
    html! {
        <tr key={number}>
            <td class="text">
                { &row.text }
                if let Some(pair) = &row.text_pair { <span class="second">{ pair }</span> }
            </td>
            <td>{ row.label.as_deref().unwrap_or_default() }</td>
            <td>{ results::label(prediction) }</td>
            <td class="number">{ figures::percent(f64::from(results::confidence(prediction))) }</td>
        </tr>
    }
}
