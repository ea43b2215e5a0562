//! Where the table of examples comes from, and what becomes of it: lessons, files, an earlier visit, another task and back.

use std::fs;

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::visit::{Visit, visit};

#[test]
fn a_table_of_an_earlier_version_is_still_there() {
    visit(Visit::new("earlier-table"), async |tab| {
        tab.load().await;
        let earlier = json!({ "rows": [{ "text": "a cat", "text_pair": null, "label": "meow" }, { "text": "?", "text_pair": null, "label": null }], "labels": ["meow"] });
        for (table, rows) in [(earlier.to_string(), 2), ("{\"rows\": 7}".to_owned(), 50)] {
            let script = format!("localStorage.setItem('terakoya.table', {})", Value::from(table));
            tab.value(&script).await;
            tab.open().await;
            tab.wait(
                "the table",
                &format!("document.querySelectorAll('#rows tbody tr').length === {rows}"),
            )
            .await;
        }
    });
}

#[test]
fn nothing_is_said_of_the_memory_until_it_is_known() {
    visit(Visit::new("unknown-memory"), async |tab| {
        let watch = "new MutationObserver(() => {
                window.forgot ||= document.querySelector('.data-status')?.textContent.includes('閉じると消えます');
            }).observe(document, { childList: true, subtree: true, characterData: true })";
        tab.chromium
            .command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": watch }))
            .await;
        tab.open().await;
        let said = "document.querySelector('.data-status').textContent.includes('覚えています')";
        tab.wait("that it is remembered", said).await;
        assert_eq!(tab.value("window.forgot").await, false);
    });
}

#[test]
fn a_change_of_the_task_can_be_taken_back() {
    visit(Visit::new("task-choice"), async |tab| {
        tab.open().await;
        // A model whose head is for labels.
        tab.bring_micro(20).await;
        let counts = tab.text("#label-counts").await;
        let (source, columns) = (".data-status span", ".data-status .caption");
        let origin = (tab.text(source).await, tab.text(columns).await);
        assert_eq!(origin.0, "pets.csv");
        let other_task = "document.querySelector('#prediction [data-fit=\"other-task\"]')";
        let labels_are_back = format!(
            "document.querySelector('#row-0 .label-select') && document.querySelector('#prediction .classification')
             && !{other_task}"
        );
        tab.fill("#task", "regression").await;
        tab.wait("scores", "document.querySelector('#row-0 .score-box')").await;
        tab.wait("another task in the first step", other_task).await;
        assert_eq!(tab.count("#label-counts").await, 0);
        tab.click("#undo").await;
        tab.wait("labels", &labels_are_back).await;
        assert_eq!(tab.text("#label-counts").await, counts);
        assert_eq!(
            tab.value("document.querySelector('#task').value").await,
            "sequence-classification"
        );
        tab.click("#lesson-similarity").await;
        tab.wait("another task in the first step", other_task).await;
        assert_eq!(tab.count("#try-pair").await, 1);
        tab.click("#undo").await;
        tab.wait("labels", &labels_are_back).await;
        assert_eq!(tab.count("#try-pair").await, 0);
        assert_eq!(tab.text("#label-counts").await, counts);
        assert_eq!((tab.text(source).await, tab.text(columns).await), origin);
        // By the choice itself, no answer is lost either: not those of other rows, not one that was given meanwhile.
        tab.fill("#task", "regression").await;
        tab.wait("scores", "document.querySelector('#row-0 .score-box')").await;
        tab.value("document.querySelector('#row-1 td:last-child button').click()")
            .await;
        tab.wait("19 rows", "document.querySelectorAll('#rows tbody tr').length === 19")
            .await;
        tab.wait(
            "the memory of them",
            "JSON.parse(localStorage['terakoya.table'] ?? 'null')?.rows.length === 19",
        )
        .await;
        tab.load().await;
        tab.wait("the table again", "document.querySelector('#row-0 .score-box')")
            .await;
        tab.fill("#task", "sequence-classification").await;
        tab.wait("labels", "document.querySelector('#row-0 .label-select')")
            .await;
        assert_eq!(
            tab.value("document.querySelector('#label-counts li[data-label=\"meow\"]').dataset.count")
                .await,
            "10"
        );
        assert_eq!(
            tab.value("document.querySelector('#label-counts li[data-label=\"woof\"]').dataset.count")
                .await,
            "9"
        );
        tab.wait("a model", "document.querySelector('#tokens .token')").await;
        tab.fill("#task", "multi-label-classification").await;
        tab.wait("sets", "document.querySelector('#row-0 .label-set')").await;
        assert_eq!(tab.count("#label-counts li").await, 2);
    });
}

