//! Draws a row of the table: its text, in which answers are marked and can be selected, and its answer.

use web_sys::{Element, HtmlTextAreaElement};
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
    /// Whether its text is being corrected.
    pub editing: bool,
    /// Begins or ends that.
    pub onedit: Callback<Option<usize>>,
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
    let form = tasks::of(props.table.task);
    let selects = form.answers && form.second != Second::Text;
    let edit = match selects {
        true => Callback::noop(),
        false => props.onedit.reform(move |_: MouseEvent| Some(number)),
    };
    html! {
        <tr id={format!("row-{number}")} data-row={number.to_string()} tabindex={if props.stop { "0" } else { "-1" }}
            class={classes!((!is_known(row, props.table.task)).then_some("unlabelled"))}>
            <th scope="row" class="number">{ figures::count(number + 1) }</th>
            <td class="text" ondblclick={edit}>
                if props.editing {
                    <Editor words={w} text={row.text.clone()} onend={end_of_edit(props)} />
                } else {
                    { text(props) }
                }
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

/// Takes the corrected text, if there is one, and gives the focus back to the row.
fn end_of_edit(props: &Props) -> Callback<Option<String>> {
    let (number, onedit, emit) = (props.number, props.onedit.clone(), props.emit.clone());
    Callback::from(move |text: Option<String>| {
        focus_row(number);
        onedit.emit(None);
        if let Some(text) = text {
            emit.emit(DataMsg::Edit(number, text));
        }
    })
}

#[derive(Properties, PartialEq)]
struct EditorProps {
    words: Words,
    text: String,
    onend: Callback<Option<String>>,
}

/// A box in place of a text; Enter or leaving it takes the text, Escape leaves it as it was.
#[component]
fn Editor(props: &EditorProps) -> Html {
    let node = use_node_ref();
    use_effect_with((), {
        let node = node.clone();
        move |()| {
            if let Some(area) = node.cast::<Element>() {
                browser::focus(&area);
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
        Callback::from(move |_: FocusEvent| end(true))
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.is_composing() && !event.shift_key() => {
            event.prevent_default();
            end(true);
        }
        "Escape" => end(false),
        _ => {}
    });
    html! {
        <textarea ref={node} rows="2" value={props.text.clone()} aria-label={props.words.text_column()} {onblur} {onkeydown} />
    }
}
