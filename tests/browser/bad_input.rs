//! What a student should not bring, and what the page makes of it.

use std::time::Instant;

use thirtyfour::prelude::*;

use super::models::{micro_files, zip};
use super::visit::{Visit, visit};

#[test]
fn html_in_texts_and_labels_is_text() {
    visit(Visit::new("html"), async |tab| {
        tab.open().await;
        let label = "<img src=x onerror=alert(1)>";
        let table = format!("text,label\n<script>alert(2)</script>,{label}\nplain,<b>bold</b>\n");
        let file = tab.write("html.csv", table.as_bytes());
        tab.choose_file("#data-file", &file).await;
        // The lesson that was there before may have as many labels.
        tab.wait(
            "the file's labels",
            "[...document.querySelectorAll('#label-counts li')].some((e) => e.dataset.label === '<b>bold</b>')",
        )
        .await;
        assert_eq!(tab.count("#page img, #page b, #page script").await, 0);
        assert!(tab.text("#rows").await.contains("<script>alert(2)</script>"));
        let shown = tab
            .value("[...document.querySelectorAll('#label-counts li')].map((e) => e.dataset.label)")
            .await;
        assert!(
            shown.as_array().is_some_and(|labels| labels.contains(&label.into())),
            "{shown}"
        );
    });
}

#[test]
fn a_lone_surrogate_does_no_harm() {
    visit(Visit::new("surrogate"), async |tab| {
        tab.open().await;
        let before = tab.heard_of("tried").await.len();
        tab.value(
            "((box) => { box.value = 'a \\ud83d b'; box.dispatchEvent(new InputEvent('input', { bubbles: true })); })
             (document.querySelector('#try-text'))",
        )
        .await;
        let answers = "window.heard.filter((message) => message.kind === 'tried').length";
        tab.wait("an answer", &format!("{answers} > {before}")).await;
        let answer = tab.ask("plain text again").await;
        assert_eq!(answer["tokens"].as_array().map(Vec::len), Some(5), "{answer}");
    });
}

#[test]
fn ten_thousand_rows_do_not_slow_the_page() {
    visit(Visit::new("ten-thousand-rows"), async |tab| {
        tab.open().await;
        let rows: String = (0..10_000)
            .map(|row| format!("文の番号は {row} です,{}\n", ["偶数", "奇数"][row % 2]))
            .collect();
        let file = tab.write("many.csv", format!("text,label\n{rows}").as_bytes());
        tab.choose_file("#data-file", &file).await;
        let counts = "[...document.querySelectorAll('#label-counts li')].map((e) => e.dataset.count).join()";
        tab.wait("all rows", &format!("{counts} === '5000,5000'")).await;
        let drawn = tab.count("#rows tbody tr").await;
        assert!(drawn <= 100, "{drawn} rows are in the document");
        let answer = tab.ask("まだ速い").await;
        assert!(answer["tokens"].is_array());
        // A click reacts within 100 ms; on a machine that does other work too, within ten times that.
        let time = tab
            .value(
                &format!(
                    "new Promise((resolve) => {{
                        const select = document.querySelector('#row-0 select');
                        const start = performance.now();
                        select.value = '奇数';
                        select.dispatchEvent(new Event('change', {{ bubbles: true }}));
                        const look = () => {counts} === '4999,5001' ? resolve(performance.now() - start) : requestAnimationFrame(look);
                        requestAnimationFrame(look);
                    }})"
                ),
            )
            .await;
        println!("a label in a table of 10,000 rows is set in {time} ms");
        assert!(time.as_f64().is_some_and(|time| time < 1000.0), "{time} ms");
    });
}

