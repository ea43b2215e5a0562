//! Every task of the page, from a file to the first result and a few steps of training, and the same scores on the command line.

use std::fs;

use serde_json::{Value, json};
use thirtyfour::action_chain::ActionChain;
use thirtyfour::prelude::*;

use super::drawings::{assert_names_over, assert_runners_up, assert_scale};
use super::models::unzip;
use super::runs::{Wish, losses};
use super::tab::Tab;
use super::training::terakoya;
use super::visit::{Visit, visit};

/// The same weights and rows on two CPUs' code; a score of few rows moves in steps that are larger.
const SAME_SCORE: f64 = 1e-3;

const WISH: Wish = Wish {
    layers: "all",
    epochs: 10,
    learning_rate: "0.01",
    batch_size: 8,
};

/// A task as a student brings it.
struct Task {
    name: &'static str,
    file: &'static str,
    contents: String,
    /// What shows a row's answer in the table.
    answer: &'static str,
    /// What shows the model's answer.
    result: &'static str,
    /// A score of the report.
    score: &'static str,
    /// What the data file in the zip is called.
    eval_file: &'static str,
}

const NAMES: [&str; 4] = ["kyoto", "nara", "tokyo", "osaka"];
const VERBS: [&str; 3] = ["sleeps", "eats", "runs"];

fn rows<T>(make: impl Fn(usize) -> T) -> Vec<T> {
    (0..40).map(make).collect()
}

/// Pairs that are alike or not.
pub fn scores() -> String {
    let row = |number: usize| {
        let (one, other) = (VERBS[number % 3], VERBS[(number / 3) % 3]);
        let score = if one == other { 4.5 } else { 0.5 };
        format!("the cat {one},the dog {other},{score}\n")
    };
    format!("sentence1,sentence2,score\n{}", rows(row).concat())
}

fn several_labels() -> String {
    let row = |number: usize| {
        let (cat, dog) = (number.is_multiple_of(2), number.is_multiple_of(3));
        let text = [("a cat", cat), ("a dog", dog), ("a day", true)];
        let text: Vec<&str> = text.iter().filter(|(_, is)| *is).map(|(text, _)| *text).collect();
        let labels = [("meow", cat), ("woof", dog)];
        let labels: Vec<&str> = labels.iter().filter(|(_, is)| *is).map(|(label, _)| *label).collect();
        format!("{}\n", json!({ "text": text.join(" and "), "labels": labels }))
    };
    rows(row).concat()
}

/// Texts with a town in each.
pub fn spans() -> String {
    let row = |number: usize| {
        let (name, verb) = (NAMES[number % 4], VERBS[number % 3]);
        let text = format!("🗼 in {name} he {verb}");
        json!({ "text": text, "entities": [{ "span": [5, 5 + name.len()], "type": "town" }] })
    };
    json!(rows(row)).to_string()
}

fn tagged_words() -> String {
    let row = |number: usize| {
        let (name, verb) = (NAMES[number % 4], VERBS[number % 3]);
        format!("in\tO\n{name}\tB-town\nbay\tI-town\nhe\tO\n{verb}\tO\n\n")
    };
    rows(row).concat()
}

fn questions() -> String {
    let paragraph = |number: usize| {
        let (name, verb) = (NAMES[number % 4], VERBS[number % 3]);
        let answer = json!({ "text": name, "answer_start": 10 + verb.len() });
        json!({
            "context": format!("🗼 cat {verb} in {name}"),
            "qas": [{ "id": number.to_string(), "question": "where", "answers": [answer] }],
        })
    };
    json!({ "version": "1.1", "data": [{ "title": "cats", "paragraphs": rows(paragraph) }] }).to_string()
}

/// Brings the file, looks at the table and at what the first step says before and after a few steps of training, and at the
/// scores.
async fn learn(tab: &mut Tab, task: Task) {
    let Task { name, result, .. } = task;
    tab.open().await;
    tab.bring_micro(20).await;
    let file = tab.write(task.file, task.contents.as_bytes());
    tab.choose_file("#data-file", &file).await;
    tab.wait(
        "the task",
        &format!("document.querySelector('#task').value === '{name}'"),
    )
    .await;
    assert_eq!(tab.count("#rows tbody tr").await, 40);
    tab.wait(
        "an answer in the table",
        &format!("document.querySelector('#row-0 {}')", task.answer),
    )
    .await;
    tab.wait(
        "what is not taught",
        "document.querySelector('#prediction [data-fit=\"other-task\"]')",
    )
    .await;
    tab.start(WISH).await;
    let record = tab.finish().await["record"].take();
    let losses = losses(&record);
    assert_eq!(losses.len(), 40, "{name}: 32 of 40 rows are learned from, ten times");
    let (first, last) = (losses[..4].iter().sum::<f64>(), losses[36..].iter().sum::<f64>());
    assert!(last < first, "{name}: the loss went from {first} to {last}");
    tab.wait("a result", &format!("document.querySelector('#prediction {result}')"))
        .await;
    tab.wait(
        "scores",
        "document.querySelector('#metrics dd.number') && document.querySelector('#failures')",
    )
    .await;
    tab.picture(&format!("task-{name}-{}", task.eval_file)).await;
    same_scores(tab, &task).await;
}