#[test]
fn an_empty_table_can_be_begun() {
    visit(Visit::new("empty-table"), async |tab| {
        tab.open().await;
        assert_eq!(
            tab.count("#rows select:not([tabindex=\"-1\"])").await,
            1,
            "the tab key stops at one row"
        );
        assert_eq!(
            tab.value("document.querySelector('#eval-percent').labels.length").await,
            1
        );
        tab.click("#data .data-status .actions button:last-child").await;
        tab.wait("no rows", "!document.querySelector('#rows tbody tr')").await;
        assert_eq!(
            tab.value("document.querySelector('#rows').checkVisibility()").await,
            false
        );
        assert_eq!(tab.count(".split-bar .eval").await, 0);
        for (number, label) in ["sun", "rain"].iter().enumerate() {
            tab.fill("#new-label", label).await;
            tab.click("#new-label + button").await;
            let labels = format!(
                "document.querySelectorAll('#label-counts li').length === {}",
                number + 1
            );
            tab.wait("the label", &labels).await;
        }
        tab.picture("2-empty").await;
        // Nor does a lesson take its place at the next visit.
        let kept = "JSON.parse(localStorage['terakoya.table'] ?? 'null')";
        let both = format!("{kept}?.labels.length === 2 && {kept}.rows.length === 0");
        tab.wait("the memory", &both).await;
        tab.load().await;
        let rests = "document.querySelector('#tokens .token') && !document.querySelector('.lessons[aria-busy]')";
        tab.wait("a model", rests).await;
        assert_eq!(tab.count("#rows tbody tr").await, 0);
        assert_eq!(tab.count("#label-counts li").await, 2);
    });
}

#[test]
fn what_is_pasted_is_not_mixed_with_a_lesson_that_nobody_changed() {
    visit(Visit::new("paste"), async |tab| {
        tab.open().await;
        let rows = "JSON.parse(localStorage['terakoya.table'] ?? 'null')?.rows.length";
        let lesson = tab.wait("the memory of the lesson", rows).await.as_u64().expect("rows");
        let paste = async |button: &str| {
            tab.fill("#paste", "text,label\na cat,meow\na dog,woof\n").await;
            tab.click(button).await;
        };
        tab.click(".paste summary").await;
        paste("#paste-table").await;
        tab.wait("only what was pasted", &format!("{rows} === 2")).await;
        tab.click("#undo").await;
        tab.wait("the lesson", &format!("{rows} === {lesson}")).await;
        // With a label of one's own it is one's own table.
        tab.fill("#new-label", "neither").await;
        tab.click("#new-label + button").await;
        paste("#paste-lines").await;
        tab.wait("three lines more", &format!("{rows} === {}", lesson + 3))
            .await;
        tab.click("#undo").await;
        tab.wait("the lesson again", &format!("{rows} === {lesson}")).await;
    });
}

/// What the browser remembers of the rows: each text with its label.
const REMEMBERED: &str = "JSON.parse(localStorage['terakoya.table'] ?? 'null')?.rows
    .map((row) => `${row.text}: ${row.gold.Label ?? '-'}`).join(', ')";

