//! The page as wide as a small phone, and as a voice reads it.

use serde_json::json;

use super::tab::PHONE;
use super::visit::{Visit, visit};

/// The width of the smallest phones, in pixels.
const SMALLEST: u32 = 320;

/// What can be pressed, typed or chosen, and has no name: neither a label, nor an `aria-label`, nor, if it is a button, a text.
const UNNAMED: &str = r#"
    (() => {
        const text = (e) => {
            const copy = e?.cloneNode(true);
            copy?.querySelectorAll('select, textarea').forEach((inner) => inner.remove());
            return copy?.textContent.trim();
        };
        const others = (e) => (e.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id));
        const is_named = (e) => e.ariaLabel?.trim() || (e.localName === 'button' && text(e))
            || [...others(e), ...(e.labels ?? [])].some((of) => text(of));
        const controls = [...document.querySelectorAll('button, input, select, textarea')];
        return controls.filter((e) => !is_named(e)).map((e) => e.outerHTML.slice(0, 200));
    })()
"#;

#[test]
fn nothing_stands_out_on_a_phone() {
    visit(Visit::new("phone"), async |tab| {
        tab.open().await;
        tab.click("#train-layers-top").await;
        tab.wait("its number", "document.querySelector('#top-layers')").await;
        assert_eq!(tab.value(UNNAMED).await, json!([]));
        tab.choose_topics().await;
        tab.click("#train-layers-head").await;
        tab.fill("#epochs", "2").await;
        tab.click("#start").await;
        tab.finish().await;
        tab.wait(
            "the result",
            "document.querySelector('#confusion button') && document.querySelector('#failures')",
        )
        .await;
        tab.click("#why").await;
        tab.wait("the reasons", "document.querySelector('.attention line')")
            .await;
        tab.click("#confusion button:not(:disabled)").await;
        tab.click("#draw-map").await;
        tab.wait("the map", "document.querySelector('#map .dot')").await;
        tab.value("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
            .await;
        assert_eq!(tab.value(UNNAMED).await, json!([]));
        for (language, width) in [("ja", PHONE), ("en", PHONE), ("en", SMALLEST), ("ja", SMALLEST)] {
            tab.resize(width, 740).await;
            tab.fill("#language", language).await;
            tab.wait(
                "the language",
                &format!("document.documentElement.lang === '{language}'"),
            )
            .await;
            assert!(tab.count("details[open]").await > 3);
            let labels = "[...document.querySelectorAll('#prediction .bars .label')]";
            let whole = format!("{labels}.length > 1 && {labels}.every((e) => e.scrollWidth <= e.clientWidth)");
            assert_eq!(tab.value(&whole).await, true, "labels are cut in {language}");
            for step in ["try", "data", "train", "read", "keep"] {
                let seen =
                    format!("document.querySelector('#{step}').scrollIntoView({{ behavior: 'instant' }}), scrollX");
                assert_eq!(tab.value(&seen).await, 0, "{step} in {language}");
                let out = tab.stands_out().await;
                assert!(out.is_empty(), "{step} in {language} at {width}: {out:#?}");
            }
        }
        tab.picture("5-phone").await;
    });
}
