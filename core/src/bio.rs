//! Reads BIO tags: names of spans cut into one tag a word or piece.
//!
//! `B-PER` begins an entity of type PER, `I-PER` goes on with one, `O` is outside; `B` and `I` name no type. [`entities`] reads
//! sequences as seqeval 1.2.2 does by default (and conlleval before it), [`TagSet`] is what a model can say, with the sequences
//! that make sense.

use std::collections::BTreeSet;
use std::fmt;

use crate::argmax::argmax;

/// The type of an entity whose tags name none, as seqeval calls it.
const UNTYPED: &str = "_";

/// Whether a text can be the type of an entity: it may have spaces, but not at its ends, and nothing that ends a column or
/// a line.
pub fn is_type(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains(char::is_control)
}

/// One tag, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tag<'a> {
    /// No entity.
    Outside,
    /// The first of an entity of this type.
    Begin(&'a str),
    /// A further one.
    Inside(&'a str),
}

impl<'a> Tag<'a> {
    /// Reads `O`, `B-TYPE` and `I-TYPE`, `B` and `I`; a type is what [`is_type`] says.
    pub fn parse(text: &'a str) -> Option<Self> {
        Self::parse_any(text).filter(|(_, ends)| !ends).map(|(tag, _)| tag)
    }

    /// Reads the tags of BIOES and BILOU as well, with whether an entity is said to end there: `S-` and `U-`, alone, are
    /// `B-`, `E-` and `L-`, the last, are `I-`.
    pub fn parse_any(text: &'a str) -> Option<(Self, bool)> {
        let (prefix, entity_type) = match text {
            "O" => return Some((Self::Outside, false)),
            "B" | "I" => (text, UNTYPED),
            _ => text.split_once('-')?,
        };
        let kind = match prefix {
            "B" | "S" | "U" => Self::Begin,
            "I" | "E" | "L" => Self::Inside,
            _ => return None,
        };
        is_type(entity_type).then(|| (kind(entity_type), !matches!(prefix, "B" | "I")))
    }

    /// The tag where the type `before` it is known: an `I-` that goes on with nothing is a `B-`.
    pub fn after(self, before: Option<&str>) -> Self {
        match self {
            Self::Inside(entity_type) if before != Some(entity_type) => Self::Begin(entity_type),
            tag => tag,
        }
    }

    /// The tag of another type.
    pub fn with_type<'b>(self, other: impl FnOnce(&'a str) -> &'b str) -> Tag<'b> {
        match self {
            Self::Outside => Tag::Outside,
            Self::Begin(entity_type) => Tag::Begin(other(entity_type)),
            Self::Inside(entity_type) => Tag::Inside(other(entity_type)),
        }
    }

    /// The type, but for [`Tag::Outside`].
    pub fn entity_type(self) -> Option<&'a str> {
        match self {
            Self::Outside => None,
            Self::Begin(entity_type) | Self::Inside(entity_type) => Some(entity_type),
        }
    }
}

impl fmt::Display for Tag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside => f.write_str("O"),
            Self::Begin(UNTYPED) => f.write_str("B"),
            Self::Inside(UNTYPED) => f.write_str("I"),
            Self::Begin(entity_type) => write!(f, "B-{entity_type}"),
            Self::Inside(entity_type) => write!(f, "I-{entity_type}"),
        }
    }
}

/// A named span: of words, pieces or characters, whichever is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity<'a> {
    /// Its first.
    pub start: usize,
    /// The one after its last.
    pub end: usize,
    /// What it is.
    pub entity_type: &'a str,
}

/// The entities of a sequence of tags, and how many of them begin with an `I-` tag, which is read as a `B-`: after `O`, at
/// the start, and after another type.
pub fn entities<'a>(tags: impl IntoIterator<Item = Tag<'a>>) -> (Vec<Entity<'a>>, usize) {
    let mut found: Vec<Entity> = Vec::new();
    let (mut before, mut repaired) = (None, 0);
    for (at, tag) in tags.into_iter().enumerate() {
        match tag {
            Tag::Inside(entity_type) if before == Some(entity_type) => {
                if let Some(entity) = found.last_mut() {
                    entity.end = at + 1;
                }
            }
            Tag::Begin(entity_type) | Tag::Inside(entity_type) => {
                repaired += usize::from(matches!(tag, Tag::Inside(_)));
                found.push(Entity {
                    start: at,
                    end: at + 1,
                    entity_type,
                });
            }
            Tag::Outside => {}
        }
        before = tag.entity_type();
    }
    (found, repaired)
}