#[test]
fn rows_and_labels_are_changed_by_hand() {
    visit(Visit::new("by-hand"), async |tab| {
        tab.open().await;
        let file = tab.write("farm.csv", b"text,label\na cat,meow\na dog,woof\n");
        tab.choose_file("#data-file", &file).await;
        let remembered = async |rows: &str| {
            let kept = format!("{REMEMBERED} === {}", Value::from(rows));
            tab.wait(rows, &kept).await;
        };
        remembered("a cat: meow, a dog: woof").await;
        // What a spreadsheet puts into the clipboard has tabs; a label that is new joins the others.
        tab.click(".paste summary").await;
        tab.fill("#paste", "text\tlabel\na bird, far\tchirp\na cow\t\n").await;
        tab.click("#paste-table").await;
        remembered("a cat: meow, a dog: woof, a bird, far: chirp, a cow: -").await;
        let labels = "[...document.querySelectorAll('#label-counts li')].map((e) => `${e.dataset.label} ${e.dataset.count}`).join()";
        assert_eq!(tab.value(labels).await, "meow 1,woof 1,chirp 1");
        assert_eq!(tab.count("#rows tr.unlabelled").await, 1);
        assert_eq!(tab.value("document.querySelector('#paste').value").await, "");
        tab.fill("#new-row-label", "woof").await;
        tab.fill("#new-text", "a wolf").await;
        let typed = tab.driver().find(By::Css("#new-text")).await.expect("a box");
        typed.send_keys(Key::Enter).await.expect("a box takes keys");
        remembered("a cat: meow, a dog: woof, a bird, far: chirp, a cow: -, a wolf: woof").await;
        assert_eq!(tab.text("#row-4 .text").await, "a wolf");
        assert_eq!(tab.value("document.querySelector('#new-text').value").await, "");
        let rename = async |from: &str, to: &str| {
            tab.click(&format!(
                "#label-counts li[data-label=\"{from}\"] .tools button:first-child"
            ))
            .await;
            tab.fill("#label-counts .renaming input", to).await;
            tab.click("#label-counts .renaming button").await;
        };
        rename("meow", "purr").await;
        remembered("a cat: purr, a dog: woof, a bird, far: chirp, a cow: -, a wolf: woof").await;
        assert_eq!(tab.value(labels).await, "purr 1,woof 2,chirp 1");
        let shown = "document.querySelector('#row-0 select').selectedOptions[0].innerText";
        assert_eq!(tab.value(shown).await, "purr");
        // Two labels of one name are one.
        rename("purr", "woof").await;
        remembered("a cat: woof, a dog: woof, a bird, far: chirp, a cow: -, a wolf: woof").await;
        assert_eq!(tab.value(labels).await, "woof 3,chirp 1");
        tab.click("#label-counts li[data-label=\"woof\"] .tools button:last-child")
            .await;
        remembered("a cat: -, a dog: -, a bird, far: chirp, a cow: -, a wolf: -").await;
        assert_eq!(tab.value(labels).await, "chirp 1");
        assert_eq!(tab.count("#rows tr.unlabelled").await, 4);
        tab.click("#undo").await;
        remembered("a cat: woof, a dog: woof, a bird, far: chirp, a cow: -, a wolf: woof").await;
        assert_eq!(tab.value(labels).await, "woof 3,chirp 1");
    });
}

#[test]
fn rows_without_a_label_come_and_are_saved() {
    visit(Visit::new("some-labels"), async |tab| {
        tab.open().await;
        let arrived = |name: &str| {
            format!(
                "document.querySelector('.data-status').innerText.includes('{name}')
                 && document.querySelectorAll('#rows tbody tr').length === 3"
            )
        };
        let file = tab.write("some.csv", "text,label\n良い,a\n悪い,\n普通,b\n".as_bytes());
        tab.choose_file("#data-file", &file).await;
        tab.wait("all rows", &arrived("some.csv")).await;
        assert_eq!(tab.count("#rows tr.unlabelled").await, 1);
        tab.click(".data-status .actions button:nth-last-child(2)").await;
        let saved = tab.downloaded("examples.csv").await;
        let text = fs::read_to_string(&saved).expect("UTF-8");
        assert_eq!(text, "text,label\n\"良い\",\"a\"\n\"悪い\",\"\"\n\"普通\",\"b\"\n");
        tab.choose_file("#data-file", &saved).await;
        tab.wait("them again", &arrived("examples.csv")).await;
        assert_eq!(tab.count("#rows tr.unlabelled").await, 1);
    });
}

