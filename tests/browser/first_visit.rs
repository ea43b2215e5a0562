//! What a student meets first: an answer, a choice of language, examples from a file, labels by key press.

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::keeping::OFFLINE;
use super::models::{micro_files, zip};
use super::runs::Wish;
use super::visit::{Visit, visit};

#[test]
fn the_page_answers_in_japanese() {
    let site = Visit {
        model: None,
        ..Visit::new("answers-in-japanese")
    };
    visit(site, async |tab| {
        tab.open().await;
        assert_eq!(tab.value("document.documentElement.lang").await, "ja");
        tab.picture("1-try").await;
        tab.picture_down_to("#try", "readme-try").await;
        if tab.count("#prediction .classification").await == 0 {
            // The site's first model has no head: the page must say how to get one, and getting it must work.
            assert!(
                tab.text("#prediction").await.contains("教える"),
                "{}",
                tab.text("#prediction").await
            );
            let wish = Wish {
                layers: "all",
                epochs: 3,
                learning_rate: "0.0003",
                batch_size: 16,
            };
            tab.start(wish).await;
            tab.finish().await;
        }
        for (text, label) in [
            ("この店のラーメンは本当においしかったです。", "positive"),
            ("部屋が汚くて、とても不快でした。", "negative"),
        ] {
            let answer = tab.ask(text).await;
            assert!(
                answer["tokens"].as_array().is_some_and(|tokens| tokens.len() > 4),
                "{answer}"
            );
            assert_eq!(answer["prediction"]["label"], label, "{text}");
            let scores = answer["prediction"]["scores"].as_object().expect("scores").values();
            let sum: f64 = scores.filter_map(Value::as_f64).sum();
            assert!((sum - 1.0).abs() < 1e-4, "the scores' sum is {sum}");
            let shown = "document.querySelector('#prediction .classification')?.dataset.label";
            tab.wait("the label on the page", &format!("{shown} === '{label}'"))
                .await;
        }
    });
}

#[test]
fn the_site_works_below_any_path_without_a_word_to_what_is_above() {
    const BELOW: &str = "~lab/nlp.2026/";
    let site = Visit {
        model: None,
        ..Visit::new("below")
    };
    visit(site.expecting(OFFLINE), async |tab| {
        tab.server.move_below(BELOW);
        tab.go_to(BELOW).await;
        tab.wait_for_model().await;
        let answer = tab.ask("この店のラーメンは本当においしかったです。").await;
        assert_eq!(answer["prediction"]["label"], "positive");
        tab.choose_topics().await;
        // What the page, its style and its worker asked for, and what the worker's own worker keeps for the next visit.
        assert_eq!(tab.server.missed(), Vec::<String>::new());
        let above = "performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => !name.startsWith(document.baseURI))";
        assert_eq!(tab.value(above).await, json!([]));
        let scope = "(navigator.serviceWorker.getRegistration().then((found) => window.scope = found?.active && found.scope), window.scope)";
        let scope = tab.wait("the service worker", scope).await;
        assert_eq!(scope, tab.value("document.baseURI").await);
        let start = "fetch(document.querySelector('link[rel=manifest]').href).then((answer) => answer.json())
            .then((manifest) => new URL(manifest.start_url, document.baseURI).href)";
        assert_eq!(tab.value(start).await, scope);

        tab.server.stop();
        tab.go_to(BELOW).await;
        tab.wait_for_model().await;
        let answer = tab.ask("部屋が汚くて、とても不快でした。").await;
        assert_eq!(answer["prediction"]["label"], "negative");
    });
}

#[test]
fn an_empty_text_has_no_answer() {
    visit(Visit::new("empty-text"), async |tab| {
        tab.open().await;
        for empty in ["", " \u{3000}\n"] {
            tab.wait("an answer", "document.querySelector('#prediction')").await;
            tab.fill("#try-text", empty).await;
            tab.wait("no answer", "!document.querySelector('#prediction')").await;
            assert_eq!(tab.count("#why").await, 0);
            tab.fill("#try-text", "a cat").await;
        }
        tab.wait("an answer", "document.querySelector('#prediction')").await;
    });
}

#[test]
fn a_dark_page_is_printed_on_white() {
    visit(Visit::new("print"), async |tab| {
        tab.load().await;
        tab.wait("the page", "document.querySelector('#try')").await;
        for (media, paper) in [("screen", "rgb(21, 23, 27)"), ("print", "rgb(255, 255, 255)")] {
            let features = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
            let emulated = json!({ "media": media, "features": features });
            tab.chromium.command("Emulation.setEmulatedMedia", emulated).await;
            let found = tab.value("getComputedStyle(document.body).backgroundColor").await;
            assert_eq!(found, paper, "{media}");
        }
        let heading = "document.querySelector('#train h2').checkVisibility()";
        assert_eq!(
            tab.value(heading).await,
            false,
            "nothing was taught that could be printed"
        );
    });
}

#[test]
fn an_english_browser_is_met_in_english() {
    let english = Visit {
        language: "en",
        ..Visit::new("english")
    };
    visit(english, async |tab| {
        tab.load().await;
        tab.wait("English", "document.documentElement.lang === 'en'").await;
        tab.wait("the page", "document.querySelector('#try h2')?.innerText === 'Try'")
            .await;
        assert_eq!(tab.value("document.querySelector('#language').value").await, "en");
    });
}

#[test]
fn the_language_can_be_changed_and_is_remembered() {
    visit(Visit::new("language"), async |tab| {
        tab.open().await;
        tab.fill("#language", "en").await;
        tab.wait("English", "document.documentElement.lang === 'en'").await;
        assert_eq!(tab.text("#try h2").await, "Try");
        tab.open().await;
        assert_eq!(tab.value("document.documentElement.lang").await, "en");
    });
}

