//! Keeps what a table was read from, so that it can be read again once its columns are known.

use terakoya_core::data::{Columns, Preview};
use web_sys::File;

use super::Placing;
use crate::messages::ChosenColumns;

/// Where the bytes of a file come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// The user's disk.
    File(File),
    /// The clipboard.
    Text(String),
    /// The site, by their address.
    Site(String),
}

/// A file that is to be read.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// Where its rows come.
    pub placing: Placing,
    /// Where its bytes are.
    pub source: Source,
    /// The columns that the user chose.
    pub columns: ChosenColumns,
    /// The labels that the data may give by their numbers.
    pub label_names: Option<Vec<String>>,
}

/// A table whose columns can be chosen.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The file.
    pub asked: Asked,
    /// Its beginning.
    pub preview: Preview,
    /// What each column was read as.
    pub roles: Vec<Role>,
    /// Whether the first row names the columns.
    pub header: bool,
    /// Whether it waits for its columns.
    pub unread: bool,
}

/// What a column is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Role {
    /// Not read.
    #[default]
    Unused,
    /// The text.
    Text,
    /// The second text.
    Pair,
    /// The right answer.
    Label,
    /// Picks rows by its value.
    Filter,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Unused, Self::Text, Self::Pair, Self::Label, Self::Filter];

    /// Its value in a choice.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Text => "text",
            Self::Pair => "pair",
            Self::Label => "label",
            Self::Filter => "filter",
        }
    }
}

impl Asked {
    /// A file whose columns nobody has chosen.
    pub fn new(name: String, placing: Placing, source: Source) -> Self {
        let columns = ChosenColumns::default();
        Self {
            name,
            placing,
            source,
            columns,
            label_names: None,
        }
    }
}

impl Sheet {
    /// Of a file that was read; nothing where reading it again would leave its rows there twice, or it is a lesson.
    pub fn of_read(asked: Asked, preview: Option<Preview>, columns: &Columns) -> Option<Self> {
        if asked.placing != Placing::Replace {
            return None;
        }
        let preview = preview?;
        let mut roles = vec![Role::Unused; preview.values.len()];
        let chosen = [
            (Some(&columns.text), Role::Text),
            (columns.pair.as_ref(), Role::Pair),
            (columns.label.as_ref(), Role::Label),
        ];
        for (column, role) in chosen {
            if let Some(found) = column.and_then(|column| roles.get_mut(column.number.wrapping_sub(1))) {
                *found = role;
            }
        }
        Some(Self {
            roles,
            header: columns.header,
            unread: false,
            asked,
            preview,
        })
    }

    /// Of a file that was not read.
    pub fn of_unread(asked: Asked, preview: Option<Preview>) -> Option<Self> {
        let preview = preview?;
        Some(Self {
            roles: vec![Role::Unused; preview.values.len()],
            header: false,
            unread: true,
            asked,
            preview,
        })
    }

    /// What to read where the columns are these, and only rows whose value in the filter's column is `value`.
    pub fn chosen(&self, roles: &[Role], header: bool, value: &str) -> ChosenColumns {
        let names = self.preview.names.as_ref();
        // Names in a header may be there twice, or only digits, and the preview has but their beginnings.
        let column = |wanted: Role| {
            let index = roles.iter().position(|role| *role == wanted)?;
            match names {
                Some(names) => names.get(index).cloned(),
                None => Some((index + 1).to_string()),
            }
        };
        ChosenColumns {
            text: column(Role::Text),
            pair: column(Role::Pair),
            label: column(Role::Label),
            filter: column(Role::Filter),
            value: value.to_owned(),
            header: names.is_none().then_some(header),
        }
    }
}
