//! Reading a result: scores before and after, classes, confusions and failures are those of the rows, worst first, and labels that
//! look like HTML are text in all of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::models::{micro_that_says, mistaken_pets, zip};
use super::runs::Wish;
use super::tab::Tab;
use super::visit::{Visit, visit};

/// Labels as nobody should choose them. The picture is not there, and what it would run then leaves a trace.
const LABELS: [&str; 3] = ["<b>bold</b>", "<img src=x onerror=ran=1>", "plain & <i>"];

/// A text that the page lists: itself, its label, the model's, and how sure the model is, in percent.
#[derive(Debug, Clone, PartialEq)]
struct Listed {
    text: String,
    gold: String,
    predicted: String,
    confidence: f64,
}

/// The texts of the cells of a table's rows.
fn cells(rows: &str) -> String {
    format!("[...document.querySelectorAll('{rows}')].map((row) => [...row.cells].map((cell) => cell.textContent))")
}

impl Tab {
    /// The texts of a table's cells, row by row.
    async fn table(&self, rows: &str) -> Vec<Vec<String>> {
        serde_json::from_value(self.value(&cells(rows)).await).expect("texts in rows")
    }

    /// The texts that an element lists, on all its pages.
    async fn listed(&self, element: &str) -> Vec<Listed> {
        let (back, on) = (
            format!("{element} .pager button:first-child:not(:disabled)"),
            format!("{element} .pager button:last-child:not(:disabled)"),
        );
        while self.count(&back).await > 0 {
            self.click(&back).await;
        }
        let mut rows = self.table(&format!("{element} .texts tbody tr")).await;
        while self.count(&on).await > 0 {
            self.click(&on).await;
            rows.extend(self.table(&format!("{element} .texts tbody tr")).await);
        }
        let listed = |row: Vec<String>| {
            let [text, gold, predicted, confidence] = <[String; 4]>::try_from(row).expect("four columns");
            let confidence = confidence.trim_end_matches(" %").parse().expect("a percentage");
            Listed {
                text,
                gold,
                predicted,
                confidence,
            }
        };
        rows.into_iter().map(listed).collect()
    }

    /// The report of a model on the rows that were scored last.
    async fn report(&self, model: &str) -> Value {
        let mut evaluated = self.heard_of("evaluated").await;
        evaluated.retain(|event| event["model"] == model);
        evaluated.pop().expect("it was scored")["evaluation"].take()
    }

    /// Asserts that the failures are told the surest first, and gives them.
    async fn failures(&self) -> Vec<Listed> {
        let failures = self.listed("#failures").await;
        assert!(
            failures.iter().all(|failure| failure.gold != failure.predicted),
            "{failures:?}"
        );
        assert!(
            failures.is_sorted_by(|left, right| left.confidence >= right.confidence),
            "{failures:?}"
        );
        let count = self
            .value("Number(document.querySelector('#failures').dataset.count)")
            .await;
        assert_eq!(count, failures.len());
        failures
    }
}

/// Asserts that the cards show the scores, and what they were before.
async fn assert_cards(tab: &Tab, base: &Value, tuned: &Value) {
    let of = |evaluation: &Value| -> Vec<String> {
        let report = &evaluation["report"];
        let scores = [
            &report["accuracy"],
            &report["macro_f1"],
            &report["mcc"],
            &evaluation["loss"],
        ];
        scores
            .map(|score| format!("{:.3}", score.as_f64().expect("a score")))
            .to_vec()
    };
    let (before, after) = (of(base), of(tuned));
    assert_ne!(before, after);
    let cards = "[...document.querySelectorAll('#metrics > div')].map((card) => [...card.querySelectorAll('dd')].map((e) => e.textContent))";
    let cards: Vec<Vec<String>> = serde_json::from_value(tab.value(cards).await).expect("texts");
    assert_eq!(cards.len(), after.len());
    for ((card, before), after) in cards.iter().zip(before).zip(after) {
        assert_eq!(card[0], after);
        assert!(card[1].starts_with(&format!("学習前 {before}（")), "{card:?}");
    }
}

