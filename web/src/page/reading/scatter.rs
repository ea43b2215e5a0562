//! Draws predicted numbers against the right ones: on the diagonal they agree.

use std::rc::Rc;

use terakoya_core::data::Gold;
use terakoya_core::protocol::{Evaluation, Prediction};
use yew::prelude::*;

use crate::messages::Row;
use crate::page::figures;
use crate::page::words::Words;

/// Size of the picture and room for its axes, in units of its view box.
const SIZE: f64 = 320.0;
const ROOM: f64 = 44.0;
/// Points, at most: further ones are left out evenly.
const MOST_POINTS: usize = 1000;
/// Lines of the grid.
const LINES: usize = 5;

/// What the picture is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The evaluation.
    pub evaluation: Rc<Evaluation>,
    /// Its rows.
    pub rows: Rc<Vec<Row>>,
}

/// Both axes have the same range.
#[derive(Clone, Copy)]
struct Range {
    low: f64,
    high: f64,
}

impl Range {
    fn share(self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    fn x(self, value: f64) -> String {
        format!("{:.1}", ROOM + (SIZE - ROOM - 8.0) * self.share(value))
    }

    fn y(self, value: f64) -> String {
        format!("{:.1}", SIZE - ROOM - (SIZE - ROOM - 8.0) * self.share(value))
    }
}

/// The picture; nothing where answers are no numbers.
#[component]
pub fn Scatter(props: &Props) -> Html {
    let w = props.words;
    let pairs = props.rows.iter().zip(&props.evaluation.predictions);
    let point = |(row, prediction): (&Row, &Prediction)| match (&row.gold, prediction) {
        (Gold::Score(gold), Prediction::Score(said)) => Some((*gold, f64::from(said.score), row.text.clone())),
        _ => None,
    };
    let points: Vec<(f64, f64, String)> = pairs.filter_map(point).collect();
    let values = || {
        points
            .iter()
            .flat_map(|(gold, said, _)| [*gold, *said])
            .filter(|value| value.is_finite())
    };
    let range = Range {
        low: values().fold(f64::INFINITY, f64::min),
        high: values().fold(f64::NEG_INFINITY, f64::max),
    };
    if range.low >= range.high {
        return Html::default();
    }
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let view = format!("0 0 {SIZE} {SIZE}");
    html! {
        <figure id="scatter" class="scatter" data-points={points.len().to_string()}>
            <figcaption><h3>{ w.scatter_title() }</h3><p class="caption">{ w.scatter_hint() }</p></figcaption>
            <svg viewBox={view} role="img" aria-label={w.scatter_title()}>
                { axes(w, range) }
                <line class="diagonal" x1={range.x(range.low)} y1={range.y(range.low)} x2={range.x(range.high)} y2={range.y(range.high)} />
                { for points.iter().step_by(every).map(|(gold, said, text)| html! {
                    <circle cx={range.x(*gold)} cy={range.y(*said)} r="4">
                        <title>{ format!("{} → {}  {text}", figures::short(*gold), figures::score(*said)) }</title>
                    </circle>
                }) }
            </svg>
        </figure>
    }
}

fn axes(w: Words, range: Range) -> Html {
    let values = (0..=LINES).map(|number| range.low + (range.high - range.low) * number as f64 / LINES as f64);
    let middle = (SIZE / 2.0).to_string();
    html! {
        <g class="axes">
            { for values.map(|value| html! {
                <>
                    <line x1={range.x(range.low)} x2={range.x(range.high)} y1={range.y(value)} y2={range.y(value)} />
                    <line x1={range.x(value)} x2={range.x(value)} y1={range.y(range.low)} y2={range.y(range.high)} />
                    <text class="y" x={(ROOM - 6.0).to_string()} y={range.y(value)}>{ figures::brief(value) }</text>
                    <text class="x" x={range.x(value)} y={(SIZE - ROOM + 14.0).to_string()}>{ figures::brief(value) }</text>
                </>
            }) }
            <text class="x" x={middle.clone()} y={(SIZE - 8.0).to_string()}>{ w.gold() }</text>
            <text class="x" x={middle.clone()} y="10" transform={format!("rotate(-90 {middle} {middle})")}>{ w.predicted() }</text>
        </g>
    }
}
