//! Lays two texts side by side, in columns of the width that a terminal gives their characters.

use unicode_width::UnicodeWidthChar;

/// Between two columns.
const GAP: &str = " │ ";

/// Two texts under their titles, each in a column of `width` cells; a Japanese character takes two.
pub fn side_by_side(left: (&str, &str), right: (&str, &str), width: usize) -> String {
    let width = width.max(2);
    let column = |(title, text): (&str, &str)| {
        let mut lines = wrapped(title, width);
        lines.push("─".repeat(width));
        lines.extend(wrapped(text, width));
        lines
    };
    let (left, right) = (column(left), column(right));
    let mut table = String::new();
    for row in 0..left.len().max(right.len()) {
        let cell = |lines: &[String]| lines.get(row).cloned().unwrap_or_default();
        let (left, right) = (cell(&left), cell(&right));
        let padding = " ".repeat(width.saturating_sub(cells(&left)));
        table += format!("{left}{padding}{GAP}{right}").trim_end();
        table.push('\n');
    }
    table
}

/// A text in lines of at most `width` cells; control characters take none and are left out.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let (mut part, mut used) = (String::new(), 0);
        for character in line.chars() {
            let Some(cells) = character.width() else { continue };
            if used + cells > width {
                lines.push(std::mem::take(&mut part));
                used = 0;
            }
            part.push(character);
            used += cells;
        }
        lines.push(part);
    }
    lines
}

fn cells(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_their_width_in_any_script() {
        let table = side_by_side(("base", "吾輩は猫である\nabc"), ("ours", "名前はまだ無い。"), 8);
        let expected = [
            "base     │ ours",
            "──────── │ ────────",
            "吾輩は猫 │ 名前はま",
            "である   │ だ無い。",
            "abc      │",
        ];
        assert_eq!(table.lines().collect::<Vec<_>>(), expected);
        assert!(!side_by_side(("a", "\u{1b}[31m"), ("b", ""), 20).contains('\u{1b}'));
    }
}