/// Saves the model and the rows, and has the command line score them.
async fn same_scores(tab: &Tab, task: &Task) {
    let Task { name, score, .. } = *task;
    let mut evaluated = tab.heard_of("evaluated").await;
    let here = evaluated.pop().expect("rows were scored")["evaluation"]["report"].take();

    tab.click("#export").await;
    let zip = tab.downloaded("micro-tuned.zip").await;
    let model = tab.folder.path().join("tuned");
    unzip(&zip, &model);
    let data = model.join(task.eval_file).display().to_string();
    let arguments = [
        "evaluate", "--model", "tuned", "--data", &data, "--device", "cpu", "--json",
    ];
    let there: Value = serde_json::from_str(&terakoya(tab.folder.path(), &arguments)).expect("evaluate prints JSON");
    assert_eq!(here["examples"], there["examples"], "{here} {there}");
    let number = |report: &Value| {
        report[score]
            .as_f64()
            .unwrap_or_else(|| panic!("no {score} in {report}"))
    };
    let (here, there) = (number(&here), number(&there));
    assert!(
        (here - there).abs() <= SAME_SCORE,
        "{name}: {score} is {here} here and {there} there"
    );
    let config = fs::read_to_string(model.join("run.json")).expect("the zip has the run's options");
    let config: Value = serde_json::from_str(&config).expect("JSON");
    assert_eq!(
        (&config["task"], &config["eval"]),
        (&json!(name), &json!(task.eval_file))
    );
}

#[test]
fn scores_of_pairs() {
    visit(Visit::new("task-scores"), async |tab| {
        let task = Task {
            name: "regression",
            file: "pairs.csv",
            contents: scores(),
            answer: ".score-box",
            result: ".score",
            score: "mae",
            eval_file: "eval.jsonl",
        };
        learn(tab, task).await;
        assert_scale(tab, [0.5, 4.5]).await;
        assert_eq!(tab.count("#scatter circle").await, 8);
        for (button, title) in [("#draw-map", "学習後"), ("#draw-map-before", "学習前")] {
            tab.click(button).await;
            let drawn = format!(
                "document.querySelector('#map h3')?.innerText.includes('{title}')
                 && document.querySelectorAll('#map .dot[data-row]').length === 8"
            );
            tab.wait("a map", &drawn).await;
        }
        tab.value("document.querySelector('#map .dot[data-row=\"0\"]').dispatchEvent(new PointerEvent('pointerover', { bubbles: true }))")
            .await;
        tab.wait(
            "the text that is pointed at",
            "document.querySelector('#map .pointed').innerText.includes('cat')",
        )
        .await;
        read_by_keys(tab).await;
        tab.picture("task-map").await;
        print_a_list(tab).await;
        // What cannot be a number is not taken; what can is.
        tab.fill("#row-0 .score-box", "much").await;
        tab.wait("a mark", "document.querySelector('#row-0 .score-box[aria-invalid]')")
            .await;
        tab.fill("#row-0 .score-box", "3.25").await;
        tab.wait("no mark", "!document.querySelector('#row-0 .score-box[aria-invalid]')")
            .await;
        let kept = "JSON.parse(localStorage.getItem('terakoya.table')).rows[0].gold.Score === 3.25";
        tab.wait("the number to be remembered", kept).await;
    });
}

/// Goes on by the arrow keys: in the map from its first point, which is pointed at, and in a chart.
async fn read_by_keys(tab: &Tab) {
    let press = async |key: Key| {
        let keys = tab.driver().action_chain().send_keys(key);
        keys.perform().await.expect("the page takes keys");
    };
    // Scrolling may bring another point under the pointer.
    let focus = |of: &str| format!("document.querySelector('{of} svg[tabindex]').focus({{ preventScroll: true }})");
    tab.value(&focus("#map")).await;
    for (key, row) in [(Key::Right, 1), (Key::Right, 2), (Key::Left, 1)] {
        press(key).await;
        tab.wait(
            "the next point",
            &format!("document.querySelector('#map .near[data-row=\"{row}\"]')"),
        )
        .await;
    }
    assert!(tab.text("#map .pointed[aria-live]").await.contains("cat"));
    tab.value(&focus("#loss-chart")).await;
    assert_eq!(tab.count("#loss-chart .reader").await, 0);
    press(Key::Left).await;
    let told = "document.querySelector('#loss-chart figcaption[aria-live=polite] b')
        && document.querySelector('#loss-chart .reader')";
    tab.wait("a value of the chart", told).await;
}

