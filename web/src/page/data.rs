//! Holds the second step: where examples come from, their table, their labels, and how they are split.
//!
//! The worker reads files, since a large one takes a while; everything else happens here. `view` draws the step, with
//! `sources`, `labels` and `rows` for its parts; `gold` changes answers, `answering` gives them by key press.

mod answering;
mod aside;
mod cells;
mod columns;
pub mod gold;
mod label_list;
mod label_select;
mod labels;
mod lesson;
mod new_row;
mod row;
mod rows;
mod sheet;
mod sources;
pub mod table;
pub mod view;

use js_sys::ArrayBuffer;
use terakoya_core::data::{Columns, Damage, Gold};
use terakoya_core::task_kind::TaskKind;
use wasm_bindgen::JsValue;
use web_sys::File;
use yew::Context;

pub use self::lesson::Lesson;
pub use self::sheet::Role;
use self::sheet::{Asked, Sheet, Source};
use self::table::{Filter, Parts, Table};
use super::app::{App, Msg};
use super::browser;
use super::client::Reply;
use super::shared::Shared;
use super::training::form::FieldError;
use crate::files;
use crate::messages::{ChosenColumns, DataFile, Event, Request, Row};

/// The largest file that is read.
const MOST_BYTES: f64 = 50e6;

/// The state of the step.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// The examples.
    pub table: Shared<Table>,
    /// What was there before the last change that took something away, or brought rows behind others.
    pub previous: Option<(Shared<Table>, Origin)>,
    /// How the rows are shared out; follows the table, the share and the seed.
    pub parts: Shared<Parts>,
    /// What the rows came from.
    pub origin: Origin,
    /// Why the last file could not be read.
    pub error: Option<Problem>,
    /// That file, with its other rows where only some are damaged.
    unread: Option<Shared<(Asked, Event)>>,
    /// A list of labels for the file that is being read.
    pub list: Option<Vec<String>>,
    /// Files that came together with the last and were not read.
    pub left_out: Vec<String>,
    /// The last file, where it is a table whose columns can be chosen.
    pub sheet: Option<Shared<Sheet>>,
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
    /// What was typed in its place.
    pub seed_error: Option<FieldError>,
    /// Whether the browser remembers the table; nothing until it was asked to.
    pub remembered: Option<bool>,
}

/// What the newest rows came from, as far as they came together.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The file's name.
    pub source: Option<String>,
    /// The lesson they are, if they are one.
    pub lesson: Option<Lesson>,
    /// Whether rows or labels were changed since.
    pub touched: bool,
    /// Which columns were read.
    pub columns: Option<Columns>,
    /// How many labels a list of them has, where it named those of the rows.
    pub listed_labels: Option<usize>,
}

impl Origin {
    /// Whether the rows are a lesson, and nobody's work is in them.
    fn is_mere_lesson(&self) -> bool {
        self.lesson.is_some() && !self.touched
    }
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
    /// Some of its rows cannot be read.
    Damaged {
        /// Which, and why.
        damage: Damage,
        /// How many can be read.
        rows: usize,
    },
    /// A list of labels came for answers that are no numbers of them.
    NoNumbers,
}

/// Whether rows replace those of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    /// They do, and are a lesson.
    Lesson(Lesson),
    /// They do.
    Replace,
    /// They come behind them, but for a lesson that was only shown.
    Append,
}

/// What happens in the step.
pub enum DataMsg {
    /// A lesson was chosen.
    Lesson(Lesson),
    /// Files were chosen or dropped.
    Files(Vec<File>),
    /// A list of labels is here, by its name and its bytes, and with it perhaps a file that is to be read.
    LabelList(String, Result<ArrayBuffer, JsValue>, Option<Box<Asked>>),
    /// The bytes of a file are here.
    Bytes(Box<Asked>, Result<ArrayBuffer, JsValue>),
    /// A table was pasted.
    PasteTable(String),
    /// Texts were pasted, one a line.
    PasteLines(String),
    /// The worker has read a file.
    Read(Box<Asked>, Box<Reply>),
    /// The rows that can be read of a damaged file are to be taken.
    TakeReadable,
    /// The last file is to be read again, with these columns.
    Columns(ChosenColumns),
    /// A row was typed.
    Add(Row),
    /// A text was corrected.
    Edit(usize, String),
    /// A row got an answer, or lost it.
    SetGold(usize, Gold),
    /// The rows are examples of another task.
    SetTask(TaskKind),
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
    /// Another seed was typed.
    Seed(String),
    /// The rows as a file.
    Download,
    /// The table is to be remembered.
    Remember,
}

