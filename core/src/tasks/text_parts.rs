//! Cuts parts of texts by their characters, for the tasks that point into a text.

/// A part of a text without the white space at its ends; nothing where there is no more, or it lies outside.
pub(super) fn trimmed(characters: &[char], start: usize, end: usize) -> Option<(usize, usize)> {
    let part = characters.get(start..end)?;
    let first = part.iter().position(|c| !c.is_whitespace())?;
    let last = part.iter().rposition(|c| !c.is_whitespace())?;
    Some((start + first, start + last + 1))
}

/// A part of a text; empty where it lies outside.
pub(super) fn cut(characters: &[char], start: usize, end: usize) -> String {
    characters.get(start..end).unwrap_or_default().iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_in_characters_and_never_panic() {
        let characters: Vec<char> = "𠮷 野\u{3000}家".chars().collect();
        assert_eq!(trimmed(&characters, 1, 4), Some((2, 3)));
        assert_eq!(trimmed(&characters, 3, 4), None);
        assert_eq!(cut(&characters, 2, 5), "野\u{3000}家");
        for (start, end) in [(3, 9), (2, 1), (9, 9)] {
            assert_eq!(
                (trimmed(&characters, start, end), cut(&characters, start, end)),
                (None, String::new())
            );
        }
    }
}