/// A sequence of tags, each with whether an entity ends there, in BIO. What goes on behind an end is another entity, as
/// seqeval reads it.
pub fn in_bio<'a>(tags: impl IntoIterator<Item = (Tag<'a>, bool)>) -> impl Iterator<Item = Tag<'a>> {
    let mut ended = false;
    tags.into_iter()
        .map(move |(tag, ends)| match std::mem::replace(&mut ended, ends) {
            true => tag.after(None),
            false => tag,
        })
}

/// Why a list of labels is not one of tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// A label that is not a tag.
    #[error("{label:?} is not a tag: write O, B-TYPE or I-TYPE")]
    NotATag {
        /// The label.
        label: String,
    },
    /// A list without `O`.
    #[error("the list of labels has no O, the tag of what belongs to no entity")]
    NoOutside,
}

/// The tags that a model says, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagSet {
    labels: Vec<String>,
    /// Whether the labels are of BIOES or BILOU: `S-`, `E-`, `U-` and `L-` begin a tag, not a name.
    has_ends: bool,
}

impl TagSet {
    /// `O`, then `B-` and `I-` of each type in the order of their characters.
    pub fn of_types<'a>(types: impl IntoIterator<Item = &'a str>) -> Self {
        let types: BTreeSet<&str> = types.into_iter().collect();
        let tags = types.into_iter().flat_map(|name| [Tag::Begin(name), Tag::Inside(name)]);
        let all = std::iter::once(Tag::Outside).chain(tags);
        Self {
            labels: all.map(|tag| tag.to_string()).collect(),
            has_ends: false,
        }
    }

    /// The tags that somebody listed; those of BIOES and BILOU as the data's are read, each once.
    ///
    /// # Errors
    /// If one is not a tag, or `O` is missing.
    pub fn of_labels(listed: &[String]) -> Result<Self, TagError> {
        let mut labels: Vec<String> = Vec::new();
        for label in listed {
            let tag = Tag::parse_any(label).map(|(tag, _)| tag.to_string());
            let tag = tag.ok_or_else(|| TagError::NotATag { label: label.clone() })?;
            if !labels.contains(&tag) {
                labels.push(tag);
            }
        }
        match labels.iter().any(|label| label == "O") {
            true => Ok(Self {
                labels,
                has_ends: false,
            }),
            false => Err(TagError::NoOutside),
        }
    }

    /// A model's labels as they are; those that are no tags stand for types whose neighbours belong together. `S-`, `E-`, `U-`
    /// and `L-` are of a tag only where some type has one of them and another prefix too: else a label `E-mail` is the type it says.
    pub fn of_model(labels: Vec<String>) -> Self {
        let tags: Vec<_> = labels.iter().filter_map(|label| Tag::parse_any(label)).collect();
        let has_another = |(tag, _): &(Tag, bool)| {
            let of_type = tags
                .iter()
                .filter(|(other, _)| other.entity_type() == tag.entity_type());
            of_type.count() > 1
        };
        let has_ends = tags.iter().filter(|(_, ends)| *ends).any(has_another);
        Self { labels, has_ends }
    }

    /// The tags as they are written.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The number of a tag.
    pub fn number(&self, tag: Tag) -> Option<usize> {
        let is = |label: &String| Tag::parse(label) == Some(tag);
        self.labels.iter().position(is)
    }

    /// The tag with a number; outside where there is none.
    pub fn tag(&self, number: usize) -> Tag<'_> {
        self.read(number).0
    }

    /// The tags with the numbers of neighbours, in BIO.
    pub fn tags<'a>(&'a self, numbers: impl IntoIterator<Item = usize>) -> impl Iterator<Item = Tag<'a>> {
        in_bio(numbers.into_iter().map(|number| self.read(number)))
    }

    fn read(&self, number: usize) -> (Tag<'_>, bool) {
        let Some(label) = self.labels.get(number) else {
            return (Tag::Outside, false);
        };
        match Tag::parse_any(label) {
            Some((tag, ends)) if self.has_ends || !ends => (tag, ends),
            _ => (Tag::Inside(label), false),
        }
    }

    /// The most likely number for each of some positions, each by itself; `logits` are `[positions, labels]`.
    pub fn likeliest(&self, logits: &[f32]) -> Vec<usize> {
        let rows = logits.chunks_exact(self.labels.len().max(1));
        rows.map(argmax).collect()
    }

    /// The numbers that make sense together and are most likely together (Viterbi): no `I-` begins an entity, if the set has
    /// a `B-` for its type. `logits` are `[positions, labels]`.
    pub fn likeliest_sequence(&self, logits: &[f32]) -> Vec<usize> {
        let count = self.labels.len().max(1);
        let allowed: Vec<Vec<usize>> = (0..count).map(|to| self.predecessors(to)).collect();
        let mut scores: Vec<f64> = Vec::new();
        let mut steps: Vec<Vec<usize>> = Vec::new();
        for row in logits.chunks_exact(count) {
            let mut next = Vec::with_capacity(count);
            let mut from = Vec::with_capacity(count);
            for (to, &logit) in row.iter().enumerate() {
                let best = match steps.is_empty() {
                    true => (to, if self.begins(to) { 0.0 } else { f64::NEG_INFINITY }),
                    false => best_of(&allowed[to], &scores),
                };
                from.push(best.0);
                next.push(best.1 + f64::from(logit));
            }
            scores = next;
            steps.push(from);
        }
        let Some(mut at) = steps
            .last()
            .map(|_| best_of(&(0..count).collect::<Vec<_>>(), &scores).0)
        else {
            return Vec::new();
        };
        let mut path = Vec::with_capacity(steps.len());
        for from in steps.iter().rev() {
            path.push(at);
            at = from[at];
        }
        path.reverse();
        path
    }

    /// Whether a sequence may begin with this number.
    fn begins(&self, number: usize) -> bool {
        match self.tag(number) {
            Tag::Inside(entity_type) => self.number(Tag::Begin(entity_type)).is_none(),
            Tag::Outside | Tag::Begin(_) => true,
        }
    }

    /// The numbers that this one may follow.
    fn predecessors(&self, number: usize) -> Vec<usize> {
        let all = 0..self.labels.len();
        match self.tag(number) {
            Tag::Inside(entity_type) if !self.begins(number) => all
                .filter(|&before| self.tag(before).entity_type() == Some(entity_type))
                .collect(),
            _ => all.collect(),
        }
    }
}

