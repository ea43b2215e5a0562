//! Draws the scores as cards, before and after, and the tables of classes, labels, types or kinds of questions.

use std::rc::Rc;

use terakoya_core::metrics::{AnswerScores, ClassMetrics};
use terakoya_core::protocol::{Evaluation, Report};
use yew::prelude::*;

use crate::page::figures;
use crate::page::words::Words;

/// A smaller change than this is none.
const NO_CHANGE: f64 = 5e-4;

/// Of fewer texts, one more mistake moves a score by over five in a hundred.
const FEW_TEXTS: usize = 20;

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
    let scores_before = before.map(|before| scores(w, &before.report)).unwrap_or_default();
    let was = |name: &str| {
        scores_before
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| *value)
    };
    html! {
        <>
            <dl id="metrics" class="figures metrics">
                { for scores(w, &shown.report).into_iter().map(|(name, value)| card(w, name, value, was(name))) }
                if let Some(loss) = shown.loss {
                    { card(w, w.eval_loss(), loss, before.and_then(|base| base.loss)) }
                }
            </dl>
            <p class="caption">
                if let Report::Language(report) = &shown.report {
                    { w.guessed_tokens(report.tokens) }
                } else {
                    { w.scored_rows(&shown.report, shown.predictions.len()) }
                }
                if shown.truncated > 0 { { w.cut_texts(shown.truncated) } }
                { for remarks(w, &shown.report) }
            </p>
            if is_few(shown) {
                <p id="few-texts" class="message">{ w.few_texts(shown.predictions.len()) }</p>
            }
            { table(w, &shown.report) }
        </>
    }
}

/// Whether the scores rest on so few texts that another split may give quite others; a text of words has many in it.
fn is_few(evaluation: &Evaluation) -> bool {
    !matches!(evaluation.report, Report::Language(_)) && evaluation.predictions.len() < FEW_TEXTS
}

/// What the cards show of a report, the most important first.
fn scores(w: Words, report: &Report) -> Vec<(&'static str, f64)> {
    match report {
        Report::Classification(report) => vec![
            (w.accuracy(), report.accuracy),
            (w.macro_f1(), report.macro_f1),
            (w.mcc(), report.mcc),
        ],
        Report::MultiLabel(report) => vec![
            (w.micro_f1(), report.micro_f1),
            (w.macro_f1(), report.macro_f1),
            (w.same_set(), report.exact_match),
        ],
        // A correlation that is not defined is no number.
        Report::Regression(report) if report.undefined.is_some() => vec![(w.mean_error(), report.mae)],
        Report::Regression(report) => vec![
            (w.pearson(), report.pearson),
            (w.spearman(), report.spearman),
            (w.mean_error(), report.mae),
        ],
        Report::Entities(report) => vec![
            (w.entity_f1(), report.f1),
            (w.precision(), report.precision),
            (w.recall(), report.recall),
        ],
        Report::Answers(report) => vec![
            (w.exact_match(), report.exact_match),
            (w.character_f1(), report.character_f1),
            (w.word_f1(), report.f1),
        ],
        Report::Language(report) => vec![(w.perplexity(), report.perplexity)],
    }
}

/// What one should know of the scores.
fn remarks(w: Words, report: &Report) -> Vec<String> {
    let unknown = match report {
        Report::Classification(report) => report.unknown_labels.as_slice(),
        Report::MultiLabel(report) => report.unknown_labels.as_slice(),
        Report::Entities(report) => report.unknown_labels.as_slice(),
        _ => &[],
    };
    let (cut_off, unreachable) = match report {
        Report::Entities(report) => (report.cut_off, report.unreachable.saturating_sub(report.cut_off)),
        Report::Answers(report) => (0, report.unreachable),
        _ => (0, 0),
    };
    let (repaired_gold, repaired_predicted) = match report {
        Report::Entities(report) => (report.repaired_gold, report.repaired_predicted),
        _ => (0, 0),
    };
    let unasked = match report {
        Report::Answers(report) => report.unasked,
        _ => 0,
    };
    let mut remarks = Vec::new();
    if !unknown.is_empty() {
        remarks.push(w.unknown_labels(&unknown.join(w.comma())));
    }
    if repaired_gold + repaired_predicted > 0 {
        remarks.push(w.repaired(repaired_gold as usize, repaired_predicted as usize));
    }
    if cut_off > 0 {
        remarks.push(w.cut_off(cut_off as usize));
    }
    if unreachable > 0 {
        remarks.push(w.unreachable(unreachable as usize));
    }
    if matches!(report, Report::Regression(report) if report.undefined.is_some()) {
        remarks.push(w.no_correlation().to_owned());
    }
    if unasked > 0 {
        remarks.push(w.unasked(unasked as usize));
    }
    remarks
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
    match difference.abs() < NO_CHANGE {
        true => "±0".to_owned(),
        false => figures::signed(difference),
    }
}

