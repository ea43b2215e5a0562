//! Draws the buttons that turn the pages of a long list.

use yew::prelude::*;

use super::events::sift;
use super::words::Words;

/// What the buttons are drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The page that is shown, from 0.
    pub page: usize,
    /// Pages in all.
    pub pages: usize,
    /// Takes another page.
    pub onpage: Callback<usize>,
}

/// The buttons, unless there is one page only.
#[component]
pub fn Pager(props: &Props) -> Html {
    let w = props.words;
    let Props { page, pages, .. } = *props;
    if pages < 2 {
        return Html::default();
    }
    let turn = |text: &'static str, target: Option<usize>| {
        let onclick = sift(&props.onpage, move |_: MouseEvent| target);
        html! { <button type="button" class="secondary" disabled={target.is_none()} {onclick}>{ text }</button> }
    };
    html! {
        <nav class="pager" aria-label={w.pages_label()}>
            { turn(w.previous_page(), page.checked_sub(1)) }
            <span class="number">{ w.page_of(page + 1, pages) }</span>
            { turn(w.next_page(), Some(page + 1).filter(|next| *next < pages)) }
        </nav>
    }
}