/// The first of `places` with the highest score, and that score.
fn best_of(places: &[usize], scores: &[f64]) -> (usize, f64) {
    let mut best = (places.first().copied().unwrap_or(0), f64::NEG_INFINITY);
    for &place in places {
        if scores[place] > best.1 {
            best = (place, scores[place]);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(tags: &str) -> (Vec<(usize, usize, &str)>, usize) {
        let tags = tags.split_whitespace().map(|tag| Tag::parse(tag).expect(tag));
        let (found, repaired) = entities(tags);
        let spans = found
            .iter()
            .map(|entity| (entity.start, entity.end, entity.entity_type));
        (spans.collect(), repaired)
    }

    #[test]
    fn tags_are_read() {
        assert_eq!(Tag::parse("B-a-b"), Some(Tag::Begin("a-b")));
        assert_eq!(Tag::parse("I-人名"), Some(Tag::Inside("人名")));
        assert_eq!(Tag::parse("B-a b"), Some(Tag::Begin("a b")));
        for (tag, read) in [("B", Tag::Begin("_")), ("I", Tag::Inside("_"))] {
            assert_eq!((Tag::parse(tag), read.to_string().as_str()), (Some(read), tag));
        }
        for wrong in ["", "B-", "B- a", "B-a ", "B-a\tb", "o", "S-PER", "b-PER", "PER"] {
            assert_eq!(Tag::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn tags_that_end_an_entity_are_read_in_bio() {
        let said = |tags: &str| {
            let tags = tags.split_whitespace().map(|tag| Tag::parse_any(tag).expect(tag));
            in_bio(tags).map(|tag| tag.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(said("B-x I-x E-x S-x O S-y B-x E-x"), "B-x I-x I-x B-x O B-y B-x I-x");
        assert_eq!(said("B-x L-x U-x U-x O"), "B-x I-x B-x B-x O");
        // Damaged ones, as get_entities of seqeval 1.2.2 reads them: behind an end another begins.
        assert_eq!(said("S-x I-x E-x E-x O E-x S-x E-x"), "B-x B-x I-x B-x O I-x B-x B-x");
        for wrong in ["S-", "E-a\nb", "M-x", "S", "s-x"] {
            assert_eq!(Tag::parse_any(wrong), None, "{wrong}");
        }
        let model = ["O", "S-x", "E-x", "NOUN", "S-rare"].map(str::to_owned);
        let model = TagSet::of_model(model.to_vec());
        let read: Vec<Tag> = model.tags([1, 2, 2, 3, 4, 9]).collect();
        let x = Tag::Begin("x");
        assert_eq!(read, [x, x, x, Tag::Begin("NOUN"), Tag::Begin("rare"), Tag::Outside]);
        let model = TagSet::of_model(["O", "E-mail", "B-x"].map(str::to_owned).to_vec());
        assert_eq!(
            (model.tag(1), model.tag(2)),
            (Tag::Inside("E-mail"), x),
            "a name, and a tag"
        );
    }

    #[test]
    fn an_inside_tag_that_begins_is_repaired_and_counted() {
        assert_eq!(spans("O B-x I-x I-x O"), (vec![(1, 4, "x")], 0));
        assert_eq!(spans("I-x I-x B-x"), (vec![(0, 2, "x"), (2, 3, "x")], 1));
        assert_eq!(
            spans("B-x I-y I-y I-x"),
            (vec![(0, 1, "x"), (1, 3, "y"), (3, 4, "x")], 2)
        );
        assert_eq!(spans("B-x B-x O I-x"), (vec![(0, 1, "x"), (1, 2, "x"), (3, 4, "x")], 1));
        assert_eq!(spans(""), (vec![], 0));
    }

    #[test]
    fn sets_are_made_and_checked() {
        let set = TagSet::of_types(["b", "a", "b"]);
        assert_eq!(set.labels(), ["O", "B-a", "I-a", "B-b", "I-b"]);
        assert_eq!((set.number(Tag::Inside("b")), set.tag(3)), (Some(4), Tag::Begin("b")));
        let bare = TagSet::of_types([Tag::parse("B").and_then(Tag::entity_type).expect("a type")]);
        assert_eq!(
            (bare.labels().join(" "), bare.number(Tag::Inside("_"))),
            ("O B I".to_owned(), Some(2))
        );
        let owned = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>();
        assert!(TagSet::of_labels(&owned(&["I-x", "O"])).is_ok());
        assert_eq!(TagSet::of_labels(&owned(&["B-x"])), Err(TagError::NoOutside));
        let ends = TagSet::of_labels(&owned(&["O", "S-x", "B-x", "I-x", "E-x"])).expect("tags");
        assert_eq!(ends.labels(), ["O", "B-x", "I-x"]);
        let error = TagSet::of_labels(&owned(&["O", "x"])).expect_err("not a tag");
        assert!(error.to_string().starts_with("\"x\" is not a tag"), "{error}");
        assert_eq!(TagSet::of_model(owned(&["NOUN"])).tag(0), Tag::Inside("NOUN"));
    }

    /// The best allowed sequence by trying all of them.
    fn exhaustive(set: &TagSet, logits: &[f32]) -> (Vec<usize>, f64) {
        let count = set.labels().len();
        let positions = logits.len() / count;
        let mut best = (Vec::new(), f64::NEG_INFINITY);
        for code in 0..count.pow(positions as u32) {
            let path: Vec<usize> = (0..positions).map(|at| code / count.pow(at as u32) % count).collect();
            let (_, repaired) = entities(path.iter().map(|&number| set.tag(number)));
            let score: f64 = path
                .iter()
                .enumerate()
                .map(|(at, tag)| f64::from(logits[at * count + tag]))
                .sum();
            if repaired == 0 && score > best.1 {
                best = (path, score);
            }
        }
        best
    }

    #[test]
    fn viterbi_finds_the_best_sequence_that_makes_sense() {
        let set = TagSet::of_types(["x", "y"]);
        let mut state = 1u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / 1e6
        };
        let mut differs = 0;
        for _ in 0..60 {
            let logits: Vec<f32> = (0..4 * 5).map(|_| random()).collect();
            let path = set.likeliest_sequence(&logits);
            assert_eq!(path, exhaustive(&set, &logits).0);
            differs += usize::from(path != set.likeliest(&logits));
        }
        assert!(differs > 10, "the constraint changed only {differs}");
        assert!(set.likeliest_sequence(&[]).is_empty());
    }

    #[test]
    fn a_set_without_begins_lets_insides_begin() {
        let set = TagSet::of_model(vec!["O".to_owned(), "I-x".to_owned()]);
        assert_eq!(set.likeliest_sequence(&[0.0, 1.0, 0.0, 2.0]), [1, 1]);
    }
}
