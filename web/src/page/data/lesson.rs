//! Names the lessons that come with the site, and where their files are; brings the one that suits a model.

use terakoya_core::task_kind::TaskKind;
use yew::Context;

use super::{Asked, Placing, Source, Table};
use crate::page::app::App;

/// The lesson that fills an empty table.
const FIRST_LESSON: Lesson = Lesson::Sentiment;

/// A lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lesson {
    /// Opinions, good or bad.
    Sentiment,
    /// What a sentence is about.
    Topic,
    /// How alike two sentences are.
    Similarity,
    /// Whether one sentence follows from another.
    Inference,
    /// Names of people, places and the like.
    Names,
    /// Answers that stand in a passage.
    Answers,
    /// Tales by one author.
    Style,
}

impl Lesson {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Sentiment,
        Self::Topic,
        Self::Similarity,
        Self::Inference,
        Self::Names,
        Self::Answers,
        Self::Style,
    ];

    /// The end of its ids.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sentiment => "sentiment",
            Self::Topic => "topic",
            Self::Similarity => "similarity",
            Self::Inference => "inference",
            Self::Names => "names",
            Self::Answers => "answers",
            Self::Style => "style",
        }
    }

    /// Its file.
    pub fn file(self) -> &'static str {
        match self {
            Self::Sentiment => "sentiment.csv",
            Self::Topic => "topic.csv",
            Self::Similarity => "similarity.csv",
            Self::Inference => "inference.csv",
            Self::Names => "names.json",
            Self::Answers => "answers.json",
            Self::Style => "style.txt",
        }
    }

    /// Where the site has it.
    pub fn address(self) -> String {
        let folder = match self {
            Self::Sentiment | Self::Topic => "lessons",
            Self::Similarity | Self::Inference | Self::Names | Self::Answers | Self::Style => "lessons/corpora",
        };
        format!("{folder}/{}", self.file())
    }
}

impl App {
    /// Fills a table that nothing was ever in, so that every step works at once; a mere lesson that the model can never learn gives
    /// way to one that it can.
    pub fn fetch_first_lesson(&mut self, ctx: &Context<Self>) {
        let continues = self.model_continues();
        let first = if continues { Lesson::Style } else { FIRST_LESSON };
        let is_strange = (self.data.table.task == TaskKind::CausalLm) != continues;
        let is_new = !self.data.reading && self.data.remembered.is_none() && *self.data.table == Table::default();
        if is_new || (self.data.origin.is_mere_lesson() && is_strange) {
            self.fetch_lesson(ctx, first);
        }
    }

    /// Whether the model continues texts, and does nothing else.
    fn model_continues(&self) -> bool {
        let opened = self.model.opened.as_ref();
        opened.is_some_and(|model| model.inspection.task == Some(TaskKind::CausalLm))
    }

    /// What a plain text is an example of.
    pub(super) fn plain_task(&self, placing: Placing) -> TaskKind {
        let of_model = self.model.opened.as_ref().and_then(|model| model.inspection.task);
        match (of_model, self.data.table.task) {
            (Some(TaskKind::CausalLm), _) => TaskKind::CausalLm,
            _ if placing == Placing::Lesson(Lesson::Style) => TaskKind::MaskedLm,
            (_, task @ (TaskKind::MaskedLm | TaskKind::CausalLm)) => task,
            (Some(TaskKind::MaskedLm), _) => TaskKind::MaskedLm,
            _ => TaskKind::default(),
        }
    }

    pub(super) fn fetch_lesson(&mut self, ctx: &Context<Self>, lesson: Lesson) {
        let (name, source) = (lesson.file().to_owned(), Source::Site(lesson.address()));
        self.read_source(ctx, Asked::new(name, Placing::Lesson(lesson), source));
    }
}
