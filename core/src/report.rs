//! Writes one page that shows how good a model is and where it fails; it opens from a file, without a network.
//!
//! [`Page::render`] is a function of data alone, so that the command line and the browser make the same page: `frame` is what
//! stands around, `scores`, `curves`, `confusion`, `scatter` are its figures, `listing` the table of examples that one can
//! sort, and `classes`, `labels`, `numbers`, `entities`, `answers`, `words` say what the examples of a task look like in it; `plot` is a picture of
//! its own, of texts in two dimensions.
//! Everything from files and users is escaped by maud.

mod answers;
mod chart;
mod classes;
mod confusion;
mod curves;
mod entities;
mod frame;
mod labels;
mod listing;
mod marks;
mod numbers;
pub mod plot;
mod scatter;
mod scores;
mod words;

pub use self::scores::spelled;

use maud::{Markup, html};

use crate::data::{Example, LabelMap};
use crate::metrics::counted;
use crate::predictions::WordGuess;
use crate::protocol::{Evaluation, Report, TrainingRecord};
use crate::tasks::TaskKind;

/// What the page tells of.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    /// What the model is called.
    pub model: &'a str,
    /// What the data is called.
    pub data: &'a str,
    /// What the model is for.
    pub task: TaskKind,
    /// The examples, with their gold.
    pub examples: &'a [Example],
    /// What the model made of them.
    pub evaluation: &'a Evaluation,
    /// The label map that the evaluation was made with.
    pub label_map: &'a LabelMap,
    /// What the model guessed for hidden words, where it hides any.
    pub guesses: Option<&'a [WordGuess]>,
    /// How the model was trained, where that is known.
    pub history: Option<&'a TrainingRecord>,
}

impl Page<'_> {
    /// The page as HTML, UTF-8.
    pub fn render(&self) -> String {
        frame::document(&format!("{} · {}", self.model, self.data), self.body())
    }

    fn body(&self) -> Markup {
        html! {
            header {
                h1 { (self.model) }
                p.caption {
                    (self.task.name()) " on " (self.data) ", " (counted(self.examples.len() as u64, ["example", "examples"]))
                }
            }
            main {
                section {
                    h2 { "Scores" }
                    (scores::cards(self.evaluation))
                }
                @if let Some(history) = self.history { (curves::section(history)) }
                (self.of_task())
            }
            footer { p.caption { "Made by Terakoya. The texts are in this file: whoever gets it can read them." } }
        }
    }

    /// What is shown of this task beside its scores; of a task without an arm, nothing.
    fn of_task(&self) -> Markup {
        match &self.evaluation.report {
            Report::Classification(report) => html! {
                (scores::classes("Labels", &report.per_class, &[]))
                (confusion::section(report))
                (classes::listing(self, report).render())
            },
            Report::MultiLabel(report) => html! {
                (scores::classes("Labels", &report.per_label, &labels::thresholds(self, report)))
                (labels::listing(self, report).render())
            },
            Report::Regression(_) => html! {
                (scatter::section(&numbers::points(self)))
                (numbers::listing(self).render())
            },
            Report::Entities(report) => html! {
                (scores::classes("Types", &report.per_type, &[]))
                (entities::listing(self, report).render())
            },
            Report::Answers(_) => answers::listing(self).render(),
            Report::Language(_) => html! {
                @if let Some(guesses) = self.guesses { (words::listing(guesses).render()) }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Gold;
    use crate::metrics::{classification_report, gold_labels};
    use crate::protocol::ClassPrediction;
    use crate::protocol::Prediction;

    const EVIL: &str = "<script>alert(\"x\")</script>&amp;\u{0}";

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let labels = [EVIL.to_owned(), "good".to_owned()];
        let gold = gold_labels([EVIL], &labels);
        let report = classification_report(&gold, &[1], &labels).expect("valid");
        let examples = [Example {
            text: EVIL.to_owned(),
            text_pair: Some(EVIL.to_owned()),
            gold: Gold::Label(EVIL.to_owned()),
            line: 1,
            id: None,
        }];
        let evaluation = Evaluation {
            loss: None,
            report: Report::Classification(report),
            predictions: vec![Prediction::Class(ClassPrediction::decode(&[0.0, 1.0], &labels))],
            truncated: 0,
        };
        let page = Page {
            model: EVIL,
            data: EVIL,
            task: TaskKind::SequenceClassification,
            examples: &examples,
            evaluation: &evaluation,
            label_map: &LabelMap::default(),
            guesses: None,
            history: None,
        };
        let html = page.render();
        assert!(!html.contains(EVIL) && !html.contains("<script>a"), "{html}");
        // Title, heading, caption; the label in its table and twice in the matrix; text, pair and gold of the example.
        let escaped = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;amp;\u{fffd}";
        assert!(html.matches(escaped).count() >= 9, "{html}");
        assert!(!html.contains('\u{0}'));
        assert!(html.contains(", 1 example</p>"), "{html}");
    }
}
