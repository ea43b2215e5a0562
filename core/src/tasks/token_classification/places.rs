//! Finds the places of a text that get tags, what the gold says of them, and what entities the predicted tags make.
//!
//! Everything is counted in characters of the example's text in the end, whether its words were given or the tokenizer cut
//! it; white space at the ends of a piece belongs to no entity.

use crate::bio::{Entity, Tag, TagSet, entities};
use crate::data::Example;
use crate::rows::TaggedPlace;
use crate::tasks::text_parts::trimmed;
use crate::tokenizer::Encoding;

/// Which pieces of a word get its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pieces {
    /// The first.
    First,
    /// All.
    All,
}

/// The places of `encoding`, each with the number of its token. Pieces without a character get no tag.
pub fn places(encoding: &Encoding, pieces: Pieces) -> Vec<(usize, TaggedPlace)> {
    let mut found: Vec<(usize, TaggedPlace)> = Vec::new();
    for (token, (&word, &(start, end))) in encoding.word_ids.iter().zip(&encoding.offsets).enumerate() {
        let Some(word) = word.filter(|_| encoding.sequence_ids.get(token) == Some(&Some(0))) else {
            continue;
        };
        let (start, end) = (start as u32, end as u32);
        match found.last_mut() {
            Some((_, place)) if pieces == Pieces::First && place.word == word => place.end = place.end.max(end),
            _ => found.push((token, TaggedPlace { word, start, end })),
        }
    }
    found.retain(|(_, place)| place.start < place.end);
    found
}

/// The gold tag of each place; nothing where the example does not say. An `I-` that begins an entity is read as a `B-`, as
/// the scores read it.
pub fn gold_tags<'a>(example: &'a Example, places: &[TaggedPlace]) -> Vec<Option<Tag<'a>>> {
    if let Some(tags) = example.gold.words().and_then(|words| words.tags()) {
        let mut before = None;
        let tags: Vec<Option<Tag>> = tags
            .map(|tag| {
                let tag = Tag::parse(tag).map(|tag| tag.after(before));
                before = tag.and_then(Tag::entity_type);
                tag
            })
            .collect();
        let mut before = None;
        let tag_of = |place: &TaggedPlace| {
            let tag = tags.get(place.word as usize).copied().flatten();
            let goes_on = before.replace(place.word) == Some(place.word);
            match tag {
                Some(Tag::Begin(entity_type)) if goes_on => Some(Tag::Inside(entity_type)),
                tag => tag,
            }
        };
        return places.iter().map(tag_of).collect();
    }
    let Some(spans) = example.gold.spans() else {
        return vec![None; places.len()];
    };
    let mut before = None;
    let tag_of = |place: &TaggedPlace| {
        let shared = |number: &usize| {
            let span = &spans[*number];
            span.end.min(place.end).saturating_sub(span.start.max(place.start))
        };
        // The first of several that share as much.
        let most = (0..spans.len())
            .rev()
            .max_by_key(shared)
            .filter(|number| shared(number) > 0);
        let goes_on = std::mem::replace(&mut before, most) == most;
        match most.map(|number| spans[number].label.as_str()) {
            Some(label) if goes_on => Some(Tag::Inside(label)),
            Some(label) => Some(Tag::Begin(label)),
            None => Some(Tag::Outside),
        }
    };
    places.iter().map(tag_of).collect()
}

/// A word or piece of an example's text with the tag that the model gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading<'a> {
    /// Its first character.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// What the model says.
    pub tag: Tag<'a>,
    /// The probability of that tag; nothing where the model did not see the place.
    pub score: Option<f32>,
}

impl<'a> Reading<'a> {
    /// Whether `other` has no character of its own beside this one: the `▁` that SentencePiece puts before a text is said to
    /// be the first character. It learns a tag, which helps, but is no piece of the text.
    fn covers(&self, other: &Self) -> bool {
        self.start == other.start && other.end <= self.end
    }

    /// This place, which begins the entity that `other` began and it goes on with.
    fn with_beginning_of(self, other: &Self) -> Self {
        match (other.tag, self.tag) {
            (Tag::Begin(begun), Tag::Inside(entity_type)) if begun == entity_type => Self { tag: other.tag, ..self },
            _ => self,
        }
    }
}

