//! Draws texts as points that one can point at, or go through by the arrow keys: near each other where the encoder's vectors
//! are, coloured by their answers.
//!
//! Names have a colour and a shape each, so that neither alone has to tell them apart.

use std::rc::Rc;

use terakoya_core::data::Gold;
use yew::prelude::*;

use super::ReadMsg;
use super::view::under_way;
use crate::messages::{Event, Request, Row, WhichModel};
use crate::page::app::{App, Msg};
use crate::page::data::gold::names;
use crate::page::figures;
use crate::page::marked::{COLOURS, colour};
use crate::page::words::Words;

/// Texts of a map, at most.
const MOST_TEXTS: usize = 500;
/// Size of the picture and room around the points, in units of its view box.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 460.0;
const ROOM: f64 = 28.0;
/// Half the width of a point.
const DOT: f64 = 5.5;
/// Parts that a scale of scores is cut into.
const BINS: usize = 5;

/// Where texts lie, as far as that is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Map {
    /// Not asked.
    #[default]
    Unknown,
    /// It is being found out.
    Waiting,
    /// It is known.
    Known(Rc<Places>),
    /// It cannot be found out.
    Failed(String),
}

/// Texts with their places.
#[derive(Debug, Clone, PartialEq)]
pub struct Places {
    wish: Wish,
    points: Vec<[f64; 2]>,
    explained: [f64; 2],
}

/// What was to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    model: WhichModel,
    rows: Rc<Vec<Row>>,
}

impl App {
    /// Asks for the places of the rows that are to be scored.
    pub(super) fn ask_map(&mut self, ctx: &Context<Self>, model: WhichModel) {
        let mut rows = self.rows_to_score();
        rows.truncate(MOST_TEXTS);
        let wish = Wish {
            model,
            rows: Rc::new(rows.clone()),
        };
        let reading = self.reading.change();
        reading.begin();
        reading.map = Map::Waiting;
        reading.progress = (0, rows.len());
        let number = reading.sent;
        let answered = move |reply| Msg::Read(ReadMsg::Mapped(number, wish.clone(), Box::new(reply)));
        self.send(Request::Map { model, rows, number }, ctx.link().callback(answered));
    }

    pub(super) fn take_map(&mut self, number: u32, wish: Wish, event: Event) {
        if number != self.reading.sent {
            return;
        }
        let reading = self.reading.change();
        reading.map = match event {
            Event::Read { done, total } => {
                reading.progress = (done, total);
                return;
            }
            Event::Mapped { points, explained } => Map::Known(Rc::new(Places {
                wish,
                points,
                explained,
            })),
            Event::Failed { message } => Map::Failed(message),
            _ => return,
        };
        reading.settle();
    }
}

/// What the map is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The map.
    pub map: Map,
    /// Texts that have a place, while it is being found out, and all of them.
    pub progress: (usize, usize),
    /// Whether it can be asked for.
    pub ready: bool,
    /// Whether there is a fine-tuned model.
    pub tuned: bool,
    /// Takes what happens.
    pub emit: Callback<ReadMsg>,
}

