//! Draws texts as points in two dimensions, coloured by their class, as an SVG file that opens by itself.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};

use super::chart::{Scale, axes, px};
use super::frame::legible;
use crate::data::sort_by_label;
use crate::pca::Projection;

/// Size of the picture and of the part with the points.
const SIZE: [f64; 2] = [960.0, 620.0];
const POINTS_WIDTH: f64 = 720.0;
/// Colours in the style.
const COLOURS: usize = 8;
/// Classes that get a mark of their own, by colour and shape; the others share one.
const MOST_CLASSES: usize = 3 * COLOURS;

const STYLE: &str = "
svg { --paper: #fffefb; --ink: #22252b; --soft: #5b5e66; --line: #e4dfd3; background: var(--paper);
  font: 12px system-ui, 'Hiragino Sans', 'Yu Gothic UI', Meiryo, 'Noto Sans CJK JP', 'Noto Sans JP', sans-serif; }
@media (prefers-color-scheme: dark) { svg { --paper: #1b1e23; --ink: #e9e6df; --soft: #a7a9ae; --line: #2f333a; } }
.paper { fill: var(--paper); } text { fill: var(--soft); } .legend text { fill: var(--ink); } .grid { stroke: var(--line); }
.mark { fill-opacity: .75; stroke: var(--paper); stroke-width: .7; }
.c0 { fill: #4477aa; } .c1 { fill: #ee6677; } .c2 { fill: #228833; } .c3 { fill: #ccbb44; } .c4 { fill: #66ccee; }
.c5 { fill: #aa3377; } .c6 { fill: #e07b39; } .c7 { fill: #8c6bb1; } .other { fill: #8b8a86; }
";

/// A text in the picture.
#[derive(Debug, Clone, Copy)]
pub struct PlotText<'a> {
    /// What is shown when one points at it.
    pub text: &'a str,
    /// Its class, where it has one.
    pub label: Option<&'a str>,
}

/// How a class is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MarkKind {
    Own(usize),
    Other,
}

/// The picture as an SVG file, UTF-8; `texts` are in the order of the projection's points.
pub fn plot(texts: &[PlotText], projection: &Projection) -> String {
    let [width, height] = SIZE;
    let points = &projection.points;
    let x = Scale::around(points.iter().map(|point| point[0]), [64.0, POINTS_WIDTH]);
    let y = Scale::around(points.iter().map(|point| point[1]), [height - 52.0, 32.0]);
    let [first, second] = projection
        .explained
        .map(|share| format!("{:.1} % of the variance", 100.0 * share));
    let names = [format!("component 1 ({first})"), format!("component 2 ({second})")];
    let classes = classes(texts);
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}")) role="img" {
            title { (texts.len()) " texts in two dimensions" }
            style { (PreEscaped(STYLE)) }
            rect.paper width=(width) height=(height) {}
            (axes(&x, &y, [&names[0], &names[1]]))
            @for (text, point) in texts.iter().zip(points) {
                g {
                    title { @if let Some(label) = text.label { (label) ": " } (text.text) }
                    (mark(kind(&classes, text.label), x.at(point[0]), y.at(point[1])))
                }
            }
            (legend(&classes))
        }
    };
    legible(&picture.into_string())
}

/// The classes by name: how many texts each has, and how it is drawn.
fn classes<'a>(texts: &[PlotText<'a>]) -> BTreeMap<&'a str, (usize, MarkKind)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for label in texts.iter().filter_map(|text| text.label) {
        *counts.entry(label).or_default() += 1;
    }
    let mut by_count: Vec<(&str, usize)> = counts.iter().map(|(label, count)| (*label, *count)).collect();
    by_count.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    by_count.truncate(MOST_CLASSES);
    sort_by_label(&mut by_count, |(label, _)| *label);
    let kind = |label: &str| {
        let number = by_count.iter().position(|(known, _)| *known == label);
        number.map_or(MarkKind::Other, MarkKind::Own)
    };
    counts
        .iter()
        .map(|(label, count)| (*label, (*count, kind(label))))
        .collect()
}

fn kind(classes: &BTreeMap<&str, (usize, MarkKind)>, label: Option<&str>) -> MarkKind {
    let class = label.and_then(|label| classes.get(label));
    class.map_or(MarkKind::Other, |(_, kind)| *kind)
}