/// Reads the `logits` `[places, labels]` of an example: a tag for each of its words where they are given, else for each
/// place. Words behind the end of a cut text are outside.
pub fn read<'a>(
    example: &Example,
    places: &[TaggedPlace],
    logits: &[f32],
    tags: &'a TagSet,
    choose: fn(&TagSet, &[f32]) -> Vec<usize>,
) -> Vec<Reading<'a>> {
    let labels = tags.labels().len().max(1);
    let rows = || places.iter().zip(logits.chunks_exact(labels));
    let scored = |numbers: Vec<usize>, logits: &[f32]| -> Vec<(Tag<'a>, f32)> {
        let rows = numbers.iter().zip(logits.chunks_exact(labels));
        let scores = rows.map(|(&number, row)| probability(row, number));
        tags.tags(numbers.iter().copied()).zip(scores).collect()
    };
    let Some(words) = example.gold.words() else {
        let said = scored(choose(tags, logits), logits);
        let characters: Vec<char> = example.text.chars().collect();
        let reading = |(place, (tag, score)): (&TaggedPlace, (Tag<'a>, f32))| {
            let (start, end) = trimmed(&characters, place.start as usize, place.end as usize)?;
            let score = Some(score);
            Some(Reading { start, end, tag, score })
        };
        let mut readings: Vec<Reading> = Vec::with_capacity(places.len());
        for reading in places.iter().zip(said).filter_map(reading) {
            match readings.last_mut().filter(|last| reading.covers(last)) {
                Some(last) => *last = reading.with_beginning_of(last),
                None => readings.push(reading),
            }
        }
        return readings;
    };
    let mut firsts: Vec<u32> = Vec::new();
    let mut first_logits = Vec::new();
    for (place, row) in rows() {
        if firsts.last() != Some(&place.word) {
            firsts.push(place.word);
            first_logits.extend_from_slice(row);
        }
    }
    let mut said = firsts
        .into_iter()
        .zip(scored(choose(tags, &first_logits), &first_logits))
        .peekable();
    let reading = |(number, (start, end)): (u32, (usize, usize))| {
        let seen = said.next_if(|(at, _)| *at == number);
        Reading {
            start,
            end,
            tag: seen.map_or(Tag::Outside, |(_, (tag, _))| tag),
            score: seen.map(|(_, (_, score))| score),
        }
    };
    (0..).zip(words.places(&example.text)).map(reading).collect()
}

/// The entities that the readings make, in characters; with the readings that each is of, and how many begin with an `I-`.
pub fn predicted_entities<'a>(readings: &[Reading<'a>]) -> (Vec<(Entity<'a>, std::ops::Range<usize>)>, usize) {
    let (found, repaired) = entities(readings.iter().map(|reading| reading.tag));
    let spanned = |entity: Entity<'a>| {
        let of = readings.get(entity.start..entity.end)?;
        let (start, end) = (of.first()?.start, of.last()?.end);
        Some((Entity { start, end, ..entity }, entity.start..entity.end))
    };
    (found.into_iter().filter_map(spanned).collect(), repaired)
}

/// Whether places that the model saw begin and end where the entity does.
pub fn is_reachable(entity: &Entity, readings: &[Reading]) -> bool {
    let mut seen = readings.iter().filter(|reading| reading.score.is_some());
    seen.any(|reading| reading.start == entity.start) && {
        let mut seen = readings.iter().filter(|reading| reading.score.is_some());
        seen.any(|reading| reading.end == entity.end)
    }
}

/// Whether the entity ends behind the last place that the model saw, since the text was too long for it.
pub fn is_cut_off(entity: &Entity, readings: &[Reading]) -> bool {
    let seen = readings.iter().filter(|reading| reading.score.is_some());
    seen.map(|reading| reading.end).max().is_none_or(|end| entity.end > end)
}

