//! Writes numbers as they are read: with separators, as percentages, bytes, times and dates.

use js_sys::Date;
use wasm_bindgen::JsValue;

use super::words::{Language, Words};

/// 1234567 as `1,234,567`.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A large number in the way people say it: 21.3 million, 2,130万.
pub fn rounded_count(words: Words, number: usize) -> String {
    let value = number as f64;
    match words.language {
        Language::Japanese if value >= 1e8 => format!("{:.2}億", value / 1e8),
        Language::Japanese if value >= 1e5 => format!("{}万", count((value / 1e4).round() as usize)),
        Language::English if value >= 1e9 => format!("{:.2} billion", value / 1e9),
        Language::English if value >= 1e6 => format!("{:.1} million", value / 1e6),
        Language::Japanese | Language::English => count(number),
    }
}

/// 0.9342 as `93.4 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A score with three decimals; what is no number as a dash.
pub fn score(value: f64) -> String {
    match value.is_finite() {
        true => format!("{value:.3}"),
        false => "–".to_owned(),
    }
}

/// A difference with its sign and three decimals.
pub fn signed(value: f64) -> String {
    match value < 0.0 {
        true => format!("−{}", score(-value)),
        false => format!("+{}", score(value)),
    }
}

/// A number with at most one decimal, for the lines of a grid.
pub fn brief(value: f64) -> String {
    let text = format!("{value:.1}");
    text.trim_end_matches(".0").to_owned()
}

/// Bytes in the unit that leaves one to three digits before the point.
pub fn bytes(bytes: u64) -> String {
    let value = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.0} kB", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value / 1e6),
        _ => format!("{:.2} GB", value / 1e9),
    }
}

/// A time in seconds, in hours, minutes and seconds as far as they matter.
pub fn duration(words: Words, seconds: f64) -> String {
    if !seconds.is_finite() {
        return "–".to_owned();
    }
    if seconds < 1.0 {
        return words.took(seconds * 1000.0);
    }
    if seconds < 10.0 {
        return words.seconds(&format!("{seconds:.1}"));
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => words.seconds(&whole.to_string()),
        60..3600 => words.minutes_seconds(whole / 60, whole % 60),
        _ => words.hours_minutes(whole / 3600, whole % 3600 / 60),
    }
}

/// A rate in texts a second.
pub fn rate(value: f64) -> String {
    match value {
        value if value >= 100.0 => count(value.round() as usize),
        value if value >= 10.0 => format!("{value:.0}"),
        value => format!("{value:.1}"),
    }
}

/// A number as short as it stays exact to four digits, for the labels of an axis.
pub fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A moment, given in milliseconds since 1970, as the language of the page writes it.
pub fn moment(words: Words, milliseconds: f64) -> String {
    let date = Date::new(&JsValue::from_f64(milliseconds));
    String::from(date.to_locale_string(words.language.tag(), &JsValue::UNDEFINED))
}
