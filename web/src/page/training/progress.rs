//! Draws a run as it goes: what it is doing, the curves, what can be done about it, how it ended.

use terakoya_core::protocol::{EvaluationRecord, Report};
use terakoya_core::task_kind::TaskKind;
use terakoya_core::training_config::BestMetric;
use yew::prelude::*;

use super::TrainMsg;
use super::chart::{Chart, Series, Stroke};
use super::run::{Phase, Run};
use crate::page::figures;
use crate::page::shared::Shared;
use crate::page::tasks;
use crate::page::words::Words;

/// How much of the smoothed loss comes from the newest value.
const NEWEST: f64 = 0.15;

/// Rows of the table, at most: the newest ones.
const MOST_ROWS: usize = 200;

/// What a run is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The run.
    pub run: Shared<Run>,
    /// The split, for the command line.
    pub ratios: String,
    /// What the name of the file with the examples ends with, where it serves the command line.
    pub extension: Option<&'static str>,
    /// Takes what happens.
    pub emit: Callback<TrainMsg>,
}

/// The run.
#[component]
pub fn Progress(props: &Props) -> Html {
    let w = props.words;
    let run = &props.run;
    html! {
        <div class="run">
            <p id="train-status" role="status" data-phase={phase_name(&run.phase)} class="run-status">{ status(w, run) }</p>
            { bar(w, run) }
            { figures_row(w, run) }
            if !run.steps.is_empty() { { curves(w, run) } { table(w, run) } }
            if run.description.is_some() { { description(props) } }
            if !run.notes.is_empty() {
                <details class="caption">
                    <summary>{ w.run_notes() }</summary>
                    { for run.notes.iter().map(|note| html! { <p>{ w.message(note) }</p> }) }
                </details>
            }
        </div>
    }
}

fn phase_name(phase: &Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::Caching { .. } => "caching",
        Phase::Running => "running",
        Phase::Paused => "paused",
        Phase::Stopping => "stopping",
        Phase::Finished => "finished",
        Phase::Failed(_) => "failed",
    }
}

fn status(w: Words, run: &Run) -> Html {
    let text = match &run.phase {
        Phase::Starting => w.run_starting().to_owned(),
        Phase::Caching { done, total } => w.run_caching(*done, *total),
        Phase::Running => w.run_running().to_owned(),
        Phase::Paused => w.run_paused().to_owned(),
        Phase::Stopping => w.run_stopping().to_owned(),
        // Nothing went wrong: a heading that says so would not be true.
        Phase::Failed(message) if run.ended_by_user => w.message(message),
        Phase::Failed(message) if run.plan.is_none() => {
            return html! { <span class="bad">{ w.run_not_begun(message) }</span> };
        }
        Phase::Failed(message) => return html! { <span class="bad">{ w.run_failed(message) }</span> },
        Phase::Finished => match &run.record {
            Some(record) if record.interrupted => w.run_interrupted().to_owned(),
            Some(record) if record.stopped_early => w.run_stopped_early().to_owned(),
            _ => w.run_finished().to_owned(),
        },
    };
    html! { { text } }
}

fn bar(w: Words, run: &Run) -> Html {
    let (done, total) = match (&run.phase, &run.plan) {
        (Phase::Caching { done, total }, _) => (*done, *total),
        (phase, Some(plan)) if phase.is_active() => (run.step(), plan.total_steps),
        _ => return Html::default(),
    };
    html! { <progress max={total.to_string()} value={done.to_string()} aria-label={w.run_progress()}></progress> }
}

fn figures_row(w: Words, run: &Run) -> Html {
    let Some(plan) = &run.plan else {
        return Html::default();
    };
    let figure =
        |name: &'static str, value: String| html! { <div><dt>{ name }</dt><dd class="number">{ value }</dd></div> };
    let speed = run.speed().filter(|_| run.phase.is_active());
    html! {
        <dl class="figures">
            { figure(w.steps_done(), format!("{} / {}", figures::count(run.step()), figures::count(plan.total_steps))) }
            { figure(w.trainable(), figures::rounded_count(w, plan.trainable_parameters)) }
            if let Some(speed) = speed {
                { figure(w.texts_per_second(), figures::rate(speed.texts)) }
                { figure(w.time_left(), figures::duration(w, speed.seconds_left)) }
            }
            if let Some(bytes) = run.memory_bytes { { figure(w.memory_taken(), figures::bytes(bytes)) } }
            if let Some(epochs) = run.kept_epochs { { figure(w.kept_epochs(), epochs.to_string()) } }
        </dl>
    }
}