/// The softmax of `row` at `number`.
fn probability(row: &[f32], number: usize) -> f32 {
    let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = row.iter().map(|logit| (logit - highest).exp()).sum();
    row.get(number).map_or(0.0, |logit| (logit - highest).exp() / sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{EntitySpan, Gold, TaggedWords};

    /// `[CLS]`, the pieces and `[SEP]`: word and span of each piece.
    fn encoding(pieces: &[(u32, usize, usize)]) -> Encoding {
        let special = [(None, (0, 0), None)];
        let pieces = pieces
            .iter()
            .map(|&(word, start, end)| (Some(word), (start, end), Some(0)));
        let all: Vec<_> = special.into_iter().chain(pieces).chain(special).collect();
        Encoding {
            ids: vec![1; all.len()],
            word_ids: all.iter().map(|(word, ..)| *word).collect(),
            offsets: all.iter().map(|(_, span, _)| *span).collect(),
            sequence_ids: all.iter().map(|(.., sequence)| *sequence).collect(),
            ..Encoding::default()
        }
    }

    fn words(words: &[&str], tags: &[&str]) -> Example {
        let (text, tagged) = TaggedWords::join(words, Some(tags));
        Example {
            text,
            text_pair: None,
            gold: Gold::Words(Box::new(tagged)),
            line: 1,
            id: None,
        }
    }

    fn text(text: &str, spans: &[(u32, u32, &str)]) -> Example {
        let span = |&(start, end, label): &(u32, u32, &str)| EntitySpan {
            start,
            end,
            label: label.to_owned(),
        };
        Example {
            text: text.to_owned(),
            text_pair: None,
            gold: Gold::Spans(spans.iter().map(span).collect()),
            line: 1,
            id: None,
        }
    }

    fn of(encoding: &Encoding, pieces: Pieces) -> Vec<TaggedPlace> {
        places(encoding, pieces).into_iter().map(|(_, place)| place).collect()
    }

    #[test]
    fn words_give_their_tag_to_the_first_piece_or_to_all() {
        let example = words(&["New", "Yorker", "sees"], &["B-x", "I-x", "O"]);
        let encoding = encoding(&[(0, 0, 3), (1, 0, 4), (1, 4, 6), (2, 0, 4)]);
        let first = places(&encoding, Pieces::First);
        assert_eq!(first.iter().map(|(token, _)| *token).collect::<Vec<_>>(), [1, 2, 4]);
        let expected = [Tag::Begin("x"), Tag::Inside("x"), Tag::Outside].map(Some);
        assert_eq!(gold_tags(&example, &of(&encoding, Pieces::First)), expected);
        let inside = words(&["New", "Yorker", "sees"], &["I-x", "I-x", "I-y"]);
        let expected = [Tag::Begin("x"), Tag::Inside("x"), Tag::Begin("y")].map(Some);
        assert_eq!(gold_tags(&inside, &of(&encoding, Pieces::First)), expected);
        let begun = words(&["New", "Yorker", "sees"], &["O", "B-x", "O"]);
        let expected = [Tag::Outside, Tag::Begin("x"), Tag::Inside("x"), Tag::Outside].map(Some);
        assert_eq!(gold_tags(&begun, &of(&encoding, Pieces::All)), expected);
    }

    #[test]
    fn spans_give_their_tag_to_the_pieces_they_share_characters_with() {
        // 東京 | 都知事 | は, where 東京都 is a place and 知事 a title: the second piece shares more with the title.
        let example = text("東京都知事は", &[(0, 3, "place"), (3, 5, "title")]);
        let encoding = encoding(&[(0, 0, 2), (0, 2, 5), (0, 5, 5), (0, 5, 6)]);
        let places = of(&encoding, Pieces::All);
        assert_eq!(places.len(), 3, "a piece without characters gets no tag");
        let expected = [Tag::Begin("place"), Tag::Begin("title"), Tag::Outside].map(Some);
        assert_eq!(gold_tags(&example, &places), expected);
        let unlabelled = Example {
            gold: Gold::None,
            ..example
        };
        assert_eq!(gold_tags(&unlabelled, &places), [None; 3]);
    }

    /// Logits that say exactly these numbers.
    fn saying(numbers: &[usize], labels: usize) -> Vec<f32> {
        let row = |&number: &usize| (0..labels).map(move |label| if label == number { 9.0 } else { 0.0 });
        numbers.iter().flat_map(row).collect()
    }

    #[test]
    fn words_behind_a_cut_are_outside_and_out_of_reach() {
        let example = words(&["a", "bc", "d", "e"], &["O", "B-x", "I-x", "B-x"]);
        let tags = TagSet::of_types(["x"]);
        // The second word was cut into two pieces, of which the first counts; the last two words were cut off.
        let places = of(&encoding(&[(0, 0, 1), (1, 0, 1), (1, 1, 2)]), Pieces::All);
        let readings = read(&example, &places, &saying(&[1, 1, 0], 3), &tags, TagSet::likeliest);
        let spans: Vec<_> = readings
            .iter()
            .map(|reading| (reading.start, reading.end, reading.tag))
            .collect();
        let (begin, outside) = (Tag::Begin("x"), Tag::Outside);
        assert_eq!(spans, [(0, 1, begin), (2, 4, begin), (5, 6, outside), (7, 8, outside)]);
        assert!(readings[0].score > Some(0.99) && readings[2].score.is_none());
        let (gold, repaired) = example.gold.entities(&example.text);
        assert_eq!(
            gold.iter().map(|gold| (gold.start, gold.end)).collect::<Vec<_>>(),
            [(2, 6), (7, 8)]
        );
        assert_eq!(
            (
                repaired,
                gold.iter().filter(|gold| is_reachable(gold, &readings)).count()
            ),
            (0, 0)
        );
        assert!(gold.iter().all(|gold| is_cut_off(gold, &readings)));
        let (predicted, _) = predicted_entities(&readings);
        assert_eq!(
            predicted[1].0,
            Entity {
                start: 2,
                end: 4,
                entity_type: "x"
            }
        );
        assert_eq!(predicted[1].1, 1..2);
    }

    #[test]
    fn pieces_lose_their_white_space_and_cannot_reach_inside_themselves() {
        let example = text("in New York", &[(3, 11, "x"), (4, 6, "y")]);
        let tags = TagSet::of_types(["x"]);
        // As SentencePiece cuts: white space begins a piece, or is one by itself.
        let places = of(&encoding(&[(0, 0, 2), (1, 2, 6), (2, 6, 7), (2, 7, 11)]), Pieces::All);
        let readings = read(
            &example,
            &places,
            &saying(&[0, 1, 2, 2], 3),
            &tags,
            TagSet::likeliest_sequence,
        );
        assert_eq!(readings.len(), 3, "white space alone is no place of an entity");
        let (predicted, repaired) = predicted_entities(&readings);
        assert_eq!(
            predicted[0].0,
            Entity {
                start: 3,
                end: 11,
                entity_type: "x"
            }
        );
        assert_eq!(repaired, 0);
        let (gold, _) = example.gold.entities(&example.text);
        let reachable: Vec<bool> = gold.iter().map(|gold| is_reachable(gold, &readings)).collect();
        assert_eq!(reachable, [true, false]);
        assert!(!is_cut_off(&gold[1], &readings));
    }

    #[test]
    fn a_piece_that_shares_its_character_with_the_next_is_read_with_it() {
        // As XLM-R cuts 山田 after the ▁ that it puts before: the ▁ has the span of the first character.
        let example = text("山田", &[]);
        let tags = TagSet::of_types(["x"]);
        let cut = of(&encoding(&[(0, 0, 1), (0, 0, 1), (0, 1, 2)]), Pieces::All);
        for (said, expected) in [
            ([1, 2, 2], vec![(0, 2)]),
            ([0, 1, 2], vec![(0, 2)]),
            ([1, 0, 0], vec![]),
        ] {
            let readings = read(&example, &cut, &saying(&said, 3), &tags, TagSet::likeliest);
            assert_eq!(readings.len(), 2);
            let (found, repaired) = predicted_entities(&readings);
            let spans: Vec<_> = found.iter().map(|(entity, _)| (entity.start, entity.end)).collect();
            assert_eq!((spans, repaired), (expected, 0));
        }
    }
}