fn table(w: Words, report: &Report) -> Html {
    match report {
        Report::Classification(report) => classes_table(w, w.per_class(), w.label_column(), &report.per_class, &[]),
        Report::MultiLabel(report) => classes_table(
            w,
            w.per_class(),
            w.label_column(),
            &report.per_label,
            &report.thresholds,
        ),
        Report::Entities(report) => classes_table(w, w.per_type(), w.type_column(), &report.per_type, &[]),
        Report::Answers(report) => match (&report.answerable, &report.unanswerable) {
            (None, None) => Html::default(),
            (answerable, unanswerable) => questions_table(w, answerable.as_ref(), unanswerable.as_ref()),
        },
        Report::Regression(_) | Report::Language(_) => Html::default(),
    }
}

fn classes_table(
    w: Words,
    title: &'static str,
    first: &'static str,
    classes: &[ClassMetrics],
    thresholds: &[f64],
) -> Html {
    html! {
        <div class="scroll-box">
            <table class="numbers classes">
                <caption>{ title }</caption>
                <thead>
                    <tr>
                        <th scope="col">{ first }</th>
                        <th scope="col" title={w.precision_help()}>{ w.precision() }</th>
                        <th scope="col" title={w.recall_help()}>{ w.recall() }</th>
                        <th scope="col" title={w.f1_help()}>{ "F1" }</th>
                        <th scope="col">{ w.support() }</th>
                        if !thresholds.is_empty() { <th scope="col">{ w.threshold() }</th> }
                    </tr>
                </thead>
                <tbody>
                    { for classes.iter().enumerate().map(|(number, class)| html! {
                        <tr>
                            <th scope="row">{ &class.label }</th>
                            <td>{ figures::score(class.precision) }</td>
                            <td>{ figures::score(class.recall) }</td>
                            <td>{ figures::score(class.f1) }</td>
                            <td>{ figures::count(class.support as usize) }</td>
                            if !thresholds.is_empty() {
                                <td>{ thresholds.get(number).map(|value| figures::score(*value)).unwrap_or_default() }</td>
                            }
                        </tr>
                    }) }
                </tbody>
            </table>
        </div>
    }
}

fn questions_table(w: Words, answerable: Option<&AnswerScores>, unanswerable: Option<&AnswerScores>) -> Html {
    let kinds = [(w.answerable(), answerable), (w.unanswerable(), unanswerable)];
    html! {
        <div class="scroll-box">
            <table class="numbers classes">
                <caption>{ w.per_question_kind() }</caption>
                <thead>
                    <tr>
                        <th scope="col">{ w.question_kind() }</th>
                        <th scope="col">{ w.exact_match() }</th>
                        <th scope="col">{ w.character_f1() }</th>
                        <th scope="col">{ w.word_f1() }</th>
                        <th scope="col">{ w.support() }</th>
                    </tr>
                </thead>
                <tbody>
                    { for kinds.into_iter().filter_map(|(name, scores)| Some((name, scores?))).map(|(name, scores)| html! {
                        <tr>
                            <th scope="row">{ name }</th>
                            <td>{ figures::score(scores.exact_match) }</td>
                            <td>{ figures::score(scores.character_f1) }</td>
                            <td>{ figures::score(scores.f1) }</td>
                            <td>{ figures::count(scores.examples as usize) }</td>
                        </tr>
                    }) }
                </tbody>
            </table>
        </div>
    }
}
