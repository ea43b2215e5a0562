//! Draws the confusion matrix; its cells are buttons that list the texts behind a count.

use std::rc::Rc;

use terakoya_core::metrics::ClassificationReport;
use terakoya_core::protocol::{Evaluation, Report};
use yew::prelude::*;

use super::ReadMsg;
use super::judging::label;
use super::texts::TextList;
use crate::messages::Row;
use crate::page::figures;
use crate::page::words::Words;

/// Larger matrices are not drawn.
const MOST_LABELS: usize = 40;
/// Steps of colour, as in the style sheet.
const STEPS: f64 = 8.0;

/// What the matrix is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The evaluation.
    pub evaluation: Rc<Evaluation>,
    /// Its rows.
    pub rows: Rc<Vec<Row>>,
    /// The cell that is opened: `(gold, predicted)`.
    pub cell: Option<(usize, usize)>,
    /// Takes what happens.
    pub emit: Callback<ReadMsg>,
}

/// The matrix, and the texts of the opened cell.
#[component]
pub fn Confusion(props: &Props) -> Html {
    let w = props.words;
    let Report::Classification(report) = &props.evaluation.report else {
        return Html::default();
    };
    if report.labels.len() > MOST_LABELS {
        return html! { <p class="message">{ w.matrix_too_large(report.labels.len()) }</p> };
    }
    html! {
        <div class="confusion-box">
            <h3>{ w.confusion_title() }</h3>
            <p class="caption no-print">{ w.confusion_hint() }</p>
            <div class="scroll-box">
                <table id="confusion" class="confusion">
                    <thead>
                        <tr>
                            <th scope="col" class="corner">{ w.gold_and_predicted() }</th>
                            { for report.labels.iter().map(|label| html! { <th scope="col">{ label }</th> }) }
                        </tr>
                    </thead>
                    <tbody>
                        { for report.labels.iter().enumerate().map(|(gold, label)| html! {
                            <tr>
                                <th scope="row">{ label }</th>
                                { for (0..report.labels.len()).map(|predicted| cell(props, gold, predicted)) }
                            </tr>
                        }) }
                    </tbody>
                </table>
            </div>
            if let Some((gold, predicted)) = props.cell { { texts(props, gold, predicted) } }
        </div>
    }
}

fn count(report: &ClassificationReport, gold: usize, predicted: usize) -> u64 {
    let row = report.confusion_matrix.get(gold);
    row.and_then(|row| row.get(predicted)).copied().unwrap_or_default()
}

fn cell(props: &Props, gold: usize, predicted: usize) -> Html {
    let w = props.words;
    let Report::Classification(report) = &props.evaluation.report else {
        return Html::default();
    };
    let number = count(report, gold, predicted);
    let support: u64 = report.confusion_matrix.get(gold).map_or(0, |row| row.iter().sum());
    let step = (number as f64 / support.max(1) as f64 * STEPS).ceil() as u32;
    let kind = if gold == predicted { "right" } else { "wrong" };
    let open = props.cell == Some((gold, predicted));
    let onclick = props
        .emit
        .reform(move |_: MouseEvent| ReadMsg::Cell(Some((gold, predicted))));
    let label = w.confusion_cell(&report.labels[gold], &report.labels[predicted], number as usize);
    html! {
        <td class={classes!(kind, format!("level{step}"))}>
            <button type="button" aria-label={label} aria-pressed={open.to_string()} disabled={number == 0} {onclick}>
                { figures::count(number as usize) }
            </button>
        </td>
    }
}

fn texts(props: &Props, gold: usize, predicted: usize) -> Html {
    let w = props.words;
    let Report::Classification(report) = &props.evaluation.report else {
        return Html::default();
    };
    let (Some(gold), Some(predicted)) = (report.labels.get(gold), report.labels.get(predicted)) else {
        return Html::default();
    };
    let pairs = props.rows.iter().zip(&props.evaluation.predictions).enumerate();
    let is_meant = |row: &Row, label: &str| row.gold.label() == Some(gold.as_str()) && label == predicted;
    let numbers: Vec<usize> = pairs
        .filter(|(_, (row, prediction))| is_meant(row, label(prediction)))
        .map(|(number, _)| number)
        .collect();
    let onclose = props.emit.reform(|_: MouseEvent| ReadMsg::Cell(None));
    html! {
        <div id="confusion-texts" class="cell-texts" role="region" aria-live="polite">
            <div class="part-head">
                <h4>{ w.confusion_cell(gold, predicted, numbers.len()) }</h4>
                <button type="button" class="quiet no-print" onclick={onclose}>{ w.close() }</button>
            </div>
            <TextList words={w} evaluation={props.evaluation.clone()} rows={props.rows.clone()} {numbers} />
        </div>
    }
}
