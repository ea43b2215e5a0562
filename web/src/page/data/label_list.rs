//! Takes a list of labels: with the data file that it came with, for the last file that was not read, or for the table.

use js_sys::{ArrayBuffer, Uint8Array};
use terakoya_core::data::read_label_names;
use wasm_bindgen::JsValue;
use web_sys::File;
use yew::Context;

use super::{Asked, Data, DataMsg, Filter, MOST_BYTES, Placing, Problem, Source};
use crate::messages::in_words;
use crate::page::app::{App, Msg};
use crate::page::browser;

/// Names of files that list labels, one a line in the order of their numbers.
const LISTS: [&str; 2] = ["labels.txt", "label_list.txt"];

impl Data {
    /// Forgets what was wrong with the last file, and which files were left out beside it.
    pub(super) fn forget_file(&mut self) {
        self.left_out.clear();
        if self.unread.take().is_some() {
            self.error = None;
        }
    }

    /// Names the labels of the table by a list, if they are its numbers; its columns are read with the list from now on.
    pub(super) fn name_labels(&mut self, names: Vec<String>) {
        let mut table = (*self.table).clone();
        let source = self.origin.source.clone().unwrap_or_else(|| "table".to_owned());
        self.error = match table.name_labels(&names, &source) {
            Ok(()) if table == *self.table => Some(Problem::NoNumbers),
            Ok(()) => {
                *self.table.change() = table;
                self.origin.listed_labels = Some(names.len());
                (self.filter, self.page) = (Filter::All, 0);
                if let Some(sheet) = self.sheet.as_mut().filter(|sheet| !sheet.unread) {
                    sheet.change().asked.label_names = Some(names);
                }
                None
            }
            Err(error) => Some(Problem::Malformed(in_words(&error))),
        };
    }
}

impl App {
    /// Reads the first data file of those that came together, and the list of labels among them before it.
    pub(super) fn read_files(&mut self, ctx: &Context<Self>, files: Vec<File>) {
        let is_list = |file: &File| LISTS.contains(&file.name().as_str());
        let (large, files): (Vec<File>, Vec<File>) = files.into_iter().partition(|file| file.size() > MOST_BYTES);
        let (lists, others): (Vec<File>, Vec<File>) = files.into_iter().partition(is_list);
        let (mut large, mut lists, mut others) = (large.into_iter(), lists.into_iter(), others.into_iter());
        let asked = |file: File| Asked::new(file.name(), Placing::Replace, Source::File(file));
        let asked = others.next().map(asked);
        // A list beside a file that is refused is that file's.
        let refused = if asked.is_none() { large.next() } else { None };
        let list = if refused.is_none() { lists.next() } else { None };
        let data = self.data.change();
        if asked.is_some() || refused.is_some() {
            data.forget_file();
        }
        data.left_out = large.chain(lists).chain(others).map(|file| file.name()).collect();
        if let Some(file) = refused {
            data.error = Some(Problem::TooLarge {
                name: file.name(),
                bytes: file.size() as u64,
            });
        }
        match (list, asked) {
            (Some(list), asked) => ctx.link().send_future(async move {
                let bytes = browser::read_file(list.clone().into()).await;
                Msg::Data(DataMsg::LabelList(list.name(), bytes, asked.map(Box::new)))
            }),
            (None, Some(asked)) => self.read_source(ctx, asked),
            (None, None) => {}
        }
    }

    /// Names labels by a list: those of the file that is `asked` for or being read, or of what is there.
    pub(super) fn take_label_list(
        &mut self,
        ctx: &Context<Self>,
        name: String,
        bytes: Result<ArrayBuffer, JsValue>,
        asked: Option<Box<Asked>>,
    ) {
        let names = match bytes {
            Ok(bytes) => read_label_names(&name, &Uint8Array::new(&bytes).to_vec())
                .map_err(|error| Problem::Malformed(in_words(&error))),
            Err(reason) => Err(Problem::Unreadable {
                name,
                reason: browser::reason(&reason),
            }),
        };
        let data = self.data.change();
        match (names, asked, data.unread.clone()) {
            (Err(problem), ..) => data.error = Some(problem),
            (Ok(names), Some(asked), _) => {
                data.list = Some(names);
                self.read_source(ctx, *asked);
            }
            (Ok(names), ..) if data.reading => data.list = Some(names),
            (Ok(names), None, Some(unread)) => self.read_with(ctx, &unread.0, names),
            (Ok(names), None, None) => {
                let before = (data.table.clone(), data.origin.clone());
                data.name_labels(names);
                if data.error.is_none() {
                    data.previous = Some(before);
                    self.table_changed(ctx);
                }
            }
        }
    }

    /// Reads a file again, with the labels that it may give by their numbers.
    pub(super) fn read_with(&mut self, ctx: &Context<Self>, asked: &Asked, names: Vec<String>) {
        let label_names = Some(names);
        let asked = asked.clone();
        self.read_source(ctx, Asked { label_names, ..asked });
    }
}
