//! Draws what holds the steps together: the head, the bar of steps, a step's place on the page, messages.

use gloo_events::EventListener;
use yew::prelude::*;

use super::browser;
use super::events::{chosen, sift};
use super::theme::Theme;
use super::words::{Language, Words};

/// Finds a step's title among the texts.
type Title = fn(Words) -> &'static str;

/// The steps: id of the section, and what the bar calls it.
const STEPS: [(&str, Title); 5] = [
    ("try", Words::try_title),
    ("data", Words::data_title),
    ("train", Words::train_title),
    ("read", Words::read_title),
    ("keep", Words::keep_title),
];

/// What a step is drawn from.
#[derive(Properties, PartialEq)]
pub struct StepProps {
    /// Id of the section.
    pub id: &'static str,
    /// What stands in the margin above the title.
    pub number: &'static str,
    /// The title.
    pub title: &'static str,
    /// One sentence below it.
    pub hint: &'static str,
    /// The step itself.
    pub children: Html,
}

/// A section of the page with its title in the margin.
#[component]
pub fn Step(props: &StepProps) -> Html {
    let title = format!("{}-title", props.id);
    html! {
        <section id={props.id} class="step" aria-labelledby={title.clone()}>
            <div class="margin">
                <span class="step-number" aria-hidden="true">{ props.number }</span>
                <h2 id={title}>{ props.title }</h2>
                <p class="hint">{ props.hint }</p>
            </div>
            <div class="sheet">{ props.children.clone() }</div>
        </section>
    }
}

/// What the head is drawn from.
#[derive(Properties, PartialEq)]
pub struct HeadProps {
    /// The language.
    pub words: Words,
    /// The theme.
    pub theme: Theme,
    /// Takes another language.
    pub onlanguage: Callback<Language>,
    /// Takes another theme.
    pub ontheme: Callback<Theme>,
}

/// The name, and the two choices of how to read the page.
#[component]
pub fn Head(props: &HeadProps) -> Html {
    let w = props.words;
    let onlanguage = sift(&props.onlanguage, |event| Language::of(&chosen(&event)?));
    let ontheme = sift(&props.ontheme, |event| Theme::of(&chosen(&event)?));
    html! {
        <header class="head">
            <a class="skip" href="#try">{ w.skip() }</a>
            <p class="wordmark"><span lang="ja">{ "寺子屋" }</span>{ " " }<small>{ "Terakoya" }</small></p>
            <div class="head-choices">
                <select id="language" aria-label={w.language_label()} onchange={onlanguage}>
                    { for Language::ALL.iter().map(|language| html! {
                        <option value={language.tag()} lang={language.tag()} selected={*language == w.language}>
                            { language.name() }
                        </option>
                    }) }
                </select>
                <select id="theme" aria-label={w.theme_label()} onchange={ontheme}>
                    { for Theme::ALL.iter().map(|theme| html! {
                        <option value={theme.name()} selected={*theme == props.theme}>{ w.theme(*theme) }</option>
                    }) }
                </select>
            </div>
        </header>
    }
}

/// What the bar is drawn from.
#[derive(Properties, PartialEq)]
pub struct StepBarProps {
    /// The language.
    pub words: Words,
    /// Sections something is going on in.
    pub busy: Vec<&'static str>,
}

/// The bar that stays at the top: where one is, and a way to each step.
#[component]
pub fn StepBar(props: &StepBarProps) -> Html {
    let w = props.words;
    let current = use_state_eq(|| STEPS[0].0);
    use_effect_with((), {
        let current = current.clone();
        move |()| {
            let listener = browser::window()
                .map(|window| EventListener::new(&window, "scroll", move |_| current.set(section_in_view())));
            move || drop(listener)
        }
    });
    html! {
        <nav class="steps" aria-label={w.steps_label()}>
            <ol>
                { for STEPS.iter().map(|(id, title)| {
                    let here = (*current == *id).then_some("location");
                    let busy = props.busy.contains(id);
                    html! {
                        <li>
                            <a href={format!("#{id}")} aria-current={here} class={classes!(busy.then_some("busy"))}>
                                { title(w) }
                            </a>
                        </li>
                    }
                }) }
            </ol>
        </nav>
    }
}

/// The last section whose top is above the middle of the window; the last of all at the end of the page.
fn section_in_view() -> &'static str {
    let (Some(window), Some(document)) = (browser::window(), browser::document()) else {
        return STEPS[0].0;
    };
    let height = window
        .inner_height()
        .ok()
        .and_then(|height| height.as_f64())
        .unwrap_or_default();
    let end = document.document_element().is_some_and(|root| {
        let bottom = f64::from(root.scroll_height());
        window.scroll_y().unwrap_or_default() + height >= bottom - 2.0
    });
    let top = |id: &str| {
        document
            .get_element_by_id(id)
            .map(|section| section.get_bounding_client_rect().top())
    };
    let above = |id: &str| top(id).is_some_and(|top| top < height * 0.4);
    match end {
        true => STEPS[STEPS.len() - 1].0,
        false => STEPS.iter().rev().find(|(id, _)| above(id)).unwrap_or(&STEPS[0]).0,
    }
}

/// What a message is drawn from.
#[derive(Properties, PartialEq)]
pub struct BannerProps {
    /// The language.
    pub words: Words,
    /// Id of the element.
    pub id: &'static str,
    /// Whether something failed.
    #[prop_or_default]
    pub bad: bool,
    /// The message.
    pub children: Html,
    /// Takes it away.
    pub onclose: Callback<()>,
}

/// A message across the page that can be closed.
#[component]
pub fn Banner(props: &BannerProps) -> Html {
    let (class, role) = match props.bad {
        true => ("banner bad", "alert"),
        false => ("banner", "status"),
    };
    let onclose = props.onclose.reform(|_: MouseEvent| ());
    html! {
        <div id={props.id} {class} {role}>
            <div>{ props.children.clone() }</div>
            <button type="button" class="quiet" onclick={onclose}>{ props.words.close() }</button>
        </div>
    }
}
