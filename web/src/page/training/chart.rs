//! Draws curves over the epochs of a run, in SVG, as wide as there is room; a pointer or the arrow keys read values off.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};
use yew::prelude::*;

use crate::page::figures;

/// Room around the curves, in pixels.
const LEFT: f64 = 46.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;
const HEIGHT: f64 = 230.0;
/// Lines across, at most.
const TICKS: f64 = 6.0;

/// Points of a line, at most: more than there are pixels cannot be told apart, and take time to draw.
const MOST_POINTS: usize = 1000;
/// Dots, at most: with more of them they hide the line.
const MOST_DOTS: usize = 60;

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// A faint line: what lies under a smoothed one.
    Faint,
    /// The line that is meant.
    Strong,
    /// A line with a dot at each value.
    Dotted,
}

/// A curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name in the legend; faint ones have none.
    pub name: &'static str,
    /// Class of its colour.
    pub class: &'static str,
    /// How it is drawn.
    pub stroke: Stroke,
    /// Epochs and values, from left to right.
    pub points: Vec<(f64, f64)>,
}

/// What a chart is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Its title.
    pub title: &'static str,
    /// Name of the horizontal axis.
    pub x_label: &'static str,
    /// The curves, the hindmost first.
    pub series: Vec<Series>,
    /// Right end of the horizontal axis.
    pub epochs: f64,
    /// Top of the vertical axis, where it is fixed.
    #[prop_or_default]
    pub top: Option<f64>,
    /// Where the best model is, and what that is called.
    #[prop_or_default]
    pub best: Option<(f64, &'static str)>,
    /// The chart in words.
    pub summary: String,
}

/// Where values are in the picture.
#[derive(Clone, Copy)]
struct Scale {
    width: f64,
    epochs: f64,
    low: f64,
    high: f64,
}

impl Scale {
    fn x(&self, epoch: f64) -> f64 {
        LEFT + (self.width - LEFT - RIGHT) * (epoch / self.epochs).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share
    }

    fn epoch_at(&self, x: f64) -> f64 {
        (x - LEFT) / (self.width - LEFT - RIGHT) * self.epochs
    }
}

/// The chart with its legend, which tells the values under the pointer. A voice reads them where one is chosen, and not the
/// newest of every step.
#[component]
pub fn Chart(props: &Props) -> Html {
    let node = use_node_ref();
    let width = use_width(&node);
    let read_at = use_state_eq(|| None::<f64>);
    let scale = scale(props, width);
    let onpointermove = {
        let (read_at, node) = (read_at.clone(), node.clone());
        Callback::from(move |event: PointerEvent| {
            let left = node
                .cast::<Element>()
                .map_or(0.0, |element| element.get_bounding_client_rect().left());
            read_at.set(Some(scale.epoch_at(f64::from(event.client_x()) - left)));
        })
    };
    let onpointerleave = {
        let read_at = read_at.clone();
        Callback::from(move |_: PointerEvent| read_at.set(None))
    };
    let onkeydown = keys(props, &read_at);
    let read = read_at.and_then(|epoch| nearest(props, epoch));
    html! {
        <figure class="chart">
            <figcaption aria-live={if read.is_some() { "polite" } else { "off" }} aria-atomic="true">
                <strong>{ props.title }</strong>
                { for props.series.iter().filter(|series| !series.name.is_empty()).map(|series| legend(series, read)) }
            </figcaption>
            <div ref={node} class="chart-box">
                <svg width={width.to_string()} height={HEIGHT.to_string()} role="img" aria-label={props.summary.clone()}
                    tabindex="0" {onpointermove} {onpointerleave} {onkeydown}>
                    { axes(props, scale) }
                    { best(props, scale) }
                    { for props.series.iter().map(|series| curve(series, scale)) }
                    if let Some(epoch) = read {
                        <line class="reader" x1={scale.x(epoch).to_string()} x2={scale.x(epoch).to_string()}
                            y1={TOP.to_string()} y2={(HEIGHT - BOTTOM).to_string()} />
                    }
                </svg>
            </div>
        </figure>
    }
}

/// The width of an element, followed as it changes.
#[hook]
fn use_width(node: &NodeRef) -> f64 {
    let width = use_state_eq(|| 480.0);
    use_effect_with((), {
        let (node, width) = (node.clone(), width.clone());
        move |()| {
            let element = node.cast::<Element>();
            let measured = element.clone();
            let tell = Closure::<dyn FnMut()>::new(move || {
                if let Some(element) = &measured {
                    width.set(f64::from(element.client_width()).max(200.0));
                }
            });
            let observer = ResizeObserver::new(tell.as_ref().unchecked_ref()).ok();
            if let (Some(observer), Some(element)) = (&observer, &element) {
                observer.observe(element);
            }
            move || {
                if let Some(observer) = observer {
                    observer.disconnect();
                }
                drop(tell);
            }
        }
    });
    *width
}

fn values(props: &Props) -> impl Iterator<Item = f64> {
    let points = props.series.iter().flat_map(|series| &series.points);
    points.map(|(_, value)| *value).filter(|value| value.is_finite())
}

