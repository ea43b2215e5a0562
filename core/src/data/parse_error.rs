//! Says what is wrong with an option that describes data.

/// Why an option that describes data cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// No such format.
    #[error("{found:?} is not a format; there are csv, tsv, semicolon, json, json-lines, conll, squad and text")]
    Format {
        /// What was given.
        found: String,
    },
    /// No such quoting.
    #[error("{found:?} is not a way of quoting; there are standard and none")]
    Quote {
        /// What was given.
        found: String,
    },
    /// A column needs a name or a number.
    #[error("a column needs a name or a 1-based number")]
    EmptyColumn,
    /// Not `COLUMN=VALUE`.
    #[error("{found:?} is not a filter; write COLUMN=VALUE, as in 5=train")]
    Filter {
        /// What was given.
        found: String,
    },
    /// Not two or three positive numbers.
    #[error("{found:?} is not a split; write two or three positive numbers, as in 8:2 or 8:1:1")]
    SplitRatios {
        /// What was given.
        found: String,
    },
    /// Not `OLD=NEW`.
    #[error("{found:?} is not part of a label map; write OLD=NEW,OLD=NEW, as in positive=1,negative=-1")]
    LabelMap {
        /// The part that is wrong.
        found: String,
    },
    /// One label is renamed twice.
    #[error("the label map renames {label:?} twice")]
    LabelMapTwice {
        /// The label.
        label: String,
    },
}