#[test]
fn a_dropped_file_fills_the_table() {
    visit(Visit::new("dropped-file"), async |tab| {
        tab.open().await;
        let file = tab.write(
            "weather.tsv",
            "text\tlabel\n晴れです\tsun\n雨でした\train\n曇り空\train\n".as_bytes(),
        );
        tab.drop_file("#data .drop", &file).await;
        let rain = "document.querySelector('#label-counts li[data-label=\"rain\"]')?.dataset.count";
        tab.wait("two rows with rain", &format!("{rain} === '2'")).await;
        assert_eq!(tab.count("#rows tbody tr").await, 3);
        let wrong = tab.write("wrong.csv", b"text,label\none,a\ntwo,b,c,d\n");
        tab.drop_file("#data .drop", &wrong).await;
        tab.wait("the reason", "document.querySelector('#data-error')").await;
        let reason = tab.text("#data-error").await;
        assert!(
            reason.contains("「wrong.csv」の 3 行目") && reason.contains("two,b,c,d"),
            "{reason}"
        );
        assert_eq!(tab.count("#rows tbody tr").await, 3, "the table of before stays");
        tab.picture("2-data-error").await;
        // Beside that place too, where a browser would open the file instead of the page.
        tab.value("window.mark = 1").await;
        let beside = tab.write("beside.csv", b"text,label\none,a\ntwo,b\n");
        tab.drop_file("#keep h2", &beside).await;
        tab.wait("two rows", "document.querySelectorAll('#rows tbody tr').length === 2")
            .await;
        tab.wait(
            "the step that took it",
            "scrollY < document.querySelector('#data').offsetTop + 200",
        )
        .await;
        let model = tab.write("micro.zip", &zip(&micro_files()));
        tab.drop_file("#try h2", &model).await;
        let micro =
            "!document.querySelector('#loading') && document.querySelector('.model-line')?.innerText.includes('micro')";
        tab.wait("the model", micro).await;
        assert_eq!(tab.value("window.mark").await, 1, "the page is still the same");
    });
}

#[test]
fn the_readable_rows_of_a_damaged_file_are_taken_on_wish() {
    visit(Visit::new("damaged-rows"), async |tab| {
        tab.open().await;
        let file = tab.write("pets.csv", b"text,label\nmeow,cat\nwoof,dog\n");
        tab.choose_file("#data-file", &file).await;
        let rows = |count: usize| format!("document.querySelectorAll('#rows tbody tr').length === {count}");
        tab.wait("two rows", &rows(2)).await;
        // Names of people, one record of which cannot be read; the first line is no record at all.
        let name = |end: u32| format!(r#"{{"text":"東京へ","entities":[{{"span":[0,{end}],"type":"LOC"}}]}}"#);
        let lines = ["{\"text\":", &name(2), &name(9), &name(2), &name(2)].join("\n");
        let file = tab.write("names.jsonl", lines.as_bytes());
        tab.choose_file("#data-file", &file).await;
        let listed = "[...document.querySelectorAll('#data-error li')].map(e => e.innerText)";
        tab.wait("the damaged rows", &format!("{listed}.length === 2")).await;
        let listed = tab.value(listed).await;
        let listed = [&listed[0], &listed[1]].map(|row| row.as_str().expect("a text").to_owned());
        assert!(
            listed[0].contains("「names.jsonl」の 1 行目") && listed[0].ends_with("{\"text\":"),
            "{listed:?}"
        );
        assert!(
            listed[1].contains("3 行目") && listed[1].ends_with(&name(9)),
            "{listed:?}"
        );
        let task = "document.querySelector('#task').value";
        assert_eq!(tab.value(task).await, "sequence-classification", "the table stays");
        assert_eq!(tab.count("#rows tbody tr").await, 2);
        tab.click("#take-readable").await;
        tab.wait(
            "the others",
            &format!("{} && {task} === 'token-classification'", rows(3)),
        )
        .await;
        assert_eq!(tab.count("#data-error").await, 0);
        tab.click("#undo").await;
        tab.wait(
            "the table of before",
            &format!("{} && {task} === 'sequence-classification'", rows(2)),
        )
        .await;
        // Of many, the first are listed and all are counted.
        let file = tab.write(
            "many.csv",
            format!("text,label\na,x\n{}", "b\n".repeat(1_025)).as_bytes(),
        );
        tab.choose_file("#data-file", &file).await;
        let listed = "document.querySelectorAll('#data-error li')";
        tab.wait("the first twenty", &format!("{listed}.length === 21")).await;
        assert_eq!(tab.text("#data-error li:last-child").await, "ほか 1,005 件");
        tab.picture("2-damaged-rows").await;
    });
}

#[test]
fn a_key_press_labels_the_row_and_goes_on() {
    visit(Visit::new("key-press"), async |tab| {
        tab.open().await;
        let file = tab.write("pets.csv", b"text,label\nmeow,cat\nwoof,dog\npurr,cat\n");
        tab.choose_file("#data-file", &file).await;
        tab.wait("three rows", "document.querySelectorAll('#rows tbody tr').length === 3")
            .await;
        tab.value("document.querySelector('#row-0').focus()").await;
        let row = tab.driver().find(By::Css("#row-0")).await.expect("the first row");
        row.send_keys("2").await.expect("a row takes keys");
        let dogs = "document.querySelector('#label-counts li[data-label=\"dog\"]').dataset.count";
        tab.wait("the new label", &format!("{dogs} === '2'")).await;
        tab.wait(
            "the focus on the next row",
            "document.activeElement.closest('tr')?.id === 'row-1'",
        )
        .await;
    });
}