#[test]
fn thousands_of_labels_do_not_slow_the_page() {
    visit(Visit::new("thousands-of-labels"), async |tab| {
        tab.open().await;
        let rows: String = (0..3_000).map(|row| format!("text {row},label {row:04}\n")).collect();
        let file = tab.write("own-labels.csv", format!("text,label\n{rows}").as_bytes());
        tab.choose_file("#data-file", &file).await;
        let last = "document.querySelector('#label-counts li')?.dataset.label === 'label 0000'";
        tab.wait("all rows", last).await;
        let options = tab.count("#rows option").await;
        assert!(options < 3_200, "{options} choices in the table");
        let shown = "document.querySelector('#row-7 select').selectedOptions[0].innerText";
        assert_eq!(tab.value(shown).await, "label 0007");
        // All are there once a row is worked on.
        tab.value("document.querySelector('#row-7 select').focus()").await;
        tab.wait(
            "the choices of the row",
            "document.querySelectorAll('#row-7 option').length === 3001",
        )
        .await;
        assert_eq!(tab.value(shown).await, "label 0007");
        tab.fill("#row-7 select", "label 2999").await;
        let renamed = "JSON.parse(localStorage['terakoya.table'] ?? 'null')?.rows[7]?.gold";
        tab.wait(
            "the other label",
            &format!("JSON.stringify({renamed})?.includes('label 2999')"),
        )
        .await;
        assert_eq!(tab.value(shown).await, "label 2999");
    });
}

#[test]
fn a_text_of_a_megabyte_is_drawn_in_part_and_edited_as_a_whole() {
    visit(Visit::new("megabyte-text"), async |tab| {
        tab.open().await;
        let long = "long ".repeat(200_000);
        let file = tab.write("long.csv", format!("text,label\n{long}end,a\nshort,b\n").as_bytes());
        tab.choose_file("#data-file", &file).await;
        tab.wait("the file", "document.querySelectorAll('#rows tbody tr').length === 2")
            .await;
        let drawn = tab.text("#row-0 .text").await;
        assert_eq!(drawn.chars().count(), 4_001, "{}", &drawn[drawn.len() - 20..]);
        assert!(drawn.ends_with('…'));
        tab.value("[...document.querySelectorAll('#try .examples .chip')].find((e) => e.innerText.startsWith('long')).click()")
            .await;
        tab.wait(
            "its beginning to try",
            "document.querySelector('#try-text').value.length === 4000",
        )
        .await;
        tab.value("document.querySelector('#row-0').focus()").await;
        let row = tab.driver().find(By::Css("#row-0")).await.expect("the first row");
        row.send_keys(Key::Enter).await.expect("a row takes keys");
        let whole = format!(
            "document.querySelector('#row-0 textarea')?.value.length === {}",
            long.len() + 3
        );
        tab.wait("the whole text in its box", &whole).await;
    });
}