#[test]
fn a_file_with_a_lessons_name_is_no_lesson() {
    visit(Visit::new("lesson-name"), async |tab| {
        tab.open().await;
        let file = tab.write(
            "sentiment.csv",
            b"text,label\nthe tea is hot,good\nthe tea is cold,bad\n",
        );
        tab.choose_file("#data-file", &file).await;
        tab.wait("two rows", "document.querySelectorAll('#rows tbody tr').length === 2")
            .await;
        let examples = tab.text("#try .examples").await;
        assert!(examples.contains("the tea is"), "{examples}");
        let columns = ".data-status .caption";
        assert_eq!(tab.text(columns).await, "csv（見出しあり）：文 = text、ラベル = label");
        tab.fill("#language", "en").await;
        tab.wait("English", "document.documentElement.lang === 'en'").await;
        assert_eq!(tab.text(columns).await, "csv with header: text = text, label = label");
        tab.fill("#language", "ja").await;
        let records = b"{\"text\": \"tea\", \"label\": \"a\"}\n{\"text\": \"rice\", \"label\": \"b\"}\n";
        for (name, contents, said) in [
            (
                "semi.csv",
                &b"text;label\ntea;a\nrice;b\n"[..],
                "セミコロン区切り（見出しあり）：文 = text、ラベル = label",
            ),
            (
                "lines.jsonl",
                &records[..],
                "一行ごとの json：文 = text、ラベル = label",
            ),
        ] {
            let file = tab.write(name, contents);
            tab.choose_file("#data-file", &file).await;
            let read = format!("document.querySelector('{columns}')?.innerText === '{said}'");
            tab.wait(said, &read).await;
        }
    });
}

#[test]
fn lessons_come_with_their_task_and_licence() {
    const LESSONS: [(&str, &str, &str); 7] = [
        ("topic", "sequence-classification", "CC0"),
        ("similarity", "regression", "CC BY-SA 4.0"),
        ("inference", "sequence-classification", "CC BY-SA 4.0"),
        ("names", "token-classification", "CC BY-SA 3.0"),
        ("answers", "question-answering", "CC BY-SA 4.0"),
        ("style", "masked-lm", "青空文庫"),
        ("sentiment", "sequence-classification", "CC0"),
    ];
    let site = Visit {
        model: None,
        ..Visit::new("lessons")
    };
    visit(site, async |tab| {
        tab.open().await;
        let offers = "[...document.querySelectorAll('#model option')].map((option) => option.text)";
        let offers = tab.value(offers).await.to_string();
        assert!(
            offers.contains("日本語と英語") && offers.contains("英語だけ"),
            "{offers}"
        );
        for (lesson, task, licence) in LESSONS {
            tab.click(&format!("#lesson-{lesson}")).await;
            let arrived = format!(
                "document.querySelector('#task').value === '{task}'
                 && document.querySelector('.data-status').innerText.includes('{lesson}.')"
            );
            tab.wait(lesson, &arrived).await;
            assert!(
                tab.text(&format!("#lesson-{lesson} small")).await.contains(licence),
                "{lesson}"
            );
            assert_eq!(tab.count("#rows tbody tr.unlabelled").await, 0, "{lesson}");
            let tried = tab.value("[...document.querySelectorAll('#try textarea')].map((box) => box.value).join('|')");
            let tried = tried.await.as_str().unwrap_or_default().to_owned();
            match lesson {
                "answers" => {
                    assert!(
                        ["？|", "?|"].iter().any(|end| tried.contains(end)) && !tried.contains("[SEP]"),
                        "{tried}"
                    );
                    assert_eq!(tab.text(".data-status strong").await, "300 問");
                    assert_eq!(tab.text("#split-parts").await, "教える 240 問・確かめる 60 問");
                }
                "style" => assert!(tried.contains("[MASK]"), "{tried}"),
                _ => {}
            }
            // Similarity, names, answers and hidden words need another head than the one that ships.
            let fits = task == "sequence-classification";
            let said = "document.querySelector('#prediction [data-fit=\"other-task\"]')";
            let said = if fits { format!("!{said}") } else { said.to_owned() };
            tab.wait("whether the head fits", &said).await;
            tab.picture(&format!("lesson-{lesson}")).await;
        }
    });
}
