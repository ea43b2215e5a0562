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
            // Of a width that cannot be cut into steps either.
            width if width < f64::MIN_POSITIVE => 0.5f64.max(high.abs() * 0.05),
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

    /// Round numbers within the data, about `count` of them: steps of 1, 2 or 5 times a power of ten. Each with the text
    /// beside it, which has as many digits as the step.
    pub fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        let [low, high] = self.data;
        let rough = (high - low) / count.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let step = step.into_iter().find(|step| *step >= rough).unwrap_or(rough);
        let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
        let tick = |number: i64| {
            let value = number as f64 * step;
            (value, tick_label(value, step))
        };
        (first..=last).map(tick).collect()
    }
}

/// A length in the picture, to a tenth.
pub fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// A number beside a tick, with the digits that tell it from a neighbour a `step` away.
fn tick_label(value: f64, step: f64) -> String {
    /// Longer numbers are written with their power of ten.
    const LONGEST: i32 = 6;
    if value == 0.0 {
        return "0".to_owned();
    }
    let [first_digit, last_digit] = [value.abs(), step].map(|number| number.log10().floor() as i32);
    let text = if first_digit >= LONGEST || last_digit < -LONGEST {
        let digits = (first_digit - last_digit).clamp(0, 16) as usize;
        format!("{value:.digits$e}")
    } else {
        let digits = (-last_digit).max(0) as usize;
        format!("{value:.digits$}")
    };
    without_zeros(&text)
}

/// A number without the zeros that end its fraction.
fn without_zeros(text: &str) -> String {
    let (digits, power) = text.split_at(text.find('e').unwrap_or(text.len()));
    match digits.contains('.') {
        true => format!("{}{power}", digits.trim_end_matches('0').trim_end_matches('.')),
        false => text.to_owned(),
    }
}

/// Both axes with tick marks, a grid and names; `x` runs to the right, `y` upwards.
pub fn axes(x: &Scale, y: &Scale, names: [&str; 2]) -> Markup {
    let ([left, right], [bottom, top]) = (x.picture, y.picture);
    html! {
        g.axes {
            @for (value, label) in y.ticks(5) {
                line.grid x1=(px(left)) x2=(px(right)) y1=(px(y.at(value))) y2=(px(y.at(value))) {}
                text.tick x=(px(left - 8.0)) y=(px(y.at(value) + 4.0)) text-anchor="end" { (label) }
            }
            @for (value, label) in x.ticks(8) {
                line.grid x1=(px(x.at(value))) x2=(px(x.at(value))) y1=(px(top)) y2=(px(bottom)) {}
                text.tick x=(px(x.at(value))) y=(px(bottom + 18.0)) text-anchor="middle" { (label) }
            }
            text.name x=(px((left + right) / 2.0)) y=(px(bottom + 38.0)) text-anchor="middle" { (names[0]) }
            text.name x=(px(left - 48.0)) y=(px(top - 10.0)) text-anchor="start" { (names[1]) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(data: [f64; 2]) -> Vec<String> {
        let picture = [0.0, 100.0];
        let ticks = Scale { data, picture }.ticks(5);
        ticks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn neighbours_have_different_labels() {
        assert_eq!(labels([0.0, 0.0021]), ["0", "0.0005", "0.001", "0.0015", "0.002"]);
        let expected = ["100", "100.2", "100.4", "100.6", "100.8", "101"];
        assert_eq!(labels([100.0, 101.0]), expected);
        assert_eq!(labels([-2e-4, 2e-4]), ["-0.0002", "-0.0001", "0", "0.0001", "0.0002"]);
        assert_eq!(labels([1e6, 2e6]), ["1e6", "1.2e6", "1.4e6", "1.6e6", "1.8e6", "2e6"]);
        assert_eq!(labels([1e-9, 2e-9]).last().map(String::as_str), Some("2e-9"));
        for power in -9..15 {
            let size = 10f64.powi(power);
            for data in [[0.0, size], [-size, size], [1e3, 1e3 + size], [-3.0 * size, 0.2 * size]] {
                let mut labels = labels(data);
                let count = labels.len();
                labels.dedup();
                assert!(count >= 2 && labels.len() == count, "{data:?}: {labels:?}");
            }
        }
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let scale = Scale {
            data: [0.13, 1.02],
            picture: [0.0, 100.0],
        };
        assert_eq!(labels(scale.data), ["0.2", "0.4", "0.6", "0.8", "1"]);
        let scale = Scale {
            data: [-300.0, 250.0],
            picture: [100.0, 0.0],
        };
        let ticks: Vec<f64> = scale.ticks(5).into_iter().map(|(value, _)| value).collect();
        assert_eq!(ticks, [-200.0, 0.0, 200.0]);
        assert_eq!((scale.at(-300.0), scale.at(250.0), scale.at(-25.0)), (100.0, 0.0, 50.0));
    }

    #[test]
    fn a_scale_always_has_a_width() {
        for values in [
            vec![],
            vec![3.0],
            vec![0.0, 0.0],
            vec![0.0, 5e-324],
            vec![f64::NAN, f64::INFINITY],
        ] {
            let scale = Scale::around(values.iter().copied(), [0.0, 10.0]);
            assert!(scale.data[0] < scale.data[1], "{values:?} {scale:?}");
            assert!(scale.ticks(4).len() < 20 && scale.at(0.0).is_finite());
        }
    }
}