/// The buttons and the map.
#[component]
pub fn MapView(props: &Props) -> Html {
    let w = props.words;
    let waiting = props.map == Map::Waiting;
    let button = |id: &'static str, text: &'static str, model: WhichModel| {
        let onclick = props.emit.reform(move |_: MouseEvent| ReadMsg::Map(model));
        let disabled = !props.ready || waiting;
        html! { <button type="button" {id} class="secondary" {disabled} {onclick}>{ text }</button> }
    };
    html! {
        <div class="map-box">
            <p class="actions no-print">
                if props.tuned {
                    { button("draw-map", w.draw_map_after(), WhichModel::Tuned) }
                    { button("draw-map-before", w.draw_map_before(), WhichModel::Base) }
                } else {
                    { button("draw-map", w.draw_map(), WhichModel::Base) }
                }
            </p>
            if waiting { { under_way(w, w.drawing_map(), props.progress, &props.emit) } }
            { match &props.map {
                Map::Known(places) => html! { <Picture words={w} places={places.clone()} tuned={props.tuned} /> },
                Map::Failed(message) => html! { <p class="message bad" role="alert">{ w.message(message) }</p> },
                Map::Unknown | Map::Waiting => Html::default(),
            } }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct PictureProps {
    words: Words,
    places: Rc<Places>,
    tuned: bool,
}

/// The points, their legend, and the text that is pointed at.
#[component]
fn Picture(props: &PictureProps) -> Html {
    let w = props.words;
    let Places {
        wish,
        points,
        explained,
    } = &*props.places;
    let pointed = use_state_eq(|| None::<usize>);
    let groups = groups(&wish.rows);
    let mut all: Vec<String> = groups.clone();
    all.sort();
    all.dedup();
    let onpointerover = {
        let pointed = pointed.clone();
        Callback::from(move |event: PointerEvent| {
            let element: Option<web_sys::Element> = event.target_dyn_into();
            let row = element.and_then(|element| element.get_attribute("data-row"));
            if let Some(row) = row.and_then(|row| row.parse().ok()) {
                pointed.set(Some(row));
            }
        })
    };
    let onkeydown = keys(pointed.clone(), points.len().saturating_sub(1));
    let axis = |number: usize| w.component(number + 1, &figures::percent(explained[number]));
    let title = match (props.tuned, wish.model) {
        (false, _) => w.map_title().to_owned(),
        (true, WhichModel::Base) => format!("{}{}{}", w.map_title(), w.colon(), w.before_training()),
        (true, WhichModel::Tuned) => format!("{}{}{}", w.map_title(), w.colon(), w.after_training()),
    };
    let at = place_all(points);
    html! {
        <figure id="map" class="map" data-points={points.len().to_string()}>
            <figcaption><h3>{ title.clone() }</h3><p class="caption">{ w.map_hint() }</p></figcaption>
            <ul class="types">
                { for all.iter().filter(|name| !name.is_empty()).map(|name| html! {
                    <li key={name.clone()}>
                        <svg viewBox="0 0 14 14" aria-hidden="true">{ dot([7.0, 7.0], name, &all, None) }</svg>{ name }
                    </li>
                }) }
            </ul>
            <svg viewBox={format!("0 0 {WIDTH} {HEIGHT}")} role="img" aria-label={title} tabindex="0" {onpointerover}
                {onkeydown}>
                { for at.iter().enumerate().zip(&groups).map(|((row, place), group)| {
                    dot(*place, group, &all, Some((row, *pointed == Some(row))))
                }) }
                <text x={ROOM.to_string()} y={(HEIGHT - 8.0).to_string()}>{ axis(0) }{ " · " }{ axis(1) }</text>
            </svg>
            <p class="pointed" aria-live="polite">
                if let Some(row) = pointed.and_then(|row| wish.rows.get(row)) {
                    { &row.text }
                    if let Some(pair) = &row.text_pair { <span class="caption">{ " / " }{ pair }</span> }
                    <span class="mark good">{ row.gold.to_string() }</span>
                }
            </p>
        </figure>
    }
}

/// The arrow keys go from row to row.
fn keys(pointed: UseStateHandle<Option<usize>>, last: usize) -> Callback<KeyboardEvent> {
    Callback::from(move |event: KeyboardEvent| {
        let next = match event.key().as_str() {
            "ArrowLeft" => pointed.map_or(last, |row| row.saturating_sub(1)),
            "ArrowRight" => pointed.map_or(0, |row| last.min(row + 1)),
            _ => return,
        };
        event.prevent_default();
        pointed.set(Some(next));
    })
}

/// What each row is coloured by: its first name, or the part of the scale that its score is in.
fn groups(rows: &[Row]) -> Vec<String> {
    let scores = || rows.iter().filter_map(|row| row.gold.score());
    let (low, high) = (
        scores().fold(f64::INFINITY, f64::min),
        scores().fold(f64::NEG_INFINITY, f64::max),
    );
    let width = (high - low) / BINS as f64;
    let bin = |score: f64| {
        let number = if width > 0.0 {
            ((score - low) / width).floor().min((BINS - 1) as f64)
        } else {
            0.0
        };
        let (from, to) = (low + number * width, low + (number + 1.0) * width);
        format!("{}–{}", figures::short(from), figures::short(to))
    };
    let group = |row: &Row| match row.gold {
        Gold::Score(score) => bin(score),
        _ => names(row).into_iter().next().unwrap_or_default(),
    };
    rows.iter().map(group).collect()
}

/// Places in the picture.
fn place_all(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let range = |axis: usize| {
        let values = || points.iter().map(|point| point[axis]);
        let (low, high) = (
            values().fold(f64::INFINITY, f64::min),
            values().fold(f64::NEG_INFINITY, f64::max),
        );
        (low, if high > low { high - low } else { 1.0 })
    };
    let (x, y) = (range(0), range(1));
    let place = |point: &[f64; 2]| {
        [
            ROOM + (WIDTH - 2.0 * ROOM) * (point[0] - x.0) / x.1,
            HEIGHT - 2.0 * ROOM - (HEIGHT - 3.0 * ROOM) * (point[1] - y.0) / y.1,
        ]
    };
    points.iter().map(place).collect()
}

/// A point: circle, square or triangle, by its name.
fn dot([x, y]: [f64; 2], name: &str, all: &[String], row: Option<(usize, bool)>) -> Html {
    let number = all.iter().position(|known| known == name).unwrap_or_default();
    let near = row.is_some_and(|(_, near)| near).then_some("near");
    let class = classes!("dot", colour(name, all), near);
    let row = row.map(|(row, _)| row.to_string());
    match (number / COLOURS + number) % 3 {
        0 => {
            html! { <circle {class} data-row={row} cx={format!("{x:.1}")} cy={format!("{y:.1}")} r={DOT.to_string()} /> }
        }
        1 => html! {
            <rect {class} data-row={row} x={format!("{:.1}", x - DOT)} y={format!("{:.1}", y - DOT)}
                width={(2.0 * DOT).to_string()} height={(2.0 * DOT).to_string()} />
        },
        _ => html! {
            <polygon {class} data-row={row} points={format!("{x:.1},{:.1} {:.1},{:.1} {:.1},{:.1}", y - DOT, x - DOT, y + DOT, x + DOT, y + DOT)} />
        },
    }
}
