//! Draws predicted against gold numbers, with the line on which they are equal.

use maud::{Markup, html};

use super::chart::{Scale, axes, px};

/// Size of the picture.
const SIZE: [f64; 2] = [560.0, 440.0];
/// More points are thinned out evenly: they would only cover each other.
const MOST_POINTS: usize = 4000;

/// Gold, predicted and text of an example.
pub struct Point<'a> {
    /// The gold number.
    pub gold: f64,
    /// The predicted one.
    pub predicted: f64,
    /// The example's text.
    pub text: &'a str,
}

/// The picture.
pub fn section(points: &[Point]) -> Markup {
    let stride = points.len().div_ceil(MOST_POINTS).max(1);
    let [width, height] = SIZE;
    let values = || points.iter().flat_map(|point| [point.gold, point.predicted]);
    let x = Scale::around(values(), [56.0, width - 16.0]);
    let y = Scale::around(values(), [height - 48.0, 28.0]);
    let [low, high] = x.data;
    html! {
        section {
            h2 { "Predicted against gold" }
            figure {
                div.scroll {
                    svg.scatter viewBox=(format!("0 0 {width} {height}")) role="img" aria-label="predicted against gold" {
                        (axes(&x, &y, ["gold", "predicted"]))
                        line.equal x1=(px(x.at(low))) y1=(px(y.at(low))) x2=(px(x.at(high))) y2=(px(y.at(high))) {}
                        @for point in points.iter().step_by(stride) {
                            circle cx=(px(x.at(point.gold))) cy=(px(y.at(point.predicted))) r="3.5" {
                                title { (format!("{:.4} → {:.4}: ", point.gold, point.predicted)) (point.text) }
                            }
                        }
                    }
                }
                figcaption {
                    "On the line both are equal. "
                    @if stride > 1 { "One in " (stride) " of " (points.len()) " examples is drawn." }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_points_are_thinned_out_and_it_is_said() {
        let point = |gold: u32| Point {
            gold: f64::from(gold),
            predicted: 0.5,
            text: "<b>",
        };
        let few: Vec<Point> = (0..3).map(point).collect();
        let page = section(&few).into_string();
        assert_eq!(page.matches("<circle").count(), 3);
        assert!(page.contains("&lt;b&gt;") && !page.contains("One in"), "{page}");
        let many: Vec<Point> = (0..9000).map(point).collect();
        let page = section(&many).into_string();
        assert_eq!(page.matches("<circle").count(), 3000);
        assert!(page.contains("One in 3 of 9000"), "{page}");
    }
}
