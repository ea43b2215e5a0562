//! Takes a list of labels: with the data file that it came with, for the last file that was not read, or for the table.

use js_sys::{ArrayBuffer, Uint8Array};
use terakoya_core::data::read_label_names;
use wasm_bindgen::JsValue;
use web_sys::File;
use yew::Context;

use super::{Asked, DataMsg, MOST_BYTES, Placing, Problem, Source};
use crate::messages::in_words;
use crate::page::app::{App, Msg};
use crate::page::browser;

/// Names of files that list labels, one a line in the order of their numbers.
const LISTS: [&str; 2] = ["labels.txt", "label_list.txt"];

impl App {
    /// Reads the first data file of those that came together, and the list of labels among them before it.
    pub(super) fn read_files(&mut self, ctx: &Context<Self>, files: Vec<File>) {
        if let Some(file) = files.iter().find(|file| file.size() > MOST_BYTES) {
            self.data.change().error = Some(Problem::TooLarge {
                name: file.name(),
                bytes: file.size() as u64,
            });
            return;
        }
        let (lists, others): (Vec<File>, Vec<File>) = files
            .into_iter()
            .partition(|file| LISTS.contains(&file.name().as_str()));
        let asked = |file: File| Asked::new(file.name(), Placing::Replace, Source::File(file));
        let asked = others.into_iter().next().map(asked);
        match (lists.into_iter().next(), asked) {
            (Some(list), asked) => ctx.link().send_future(async move {
                let bytes = browser::read_file(list.clone().into()).await;
                Msg::Data(DataMsg::LabelList(list.name(), bytes, asked.map(Box::new)))
            }),
            (None, Some(asked)) => self.read_source(ctx, asked),
            (None, None) => {}
        }
    }

    /// Names labels by a list: those of the file that is `asked` for, or of what is there.
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
        let unread = self.data.unread.as_ref().map(|unread| Box::new(unread.0.clone()));
        match (names, asked.or(unread)) {
            (Ok(names), Some(asked)) => {
                let label_names = Some(names);
                self.read_source(ctx, Asked { label_names, ..*asked });
            }
            (Ok(names), None) => self.name_table(ctx, &names),
            (Err(problem), _) => self.data.change().error = Some(problem),
        }
    }

    fn name_table(&mut self, ctx: &Context<Self>, names: &[String]) {
        let data = self.data.change();
        let mut table = (*data.table).clone();
        let source = data.origin.source.clone().unwrap_or_else(|| "table".to_owned());
        match table.name_labels(names, &source) {
            Ok(()) => {
                *data.change_for_undo() = table;
                data.origin.listed_labels = Some(names.len());
                data.error = None;
                self.table_changed(ctx);
            }
            Err(error) => data.error = Some(Problem::Malformed(in_words(&error))),
        }
    }
}
