//! Draws a row of the table: its text, in which answers are marked and can be selected, and its answer.

use terakoya_core::task_kind::TaskKind;
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::DataMsg;
use super::cells::GoldCell;
use super::gold::is_known;
use super::rows::focus_row;
use super::table::Table;
use crate::messages::Row;
use crate::page::browser;
use crate::page::figures;
use crate::page::marked::{Mark, Marked, shortened};
use crate::page::shared::Shared;
use crate::page::tasks::{self, Second};
use crate::page::words::Words;

/// What a row's box is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To correct the text.
    Correct,
    /// To select a part of the text, or of the passage, by keys.
    Select,
}

/// Whether an answer is a part of the text or of the passage.
pub fn selects(task: TaskKind) -> bool {
    let form = tasks::of(task);
    form.answers && form.second != Second::Text
}

/// What a row is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// Its number, from 0.
    pub number: usize,
    /// The row.
    pub row: Row,
    /// The examples, with their task and labels.
    pub table: Shared<Table>,
    /// Whether the tab key stops here.
    pub stop: bool,
    /// What a box is open for.
    pub open: Option<Purpose>,
    /// Opens a row's box, or closes it.
    pub onopen: Callback<Option<(usize, Purpose)>>,
    /// Takes what happens.
    pub emit: Callback<DataMsg>,
}

/// The row.
#[component]
pub fn RowView(props: &Props) -> Html {
    let Props {
        words: w, number, row, ..
    } = props;
    let (w, number) = (*w, *number);
    let ondelete = props.emit.reform(move |_: MouseEvent| DataMsg::Delete(number));
    // Where parts are selected, two clicks select a word.
    let correct = match selects(props.table.task) {
        true => Callback::noop(),
        false => props
            .onopen
            .reform(move |_: MouseEvent| Some((number, Purpose::Correct))),
    };
    html! {
        <tr id={format!("row-{number}")} data-row={number.to_string()} tabindex={if props.stop { "0" } else { "-1" }}
            class={classes!((!is_known(row, props.table.task)).then_some("unlabelled"))}>
            <th scope="row" class="number">{ figures::count(number + 1) }</th>
            <td class="text" ondblclick={correct}>
                if props.open != Some(Purpose::Correct) { { text(props) } }
                if let Some(purpose) = props.open { { text_box(props, purpose) } }
            </td>
            if tasks::of(props.table.task).answers {
                <td>
                    <GoldCell words={w} {number} row={row.clone()} table={props.table.clone()} stop={props.stop}
                        emit={props.emit.clone()} />
                </td>
            }
            <td>
                <button type="button" class="quiet" tabindex="-1" aria-label={w.delete_row()} title={w.delete_row()}
                    onclick={ondelete}>{ "×" }</button>
            </td>
        </tr>
    }
}

fn text(props: &Props) -> Html {
    let row = &props.row;
    let (text, pair) = (shortened(&row.text), row.text_pair.as_deref().map(shortened));
    let selectable = classes!("selectable");
    let form = tasks::of(props.table.task);
    match form.second {
        _ if !form.answers => html! { <div class="running-text">{ text }</div> },
        Second::Text => html! {
            <>
                <span>{ text }</span>
                if let Some(pair) = pair { <span class="second">{ pair }</span> }
            </>
        },
        Second::Nothing => {
            let marks = Mark::of_spans(&row.named_parts(), &props.table.labels);
            html! { <Marked class={selectable} {text} {marks} /> }
        }
        Second::Passage => html! {
            <>
                <span>{ text }</span>
                <span class="second"><Marked class={selectable} text={pair.unwrap_or_default()} marks={answers(row)} /></span>
            </>
        },
    }
}

fn answers(row: &Row) -> Vec<Mark> {
    let answers = row.gold.answers().unwrap_or_default().iter();
    let mark = |answer: &terakoya_core::data::AnswerSpan| Mark {
        start: answer.start as usize,
        end: answer.start as usize + answer.text.chars().count(),
        class: "answer-mark".to_owned(),
        label: String::new(),
        title: String::new(),
    };
    answers.map(mark).collect()
}

/// The open box; what is corrected in it is taken, and the row gets the focus back.
fn text_box(props: &Props, purpose: Purpose) -> Html {
    let (number, row) = (props.number, &props.row);
    let (onopen, emit) = (props.onopen.clone(), props.emit.clone());
    let onend = Callback::from(move |text: Option<String>| {
        focus_row(number);
        onopen.emit(None);
        if let Some(text) = text {
            emit.emit(DataMsg::Edit(number, text));
        }
    });
    let (label, text) = match purpose {
        Purpose::Correct => (props.words.text_column(), row.text.clone()),
        // A box makes one character of the two that end a line on some systems.
        Purpose::Select => (
            props.words.keys_hint(props.table.task),
            row.text_pair.as_ref().unwrap_or(&row.text).replace('\r', " "),
        ),
    };
    html! { <TextBox {purpose} {label} {text} {onend} /> }
}

#[derive(Properties, PartialEq)]
struct TextBoxProps {
    purpose: Purpose,
    label: &'static str,
    text: String,
    onend: Callback<Option<String>>,
}

/// A box with a text. Enter or leaving it takes what was corrected, Escape leaves that as it was; a selection needs the box
/// until Escape.
#[component]
fn TextBox(props: &TextBoxProps) -> Html {
    let corrects = props.purpose == Purpose::Correct;
    let node = use_node_ref();
    use_effect_with(corrects, {
        let node = node.clone();
        move |corrects| {
            if let Some(area) = node.cast::<HtmlTextAreaElement>() {
                browser::focus(&area);
                if !corrects {
                    // A box's caret is at its end.
                    area.set_selection_end(Some(0)).unwrap_or_default();
                }
            }
        }
    });
    // Leaving the box by a key makes it lose the focus too: the edit ends once.
    let ended = use_mut_ref(|| false);
    let end = {
        let (node, old, onend) = (node.clone(), props.text.clone(), props.onend.clone());
        move |keep: bool| {
            if ended.replace(true) {
                return;
            }
            let text = node.cast::<HtmlTextAreaElement>().map(|area| area.value());
            onend.emit(text.filter(|text| keep && *text != old));
        }
    };
    let onblur = {
        let end = end.clone();
        Callback::from(move |_: FocusEvent| {
            if corrects {
                end(true);
            }
        })
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" if corrects && !event.is_composing() && !event.shift_key() => {
            event.prevent_default();
            end(true);
        }
        "Escape" => end(false),
        key if !corrects && would_change(&event, key) => event.prevent_default(),
        _ => {}
    });
    let oninput = {
        let text = props.text.clone();
        // What no key tells, such as a pasted text.
        Callback::from(move |event: InputEvent| {
            if let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>().filter(|_| !corrects) {
                area.set_value(&text);
            }
        })
    };
    // In a box that is `readonly` for the browser, too, Chromium's arrows select nothing.
    html! {
        <textarea ref={node} rows="2" aria-readonly={(!corrects).then_some("true")} value={props.text.clone()} aria-label={props.label}
            {onblur} {onkeydown} {oninput} />
    }
}

/// Whether a key changes what stands in a box.
fn would_change(event: &KeyboardEvent, key: &str) -> bool {
    let is_command = event.ctrl_key() || event.meta_key() || event.alt_key();
    !is_command && (key.chars().count() == 1 || ["Enter", "Backspace", "Delete"].contains(&key))
}