/// An exponential mean that is right from its first value on.
fn smoothed(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let (mut sum, mut weight) = (0.0, 0.0);
    let mut smooth = |(epoch, value): &(f64, f64)| {
        sum = sum * (1.0 - NEWEST) + value * NEWEST;
        weight = weight * (1.0 - NEWEST) + NEWEST;
        (*epoch, sum / weight)
    };
    points.iter().map(&mut smooth).collect()
}

fn curves(w: Words, run: &Run) -> Html {
    let raw: Vec<(f64, f64)> = run.steps.iter().map(|record| (record.epoch, record.loss)).collect();
    let last_loss = run.steps.last().map(|record| record.loss.to_string());
    let evaluated = |value: fn(&EvaluationRecord) -> f64| -> Vec<(f64, f64)> {
        run.evaluations
            .iter()
            .map(|record| (record.epoch, value(record)))
            .collect()
    };
    let series = |name, class, stroke, points| Series {
        name,
        class,
        stroke,
        points,
    };
    let loss = vec![
        series("", "train", Stroke::Faint, raw.clone()),
        series(w.train_loss(), "train", Stroke::Strong, smoothed(&raw)),
        series(w.eval_loss(), "eval", Stroke::Dotted, evaluated(|record| record.loss)),
    ];
    let scored = |metric: BestMetric| -> Vec<(f64, f64)> {
        let records = run.evaluations.iter();
        records.map(|record| (record.epoch, score(record, metric))).collect()
    };
    let metrics = metrics(run);
    let scores = metrics.iter().zip(COLOURS);
    let scores = scores
        .map(|(metric, class)| series(w.metric(*metric), class, Stroke::Dotted, scored(*metric)))
        .collect::<Vec<_>>();
    let perplexity = vec![series(w.perplexity(), "eval", Stroke::Dotted, perplexities(run))];
    let epochs = run_epochs(run);
    let best = best(run);
    let mark = best.map(|record| (record.epoch, w.best()));
    let (first, last) = (
        raw.first().map(|point| point.1),
        smoothed(&raw).last().map(|point| point.1),
    );
    html! {
        <div class="charts">
            <div id="loss-chart" data-last-loss={last_loss}>
                <Chart title={w.loss_title()} x_label={w.epochs_axis()} series={loss} {epochs} best={mark}
                    summary={w.loss_summary(first.unwrap_or_default(), last.unwrap_or_default())} />
            </div>
            if !perplexity[0].points.is_empty() {
                <div id="metric-chart">
                    <Chart title={w.perplexity_title()} x_label={w.epochs_axis()} series={perplexity} {epochs} best={mark}
                        summary={w.perplexity_title()} />
                </div>
            } else if !run.evaluations.is_empty() {
                <div id="metric-chart">
                    <Chart title={w.scores_title()} x_label={w.epochs_axis()} series={scores} {epochs} top={1.0} best={mark}
                        summary={scores_summary(w, &metrics, best)} />
                </div>
            }
        </div>
    }
}

/// The perplexities of a language model's evaluations, by their epochs.
fn perplexities(run: &Run) -> Vec<(f64, f64)> {
    let perplexity = |record: &EvaluationRecord| match &record.report {
        Report::Language(report) => Some((record.epoch, report.perplexity)),
        _ => None,
    };
    run.evaluations.iter().filter_map(perplexity).collect()
}

/// Classes of the scores' curves.
const COLOURS: [&str; 2] = ["accuracy", "macro-f1"];