/// Prints the second half of forty texts: the paper says which they are.
async fn print_a_list(tab: &Tab) {
    tab.fill("#read-rows", "all").await;
    tab.wait(
        "all texts",
        "document.querySelector('#failures')?.dataset.count === '40'",
    )
    .await;
    tab.click("#failures .pager button:last-child").await;
    let line = "document.querySelector('#failures .print-only')";
    let second = format!("{line}.textContent === '全 40 件のうち 21〜40 件目'");
    tab.wait("the second page", &second).await;
    for (media, is_seen) in [("print", true), ("", false)] {
        let emulated = json!({ "media": media });
        tab.chromium.command("Emulation.setEmulatedMedia", emulated).await;
        let seen = tab.value(&format!("{line}.checkVisibility()")).await;
        assert_eq!(seen, is_seen, "{media:?}");
    }
}

#[test]
fn any_number_of_labels() {
    visit(Visit::new("task-labels"), async |tab| {
        let task = Task {
            name: "multi-label-classification",
            file: "pets.jsonl",
            contents: several_labels(),
            answer: ".label-set",
            result: ".several .threshold",
            score: "micro_f1",
            eval_file: "eval.jsonl",
        };
        learn(tab, task).await;
        // Row 1 has no label; a click gives it one.
        tab.click("#row-1 .label-set summary").await;
        tab.click("#row-1 .label-set input").await;
        tab.wait(
            "the label",
            "document.querySelector('#row-1 .label-set summary').innerText === 'meow'",
        )
        .await;
    });
}

#[test]
fn names_in_plain_text() {
    visit(Visit::new("task-names"), async |tab| {
        let task = Task {
            name: "token-classification",
            file: "names.json",
            contents: spans(),
            answer: ".part[data-label=\"town\"]",
            result: ".entities .types li",
            score: "f1",
            eval_file: "eval.jsonl",
        };
        learn(tab, task).await;
        name_by_hand(tab).await;
        // The right names are others than the model's: both stand over each other.
        let text = "🗼 in nara he eats";
        let wrong = json!([
            { "text": text, "entities": [{ "span": [10, 12], "type": "town" }] },
            { "text": text, "entities": [{ "span": [2, 4], "type": "town" }] },
        ]);
        score(tab, "wrong.json", &wrong.to_string(), &[]).await;
        tab.wait(
            "both texts",
            "document.querySelectorAll('#failures .over').length === 2",
        )
        .await;
        assert_names_over(tab, &[(10, 12, "town"), (2, 4, "town")]).await;
        // The model reads 38 letters of a text, and numbers as a whole.
        let far = format!("{}in nara", "he eats ".repeat(8));
        let town = |start: usize, end: usize| json!([{ "span": [start, end], "type": "town" }]);
        let rows = json!([
            { "text": far, "entities": town(far.len() - 4, far.len()) },
            { "text": "in 42", "entities": town(3, 4) },
        ]);
        let remarks = [
            "切り捨てた部分にあるため当てられない正解が 1 あります。",
            "トークンの切れ目と合わないため当てられない正解が 1 あります。",
        ];
        score(tab, "far.json", &rows.to_string(), &remarks).await;
    });
}

/// Brings other rows and has them scored; waits for what is remarked.
async fn score(tab: &Tab, name: &str, rows: &str, remarks: &[&str]) {
    let file = tab.write(name, rows.as_bytes());
    tab.choose_file("#data-file", &file).await;
    let brought = format!("document.querySelector('.data-status').innerText.includes('{name}')");
    tab.wait("the rows", &brought).await;
    tab.fill("#read-rows", "all").await;
    for remark in remarks {
        let remarked = format!("document.querySelector('#metrics + .caption')?.innerText.includes('{remark}')");
        tab.wait(remark, &remarked).await;
    }
}

