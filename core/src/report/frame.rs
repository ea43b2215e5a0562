//! Puts what a page needs around its body: its style, its one small script, and the policy that lets nothing else run.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("page.js");

/// A whole document. What HTML has no characters for is shown as U+FFFD.
pub fn document(title: &str, body: Markup) -> String {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    legible(&page.into_string())
}

/// `markup` with U+FFFD in the place of what neither HTML nor XML has characters for.
pub fn legible(markup: &str) -> String {
    let shown = |c| {
        if is_character(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    markup.chars().map(shown).collect()
}

/// Whether a character may stand in HTML and XML: white space of lines, else neither a control character nor what Unicode
/// keeps out of texts.
fn is_character(c: char) -> bool {
    let noncharacter = ('\u{fdd0}'..='\u{fdef}').contains(&c) || u32::from(c) & 0xfffe == 0xfffe;
    matches!(c, '\n' | '\r' | '\t') || !(c.is_control() || noncharacter)
}

/// A hash as Content-Security-Policy writes it.
fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_a_browser_computes() {
        // printf "alert('Hello, world.');" | openssl dgst -sha256 -binary | base64, as the policy's specification has it.
        assert_eq!(
            hash("alert('Hello, world.');"),
            "qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
    }

    #[test]
    fn what_is_no_character_is_shown_as_such() {
        let page = document("a\u{7}\u{fffe}\u{85}b", html! { "one\r\n\ttwo" });
        assert!(page.contains("<title>a\u{fffd}\u{fffd}\u{fffd}b</title>"), "{page}");
        assert!(
            page.contains("one\r\n\ttwo"),
            "lines may end as Windows ends them: {page}"
        );
    }
}