/// Asserts that the table of classes and the matrix are the report's, and that each count leads to just its texts; gives these.
async fn assert_confusions(tab: &Tab, report: &Value) -> Vec<Listed> {
    let matrix: Vec<Vec<usize>> = serde_json::from_value(report["confusion_matrix"].clone()).expect("numbers in rows");
    let number = |value: &Value| format!("{:.3}", value.as_f64().expect("a score"));
    let class = |class: &Value| {
        let scores = ["precision", "recall", "f1"].map(|name| number(&class[name]));
        let label = class["label"].as_str().expect("a label").to_owned();
        [vec![label], scores.to_vec(), vec![class["support"].to_string()]].concat()
    };
    let classes: Vec<Vec<String>> = report["per_class"]
        .as_array()
        .expect("classes")
        .iter()
        .map(class)
        .collect();
    assert_eq!(tab.table("table.classes tbody tr").await, classes);
    let labels: Vec<String> = serde_json::from_value(report["labels"].clone()).expect("texts");
    let head = tab.table("#confusion thead tr").await.remove(0);
    assert_eq!(head[1..], labels);
    let mut all = Vec::new();
    for (gold, row) in tab.table("#confusion tbody tr").await.into_iter().enumerate() {
        assert_eq!(row[0], labels[gold]);
        for (predicted, shown) in row[1..].iter().enumerate() {
            let count = matrix[gold][predicted];
            assert_eq!(shown, &count.to_string());
            if count > 0 {
                let texts = open_cell(tab, gold, predicted).await;
                let is_of_cell = |text: &Listed| (&text.gold, &text.predicted) == (&labels[gold], &labels[predicted]);
                assert!(texts.len() == count && texts.iter().all(is_of_cell), "{texts:?}");
                all.extend(texts);
            }
        }
        let support: usize = matrix[gold].iter().sum();
        assert_eq!(classes[gold][4], support.to_string());
    }
    all
}

/// Clicks into a cell of the matrix; gives the texts that it shows.
async fn open_cell(tab: &Tab, gold: usize, predicted: usize) -> Vec<Listed> {
    let button = format!(
        "#confusion tbody tr:nth-child({}) td:nth-of-type({}) button",
        gold + 1,
        predicted + 1
    );
    tab.click(&button).await;
    let open =
        format!("document.querySelector('{button}[aria-pressed=true]') && document.querySelector('#confusion-texts')");
    tab.wait("the cell's texts", &open).await;
    tab.listed("#confusion-texts").await
}

/// How often each text is there, with its label.
fn counted(texts: impl Iterator<Item = (String, String)>) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    counts
}

/// Asserts that a label is text wherever the page has one.
async fn assert_text_only(tab: &Tab) {
    let labelled = [
        "#label-counts",
        "#rows",
        "#prediction .bars",
        "#read .before-after .bars",
        "table.classes",
        "#confusion",
        "#failures",
        "#kept-runs",
    ];
    for place in labelled {
        let text = tab
            .value(&format!("document.querySelector('{place}').textContent"))
            .await;
        let text = text.as_str().unwrap_or_default();
        let all = LABELS.iter().filter(|label| text.contains(**label)).count();
        assert!(all == 3 || (place == "#failures" && all > 0), "{place}: {text}");
    }
    assert_eq!(tab.count("#page img, #page [onerror]").await, 0);
    let bold = "[...document.querySelectorAll('#page b')].filter((e) => e.textContent === 'bold').length";
    assert_eq!(tab.value(bold).await, 0);
    assert_eq!(tab.value("typeof window.ran").await, "undefined");
}

