//! Says what became of a file: why it was not read, or which of its columns were.

use terakoya_core::data::{ChosenColumn, Columns, Format};

use super::{Language, Words};
use crate::page::data::Role;
use crate::page::figures;

impl Words {
    /// A file that is not read.
    pub fn file_too_large(self, name: &str, size: &str) -> String {
        self.pick(
            format!("{name} は {size} あります。読めるのは 50 MB までです。"),
            format!("{name} has {size}; at most 50 MB are read."),
        )
    }

    /// A file the browser did not hand over.
    pub fn file_unreadable(self, name: &str, reason: &str) -> String {
        self.pick(
            format!("{name} を読み込めませんでした：{reason}"),
            format!("{name} could not be read: {reason}"),
        )
    }

    /// A file that is no table of examples.
    pub fn file_malformed(self, reason: &str) -> String {
        let reason = self.message(reason);
        self.pick(
            format!("読み込めませんでした。表はそのままです。{reason}"),
            format!("This was not read; the table is as it was. {reason}"),
        )
    }

    /// A file of which some rows cannot be read.
    pub fn rows_damaged(self, damaged: usize, rows: usize) -> String {
        let (damaged, rows) = (figures::count(damaged), figures::count(rows));
        self.pick(
            format!("読めなかったもの {damaged} 件、読めたもの {rows} 件。表はそのままです。"),
            format!("Rows that cannot be read: {damaged}; rows that can: {rows}. The table is as it was."),
        )
    }

    /// Those of them that are not listed.
    pub fn more_rows(self, count: usize) -> String {
        let count = figures::count(count);
        self.pick(format!("ほか {count} 件"), format!("{count} more"))
    }

    /// The button that takes the others.
    pub fn take_readable(self, rows: usize) -> String {
        let rows = figures::count(rows);
        self.pick(
            format!("読めた {rows} 件を使う"),
            format!("Use the rows that can be read ({rows})"),
        )
    }

    /// What a list of labels did.
    pub fn listed_labels(self, count: usize) -> String {
        self.pick(
            format!("ラベルの番号を一覧の {count} 個の名前にしました"),
            format!("labels named by a list of {count}"),
        )
    }

    /// What a list of labels could not do.
    pub fn no_label_numbers(self) -> &'static str {
        self.pick(
            "答えがラベルの番号ではないので、ラベルの一覧は使いませんでした。",
            "The list of labels was not used: the answers of these rows are no numbers of labels.",
        )
    }

    /// Files that came together with the one that was read.
    pub fn files_left_out(self, names: &[String]) -> String {
        self.pick(
            format!(
                "読まなかったファイル：{}。一度に読めるのは、50 MB までのファイル一つとラベルの一覧一つです。",
                names.join("、")
            ),
            format!(
                "Not read: {}. One file of at most 50 MB is read at a time, and one list of labels.",
                names.join(", ")
            ),
        )
    }

    /// A zip that is not read.
    pub fn model_too_large(self, name: &str, size: &str) -> String {
        self.pick(
            format!("{name} は {size} あり、ブラウザでは開けません。"),
            format!("{name} has {size}, which is too much for a browser."),
        )
    }

    /// What a column of a table is.
    pub fn role(self, role: Role) -> &'static str {
        match role {
            Role::Unused => self.pick("読まない", "not read"),
            Role::Text => self.pick("文", "the text"),
            Role::Pair => self.pick("二つ目の文", "the second text"),
            Role::Label => self.pick("答え（ラベル・点数）", "the answer: label or score"),
            Role::Filter => self.pick("行を選ぶ列", "picks the rows"),
        }
    }

    /// A column without a name.
    pub fn column_number(self, number: usize) -> String {
        self.pick(format!("{number} 列目"), format!("Column {number}"))
    }

    /// What was read from where.
    pub fn columns(self, columns: &Columns) -> String {
        if self.language == Language::English {
            return columns.to_string();
        }
        let format = match columns.format {
            Format::Semicolon => "セミコロン区切り".to_owned(),
            Format::JsonLines => "一行ごとの json".to_owned(),
            Format::Text => "テキスト".to_owned(),
            format => format.to_string(),
        };
        let header = match (columns.format, columns.header) {
            (Format::Csv | Format::Tsv | Format::Semicolon, true) => "（見出しあり）",
            (Format::Csv | Format::Tsv | Format::Semicolon, false) => "（見出しなし）",
            _ => "",
        };
        let of = |column: &ChosenColumn| match &column.name {
            Some(name) => name.clone(),
            None => format!("{} 列目", column.number),
        };
        let pair = columns.pair.as_ref().map(|pair| format!("、二つ目の文 = {}", of(pair)));
        let label = columns.label.as_ref().map(|label| format!("、ラベル = {}", of(label)));
        [
            format!("{format}{header}：文 = {}", of(&columns.text)),
            pair.unwrap_or_default(),
            label.unwrap_or_else(|| "、ラベルなし".to_owned()),
        ]
        .concat()
    }
}
