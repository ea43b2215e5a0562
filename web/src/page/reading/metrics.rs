//! Draws the scores as cards, before and after, and the table of the classes.

use std::rc::Rc;

use terakoya_core::metrics::ClassificationReport;
use terakoya_core::protocol::{Evaluation, Report};
use yew::prelude::*;

use crate::page::figures;
use crate::page::words::Words;

/// A smaller change than this is none.
const NO_CHANGE: f64 = 5e-4;

/// What the scores are drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// Before fine-tuning.
    pub base: Option<Rc<Evaluation>>,
    /// Afterwards.
    pub tuned: Option<Rc<Evaluation>>,
}

/// The cards and the table.
#[component]
pub fn Metrics(props: &Props) -> Html {
    let w = props.words;
    let Some(shown) = props.tuned.as_ref().or(props.base.as_ref()) else {
        return Html::default();
    };
    let before = props.base.as_ref().filter(|_| props.tuned.is_some());
    let Report::Classification(report) = &shown.report else {
        return html! { <pre>{ shown.report.to_string() }</pre> };
    };
    let score = |value: fn(&ClassificationReport) -> f64| {
        let of = |evaluation: &Rc<Evaluation>| match &evaluation.report {
            Report::Classification(report) => Some(value(report)),
            _ => None,
        };
        (value(report), before.and_then(of))
    };
    let cards = [
        (w.accuracy(), score(|report| report.accuracy)),
        (w.macro_f1(), score(|report| report.macro_f1)),
        (w.mcc(), score(|report| report.mcc)),
    ];
    html! {
        <>
            <dl id="metrics" class="figures metrics">
                { for cards.into_iter().map(|(name, (after, before))| card(w, name, after, before)) }
                if let Some(loss) = shown.loss {
                    { card(w, w.eval_loss(), loss, before.and_then(|base| base.loss)) }
                }
            </dl>
            <p class="caption">
                { w.scored_rows(report.examples as usize) }
                if shown.truncated > 0 { { w.cut_texts(shown.truncated) } }
                if !report.unknown_labels.is_empty() { { w.unknown_labels(&report.unknown_labels.join(w.comma())) } }
            </p>
            { classes_table(w, report) }
        </>
    }
}

fn card(w: Words, name: &'static str, after: f64, before: Option<f64>) -> Html {
    html! {
        <div>
            <dt>{ name }</dt>
            <dd class="number">{ figures::score(after) }</dd>
            if let Some(before) = before {
                <dd class="change">{ w.was(&figures::score(before), change(after - before).as_str()) }</dd>
            }
        </div>
    }
}

fn change(difference: f64) -> String {
    match difference {
        difference if difference.abs() < NO_CHANGE => "±0".to_owned(),
        difference if difference < 0.0 => format!("−{}", figures::score(-difference)),
        difference => format!("+{}", figures::score(difference)),
    }
}

fn classes_table(w: Words, report: &ClassificationReport) -> Html {
    html! {
        <div class="scroll-box">
            <table class="numbers classes">
                <caption>{ w.per_class() }</caption>
                <thead>
                    <tr>
                        <th scope="col">{ w.label_column() }</th>
                        <th scope="col" title={w.precision_help()}>{ w.precision() }</th>
                        <th scope="col" title={w.recall_help()}>{ w.recall() }</th>
                        <th scope="col" title={w.f1_help()}>{ "F1" }</th>
                        <th scope="col">{ w.support() }</th>
                    </tr>
                </thead>
                <tbody>
                    { for report.per_class.iter().map(|class| html! {
                        <tr>
                            <th scope="row">{ &class.label }</th>
                            <td>{ figures::score(class.precision) }</td>
                            <td>{ figures::score(class.recall) }</td>
                            <td>{ figures::score(class.f1) }</td>
                            <td>{ figures::count(class.support as usize) }</td>
                        </tr>
                    }) }
                </tbody>
            </table>
        </div>
    }
}
