//! Holds the second step: where examples come from, their table, their labels, and how they are split.
//!
//! The worker reads files, since a large one takes a while; everything else happens here. `view` draws the step, with
//! `sources`, `labels` and `rows` for its parts.

mod labels;
mod rows;
mod sources;
pub mod table;
pub mod view;

use js_sys::ArrayBuffer;
use terakoya_core::data::ReadOptions;
use wasm_bindgen::JsValue;
use web_sys::File;
use yew::Context;

use self::table::{Filter, Parts, Table};
use super::app::{App, Msg};
use super::browser;
use super::client::Reply;
use super::shared::Shared;
use crate::messages::{Event, Request, Row};

/// The largest file that is read.
const MOST_BYTES: f64 = 50e6;
/// The lesson the page opens with.
const FIRST_LESSON: Lesson = Lesson::Sentiment;

/// A lesson that comes with the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lesson {
    /// Opinions, good or bad.
    Sentiment,
    /// What a sentence is about.
    Topic,
}

impl Lesson {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Sentiment, Self::Topic];

    /// The file's name without its extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sentiment => "sentiment",
            Self::Topic => "topic",
        }
    }
}

/// The state of the step.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// The examples.
    pub table: Shared<Table>,
    /// The table before the last change that took something away.
    pub previous: Option<Shared<Table>>,
    /// How the rows are shared out; follows the table, the share and the seed.
    pub parts: Shared<Parts>,
    /// What the rows came from.
    pub source: Option<String>,
    /// Which columns were read.
    pub columns: Option<String>,
    /// Why the last file could not be read.
    pub error: Option<Problem>,
    /// Whether a file is being read.
    pub reading: bool,
    /// Which rows are shown.
    pub filter: Filter,
    /// Which page of them, from 0.
    pub page: usize,
    /// Share of the evaluation rows, in percent.
    pub eval_percent: u32,
    /// Seed of the split and of the training.
    pub seed: u64,
    /// Whether the browser remembers the table.
    pub remembered: bool,
}

/// Why a file is not in the table.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// It is larger than the page reads.
    TooLarge {
        /// Its name.
        name: String,
        /// Its bytes.
        bytes: u64,
    },
    /// The browser did not hand it over.
    Unreadable {
        /// Its name.
        name: String,
        /// What the browser said.
        reason: String,
    },
    /// The core names line and reason.
    Malformed(String),
}

/// Whether rows replace those of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    /// They do.
    Replace,
    /// They come behind them.
    Append,
}

/// What happens in the step.
pub enum DataMsg {
    /// A lesson was chosen.
    Lesson(Lesson),
    /// A file was chosen or dropped.
    File(File),
    /// The bytes of a file are here.
    Bytes(String, Placing, Result<ArrayBuffer, JsValue>),
    /// A table was pasted.
    PasteTable(String),
    /// Texts were pasted, one a line.
    PasteLines(String),
    /// The worker has read the file of that name.
    Read(String, Placing, Box<Reply>),
    /// A row was typed.
    Add(Row),
    /// A text was corrected.
    Edit(usize, String),
    /// A row got a label, or lost it.
    SetLabel(usize, Option<String>),
    /// A row goes.
    Delete(usize),
    /// All rows go.
    Clear,
    /// The last loss is taken back.
    Undo,
    /// A new label.
    AddLabel(String),
    /// Another name for a label.
    RenameLabel(usize, String),
    /// A label goes.
    RemoveLabel(usize),
    /// Other rows are to be shown.
    Filter(Filter),
    /// Another page of them.
    Page(usize),
    /// Another share of evaluation rows, in percent.
    EvalPercent(u32),
    /// Another seed.
    Seed(u64),
    /// The rows as a file.
    Download,
    /// The table is to be remembered.
    Remember,
}

impl Data {
    /// What the browser remembers, or nothing yet.
    pub fn recalled() -> Self {
        let table = browser::recall("table").and_then(|json| serde_json::from_str::<Table>(&json).ok());
        let mut data = Self {
            eval_percent: 20,
            seed: 42,
            remembered: table.is_some(),
            table: Shared::new(table.unwrap_or_default()),
            ..Self::default()
        };
        data.share_out();
        data
    }

    fn share_out(&mut self) {
        self.parts = Shared::new(self.table.split(self.eval_percent, self.seed));
    }

    /// Changes the table so that it can be taken back.
    fn change_for_undo(&mut self) -> &mut Table {
        self.previous = Some(self.table.clone());
        self.table.change()
    }

    fn place(&mut self, name: &str, placing: Placing, rows: Vec<Row>, columns: Option<String>) {
        match placing {
            Placing::Replace if self.table.rows.is_empty() => *self.table.change() = Table::new(rows),
            Placing::Replace => *self.change_for_undo() = Table::new(rows),
            Placing::Append => self.table.change().append(rows),
        }
        self.source = Some(name.to_owned());
        self.columns = columns;
        self.error = None;
        self.filter = Filter::All;
        self.page = 0;
    }
}