/// Takes the first row's name away, selects the word behind it and names that by a key.
async fn name_by_hand(tab: &Tab) {
    tab.click("#row-0 .parts .chip").await;
    tab.wait("no name", "!document.querySelector('#row-0 .part')").await;
    tab.value(
        "(() => {
            const text = document.querySelector('#row-0 .selectable').firstChild;
            const range = document.createRange();
            // The tower counts two in the browser.
            range.setStart(text, 11);
            range.setEnd(text, 14);
            document.querySelector('#row-0').focus();
            getSelection().removeAllRanges();
            getSelection().addRange(range);
            document.querySelector('#row-0').dispatchEvent(new KeyboardEvent('keydown', { key: '1', bubbles: true }));
        })()",
    )
    .await;
    tab.wait(
        "the new name",
        "document.querySelector('#row-0 .part')?.textContent === 'he'",
    )
    .await;
    let span = "JSON.stringify(JSON.parse(localStorage.getItem('terakoya.table')).rows[0].gold.Spans)";
    let kept = format!("{span} === JSON.stringify([{{ start: 11, end: 13, label: 'town' }}])");
    tab.wait("the name to be remembered, in characters", &kept).await;
    name_by_keys(tab).await;
}

/// Has the first row's text opened, selects the name in it and names that, all by keys.
async fn name_by_keys(tab: &Tab) {
    let keys = || tab.driver().action_chain();
    let press = async |keys: ActionChain| keys.perform().await.expect("the page takes keys");
    tab.value("document.querySelector('#row-0').focus()").await;
    press(keys().send_keys("0")).await;
    tab.wait("no name", "!document.querySelector('#row-0 .part')").await;
    press(keys().send_keys(" ")).await;
    let open = "document.activeElement === document.querySelector('#row-0 textarea[aria-readonly]')";
    tab.wait("the text in its box", open).await;
    let label = "document.activeElement.ariaLabel.includes('選んで')";
    assert_eq!(tab.value(label).await, true, "the box says what it is for");
    let right = |times: usize| Key::Right.value().to_string().repeat(times);
    press(keys().send_keys(right(5))).await;
    press(keys().key_down(Key::Shift).send_keys(right(5)).key_up(Key::Shift)).await;
    press(keys().send_keys("1")).await;
    let span = "JSON.stringify(JSON.parse(localStorage.getItem('terakoya.table')).rows[0].gold.Spans)";
    let kept = format!("{span} === JSON.stringify([{{ start: 5, end: 10, label: 'town' }}])");
    tab.wait("the name to be remembered", &kept).await;
    assert_eq!(tab.value(open).await, true, "further names may follow");
    press(keys().send_keys(Key::Escape)).await;
    let back = "document.activeElement.id === 'row-0' && !document.querySelector('#row-0 textarea')";
    tab.wait("the row again", back).await;
    // On a button of the row a key is the button's.
    tab.value("document.querySelector('#row-0 .parts .chip').focus()").await;
    press(keys().send_keys(Key::Enter)).await;
    tab.wait("no name", "!document.querySelector('#row-0 .part')").await;
    assert_eq!(tab.count("#rows textarea").await, 0);
}

/// Makes the word at the beginning of the first row's passage its answer, by keys.
async fn answer_by_keys(tab: &Tab) {
    tab.value("document.querySelector('#row-0').focus()").await;
    let keys = tab.driver().action_chain().send_keys(" ");
    keys.perform().await.expect("a row takes keys");
    let text = "document.querySelector('#row-0 textarea[aria-readonly]')?.value.startsWith('🗼 cat ')";
    tab.wait("the passage in its box", text).await;
    tab.value("document.querySelector('#row-0 textarea').setSelectionRange(3, 6)")
        .await;
    let keys = tab.driver().action_chain().send_keys("1");
    keys.perform().await.expect("the box takes keys");
    let answer = "document.querySelector('#row-0 .answer-mark')?.textContent === 'cat'";
    tab.wait("the answer", answer).await;
}

#[test]
fn names_in_words_that_are_given() {
    visit(Visit::new("task-words"), async |tab| {
        let task = Task {
            name: "token-classification",
            file: "names.conll",
            contents: tagged_words(),
            answer: ".part[data-label=\"town\"]",
            result: ".entities .types li",
            score: "f1",
            eval_file: "eval.conll",
        };
        learn(tab, task).await;
        let inside = "in\tO\nnara\tI-town\n\n".repeat(2);
        score(tab, "inside.conll", &inside, &["B- と読んで数えた名前：正解 2、"]).await;
    });
}

#[test]
fn answers_in_passages() {
    visit(Visit::new("task-answers"), async |tab| {
        let task = Task {
            name: "question-answering",
            file: "cats.json",
            contents: questions(),
            answer: ".answer-mark",
            result: ".said-answer",
            score: "character_f1",
            eval_file: "eval.json",
        };
        learn(tab, task).await;
        assert_eq!(tab.text("label[for=try-pair]").await, "本文");
        assert_runners_up(tab, "where").await;
        answer_by_keys(tab).await;
    });
}