#[test]
fn a_file_of_fifty_megabytes_is_read_and_a_larger_one_refused() {
    visit(Visit::new("fifty-megabytes"), async |tab| {
        tab.open().await;
        let row = format!("{},a\n", "long ".repeat(2_000));
        let rows = 49_900_000 / row.len();
        let file = tab.write(
            "large.csv",
            format!("text,label\n{}short,b\n", row.repeat(rows)).as_bytes(),
        );
        let start = Instant::now();
        tab.choose_file("#data-file", &file).await;
        let count = "document.querySelector('#label-counts li[data-label=\"a\"]')?.dataset.count";
        tab.wait("the large file", &format!("{count} === '{rows}'")).await;
        println!("49.9 MB are in the table after {:?}", start.elapsed());
        assert!(tab.ask("still here").await["tokens"].is_array());
        let file = tab.write(
            "larger.csv",
            format!("text,label\n{}", row.repeat(rows + 20)).as_bytes(),
        );
        tab.choose_file("#data-file", &file).await;
        tab.wait(
            "the refusal",
            "document.querySelector('#data-error')?.innerText.includes('larger.csv')",
        )
        .await;
        assert!(tab.ask("and here").await["tokens"].is_array());
    });
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_the_language_of_the_page() {
    visit(Visit::new("bad-table"), async |tab| {
        tab.open().await;
        let refusal = "document.querySelector('#data-error')?.innerText";
        let refused = |sentence: &str| format!("{refusal} === {}", serde_json::Value::from(sentence));
        let file = tab.write("short.csv", "text,label\nわるい\n".as_bytes());
        tab.choose_file("#data-file", &file).await;
        let sentence = "読み込めませんでした。表はそのままです。「short.csv」の 2 行目：列の数が合いません。見出しは 2 列ですが、この行は 1 列です。";
        tab.wait("the reason in Japanese", &refused(sentence)).await;
        assert_eq!(tab.count("#columns").await, 0, "its columns are known");
        tab.picture("bad-table").await;
        tab.fill("#language", "en").await;
        let sentence = "This was not read; the table is as it was. short.csv: line 2: wrong number of columns: \
                        expected 2 as in the header, found 1";
        tab.wait("the reason in English", &refused(sentence)).await;
        let file = tab.write("open.csv", b"text,label\n\"a,b\n");
        tab.choose_file("#data-file", &file).await;
        let sentence = "This was not read; the table is as it was. open.csv: line 2 opens a quoted field that never ends; \
                        end it, or save the table as TSV, which takes quotes literally";
        tab.wait("the reason without a flag", &refused(sentence)).await;
        // A file of one task with one mistake is not read as another's.
        for (name, text, reason) in [
            (
                "names.json",
                r#"[{"text":"東京へ","entities":[{"span":[0,2],"type":"LOC"}]},{"text":"京","entities":[{"span":[0,9],"type":"LOC"}]}]"#,
                r#"names.json: record 2: entity {"span":[0,9],"type":"LOC"} lies outside the text"#,
            ),
            (
                "labels.json",
                r#"[{"text":"東京へ","labels":[{"span":[0,9],"type":"LOC"}]}]"#,
                r#"labels.json: record 1: entity {"span":[0,9],"type":"LOC"} lies outside the text"#,
            ),
            (
                "questions.json",
                concat!(
                    "\u{feff}",
                    r#"{"data":[{"paragraphs":[{"context":"abc","questions":[]}]}]}"#
                ),
                "questions.json is not of SQuAD's form, with data, paragraphs, context and qas",
            ),
        ] {
            let file = tab.write(name, text.as_bytes());
            tab.choose_file("#data-file", &file).await;
            let reason = serde_json::Value::from(reason);
            tab.wait(name, &format!("{refusal}?.includes({reason})")).await;
        }
        for name in ["points.xlsx", "points.docx"] {
            let file = tab.write(name, b"PK\x03\x04 not even a zip");
            tab.choose_file("#data-file", &file).await;
            let sentence = format!(
                "This was not read; the table is as it was. {name} is a file of Excel or another office program, or a zip; \
                 save the table as \"CSV UTF-8\" and take that file"
            );
            tab.wait(name, &refused(&sentence)).await;
        }
    });
}

#[test]
fn a_zip_without_a_model_we_know_is_refused_with_the_reason() {
    visit(Visit::new("bad-zips"), async |tab| {
        tab.open().await;
        let mut other = micro_files();
        let config = String::from_utf8(other[0].1.clone()).expect("JSON");
        other[0].1 = config
            .replace("\"model_type\": \"bert\"", "\"model_type\": \"mamba\"")
            .into_bytes();
        let mut no_weights = micro_files();
        no_weights.remove(1);
        let mut cut = zip(&micro_files());
        cut.truncate(cut.len() / 2);
        for (name, bytes, reason) in [
            ("mamba.zip", zip(&other), "「mamba」は、開けない種類のモデルです"),
            (
                "no-weights.zip",
                zip(&no_weights),
                "モデルに model.safetensors がありません。",
            ),
            ("cut.zip", cut, "「cut.zip」は zip として読めません。"),
            (
                "text.zip",
                b"this is no zip".to_vec(),
                "「text.zip」は zip として読めません。",
            ),
        ] {
            let file = tab.write(name, &bytes);
            tab.choose_file("#import", &file).await;
            let message = "document.querySelector('#error')?.innerText";
            tab.wait(
                &format!("{name} to be refused"),
                &format!("{message}?.includes('{reason}')"),
            )
            .await;
            // The model that was open is still there.
            assert_eq!(tab.count("#loading").await, 0);
            assert!(tab.ask(&format!("not {name}")).await["tokens"].is_array());
            assert_eq!(tab.count("#start:disabled").await, 0);
        }
        tab.open().await;
        let kept = tab.text("#kept-models").await;
        assert!(kept.contains("bert-tiny") && !kept.contains(".zip"), "{kept}");
    });
}