fn scale(props: &Props, width: f64) -> Scale {
    let highest = props.top.unwrap_or_else(|| values(props).fold(0.0, f64::max) * 1.05);
    let high = if highest > 0.0 { highest } else { 1.0 };
    Scale {
        width,
        epochs: props.epochs.max(1e-6),
        low: values(props).fold(0.0, f64::min),
        high,
    }
}

/// The smallest of 1, 2, 5 and their tens that leaves at most [`TICKS`] of them in `span`.
fn step(span: f64) -> f64 {
    let power = 10f64.powf((span / TICKS).log10().floor());
    let fits = |factor: &&f64| span / (**factor * power) <= TICKS;
    [1.0, 2.0, 5.0].iter().find(fits).unwrap_or(&10.0) * power
}

fn ticks(low: f64, high: f64) -> Vec<f64> {
    let step = step(high - low);
    let first = (low / step).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|number| number as f64 * step).collect()
}

fn axes(props: &Props, scale: Scale) -> Html {
    let bottom = HEIGHT - BOTTOM;
    let right = scale.width - RIGHT;
    html! {
        <g class="axes">
            { for ticks(scale.low, scale.high).into_iter().map(|value| html! {
                <>
                    <line x1={LEFT.to_string()} x2={right.to_string()} y1={scale.y(value).to_string()} y2={scale.y(value).to_string()} />
                    <text class="y" x={(LEFT - 8.0).to_string()} y={scale.y(value).to_string()}>{ figures::short(value) }</text>
                </>
            }) }
            { for ticks(0.0, scale.epochs).into_iter().filter(|epoch| epoch.fract() == 0.0).map(|epoch| html! {
                <text class="x" x={scale.x(epoch).to_string()} y={(bottom + 14.0).to_string()}>{ figures::short(epoch) }</text>
            }) }
            <text class="name" x={right.to_string()} y={(bottom + 29.0).to_string()}>{ props.x_label }</text>
        </g>
    }
}

fn best(props: &Props, scale: Scale) -> Html {
    let Some((epoch, name)) = props.best else {
        return Html::default();
    };
    let x = scale.x(epoch);
    let (anchor, offset) = if x > scale.width / 2.0 {
        ("end", -5.0)
    } else {
        ("start", 5.0)
    };
    html! {
        <g class="best">
            <line x1={x.to_string()} x2={x.to_string()} y1={TOP.to_string()} y2={(HEIGHT - BOTTOM).to_string()} />
            <text x={(x + offset).to_string()} y={(TOP + 6.0).to_string()} text-anchor={anchor}>{ name }</text>
        </g>
    }
}

fn curve(series: &Series, scale: Scale) -> Html {
    let finite: Vec<&(f64, f64)> = series.points.iter().filter(|(_, value)| value.is_finite()).collect();
    let every = finite.len().div_ceil(MOST_POINTS).max(1);
    // Counted from the end, so that the newest value is always there.
    let points: Vec<String> = finite
        .iter()
        .rev()
        .step_by(every)
        .map(|(epoch, value)| format!("{:.1},{:.1}", scale.x(*epoch), scale.y(*value)))
        .collect();
    let class = match series.stroke {
        Stroke::Faint => "faint",
        Stroke::Strong => "strong",
        Stroke::Dotted => "dotted",
    };
    html! {
        <g class={classes!("series", series.class, class)}>
            <polyline points={points.join(" ")} />
            if series.stroke == Stroke::Dotted && finite.len() <= MOST_DOTS {
                { for finite.iter().map(|(epoch, value)| html! {
                    <circle cx={scale.x(*epoch).to_string()} cy={scale.y(*value).to_string()} r="3.5" />
                }) }
            }
        </g>
    }
}

fn legend(series: &Series, read: Option<f64>) -> Html {
    let point = match read {
        Some(epoch) => series.points.iter().rev().find(|(at, _)| *at <= epoch + 1e-9),
        None => series.points.last(),
    };
    html! {
        <span class={classes!("key", series.class)}>
            <i aria-hidden="true"></i>
            { series.name }
            if let Some((_, value)) = point { <b class="number">{ figures::score(*value) }</b> }
        </span>
    }
}

/// The epoch with a value that lies nearest.
fn nearest(props: &Props, epoch: f64) -> Option<f64> {
    let epochs = props.series.iter().flat_map(|series| &series.points).map(|(at, _)| *at);
    epochs.min_by(|left, right| (left - epoch).abs().total_cmp(&(right - epoch).abs()))
}

/// The arrow keys go from value to value.
fn keys(props: &Props, read_at: &UseStateHandle<Option<f64>>) -> Callback<KeyboardEvent> {
    let longest = props.series.iter().max_by_key(|series| series.points.len());
    let epochs: Vec<f64> = longest
        .into_iter()
        .flat_map(|series| &series.points)
        .map(|(at, _)| *at)
        .collect();
    let read_at = read_at.clone();
    Callback::from(move |event: KeyboardEvent| {
        let at = read_at.unwrap_or(f64::MAX);
        let next = match event.key().as_str() {
            "ArrowLeft" => epochs.iter().rev().find(|epoch| **epoch < at - 1e-9),
            "ArrowRight" => epochs.iter().find(|epoch| **epoch > at + 1e-9),
            _ => return,
        };
        event.prevent_default();
        if let Some(next) = next {
            read_at.set(Some(*next));
        }
    })
}
