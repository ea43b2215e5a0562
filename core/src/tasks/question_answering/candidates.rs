//! Finds where answers stand: the tokens that a gold answer covers in a window, and the best spans of all windows of a
//! question.

use crate::rows::WindowScores;
use crate::tokenizer::Encoding;

/// Candidates that are kept of a question, over which its probabilities are spread.
pub const KEPT: usize = 20;

/// The tokens of the passage in `encoding`, each with its characters. Pieces without a character cannot begin or end an
/// answer.
pub fn passage_tokens(encoding: &Encoding) -> Vec<(usize, (u32, u32))> {
    let tokens = encoding.sequence_ids.iter().zip(&encoding.offsets).enumerate();
    tokens
        .filter(|(_, (sequence, (start, end)))| **sequence == Some(1) && start < end)
        .map(|(token, (_, &(start, end)))| (token, (start as u32, end as u32)))
        .collect()
}

/// The token that stands for "no answer here": the first that belongs to neither text, which opens the input.
pub fn no_answer_token(encoding: &Encoding) -> usize {
    let mut sequences = encoding.sequence_ids.iter();
    sequences.position(Option::is_none).unwrap_or(0)
}

/// The first and the last of `spans`, those of a window's tokens in order, that a part of the passage covers; nothing where
/// the window does not hold all of it.
pub fn covered(spans: &[(u32, u32)], start: u32, end: u32) -> Option<(usize, usize)> {
    let (first, last) = (spans.first()?, spans.last()?);
    if first.0 > start || last.1 < end {
        return None;
    }
    let from = spans.iter().rposition(|span| span.0 <= start)?;
    let to = spans.iter().position(|span| span.1 >= end)?;
    (from <= to).then_some((from, to))
}

/// A part of the passage that may be the answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Its first character.
    pub start: u32,
    /// The character after its last.
    pub end: u32,
    /// The sum of its two logits.
    pub score: f32,
}

/// The best spans of at most `longest` tokens over all windows, best first, each once, at most [`KEPT`].
pub fn best(windows: &[&WindowScores], longest: usize) -> Vec<Candidate> {
    let mut kept: Vec<Candidate> = Vec::with_capacity(KEPT + 1);
    for window in windows {
        let count = window.spans.len().min(window.starts.len()).min(window.ends.len());
        for from in 0..count {
            for to in from..count.min(from.saturating_add(longest)) {
                let candidate = Candidate {
                    start: window.spans[from].0,
                    end: window.spans[to].1,
                    score: window.starts[from] + window.ends[to],
                };
                keep(&mut kept, candidate);
            }
        }
    }
    kept
}

/// Puts a candidate at its place, where it is one of the best; windows share tokens, so it may be there already.
fn keep(kept: &mut Vec<Candidate>, candidate: Candidate) {
    if kept.len() == KEPT && kept.last().is_some_and(|last| last.score >= candidate.score) {
        return;
    }
    let same = |other: &Candidate| (other.start, other.end) == (candidate.start, candidate.end);
    if let Some(place) = kept.iter().position(same) {
        if kept[place].score >= candidate.score {
            return;
        }
        kept.remove(place);
    }
    let place = kept.partition_point(|other| other.score >= candidate.score);
    kept.insert(place, candidate);
    kept.truncate(KEPT);
}

/// The lowest score of "no answer here": a passage holds no answer if none of its windows does.
pub fn no_answer_score(windows: &[&WindowScores]) -> f32 {
    let scores = windows.iter().map(|window| window.no_answer[0] + window.no_answer[1]);
    scores.fold(f32::INFINITY, f32::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(spans: &[(u32, u32)], starts: &[f32], ends: &[f32]) -> WindowScores {
        WindowScores {
            spans: spans.into(),
            starts: starts.into(),
            ends: ends.into(),
            ..WindowScores::default()
        }
    }

    #[test]
    fn answers_cover_the_tokens_that_hold_their_ends() {
        let spans = [(4, 6), (6, 9), (10, 12)];
        assert_eq!(covered(&spans, 4, 6), Some((0, 0)));
        assert_eq!(covered(&spans, 5, 11), Some((0, 2)));
        assert_eq!(covered(&spans, 6, 9), Some((1, 1)));
        for (start, end) in [(3, 6), (10, 13), (0, 2)] {
            assert_eq!(covered(&spans, start, end), None, "{start}-{end}");
        }
        assert_eq!(covered(&[], 0, 1), None);
    }

    #[test]
    fn the_end_is_not_before_the_start_and_not_too_far_behind() {
        let spans = [(0, 1), (1, 2), (2, 3)];
        let scores = window(&spans, &[0.0, 0.0, 5.0], &[5.0, 1.0, 2.0]);
        let found = best(&[&scores], 3);
        assert_eq!((found[0].start, found[0].end, found[0].score), (2, 3, 7.0));
        assert_eq!(found.len(), 6, "of nine pairs three end before they start");
        assert!(best(&[&scores], 2).iter().all(|found| found.end - found.start <= 2));
        assert!(found.is_sorted_by(|one, next| one.score >= next.score));
    }

    #[test]
    fn what_two_windows_share_is_one_candidate_with_the_better_score() {
        let first = window(&[(0, 1), (1, 2)], &[1.0, 2.0], &[1.0, 2.0]);
        let second = window(&[(1, 2), (2, 3)], &[3.0, 0.0], &[3.0, 0.0]);
        let found = best(&[&first, &second], 9);
        assert_eq!(
            found[0],
            Candidate {
                start: 1,
                end: 2,
                score: 6.0
            }
        );
        assert_eq!(
            found.iter().filter(|found| (found.start, found.end) == (1, 2)).count(),
            1
        );
        assert_eq!(found.len(), 5);
    }

    #[test]
    fn the_best_of_many_are_those_of_a_sort() {
        let count = 40usize;
        let spans: Vec<(u32, u32)> = (0..count as u32).map(|at| (at, at + 1)).collect();
        let mut state = 3u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32
        };
        let [starts, ends] = [(); 2].map(|()| (0..count).map(|_| random()).collect::<Vec<f32>>());
        let mut all: Vec<f32> = (0..count)
            .flat_map(|from| (from..count.min(from + 7)).map(move |to| (from, to)))
            .map(|(from, to)| starts[from] + ends[to])
            .collect();
        all.sort_by(|one, next| next.total_cmp(one));
        let found = best(&[&window(&spans, &starts, &ends)], 7);
        assert_eq!(found.iter().map(|found| found.score).collect::<Vec<_>>(), all[..KEPT]);
    }

    #[test]
    fn no_answer_is_as_likely_as_in_the_window_that_doubts_it_most() {
        let with = |no_answer| WindowScores {
            no_answer,
            ..WindowScores::default()
        };
        assert_eq!(no_answer_score(&[&with([3.0, 1.0]), &with([1.0, 0.5])]), 1.5);
    }
}