impl Data {
    /// What the browser remembers, or nothing yet.
    pub fn recalled() -> Self {
        let table = browser::recall("table").and_then(|json| serde_json::from_str::<Table>(&json).ok());
        let split = browser::recall("split").and_then(|json| serde_json::from_str(&json).ok());
        let (eval_percent, seed) = split.unwrap_or((20, 42));
        let mut data = Self {
            eval_percent: within(eval_percent),
            seed,
            remembered: table.is_some().then_some(true),
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
        self.previous = Some((self.table.clone(), self.origin.clone()));
        self.table.change()
    }

    /// Takes the last such change back; whether the rows are of another kind now.
    fn undo(&mut self) -> bool {
        let kind = |table: &Table| (table.task, table.has_pairs());
        let undone = kind(&self.table);
        if let Some(previous) = self.previous.take() {
            (self.table, self.origin) = previous;
        }
        undone != kind(&self.table)
    }

    /// Takes rows that were read as examples of `task`; those that come behind others become examples of theirs.
    fn place(&mut self, name: &str, placing: Placing, task: TaskKind, rows: Vec<Row>) {
        match placing {
            _ if self.table.rows.is_empty() => *self.table.change() = Table::new(task, rows),
            Placing::Append if !self.origin.is_mere_lesson() => self.change_for_undo().append(rows),
            _ => *self.change_for_undo() = Table::new(task, rows),
        }
        self.origin = Origin {
            source: Some(name.to_owned()),
            lesson: match placing {
                Placing::Lesson(lesson) => Some(lesson),
                Placing::Replace | Placing::Append => None,
            },
            ..Origin::default()
        };
        self.error = None;
        self.unread = None;
        self.sheet = None;
        self.filter = Filter::All;
        self.page = 0;
    }
}

impl App {
    /// Changes the state of the step; whether to draw.
    pub fn update_data(&mut self, ctx: &Context<Self>, msg: DataMsg) -> bool {
        if let DataMsg::Lesson(_) | DataMsg::PasteTable(_) | DataMsg::PasteLines(_) | DataMsg::Clear | DataMsg::Undo =
            msg
        {
            self.data.change().forget_file();
        }
        match msg {
            DataMsg::Lesson(lesson) => self.fetch_lesson(ctx, lesson),
            DataMsg::Files(files) => self.read_files(ctx, files),
            DataMsg::LabelList(name, bytes, asked) => self.take_label_list(ctx, name, bytes, asked),
            DataMsg::PasteTable(text) => {
                let name = self.words.pasted().to_owned();
                self.read_source(ctx, Asked::new(name, Placing::Append, Source::Text(text)));
            }
            DataMsg::Columns(columns) => {
                let Some(sheet) = self.data.sheet.clone() else {
                    return false;
                };
                let asked = sheet.asked.clone();
                self.read_source(ctx, Asked { columns, ..asked });
            }
            DataMsg::Bytes(asked, bytes) => self.read_bytes(ctx, asked, bytes),
            DataMsg::Read(asked, reply) => self.take_rows(ctx, *asked, reply.event),
            DataMsg::TakeReadable => self.take_readable(ctx),
            DataMsg::Download => {
                let file = files::write_table(&self.data.table.rows);
                let name = format!("examples.{}", file.extension);
                browser::download(&name, "text/plain", &browser::utf8(&file.text));
                return false;
            }
            DataMsg::Remember => {
                let split = serde_json::to_string(&(self.data.eval_percent, self.data.seed)).unwrap_or_default();
                browser::remember("split", &split);
                // A table that nothing was ever in still waits for its first lesson.
                if self.data.remembered.is_some() || *self.data.table != Table::default() {
                    let json = serde_json::to_string(&*self.data.table).unwrap_or_default();
                    self.data.change().remembered = Some(browser::remember("table", &json));
                }
            }
            DataMsg::Filter(filter) => {
                let data = self.data.change();
                (data.filter, data.page) = (filter, 0);
            }
            DataMsg::Page(page) => self.data.change().page = page,
            DataMsg::SetTask(task) => {
                self.data.change().change_for_undo().set_task(task);
                self.table_changed(ctx);
                self.try_examples(ctx);
            }
            DataMsg::Undo => {
                let other_kind = self.data.change().undo();
                self.table_changed(ctx);
                if other_kind {
                    self.try_examples(ctx);
                }
            }
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
        let touches = !matches!(msg, DataMsg::EvalPercent(_) | DataMsg::Seed(_));
        match msg {
            DataMsg::PasteLines(text) => {
                let task = data.table.task;
                data.place(pasted, Placing::Append, task, lines(&text));
            }
            DataMsg::Add(row) => data.table.change().append(vec![row]),
            DataMsg::Edit(number, text) => data.change_for_undo().correct(number, text),
            DataMsg::SetGold(number, gold) => {
                let table = data.table.change();
                if let Some(row) = table.rows.get_mut(number) {
                    row.gold = gold;
                    gold::names(row).iter().for_each(|name| table.add_label(name));
                }
            }
            DataMsg::Delete(number) => data.change_for_undo().remove_row(number),
            DataMsg::Clear => {
                let task = data.table.task;
                *data.change_for_undo() = Table::new(task, Vec::new());
                data.origin = Origin::default();
            }
            DataMsg::AddLabel(label) => data.table.change().add_label(&label),
            DataMsg::RenameLabel(number, name) => data.change_for_undo().rename_label(number, &name),
            DataMsg::RemoveLabel(number) => data.change_for_undo().remove_label(number),
            DataMsg::EvalPercent(percent) => data.eval_percent = within(percent),
            DataMsg::Seed(text) => match text.trim().parse() {
                Ok(seed) => (data.seed, data.seed_error) = (seed, None),
                Err(_) => data.seed_error = Some(FieldError::of_seed(text)),
            },
            _ => {}
        }
        data.origin.touched |= touches;
    }

    /// Follows a change of the table: the split, the memory of the browser, what was measured.
    pub fn table_changed(&mut self, ctx: &Context<Self>) {
        self.data.change().share_out();
        let rows = self.data.parts.train.len();
        self.training.change().form.suit(&self.data.table, rows);
        self.forget_measurement(ctx);
        self.remember_table_soon(ctx);
    }

    fn read_source(&mut self, ctx: &Context<Self>, asked: Asked) {
        self.data.change().reading = true;
        ctx.link().send_future(async move {
            let bytes = match &asked.source {
                Source::File(file) => browser::read_file(file.clone().into()).await,
                Source::Text(text) => Ok(browser::utf8(text)),
                Source::Site(address) => browser::fetch(address).await,
            };
            Msg::Data(DataMsg::Bytes(Box::new(asked), bytes))
        });
    }

    fn read_bytes(&mut self, ctx: &Context<Self>, asked: Box<Asked>, bytes: Result<ArrayBuffer, JsValue>) {
        let plain = self.plain_task(asked.placing);
        match bytes {
            Ok(bytes) => {
                let request = Request::ReadData(DataFile {
                    name: asked.name.clone(),
                    plain,
                    columns: asked.columns.clone(),
                    label_names: asked.label_names.clone(),
                });
                let read = move |reply| Msg::Data(DataMsg::Read(asked.clone(), Box::new(reply)));
                self.send_with(request, &[bytes], ctx.link().callback(read));
            }
            Err(reason) => {
                let data = self.data.change();
                (data.reading, data.list) = (false, None);
                let (name, reason) = (asked.name, browser::reason(&reason));
                data.error = Some(Problem::Unreadable { name, reason });
            }
        }
    }

    fn take_readable(&mut self, ctx: &Context<Self>) {
        if let Some(unread) = self.data.change().unread.take() {
            let (asked, mut event) = (*unread).clone();
            if let Event::Data { damage, .. } = &mut event {
                *damage = Damage::default();
            }
            self.take_rows(ctx, asked, event);
        }
    }

    fn take_rows(&mut self, ctx: &Context<Self>, asked: Asked, event: Event) {
        let data = self.data.change();
        data.reading = false;
        let mut list = data.list.take();
        let is_damaged = matches!(&event, Event::Data { damage, .. } if damage.count > 0);
        // What is wrong may be that the file needs the list.
        if (is_damaged || matches!(event, Event::Unread { .. }))
            && let Some(names) = list.take()
        {
            return self.read_with(ctx, &asked, names);
        }
        match event {
            Event::Data {
                ref rows, ref damage, ..
            } if damage.count > 0 => {
                data.error = Some(Problem::Damaged {
                    damage: damage.clone(),
                    rows: rows.len(),
                });
                if asked.columns == ChosenColumns::default() {
                    data.sheet = None;
                }
                data.unread = Some(Shared::new((asked, event)));
            }
            Event::Data {
                task,
                rows,
                columns,
                preview,
                ..
            } => {
                data.place(&asked.name, asked.placing, task, rows);
                if let Some(names) = &asked.label_names {
                    match data.table.change().list_labels(names) {
                        true => data.origin.listed_labels = Some(names.len()),
                        false => data.error = Some(Problem::NoNumbers),
                    }
                }
                data.sheet = Sheet::of_read(asked, preview, &columns).map(Shared::new);
                data.origin.columns = Some(columns);
                if let Some(names) = list {
                    data.name_labels(names);
                }
                self.table_changed(ctx);
                self.try_examples(ctx);
            }
            Event::Unread {
                ref message,
                ref preview,
            } => {
                data.error = Some(Problem::Malformed(message.clone()));
                // Columns that were chosen can be chosen otherwise, whatever is wrong.
                if asked.columns == ChosenColumns::default() {
                    data.sheet = Sheet::of_unread(asked.clone(), preview.clone()).map(Shared::new);
                }
                data.unread = Some(Shared::new((asked, event)));
            }
            Event::Failed { message } => data.error = Some(Problem::Malformed(message)),
            _ => {}
        }
    }
}

/// A share that leaves rows on both sides, in percent.
fn within(percent: u32) -> u32 {
    percent.clamp(5, 50)
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
