//! Names the lessons that come with the site, and where their files are.

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
}

impl Lesson {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Sentiment,
        Self::Topic,
        Self::Similarity,
        Self::Inference,
        Self::Names,
        Self::Answers,
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
        }
    }

    /// Where the site has it.
    pub fn address(self) -> String {
        let folder = match self {
            Self::Sentiment | Self::Topic => "lessons",
            Self::Similarity | Self::Inference | Self::Names | Self::Answers => "lessons/corpora",
        };
        format!("{folder}/{}", self.file())
    }
}
