//! Chooses the answer among candidates, and says where it stands in the passage and what else it might be.

use super::candidates::Candidate;
use crate::predictions::{AnswerCandidate, AnswerPrediction};
use crate::tasks::text_parts::{cut, trimmed};

/// Runners-up that are told.
const TOLD: usize = 4;

/// That a passage holds no answer.
#[derive(Clone, Copy)]
pub(super) struct NoAnswer {
    /// The sum of its two logits.
    pub score: f32,
    /// By how much more than the best answer's it has to be to be said.
    pub above: f32,
}

impl AnswerPrediction {
    /// Chooses among `found`, best first, and, where `none` may be said, that there is no answer.
    pub(super) fn choose(passage: &str, found: &[Candidate], none: Option<NoAnswer>) -> Self {
        let above = none.map_or(f32::INFINITY, |none| none.above);
        let none = none.map(|none| none.score);
        let characters: Vec<char> = passage.chars().collect();
        let scores: Vec<f32> = found.iter().map(|found| found.score).chain(none).collect();
        let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = scores.iter().map(|score| (score - highest).exp()).sum();
        let probability = |score: f32| (score - highest).exp() / sum;
        let candidate = |found: &Candidate| {
            let (start, end) = trimmed(&characters, found.start as usize, found.end as usize)?;
            Some(AnswerCandidate {
                answer: cut(&characters, start, end),
                start,
                end,
                score: probability(found.score),
            })
        };
        let mut told: Vec<AnswerCandidate> = Vec::new();
        for next in found.iter().filter_map(candidate) {
            // Candidates that differ by white space only are one.
            match told
                .iter_mut()
                .find(|told| (told.start, told.end) == (next.start, next.end))
            {
                Some(same) => same.score += next.score,
                None => told.push(next),
            }
        }
        let no_answer_score = none.map(|none| none - found.first().map_or(f32::NEG_INFINITY, |best| best.score));
        let says_none = told.is_empty() || no_answer_score.is_some_and(|score| score > above);
        let best = match says_none {
            false => told.remove(0),
            true => AnswerCandidate {
                answer: String::new(),
                start: 0,
                end: 0,
                score: none.map_or(0.0, probability),
            },
        };
        told.truncate(TOLD);
        Self {
            answer: best.answer,
            start: best.start,
            end: best.end,
            score: best.score,
            no_answer_score: no_answer_score.filter(|score| score.is_finite()),
            runners_up: told,
            unasked: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(start: u32, end: u32, score: f32) -> Candidate {
        Candidate { start, end, score }
    }

    #[test]
    fn the_answer_is_cut_from_the_passage_without_white_space() {
        let candidates = [found(3, 8, 2.0), found(4, 8, 1.0), found(0, 3, 0.0), found(3, 4, -9.0)];
        let said = AnswerPrediction::choose("𠮷野家 1899", &candidates, None);
        assert_eq!((&*said.answer, said.start, said.end), ("1899", 4, 8));
        assert_eq!(said.runners_up.len(), 1, "{said:?}");
        assert_eq!(said.runners_up[0].answer, "𠮷野家");
        let shares: f32 = [2.0f32, 1.0, 0.0, -9.0].map(f32::exp).iter().sum();
        let expected = (2.0f32.exp() + 1.0f32.exp()) / shares;
        assert!((said.score - expected).abs() < 1e-6, "{} {expected}", said.score);
        assert_eq!(said.no_answer_score, None);
    }

    #[test]
    fn no_answer_wins_where_it_is_likelier() {
        let candidates = [found(0, 2, 1.0)];
        let choose = |score, above| AnswerPrediction::choose("ab", &candidates, Some(NoAnswer { score, above }));
        let none = choose(3.0, 0.0);
        assert_eq!((&*none.answer, none.no_answer_score), ("", Some(2.0)));
        assert_eq!((none.runners_up.len(), none.to_string()), (1, "(no answer)".to_owned()));
        for (score, above, answer) in [(-3.0, 0.0, "ab"), (3.0, 2.0, "ab"), (3.0, 1.5, ""), (-3.0, -4.5, "")] {
            let said = choose(score, above);
            assert_eq!((&*said.answer, said.no_answer_score), (answer, Some(score - 1.0)));
        }
        let nothing = AnswerPrediction::choose("", &[], None);
        assert_eq!((&*nothing.answer, nothing.score), ("", 0.0));
    }
}
