//! Lays out pictures of numbers: scales, round tick marks, axes; shared by every SVG of the core.

use maud::{Markup, html};

/// Maps data to a picture along one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The data at both ends.
    pub data: [f64; 2],
    /// Where those are in the picture.
    pub picture: [f64; 2],
}

impl Scale {
    /// From the least to the greatest of `values`, a little wider, and never of no width.
    pub fn around(values: impl Iterator<Item = f64>, picture: [f64; 2]) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let margin = match high - low {
            0.0 => 0.5f64.max(high.abs() * 0.05),
            width => width * 0.05,
        };
        Self {
            data: [low - margin, high + margin],
            picture,
        }
    }

    /// Where a value is in the picture.
    pub fn at(&self, value: f64) -> f64 {
        let [low, high] = self.data;
        let [from, to] = self.picture;
        from + (value - low) / (high - low) * (to - from)
    }

    /// Round numbers within the data, about `count` of them: steps of 1, 2 or 5 times a power of ten.
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        let [low, high] = self.data;
        let rough = (high - low) / count.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let step = step.into_iter().find(|step| *step >= rough).unwrap_or(rough);
        let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
        (first..=last).map(|number| number as f64 * step).collect()
    }
}

/// A length in the picture, to a tenth.
pub fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// A number beside a tick: as many digits as tell neighbours apart.
pub fn tick_label(value: f64) -> String {
    let text = match value.abs() {
        large if large >= 1e6 => format!("{value:e}"),
        large if large >= 100.0 => format!("{value:.0}"),
        _ => format!("{value:.3}"),
    };
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Both axes with tick marks, a grid and names; `x` runs to the right, `y` upwards.
pub fn axes(x: &Scale, y: &Scale, names: [&str; 2]) -> Markup {
    let ([left, right], [bottom, top]) = (x.picture, y.picture);
    html! {
        g.axes {
            @for value in y.ticks(5) {
                line.grid x1=(px(left)) x2=(px(right)) y1=(px(y.at(value))) y2=(px(y.at(value))) {}
                text.tick x=(px(left - 8.0)) y=(px(y.at(value) + 4.0)) text-anchor="end" { (tick_label(value)) }
            }
            @for value in x.ticks(8) {
                line.grid x1=(px(x.at(value))) x2=(px(x.at(value))) y1=(px(top)) y2=(px(bottom)) {}
                text.tick x=(px(x.at(value))) y=(px(bottom + 18.0)) text-anchor="middle" { (tick_label(value)) }
            }
            text.name x=(px((left + right) / 2.0)) y=(px(bottom + 38.0)) text-anchor="middle" { (names[0]) }
            text.name x=(px(left - 48.0)) y=(px(top - 10.0)) text-anchor="start" { (names[1]) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let scale = Scale {
            data: [0.13, 1.02],
            picture: [0.0, 100.0],
        };
        let labels: Vec<String> = scale.ticks(5).into_iter().map(tick_label).collect();
        assert_eq!(labels, ["0.2", "0.4", "0.6", "0.8", "1"]);
        let scale = Scale {
            data: [-300.0, 250.0],
            picture: [100.0, 0.0],
        };
        assert_eq!(scale.ticks(5), [-200.0, 0.0, 200.0]);
        assert_eq!((scale.at(-300.0), scale.at(250.0), scale.at(-25.0)), (100.0, 0.0, 50.0));
    }

    #[test]
    fn a_scale_always_has_a_width() {
        for values in [vec![], vec![3.0], vec![0.0, 0.0], vec![f64::NAN, f64::INFINITY]] {
            let scale = Scale::around(values.iter().copied(), [0.0, 10.0]);
            assert!(scale.data[0] < scale.data[1], "{values:?} {scale:?}");
            assert!(scale.ticks(4).len() < 20 && scale.at(0.0).is_finite());
        }
    }
}
