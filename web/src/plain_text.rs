//! Prepares texts without answers for models of words: cuts works into passages, hides a word to be guessed.

/// Characters of a passage, unless a line has more.
const PASSAGE: usize = 1000;

/// What any model's mask may be written as.
pub const MASK: &str = "[MASK]";

/// Characters of a text that is shown with a gap, at most.
const LONGEST: usize = 120;

/// Kinds of characters that make a word together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Han,
    Katakana,
    Latin,
    Other,
}

impl Script {
    fn of(character: char) -> Self {
        match character {
            '\u{4e00}'..='\u{9fff}' | '々' => Self::Han,
            '\u{30a1}'..='\u{30fc}' => Self::Katakana,
            _ if character.is_alphabetic() && character.is_ascii() => Self::Latin,
            _ => Self::Other,
        }
    }
}

/// The first line of a text that has a word, with a mask in the place of the word that is nearest to its middle: some kanji, katakana or letters in
/// a row. A text without such a word, or with a mask already, stays as it is.
pub fn with_gap(text: &str) -> String {
    if text.contains(MASK) {
        return text.to_owned();
    }
    let has_word = |line: &&str| {
        line.trim()
            .chars()
            .take(LONGEST)
            .any(|c| Script::of(c) != Script::Other)
    };
    let is_filled = |line: &&str| !line.trim().is_empty();
    let line = text
        .lines()
        .find(has_word)
        .or_else(|| text.lines().find(is_filled))
        .unwrap_or_default();
    let characters: Vec<char> = line.trim().chars().take(LONGEST).collect();
    let mut words: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    for run in characters.chunk_by(|one, next| Script::of(*one) == Script::of(*next)) {
        if Script::of(run[0]) != Script::Other {
            words.push((at, at + run.len()));
        }
        at += run.len();
    }
    let from_middle = |(start, end): &(usize, usize)| (start + end).abs_diff(characters.len());
    let Some((start, end)) = words.into_iter().min_by_key(from_middle) else {
        return characters.into_iter().collect();
    };
    let part = |range: &[char]| range.iter().collect::<String>();
    format!("{}{MASK}{}", part(&characters[..start]), part(&characters[end..]))
}

/// A work cut at the ends of lines, so that some parts of it can be learned from and others be tested on. White space at a part's
/// end is dropped, and parts of nothing else.
pub fn passages(work: &str) -> Vec<String> {
    let mut passages: Vec<String> = Vec::new();
    let mut room = 0;
    for line in work.split_inclusive('\n') {
        let length = line.chars().count();
        match passages.last_mut().filter(|_| length <= room) {
            Some(passage) => passage.push_str(line),
            None => {
                passages.push(line.to_owned());
                room = PASSAGE;
            }
        }
        room = room.saturating_sub(length);
    }
    let passages = passages.iter().map(|passage| passage.trim_end());
    passages
        .filter(|passage| !passage.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_near_the_middle_is_hidden() {
        for (text, expected) in [
            ("町には小さな靴屋がありました。", "町には小さな[MASK]がありました。"),
            ("\n　熱いコーヒーを飲む", "熱い[MASK]を飲む"),
            ("The staff were kind", "The staff [MASK] kind"),
            ("What is [MASK]?", "What is [MASK]?"),
            ("そうですね。", "そうですね。"),
            ("そうですね。\n東京へ行く。", "東京へ[MASK]く。"),
            ("", ""),
        ] {
            assert_eq!(with_gap(text), expected);
        }
    }

    #[test]
    fn works_are_cut_where_lines_end() {
        let line = |letter: &str, length| format!("{}\n", letter.repeat(length));
        let work = [
            line("あ", 600),
            line("い", 398),
            line("う", 2),
            line("え", 1500),
            line("お", 1),
        ]
        .concat();
        let cut = passages(&work);
        let lengths: Vec<usize> = cut.iter().map(|passage| passage.chars().count()).collect();
        assert_eq!(lengths, [600 + 1 + 398, 2, 1500, 1]);
        assert!(passages(" \n\n").is_empty() && passages("").is_empty());
        assert_eq!(passages("one\n\ntwo"), ["one\n\ntwo"]);
    }
}