#[test]
fn a_result_is_read_by_its_classes_confusions_and_failures() {
    visit(Visit::new("reading"), async |tab| {
        tab.open().await;
        let model = tab.write("micro.zip", &zip(&micro_that_says(LABELS)));
        tab.choose_file("#import", &model).await;
        tab.wait(
            "its labels",
            "document.querySelector('#prediction .classification')?.dataset.label.includes('<')",
        )
        .await;
        let table = tab.write("pets.tsv", mistaken_pets(120, LABELS).as_bytes());
        tab.choose_file("#data-file", &table).await;
        tab.wait(
            "the file",
            "document.querySelector('.data-status').innerText.includes('pets.tsv')",
        )
        .await;
        tab.fill("#eval-percent", "50").await;
        tab.start(Wish {
            layers: "all",
            epochs: 8,
            learning_rate: "0.01",
            batch_size: 12,
        })
        .await;
        tab.finish().await;
        tab.wait(
            "both scores",
            "document.querySelector('#metrics dd.change') && document.querySelectorAll('#read .before-after .bars').length === 2",
        )
        .await;
        let (base, tuned) = (tab.report("base").await, tab.report("tuned").await);
        assert_cards(tab, &base, &tuned).await;
        let texts = assert_confusions(tab, &tuned["report"]).await;
        assert_eq!(texts.len(), 60, "every text is in one cell");
        let failures = tab.failures().await;
        assert!(failures.len() >= 10, "a quarter has a wrong label: {failures:?}");
        assert!(
            failures[0].confidence > failures[failures.len() - 1].confidence,
            "{failures:?}"
        );
        let wrong = texts.into_iter().filter(|text| text.gold != text.predicted);
        assert_eq!(
            counted(failures.into_iter().map(|text| (text.text, text.gold))),
            counted(wrong.map(|text| (text.text, text.gold)))
        );
        assert_text_only(tab).await;
        tab.picture("5-read-labels").await;
    });
}

#[test]
fn the_lesson_of_topics_teaches_the_first_model() {
    let site = Visit {
        model: None,
        ..Visit::new("topics")
    };
    visit(site, async |tab| {
        tab.open().await;
        tab.choose_topics().await;
        // What a student has after half a minute.
        tab.click("#train-layers-head").await;
        tab.click("#start").await;
        tab.finish().await;
        tab.wait(
            "the result",
            "document.querySelector('#failures') && document.querySelectorAll('#read .before-after .classification').length === 2",
        )
        .await;
        let accuracy = tab.report("tuned").await["report"]["accuracy"].as_f64();
        println!("topics are told with accuracy {accuracy:?}");
        assert!(accuracy.is_some_and(|accuracy| accuracy > 0.8), "{accuracy:?}");
        assert!(!tab.failures().await.is_empty());
        tab.picture_of("#read", "readme-read").await;
    });
}

/// Has all rows scored, notes how far the bar is, and ends it once that has moved twice.
const SCORE_AND_END: &str = "(() => {
    const select = document.querySelector('#read-rows');
    select.value = 'all';
    select.dispatchEvent(new Event('change', { bubbles: true }));
    window.seen = [];
    const look = setInterval(() => {
        const bar = document.querySelector('#reading progress');
        if (!bar || window.seen.includes(bar.value)) return;
        window.seen.push(bar.value);
        window.most = bar.max;
        if (window.seen.length < 3) return;
        clearInterval(look);
        document.querySelector('#end-reading').click();
    }, 1);
    return true;
})()";

#[test]
fn scoring_shows_how_far_it_is_and_can_be_ended() {
    visit(Visit::new("ended-scoring"), async |tab| {
        tab.open().await;
        // A thousand batches, which take many turns.
        tab.bring_micro_that_says(["meow", "woof", "blub"], 20_000).await;
        tab.click("#evaluate").await;
        tab.wait("the scores", "document.querySelector('#metrics')").await;
        let shown = tab.text("#metrics").await;
        let before = tab.heard_of("stale").await.len();
        tab.value(SCORE_AND_END).await;
        tab.wait("that it was ended", "document.querySelector('#reading-ended')")
            .await;
        let seen: Vec<f64> = serde_json::from_value(tab.value("window.seen").await).expect("numbers");
        assert!(seen.is_sorted() && seen[2] < 20_000.0, "{seen:?}");
        assert_eq!(tab.value("window.most").await, 20_000);
        tab.wait("what was shown", "document.querySelector('#metrics')").await;
        assert_eq!(tab.text("#metrics").await, shown);
        let chosen = "document.querySelector('#read-rows').value === 'evaluation'";
        tab.wait("the choice that it is of", chosen).await;
        tab.wait(
            "the worker's end of it",
            &format!("window.heard.filter((message) => message.kind === 'stale').length > {before}"),
        )
        .await;
        assert_eq!(tab.heard_of("evaluated").await.len(), 1);
        assert_eq!(tab.count("#reading").await, 0);
        tab.click("#evaluate").await;
        tab.wait(
            "other scores",
            "document.querySelector('#metrics') && !document.querySelector('#reading-ended')",
        )
        .await;
        assert_eq!(tab.text("#metrics").await, shown);
    });
}