/// The first scores of the run's task.
fn metrics(run: &Run) -> Vec<BestMetric> {
    let has = |metric: &BestMetric| {
        let mut records = run.evaluations.iter();
        records.any(|record| record.report.score(*metric).is_some())
    };
    // A run that goes on after a reload tells its options late; its reports tell which task it is.
    let forms = tasks::ALL.into_iter().map(|task| tasks::of(task).metrics);
    let of_config = run.config.as_ref().map(|config| tasks::of(config.task).metrics);
    let all = of_config.or_else(|| forms.into_iter().find(|metrics| metrics.iter().all(has)));
    all.unwrap_or_default().iter().take(COLOURS.len()).copied().collect()
}

/// No number where the report has no such score: nothing is drawn then.
fn score(record: &EvaluationRecord, metric: BestMetric) -> f64 {
    record.report.score(metric).unwrap_or(f64::NAN)
}

fn scores_summary(w: Words, metrics: &[BestMetric], best: Option<&EvaluationRecord>) -> String {
    match (metrics.first(), best) {
        (Some(metric), Some(best)) => w.scores_summary(w.metric(*metric), score(best, *metric)),
        _ => w.scores_title().to_owned(),
    }
}

/// The evaluation that none after it surpassed.
fn best(run: &Run) -> Option<&EvaluationRecord> {
    run.evaluations.iter().rev().find(|record| record.best)
}

/// Passes of the whole run.
fn run_epochs(run: &Run) -> f64 {
    let last = run.steps.last().map_or(1.0, |record| record.epoch);
    match (&run.config, &run.plan) {
        (Some(config), _) => config.epochs as f64,
        (None, Some(plan)) if run.step() > 0 => (last * plan.total_steps as f64 / run.step() as f64).round().max(last),
        _ => last.ceil(),
    }
}

/// The evaluations as numbers, which is also what a screen reader gets of the curves.
fn table(w: Words, run: &Run) -> Html {
    if run.evaluations.is_empty() {
        return Html::default();
    }
    let best = best(run).map(|record| record.step);
    let shown = &run.evaluations[run.evaluations.len().saturating_sub(MOST_ROWS)..];
    let metrics = metrics(run);
    let perplexities = perplexities(run);
    html! {
        <details>
            <summary>{ w.curves_in_numbers() }</summary>
            <div class="scroll-box">
                <table class="numbers">
                    <thead>
                        <tr>
                            <th scope="col">{ w.epochs_axis() }</th>
                            <th scope="col">{ w.eval_loss() }</th>
                            if !perplexities.is_empty() { <th scope="col">{ w.perplexity() }</th> }
                            { for metrics.iter().map(|metric| html! { <th scope="col">{ w.metric(*metric) }</th> }) }
                        </tr>
                    </thead>
                    <tbody>
                        { for shown.iter().map(|record| html! {
                            <tr class={classes!((best == Some(record.step)).then_some("best"))}>
                                <th scope="row">{ figures::short(record.epoch) }</th>
                                <td>{ figures::score(record.loss) }</td>
                                if let Report::Language(report) = &record.report {
                                    <td>{ figures::score(report.perplexity) }</td>
                                }
                                { for metrics.iter().map(|metric| html! { <td>{ figures::score(score(record, *metric)) }</td> }) }
                            </tr>
                        }) }
                    </tbody>
                </table>
            </div>
        </details>
    }
}

fn description(props: &Props) -> Html {
    let w = props.words;
    let describe = props.emit.reform(|_: MouseEvent| TrainMsg::Describe);
    // Which words are hidden depends on a text's line, which a file of both parts counts differently.
    let hides = props
        .run
        .config
        .as_ref()
        .is_some_and(|config| config.task == TaskKind::MaskedLm);
    let extension = props.extension.filter(|_| !hides);
    let in_zip = extension.is_none();
    let command = match extension {
        None => "terakoya train --config run.json --model MODEL --output out".to_owned(),
        Some(extension) => format!(
            "terakoya train --config training.json --model MODEL --train examples.{extension} --split {} --output out",
            props.ratios
        ),
    };
    html! {
        <details class="command">
            <summary>{ w.same_run_natively() }</summary>
            <p>{ if in_zip { w.same_run_in_zip_hint() } else { w.same_run_hint() } }</p>
            <pre class="scroll-box"><code>{ command }</code></pre>
            <p hidden={in_zip}><button type="button" id="describe" class="secondary" onclick={describe}>{ w.download_description() }</button></p>
        </details>
    }
}
