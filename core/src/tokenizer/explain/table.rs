//! Prints an explanation as a table that a person reads: ways to cut the text, then each word with its costs and tokens.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use super::{ExplainedWord, Explanation, PathStep, UnknownReason};

/// Between the parts of a text that is cut.
const CUT: &str = " | ";

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", shown(&self.characters.concat()))?;
        let words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        let tokens = self.words.iter().flat_map(|word| &word.tokens);
        let tokens: Vec<&str> = tokens.map(|token| token.token.as_str()).collect();
        write_cut(f, "characters", &self.characters)?;
        write_cut(f, "white space", &self.white_space)?;
        write_cut(f, "words", &words)?;
        write_cut(f, "tokens", &tokens)?;
        if self.words.is_empty() {
            return Ok(());
        }
        self.write_words(f)?;
        for word in &self.words {
            if let Some(reason) = &word.unknown {
                writeln!(f, "unknown: {} — {reason}", shown(&word.text))?;
            }
        }
        Ok(())
    }
}

impl Explanation {
    fn write_words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_path = self.words.iter().any(|word| word.path.is_some());
        let path_head: &[&str] = if has_path {
            &["word cost", "+ connection", "= path so far", "found as"]
        } else {
            &[]
        };
        let head = [&["word", "characters"], path_head, &["tokens (ids)"]].concat();
        let mut rows = vec![head.into_iter().map(str::to_owned).collect()];
        rows.extend(self.words.iter().map(|word| cells(word, has_path)));
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        writeln!(f)?;
        for row in &rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let space = " ".repeat(width.saturating_sub(cell.width()));
                // Costs end at one column, so that they can be added by eye.
                line += &match has_path && (2..5).contains(&column) {
                    true => format!("{space}{cell}  "),
                    false => format!("{cell}{space}  "),
                };
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn cells(word: &ExplainedWord, has_path: bool) -> Vec<String> {
    let mut cells = vec![shown(&word.text), format!("{}–{}", word.span.0, word.span.1)];
    if has_path {
        cells.extend(match &word.path {
            Some(PathStep {
                word_cost,
                connection_cost,
                total_cost,
                category,
            }) => [
                word_cost.to_string(),
                connection_cost.to_string(),
                total_cost.to_string(),
                match category {
                    Some(category) => format!("unknown {category}"),
                    None => "dictionary word".to_owned(),
                },
            ],
            // Special tokens are cut out before the dictionary is asked.
            None => ["", "", "", "special token"].map(str::to_owned),
        });
    }
    let tokens = word
        .tokens
        .iter()
        .map(|token| format!("{} ({})", shown(&token.token), token.id));
    cells.push(tokens.collect::<Vec<_>>().join(" "));
    cells
}

fn write_cut(f: &mut fmt::Formatter<'_>, name: &str, parts: &[impl AsRef<str>]) -> fmt::Result {
    let shown: Vec<String> = parts.iter().map(|part| shown(part.as_ref())).collect();
    writeln!(f, "{name:<12} {:>4}  {}", parts.len(), shown.join(CUT))
}

/// A text on one line: what would move the cursor is escaped.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { characters, limit } => {
                write!(f, "it has {characters} characters, WordPiece takes at most {limit}")
            }
            Self::NoPiece { pieces, rest } if pieces.is_empty() => {
                write!(f, "the vocabulary has no piece that begins {}", shown(rest))
            }
            Self::NoPiece { pieces, rest } => {
                let pieces: Vec<String> = pieces.iter().map(|piece| shown(piece)).collect();
                write!(
                    f,
                    "after {} the vocabulary has no piece that continues with {}",
                    pieces.join(" "),
                    shown(rest)
                )
            }
            Self::NotInVocabulary { missing } => {
                let missing: Vec<String> = missing.iter().map(|missing| shown(missing)).collect();
                write!(f, "the vocabulary does not have {}", missing.join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::ExplainedToken;

    fn word(
        text: &str,
        path: Option<PathStep>,
        tokens: &[(u32, &str)],
        unknown: Option<UnknownReason>,
    ) -> ExplainedWord {
        let token = |&(id, token): &(u32, &str)| ExplainedToken {
            id,
            token: token.to_owned(),
            span: (0, 1),
        };
        ExplainedWord {
            text: text.to_owned(),
            span: (0, text.chars().count()),
            path,
            tokens: tokens.iter().map(token).collect(),
            unknown,
        }
    }

    #[test]
    fn columns_line_up_whatever_the_width_of_characters() {
        let step = |word_cost, total_cost, category: Option<&str>| PathStep {
            word_cost,
            connection_cost: -70,
            total_cost,
            category: category.map(str::to_owned),
        };
        let nothing = UnknownReason::NoPiece {
            pieces: vec!["東".to_owned()],
            rest: "\u{7}x".to_owned(),
        };
        let explanation = Explanation {
            words: vec![
                word("東京", Some(step(4000, 3930, None)), &[(3, "東"), (4, "##京")], None),
                word(
                    "東\u{7}x",
                    Some(step(20, -50, Some("ALPHA"))),
                    &[(1, "[UNK]")],
                    Some(nothing),
                ),
                word("[SEP]", None, &[(2, "[SEP]")], None),
            ],
            characters: ["東", "京"].map(str::to_owned).to_vec(),
            white_space: vec!["東京".to_owned()],
        };
        let expected = "東京

characters      2  東 | 京
white space     1  東京
words           3  東京 | 東\\u{7}x | [SEP]
tokens          4  東 | ##京 | [UNK] | [SEP]

word      characters  word cost  + connection  = path so far  found as         tokens (ids)
東京      0–2              4000           -70           3930  dictionary word  東 (3) ##京 (4)
東\\u{7}x  0–3                20           -70            -50  unknown ALPHA    [UNK] (1)
[SEP]     0–5                                                 special token    [SEP] (2)
unknown: 東\\u{7}x — after 東 the vocabulary has no piece that continues with \\u{7}x
";
        assert_eq!(explanation.to_string(), expected);
    }

    #[test]
    fn a_tokenizer_without_dictionary_has_no_costs() {
        let explanation = Explanation {
            words: vec![word("hello", None, &[(7, "hello")], None)],
            characters: Vec::new(),
            white_space: Vec::new(),
        };
        let printed = explanation.to_string();
        assert!(
            printed.ends_with("word   characters  tokens (ids)\nhello  0–5         hello (7)\n"),
            "{printed}"
        );
    }
}
