//! Marks parts of a text that are given by their characters; parts may lie over each other.

use maud::{Markup, html};

/// A marked part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark<'a> {
    /// Its first character.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// The class that it is drawn with.
    pub class: String,
    /// What stands behind it, small.
    pub label: Option<&'a str>,
}

/// `text` with its parts marked. Where some lie over each other, each piece has the classes of all. What lies outside the
/// text, or is empty, is left out.
pub fn marked(text: &str, marks: &[Mark]) -> Markup {
    let characters: Vec<char> = text.chars().collect();
    let inside = |mark: &&Mark| mark.start < mark.end && mark.end <= characters.len();
    let marks: Vec<&Mark> = marks.iter().filter(inside).collect();
    let mut borders: Vec<usize> = marks.iter().flat_map(|mark| [mark.start, mark.end]).collect();
    borders.extend([0, characters.len()]);
    borders.sort_unstable();
    borders.dedup();
    html! {
        @for border in borders.windows(2) {
            (piece(&characters, border[0], border[1], &marks))
        }
    }
}

fn piece(characters: &[char], start: usize, end: usize, marks: &[&Mark]) -> Markup {
    let text: String = characters[start..end].iter().collect();
    let over: Vec<&&Mark> = marks
        .iter()
        .filter(|mark| mark.start <= start && end <= mark.end)
        .collect();
    let classes: Vec<&str> = over.iter().map(|mark| mark.class.as_str()).collect();
    let labels = over.iter().filter(|mark| mark.end == end).filter_map(|mark| mark.label);
    html! {
        @if over.is_empty() {
            (text)
        } @else {
            mark class=(classes.join(" ")) { (text) @for label in labels { small { (label) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(start: usize, end: usize, class: &str) -> Mark<'_> {
        Mark {
            start,
            end,
            class: class.to_owned(),
            label: Some("<L>"),
        }
    }

    #[test]
    fn parts_are_counted_in_characters_and_may_overlap() {
        let page = marked("𠮷野家<b>", &[mark(0, 2, "x"), mark(1, 4, "y")]).into_string();
        assert_eq!(
            page,
            "<mark class=\"x\">𠮷</mark><mark class=\"x y\">野<small>&lt;L&gt;</small></mark>\
             <mark class=\"y\">家&lt;<small>&lt;L&gt;</small></mark>b&gt;"
        );
    }

    #[test]
    fn parts_outside_the_text_are_left_out() {
        assert_eq!(
            marked("ab", &[mark(1, 3, "x"), mark(2, 1, "x"), mark(1, 1, "x")]).into_string(),
            "ab"
        );
        assert_eq!(marked("", &[mark(0, 0, "x")]).into_string(), "");
    }
}
