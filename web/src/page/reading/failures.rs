//! Lists what the model got wrong, the worst mistakes first.

use std::rc::Rc;

use terakoya_core::protocol::{Evaluation, Report};
use yew::prelude::*;

use super::judging::failures;
use super::texts::TextList;
use crate::messages::Row;
use crate::page::words::Words;

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
    let (title, hint) = match &props.evaluation.report {
        Report::Regression(_) => (w.largest_errors().to_owned(), w.largest_errors_hint()),
        Report::Entities(_) => (w.failures_title(numbers.len()), w.entity_failures_hint()),
        Report::MultiLabel(_) => (w.failures_title(numbers.len()), w.label_failures_hint()),
        _ => (w.failures_title(numbers.len()), w.failures_hint()),
    };
    html! {
        <div id="failures" class="failures" data-count={numbers.len().to_string()}>
            <h3>{ title }</h3>
            if numbers.is_empty() {
                <p class="message">{ w.no_failures() }</p>
            } else {
                <p class="caption">{ hint }</p>
                <TextList words={w} evaluation={props.evaluation.clone()} rows={props.rows.clone()} {numbers} />
            }
        </div>
    }
}
