//! Draws what the tokenizer made of a text: pieces with their ids, close together within a word.

use yew::prelude::*;

use crate::messages::Token;
use crate::page::figures;
use crate::page::words::Words;

/// What the pieces are drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The pieces.
    pub tokens: Vec<Token>,
    /// Whether the text was too long for the model.
    pub truncated: bool,
    /// Time of the forward pass.
    pub milliseconds: f64,
}

/// The list of pieces.
#[component]
pub fn Tokens(props: &Props) -> Html {
    let w = props.words;
    let unknown = props.tokens.iter().filter(|token| token.unknown).count();
    html! {
        <figure class="tokens-figure">
            <figcaption>
                <h3>{ w.tokens_title() }</h3>
                <span class="caption">
                    { w.token_count(props.tokens.len()) }{ " · " }{ w.took(props.milliseconds) }
                    if props.truncated { <span class="mark">{ w.truncated() }</span> }
                    if unknown > 0 { <span class="mark">{ w.unknown_count(unknown) }</span> }
                </span>
            </figcaption>
            <ol id="tokens" class="tokens" aria-label={w.tokens_title()}>
                { for groups(&props.tokens).map(|group| word(w, group)) }
            </ol>
        </figure>
    }
}

/// Runs of tokens that belong to one word; special tokens and words a tokenizer does not know stand alone.
pub fn groups(tokens: &[Token]) -> impl Iterator<Item = &[Token]> {
    tokens.chunk_by(|left, right| left.word.is_some() && left.word == right.word && left.sequence == right.sequence)
}

fn word(w: Words, tokens: &[Token]) -> Html {
    let second = tokens.iter().any(|token| token.sequence == Some(1));
    html! {
        <li class={classes!("word", second.then_some("second"))}>
            { for tokens.iter().map(|token| piece(w, token)) }
        </li>
    }
}

fn piece(w: Words, token: &Token) -> Html {
    let special = token.span.is_none();
    let class = classes!(
        "token",
        special.then_some("special"),
        token.unknown.then_some("unknown")
    );
    let title = match (token.unknown, token.span) {
        (true, _) => w.unknown_token().to_owned(),
        (false, None) => w.special_token().to_owned(),
        (false, Some((start, end))) => w.characters(start, end),
    };
    html! {
        <span {class} {title}>
            <span class="piece">{ spelling(&token.token) }</span>
            <span class="id">{ figures::count(token.id as usize) }</span>
        </span>
    }
}

/// The spelling with the marks of its vocabulary (`▁` of SentencePiece, `##` of WordPiece) drawn faintly.
pub fn spelling(token: &str) -> Html {
    let mark = ["▁", "##"].into_iter().find(|mark| token.starts_with(mark));
    match mark {
        Some(mark) => html! { <><span class="faint">{ mark }</span>{ &token[mark.len()..] }</> },
        None => html! { { token } },
    }
}
