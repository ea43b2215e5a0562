//! The page that `terakoya evaluate --report` writes, opened from its file: its one script runs under its own policy.

use std::collections::BTreeMap;

use serde_json::Value;

use super::tab::Tab;
use super::training::terakoya;
use super::visit::{Visit, project, visit};

/// Has the command line teach a head in one pass and write the report; gives the confusion matrix.
fn write_report(tab: &Tab) -> Vec<Vec<u64>> {
    let asset = |name: &str| project("assets").join(name).display().to_string();
    let (model, train, eval) = (
        asset("bert-tiny"),
        asset("topics-en/train.csv"),
        asset("topics-en/dev.csv"),
    );
    let folder = tab.folder.path();
    let task = ["train", "--task", "sequence-classification", "--model", &model];
    let run = [
        "--train",
        &train,
        "--train-layers",
        "head",
        "--epochs",
        "1",
        "--output",
        "out",
        "--device",
        "cpu",
    ];
    terakoya(folder, &[&task[..], &run[..]].concat());
    let scored = [
        "evaluate", "--model", "out", "--data", &eval, "--device", "cpu", "--json",
    ];
    let report = ["--report", "report.html"];
    let said: Value = serde_json::from_str(&terakoya(folder, &[&scored[..], &report[..]].concat())).expect("JSON");
    serde_json::from_value(said["confusion_matrix"].clone()).expect("numbers in rows")
}

/// The examples that are shown, by row: what a column is sorted by, and its cell of the matrix.
const SHOWN: &str = "[...document.querySelectorAll('table.examples tbody tr')].filter((row) => row.checkVisibility())
    .map((row) => [row.dataset.cell, ...[...row.cells].map((cell) => cell.dataset.value ?? cell.textContent)])";

impl Tab {
    async fn examples(&self) -> Vec<Vec<String>> {
        serde_json::from_value(self.value(SHOWN).await).expect("texts in rows")
    }

    /// Sorts by a column, counted from 0; gives which way that went, and the column's values from top to bottom.
    async fn sort_by(&self, column: usize) -> (String, Vec<String>) {
        let head = format!("table.examples th:nth-child({})", column + 1);
        self.click(&format!("{head} button")).await;
        let sorted = "[...document.querySelectorAll('table.examples th')].map((head) => head.ariaSort)";
        let sorted: Vec<Option<String>> = serde_json::from_value(self.value(sorted).await).expect("texts");
        assert_eq!(
            sorted.iter().flatten().count(),
            1,
            "one column is sorted by: {sorted:?}"
        );
        let way = sorted[column].clone().expect("the one that was clicked");
        let rows = self.examples().await;
        (
            way,
            rows.into_iter().map(|mut row| row.swap_remove(column + 1)).collect(),
        )
    }
}

fn numbers(values: &[String]) -> Vec<f64> {
    values.iter().map(|value| value.parse().expect("a number")).collect()
}

#[test]
fn a_report_is_sorted_and_filtered_from_its_file() {
    visit(Visit::new("report"), async |tab| {
        let matrix = write_report(tab);
        let address = format!("file://{}", tab.folder.path().join("report.html").display());
        tab.driver().goto(address).await.expect("the file opens");
        let wrong = || {
            let cells = matrix.iter().enumerate();
            cells.flat_map(|(gold, row)| row.iter().enumerate().filter(move |(said, _)| *said != gold))
        };
        let failures: u64 = wrong().map(|(_, count)| count).sum();
        let heading = "#examples h2";
        assert_eq!(tab.text(heading).await, format!("{failures} failures"));
        let before = tab.examples().await;
        assert_eq!(before.len() as u64, failures);
        let first: Vec<f64> = before.iter().map(|row| row[1].parse().expect("a number")).collect();
        assert!(first.is_sorted_by(|left, right| left >= right), "{first:?}");
        for expected in ["ascending", "descending", "ascending"] {
            let (way, values) = tab.sort_by(0).await;
            assert_eq!(way, expected);
            let mut values = numbers(&values);
            if way == "descending" {
                values.reverse();
            }
            assert!(values.is_sorted() && values[0] < values[values.len() - 1], "{values:?}");
        }
        let (way, mut labels) = tab.sort_by(1).await;
        assert_eq!(way, "descending");
        labels.reverse();
        assert!(
            labels.is_sorted() && labels[0] != labels[labels.len() - 1],
            "{labels:?}"
        );
        filter(tab, &matrix).await;
        tab.click(".filter button").await;
        assert_eq!(tab.text(heading).await, format!("{failures} failures"));
        let all = |rows: Vec<Vec<String>>| rows.into_iter().map(|row| (row, ())).collect::<BTreeMap<_, _>>();
        assert_eq!(all(tab.examples().await), all(before));
        assert_eq!(
            tab.value("document.querySelector('.filter').checkVisibility()").await,
            false
        );
    });
}

/// Clicks each count of the matrix: its texts are shown, and no others.
async fn filter(tab: &Tab, matrix: &[Vec<u64>]) {
    let counts = matrix.iter().enumerate().flat_map(|(gold, row)| {
        let counts = row.iter().enumerate();
        counts.map(move |(said, count)| (format!("{gold}-{said}"), *count))
    });
    let counts: Vec<(String, u64)> = counts.filter(|(_, count)| *count > 0).collect();
    assert_eq!(tab.count("a[data-cell]").await, counts.len() as u64);
    for (cell, count) in counts {
        let link = format!("a[data-cell=\"{cell}\"]");
        assert_eq!(tab.text(&link).await, count.to_string());
        tab.click(&link).await;
        let rows = tab.examples().await;
        assert!(rows.iter().all(|row| row[0] == cell), "{cell}: {rows:?}");
        let title = tab.value(&format!("document.querySelector('{link}').title")).await;
        let title = title.as_str().expect("a title").to_owned();
        // Of right answers there are the first twenty.
        let shown = if cell
            .split('-')
            .collect::<Vec<_>>()
            .windows(2)
            .all(|pair| pair[0] == pair[1])
        {
            count.min(20)
        } else {
            count
        };
        assert_eq!(rows.len() as u64, shown, "{cell}");
        let few = if shown < count {
            format!(", of which {shown} are here")
        } else {
            String::new()
        };
        assert_eq!(tab.text("#examples h2").await, format!("{title}{few}"));
        assert_eq!(
            tab.value("document.querySelector('.filter').checkVisibility()").await,
            true
        );
    }
}