impl App {
    /// Changes the state of the step; whether to draw.
    pub fn update_data(&mut self, ctx: &Context<Self>, msg: DataMsg) -> bool {
        match msg {
            DataMsg::Lesson(lesson) => self.fetch_lesson(ctx, lesson),
            DataMsg::File(file) => self.read_file(ctx, &file),
            DataMsg::Bytes(name, placing, bytes) => self.read_bytes(ctx, name, placing, bytes),
            DataMsg::PasteTable(text) => {
                let name = self.words.pasted().to_owned();
                self.read_bytes(ctx, name, Placing::Append, Ok(browser::utf8(&text)));
            }
            DataMsg::Read(name, placing, reply) => self.take_rows(ctx, &name, placing, reply.event),
            DataMsg::Download => {
                let csv = browser::utf8(&self.data.table.to_csv());
                browser::download("examples.csv", "text/csv", &csv);
                return false;
            }
            DataMsg::Remember => {
                let json = serde_json::to_string(&*self.data.table).unwrap_or_default();
                let remembered = browser::remember("table", &json);
                self.data.change().remembered = remembered;
            }
            DataMsg::Filter(filter) => {
                let data = self.data.change();
                (data.filter, data.page) = (filter, 0);
            }
            DataMsg::Page(page) => self.data.change().page = page,
            change => {
                self.change_table(change);
                self.table_changed(ctx);
            }
        }
        true
    }

    /// The messages that change rows, labels or their split, and nothing else.
    fn change_table(&mut self, msg: DataMsg) {
        let pasted = self.words.pasted();
        let data = self.data.change();
        match msg {
            DataMsg::PasteLines(text) => data.place(pasted, Placing::Append, lines(&text), None),
            DataMsg::Add(row) => data.table.change().append(vec![row]),
            DataMsg::Edit(number, text) => {
                if let Some(row) = data.table.change().rows.get_mut(number) {
                    row.text = text;
                }
            }
            DataMsg::SetLabel(number, label) => {
                let table = data.table.change();
                if let Some(label) = &label {
                    table.add_label(label);
                }
                if let Some(row) = table.rows.get_mut(number) {
                    row.label = label;
                }
            }
            DataMsg::Delete(number) => {
                let rows = &mut data.change_for_undo().rows;
                if number < rows.len() {
                    rows.remove(number);
                }
            }
            DataMsg::Clear => {
                *data.change_for_undo() = Table::default();
                (data.source, data.columns) = (None, None);
            }
            DataMsg::Undo => {
                if let Some(previous) = data.previous.take() {
                    data.table = previous;
                }
            }
            DataMsg::AddLabel(label) => data.table.change().add_label(&label),
            DataMsg::RenameLabel(number, name) => data.change_for_undo().rename_label(number, &name),
            DataMsg::RemoveLabel(number) => data.change_for_undo().remove_label(number),
            DataMsg::EvalPercent(percent) => data.eval_percent = percent.clamp(5, 50),
            DataMsg::Seed(seed) => data.seed = seed,
            _ => {}
        }
    }

    /// Follows a change of the table: the split, the memory of the browser, what was measured.
    pub fn table_changed(&mut self, ctx: &Context<Self>) {
        self.data.change().share_out();
        self.forget_measurement();
        self.remember_table_soon(ctx);
    }

    /// Fills an empty table, so that every step works at once.
    pub fn fetch_first_lesson(&mut self, ctx: &Context<Self>) {
        if self.data.table.rows.is_empty() {
            self.fetch_lesson(ctx, FIRST_LESSON);
        }
    }

    fn fetch_lesson(&mut self, ctx: &Context<Self>, lesson: Lesson) {
        let name = format!("{}.csv", lesson.name());
        let address = format!("lessons/{name}");
        self.data.change().reading = true;
        ctx.link().send_future(async move {
            let bytes = browser::fetch(&address).await;
            Msg::Data(DataMsg::Bytes(name, Placing::Replace, bytes))
        });
    }

    fn read_file(&mut self, ctx: &Context<Self>, file: &File) {
        let name = file.name();
        let data = self.data.change();
        if file.size() > MOST_BYTES {
            data.error = Some(Problem::TooLarge {
                name,
                bytes: file.size() as u64,
            });
            return;
        }
        data.reading = true;
        let blob = file.clone().into();
        ctx.link().send_future(async move {
            let bytes = browser::read_file(blob).await;
            Msg::Data(DataMsg::Bytes(name, Placing::Replace, bytes))
        });
    }

    fn read_bytes(&mut self, ctx: &Context<Self>, name: String, placing: Placing, bytes: Result<ArrayBuffer, JsValue>) {
        let data = self.data.change();
        match bytes {
            Ok(bytes) => {
                data.reading = true;
                let request = Request::ReadData {
                    name: name.clone(),
                    options: ReadOptions::default(),
                };
                let read = move |reply| Msg::Data(DataMsg::Read(name.clone(), placing, Box::new(reply)));
                self.send_with(request, &[bytes], ctx.link().callback(read));
            }
            Err(reason) => {
                data.reading = false;
                let reason = browser::reason(&reason);
                data.error = Some(Problem::Unreadable { name, reason });
            }
        }
    }

    fn take_rows(&mut self, ctx: &Context<Self>, name: &str, placing: Placing, event: Event) {
        let data = self.data.change();
        data.reading = false;
        match event {
            Event::Data { rows, columns } => {
                data.place(name, placing, rows, Some(columns));
                self.table_changed(ctx);
            }
            Event::Failed { message } => data.error = Some(Problem::Malformed(message)),
            _ => {}
        }
    }
}

/// One row a line that holds more than spaces.
fn lines(text: &str) -> Vec<Row> {
    let row = |line: &str| Row {
        text: line.to_owned(),
        ..Row::default()
    };
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(row)
        .collect()
}