/// A circle, a square or a triangle.
fn mark(kind: MarkKind, x: f64, y: f64) -> Markup {
    let (class, shape) = match kind {
        MarkKind::Own(number) => (format!("mark c{}", number % COLOURS), number / COLOURS),
        MarkKind::Other => ("mark other".to_owned(), 0),
    };
    html! {
        @match shape {
            0 => circle class=(class) cx=(px(x)) cy=(px(y)) r="4.5" {},
            1 => rect class=(class) x=(px(x - 4.0)) y=(px(y - 4.0)) width="8" height="8" {},
            _ => path class=(class) d=(format!("M{} {}l5 9h-10z", px(x), px(y - 5.0))) {},
        }
    }
}

fn legend(classes: &BTreeMap<&str, (usize, MarkKind)>) -> Markup {
    let left = POINTS_WIDTH + 28.0;
    let line = |number: usize| 40.0 + 22.0 * number as f64;
    let number = |kind: &MarkKind| match kind {
        MarkKind::Own(number) => Some(*number),
        MarkKind::Other => None,
    };
    let mut own: Vec<_> = classes.iter().filter(|(_, (_, kind))| number(kind).is_some()).collect();
    own.sort_by_key(|(_, (_, kind))| number(kind));
    let others: Vec<usize> = classes
        .values()
        .filter(|(_, kind)| *kind == MarkKind::Other)
        .map(|class| class.0)
        .collect();
    html! {
        g.legend {
            @for (number, (label, (count, kind))) in own.into_iter().enumerate() {
                g {
                    title { (label) }
                    (mark(*kind, left, line(number) - 4.0))
                    text x=(px(left + 12.0)) y=(px(line(number))) { (short(label)) " (" (count) ")" }
                }
            }
            @if !others.is_empty() {
                (mark(MarkKind::Other, left, line(MOST_CLASSES) - 4.0))
                text x=(px(left + 12.0)) y=(px(line(MOST_CLASSES))) {
                    (others.len()) " other classes (" (others.iter().sum::<usize>()) ")"
                }
            }
        }
    }
}

/// The beginning of a label that would not fit.
fn short(label: &str) -> String {
    /// Characters, of which East Asian ones are the widest.
    const MOST: usize = 12;
    match label.chars().count() > MOST {
        true => label.chars().take(MOST - 1).chain(['…']).collect(),
        false => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projection(count: usize) -> Projection {
        Projection {
            points: (0..count).map(|at| [at as f64, -(at as f64)]).collect(),
            explained: [0.5, 0.25],
        }
    }

    #[test]
    fn texts_are_escaped_and_classes_told_apart() {
        let text = |label| PlotText {
            text: "<b>&\u{0}",
            label,
        };
        let texts = [text(Some("甲<")), text(Some("乙")), text(None), text(Some("甲<"))];
        let picture = plot(&texts, &projection(4));
        assert!(
            picture.contains("<title>甲&lt;: &lt;b&gt;&amp;\u{fffd}</title>"),
            "{picture}"
        );
        assert!(!picture.contains("<b>") && picture.contains("component 1 (50.0 % of the variance)"));
        assert!(
            picture.contains(">甲&lt; (2)</text>") && picture.contains(">乙 (1)</text>"),
            "{picture}"
        );
        assert_eq!(picture.matches("mark other").count(), 1, "the text without a class");
    }

    #[test]
    fn numbers_stand_in_the_order_of_their_values() {
        let texts = ["10", "9", "0"].map(|label| PlotText {
            text: "x",
            label: Some(label),
        });
        let picture = plot(&texts, &projection(3));
        let at = |entry: &str| picture.find(entry).unwrap_or_else(|| panic!("{entry}: {picture}"));
        assert!(at(">0 (1)</text>") < at(">9 (1)</text>") && at(">9 (1)</text>") < at(">10 (1)</text>"));
        assert_eq!(classes(&texts)["10"].1, MarkKind::Own(2));
    }

    #[test]
    fn rare_classes_share_a_mark_where_there_are_many() {
        let labels: Vec<String> = (0..30).map(|number| format!("class {number:02}")).collect();
        // The first ones have two texts.
        let all = labels.iter().chain(&labels[..26]);
        let texts: Vec<PlotText> = all
            .map(|label| PlotText {
                text: "x",
                label: Some(label),
            })
            .collect();
        let found = classes(&texts);
        let others = found.values().filter(|(_, kind)| *kind == MarkKind::Other).count();
        assert_eq!((found.len(), others), (30, 6));
        assert_eq!(found["class 00"], (2, MarkKind::Own(0)));
        let picture = plot(&texts, &projection(56));
        assert!(picture.contains("6 other classes (8)"), "{picture}");
        assert!(
            picture.contains("<path") && picture.contains("<rect class"),
            "{picture}"
        );
    }
}
