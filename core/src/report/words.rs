//! Lists the hidden words that a masked-lm model did not guess: each in its text, with what the model said instead.

use maud::html;

use super::listing::{Listing, Row, Value};
use crate::predictions::WordGuess;

/// The most words that are listed: a page of every mistake in a long text would not open.
const MOST_LISTED: usize = 5000;

/// The wrong ones of `guesses`, the surest first.
pub fn listing(guesses: &[WordGuess]) -> Listing {
    let mut wrong: Vec<&WordGuess> = guesses.iter().filter(|guess| !guess.is_right).collect();
    let count = wrong.len();
    let confidence = |guess: &WordGuess| guess.candidates.first().map_or(0.0, |said| said.score);
    wrong.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)));
    wrong.truncate(MOST_LISTED);
    let row = |guess: &&WordGuess| {
        let (said, next) = match &guess.candidates[..] {
            [said, next @ ..] => (said.token.clone(), next),
            [] => (String::new(), &[][..]),
        };
        let next: Vec<String> = next
            .iter()
            .map(|next| format!("{} {:.3}", next.token, next.score))
            .collect();
        Row {
            cell: None,
            is_right: false,
            values: vec![
                Value::probability(confidence(guess)),
                Value::Text(guess.word.clone()),
                Value::Text(said),
                Value::Text(next.join(", ")),
                Value::Block(html! { p.text { (guess.before) mark.gold { (guess.there) } (guess.after) } }),
            ],
        }
    };
    let listed = match count > wrong.len() {
        true => format!("; the surest {} are listed", wrong.len()),
        false => String::new(),
    };
    Listing {
        heading: format!("{count} of {} hidden words not guessed{listed}", guesses.len()),
        hint: "What the model said instead of a hidden word and how sure it was, the surest mistakes first, and what it thought of \
               next. In its text the word is underlined; others that were hidden with it are shown as they stand. Choose a column \
               to sort by it.",
        columns: vec!["confidence", "hidden", "said", "next", "text"],
        rows: wrong.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predictions::MaskCandidate;

    fn guess(said: &[(&str, f32)], is_right: bool) -> WordGuess {
        let candidate = |&(token, score): &(&str, f32)| MaskCandidate {
            token: token.to_owned(),
            score,
        };
        WordGuess {
            before: "the ".to_owned(),
            there: "<Cat>".to_owned(),
            after: " sleeps".to_owned(),
            word: "cat".to_owned(),
            is_right,
            candidates: said.iter().map(candidate).collect(),
        }
    }

    #[test]
    fn what_was_said_instead_stands_beside_the_word_in_its_text() {
        let guesses = [
            guess(&[("dog", 0.5), ("cat", 0.25)], false),
            guess(&[("cat", 0.99)], true),
            guess(&[("bird", 0.75)], false),
        ];
        let page = listing(&guesses).render().into_string();
        assert!(page.contains("<h2>2 of 3 hidden words not guessed</h2>"), "{page}");
        assert!(
            page.contains("the <mark class=\"gold\">&lt;Cat&gt;</mark> sleeps"),
            "{page}"
        );
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
        assert!(at(">bird</td>") < at(">dog</td>") && at(">0.500</td>") < at(">dog</td>"));
        assert!(page.contains(">cat 0.250</td>") && !page.contains("0.990"), "{page}");
    }

    #[test]
    fn more_mistakes_than_a_page_holds_are_counted() {
        let guesses = vec![guess(&[("dog", 0.5)], false); MOST_LISTED + 2];
        let listing = listing(&guesses);
        assert_eq!(listing.rows.len(), MOST_LISTED);
        assert_eq!(
            listing.heading,
            "5002 of 5002 hidden words not guessed; the surest 5000 are listed"
        );
    }
}
