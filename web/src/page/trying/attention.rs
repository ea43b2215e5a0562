//! Draws where an attention head looked: two columns of tokens, joined by lines as strong as the attention.

use yew::prelude::*;

use super::Explanation;
use crate::page::figures;
use crate::page::words::Words;

/// Longer texts are drawn up to here.
const MOST_TOKENS: usize = 64;
/// Height of a token's row, in pixels.
const ROW: f64 = 24.0;
/// Width of the picture, in its own units.
const WIDTH: f64 = 340.0;
/// Where the lines begin and end.
const LEFT: f64 = 112.0;
const RIGHT: f64 = WIDTH - LEFT;
/// Weaker attention is not drawn.
const FAINTEST: f32 = 0.03;
/// How many targets of the chosen token are told in words.
const TOLD: usize = 3;

/// What the picture is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The explanation.
    pub explanation: Explanation,
}

/// The picture; a token of the left column that has the pointer or the focus is shown alone.
#[component]
pub fn Attention(props: &Props) -> Html {
    let w = props.words;
    let chosen = use_state_eq(|| None::<usize>);
    let Explanation { tokens, attention, .. } = &props.explanation;
    let shown = tokens.len().min(attention.len()).min(MOST_TOKENS);
    let height = shown as f64 * ROW;
    let leave = {
        let chosen = chosen.clone();
        Callback::from(move |_: PointerEvent| chosen.set(None))
    };
    let told = match *chosen {
        Some(query) if query < shown => tell(w, &props.explanation, query),
        _ => w.attention_hint().to_owned(),
    };
    html! {
        <>
            <p class="caption" aria-live="polite">{ told }</p>
            <svg class="attention" viewBox={format!("0 0 {WIDTH} {height}")} role="group" aria-label={w.attention_title()}
                onpointerleave={leave}>
                { for (0..shown).map(|query| lines(&attention[query][..], query, shown, *chosen)) }
                { for (0..shown).map(|row| token(&tokens[row].token, row, &chosen)) }
            </svg>
            if tokens.len() > shown { <p class="caption">{ w.first_tokens(shown) }</p> }
        </>
    }
}

fn lines(weights: &[f32], query: usize, shown: usize, chosen: Option<usize>) -> Html {
    if chosen.is_some_and(|chosen| chosen != query) {
        return Html::default();
    }
    let y = |row: usize| (row as f64 + 0.5) * ROW;
    let line = |(key, &weight): (usize, &f32)| {
        let opacity = format!("{:.3}", weight.clamp(0.0, 1.0).powf(0.75));
        html! {
            <line x1={LEFT.to_string()} y1={y(query).to_string()} x2={RIGHT.to_string()} y2={y(key).to_string()}
                stroke-opacity={opacity} />
        }
    };
    let strong = weights
        .iter()
        .take(shown)
        .enumerate()
        .filter(|(_, weight)| **weight >= FAINTEST);
    strong.map(line).collect()
}

fn token(token: &str, row: usize, chosen: &UseStateHandle<Option<usize>>) -> Html {
    let middle = ((row as f64 + 0.5) * ROW).to_string();
    let choose = {
        let chosen = chosen.clone();
        move || chosen.set(Some(row))
    };
    let onpointerenter = {
        let choose = choose.clone();
        Callback::from(move |_: PointerEvent| choose())
    };
    let onfocus = Callback::from(move |_: FocusEvent| choose());
    let name = match token.strip_prefix('▁') {
        Some("") | None => html! { { token } },
        Some(rest) => html! { <><tspan class="faint">{ "▁" }</tspan>{ rest }</> },
    };
    let class = classes!("query", (**chosen == Some(row)).then_some("chosen"));
    html! {
        <>
            <g {class} tabindex="0" role="img" aria-label={token.to_owned()} {onpointerenter} {onfocus}>
                <rect x="0" y={(row as f64 * ROW).to_string()} width={LEFT.to_string()} height={ROW.to_string()} />
                <text x={(LEFT - 8.0).to_string()} y={middle.clone()} class="left">{ name.clone() }</text>
            </g>
            <text x={(RIGHT + 8.0).to_string()} y={middle} aria-hidden="true">{ name }</text>
        </>
    }
}

/// The strongest targets of a token in words.
fn tell(w: Words, explanation: &Explanation, query: usize) -> String {
    let mut targets: Vec<(usize, f32)> = explanation.attention[query].iter().copied().enumerate().collect();
    targets.sort_by(|left, right| right.1.total_cmp(&left.1));
    let named: Vec<String> = targets
        .iter()
        .take(TOLD)
        .filter_map(|(key, weight)| {
            let token = &explanation.tokens.get(*key)?.token;
            Some(format!("{token} {}", figures::percent(f64::from(*weight))))
        })
        .collect();
    w.looks_at(&explanation.tokens[query].token, &named.join(w.comma()))
}
