//! Tables whose columns nobody has named: the student says what each is.

use std::path::Path;

use super::tab::Tab;
use super::visit::{Visit, visit};

/// How many rows each label has, in order of the labels.
const COUNTS: &str =
    "[...document.querySelectorAll('#label-counts li')].map((e) => e.dataset.label + e.dataset.count).sort().join()";

/// Brings a file that the page asks about, and waits until it shows the beginning, in which `shown` stands.
async fn bring_unknown(tab: &Tab, name: &str, text: &str, shown: &str) {
    let file = tab.write(name, text.as_bytes());
    tab.choose_file("#data-file", &file).await;
    let asks = format!("((e) => e?.open && e.innerText.includes('{shown}'))(document.querySelector('#columns'))");
    tab.wait("the question", &asks).await;
}

/// Rows as the corpus JRTE writes them: number, label, text, votes, part.
fn opinions() -> String {
    let row = |number: usize| {
        let label = number % 2;
        let part = if number < 14 { "train" } else { "test" };
        format!("pn{number}\t{label}\t感想その{number}\t{{\"{label}\": 3}}\t{part}\n")
    };
    (0..20).map(row).collect()
}

#[test]
fn the_columns_of_a_table_are_chosen_on_the_page() {
    visit(Visit::new("columns"), async |tab| {
        tab.open().await;
        let file = tab.write("pn.tsv", opinions().as_bytes());
        tab.choose_file("#data-file", &file).await;
        // Nothing tells which column is the text: the page asks.
        tab.wait("the question", "document.querySelector('#columns')?.open")
            .await;
        let error = tab.text("#data-error").await;
        assert!(error.contains("「列を選ぶ」"), "{error}");
        assert!(tab.text("#columns tbody").await.contains("感想その1"));
        assert_eq!(
            tab.value("document.querySelector('#columns-read').disabled").await,
            true
        );
        tab.fill("#column-3", "text").await;
        tab.fill("#column-2", "label").await;
        tab.fill("#column-5", "filter").await;
        tab.picture("2-columns").await;
        // A row is picked by a value, of which the page knows those that occur.
        let offered = "[...document.querySelectorAll('#columns-values option')].map((e) => e.value).join()";
        tab.wait("the values", &format!("{offered} === 'train,test'")).await;
        assert_eq!(
            tab.value("document.querySelector('#columns-read').disabled").await,
            true
        );
        tab.fill("#columns-value", "dev").await;
        tab.click("#columns-read").await;
        tab.wait(
            "no such rows",
            "document.querySelector('#data-error')?.textContent.includes('5=dev')",
        )
        .await;
        // What was chosen is still chosen.
        tab.fill("#columns-value", "train").await;
        tab.click("#columns-read").await;
        tab.wait("the rows", &format!("{COUNTS} === '07,17'")).await;
        assert_eq!(tab.count("#data-error").await, 0);
        assert!(tab.text("#rows").await.contains("感想その13"));
        // Another choice replaces the rows.
        tab.value("document.querySelector('#columns').open = true").await;
        tab.fill("#column-5", "unused").await;
        tab.click("#columns-read").await;
        tab.wait("all rows", &format!("{COUNTS} === '010,110'")).await;
    });
}

#[test]
fn a_header_may_have_names_of_its_own() {
    visit(Visit::new("own-header"), async |tab| {
        tab.open().await;
        let file = tab.write(
            "log.csv",
            "日付,発言,気分\n1日,駅が近い,良い\n2日,部屋が狭い,悪い\n3日,朝食がおいしい,良い\n".as_bytes(),
        );
        tab.choose_file("#data-file", &file).await;
        tab.wait("the question", "document.querySelector('#columns')?.open")
            .await;
        tab.click("#columns-header").await;
        tab.fill("#column-2", "text").await;
        tab.fill("#column-3", "label").await;
        tab.click("#columns-read").await;
        tab.wait("the rows", &format!("{COUNTS} === '悪い1,良い2'")).await;
        assert_eq!(tab.count("#rows tbody tr").await, 3, "the header is no row");
    });
}

#[test]
fn columns_are_read_as_they_were_clicked_whatever_the_header_says() {
    visit(Visit::new("odd-headers"), async |tab| {
        tab.open().await;
        let long = "この授業について思ったことを自由に書いてください。".repeat(4);
        for (name, table, text, label) in [
            // A header of digits, each of which is the number of another column.
            (
                "digits.csv",
                "0,1,2\n1日,駅が近い,良い\n2日,部屋が狭い,悪い\n3日,朝食がおいしい,良い\n".to_owned(),
                2,
                3,
            ),
            // Two columns of one name.
            (
                "twice.csv",
                "日付,回答,評価,回答\n1日,いいえ,悪い,部屋が狭い\n2日,はい,良い,駅が近い\n3日,はい,良い,朝食がおいしい\n".to_owned(),
                4,
                3,
            ),
            // A header longer than what is shown of it.
            (
                "long.csv",
                format!("番,{long},結果\n1,駅が近い,良い\n2,部屋が狭い,悪い\n3,朝食がおいしい,良い\n"),
                2,
                3,
            ),
        ] {
            bring_unknown(tab, name, &table, table.split(',').next().unwrap_or_default()).await;
            tab.click("#columns-header").await;
            tab.fill(&format!("#column-{text}"), "text").await;
            tab.fill(&format!("#column-{label}"), "label").await;
            tab.click("#columns-read").await;
            let is_of_file = format!("document.querySelector('.data-status').innerText.includes('{name}')");
            tab.wait("the rows", &format!("{is_of_file} && {COUNTS} === '悪い1,良い2'"))
                .await;
            assert_eq!(tab.count("#rows tbody tr").await, 3, "{name}: the header is no row");
            let rows = tab.text("#rows").await;
            assert!(rows.contains("駅が近い") && rows.contains("部屋が狭い"), "{name}: {rows}");
            // What was read is what the choice shows.
            let read = format!("document.querySelector('#column-{text}').value");
            assert_eq!(tab.value(&read).await, "text", "{name}");
            let header = "document.querySelector('#columns-header').checked";
            assert_eq!(tab.value(header).await, true, "{name}");
        }
    });
}

#[test]
fn one_object_has_columns_and_what_has_none_is_not_asked_for_them() {
    visit(Visit::new("one-object"), async |tab| {
        tab.open().await;
        let object = "{\n  \"course\": \"駅から宿まで\",\n  \"examples\": [\n    {\"text\": \"駅へ\"}\n  ]\n}\n";
        bring_unknown(tab, "course.json", object, "examples").await;
        assert!(tab.text("#data-error").await.contains("「列を選ぶ」"));
        tab.fill("#column-1", "text").await;
        tab.click("#columns-read").await;
        tab.wait("the row", "document.querySelectorAll('#rows tbody tr').length === 1")
            .await;
        assert!(tab.text("#rows").await.contains("駅から宿まで"));
        // A label alone leaves no column for the text.
        let file = tab.write("labels.csv", "label\n良い\n悪い\n".as_bytes());
        tab.choose_file("#data-file", &file).await;
        tab.wait("the error", "document.querySelector('#data-error')").await;
        let error = tab.text("#data-error").await;
        assert!(error.contains("文にできる列がありません"), "{error}");
        assert_eq!(tab.count("#columns").await, 0);
        // Nor has a file of questions columns, though its outermost fields have names.
        let question = r#"{"id": "q1", "question": "何が高い?", "answers": [{"text": "富士山", "answer_start": 0}]}"#;
        let article = format!(r#"{{"paragraphs": [{{"context": "富士山は高い。", "qas": [{question}]}}]}}"#);
        let file = tab.write(
            "fuji.json",
            format!(r#"{{"version": "1.1", "data": [{article}]}}"#).as_bytes(),
        );
        tab.choose_file("#data-file", &file).await;
        tab.wait(
            "the task",
            "document.querySelector('#task').value === 'question-answering'",
        )
        .await;
        assert_eq!(tab.count("#data-error").await, 0);
        assert_eq!(tab.count("#columns").await, 0);
        // The same as records by themselves.
        let record = |id: u32| {
            format!(
                r#"{{"id": {id}, "question": "何が高い?", "context": "富士山は高い。", "answers": {{"text": ["富士山"], "answer_start": [0]}}}}"#
            )
        };
        let file = tab.write("flat.jsonl", format!("{}\n{}\n", record(1), record(2)).as_bytes());
        tab.choose_file("#data-file", &file).await;
        tab.wait("both rows", "document.querySelectorAll('#rows tbody tr').length === 2")
            .await;
        let task = tab.value("document.querySelector('#task').value").await;
        assert_eq!(task, "question-answering");
        // One that is damaged is no text without a label.
        let damaged = record(2).replace("[0]", "0");
        let file = tab.write("damaged.jsonl", format!("{}\n{damaged}\n", record(1)).as_bytes());
        tab.choose_file("#data-file", &file).await;
        tab.wait(
            "what is wrong",
            "document.querySelector('#data-error')?.innerText.includes('answers')",
        )
        .await;
    });
}

#[test]
fn a_column_may_list_labels() {
    visit(Visit::new("listed-labels"), async |tab| {
        tab.open().await;
        // As GoEmotions writes its rows: no header, the numbers of labels, an id.
        let table = "i love it\t0,2\tid1\nso sad\t1\tid2\nwell\t0\tid3\n";
        bring_unknown(tab, "train.tsv", table, "so sad").await;
        tab.fill("#column-1", "text").await;
        tab.fill("#column-2", "label").await;
        tab.click("#columns-read").await;
        tab.wait("the rows", "document.querySelectorAll('#rows tbody tr').length === 3")
            .await;
        tab.fill("#task", "multi-label-classification").await;
        tab.wait("each label", &format!("{COUNTS} === '02,11,21'")).await;
    });
}

#[test]
fn a_list_of_labels_names_their_numbers() {
    visit(Visit::new("label-list"), async |tab| {
        tab.open().await;
        let table = "i love it\t0,2\tid1\nso sad\t1\tid2\nwell\t0\tid3\n";
        let choose = async || {
            tab.wait("the question", "document.querySelector('#columns')?.open")
                .await;
            tab.fill("#column-1", "text").await;
            tab.fill("#column-2", "label").await;
            tab.click("#columns-read").await;
        };
        let named = format!("{COUNTS} === 'anger1,joy2,sad1'");
        let task = "document.querySelector('#task').value";
        // Both files are chosen at once.
        let rows = tab.write("train.tsv", table.as_bytes());
        let list = tab.write("labels.txt", b"joy\nsad\nanger\n");
        let both = format!("{}\n{}", rows.display(), list.display());
        tab.choose_file("#data-file", Path::new(&both)).await;
        choose().await;
        tab.wait("the names", &named).await;
        assert_eq!(tab.value(task).await, "multi-label-classification");
        assert!(tab.text("#listed-labels").await.contains('3'));
        tab.picture("2-label-list").await;
        // The list comes later, once without the last label.
        tab.choose_file("#data-file", &rows).await;
        choose().await;
        let numbers = format!("{COUNTS} === '0,21,01,11'");
        tab.wait("the numbers", &numbers).await;
        assert_eq!(tab.count("#listed-labels").await, 0);
        let short = tab.write("labels.txt", b"joy\nsad\n");
        tab.drop_file("#data .drop", &short).await;
        let refused = "document.querySelector('#data-error')?.innerText.includes('「2」は')";
        tab.wait("the number that is none", refused).await;
        assert_eq!(tab.value(&numbers).await, true, "the table stays");
        let list = tab.write("labels.txt", b"joy\nsad\nanger\n");
        tab.drop_file("#data .drop", &list).await;
        tab.wait("the names", &named).await;
        assert_eq!(tab.count("#data-error").await, 0);
        // Numbers of tags cannot be read without their names.
        let words = tab.write("ner.jsonl", br#"{"tokens":["in","Nara"],"ner_tags":[0,1]}"#);
        tab.choose_file("#data-file", &words).await;
        let asked = "document.querySelector('#data-error')?.innerText.includes('labels.txt')";
        tab.wait("what is missing", asked).await;
        let tags = tab.write("labels.txt", b"O\nB-LOC\n");
        tab.drop_file("#data .drop", &tags).await;
        tab.wait(
            "the tag",
            &format!("{task} === 'token-classification' && {COUNTS} === 'LOC1'"),
        )
        .await;
    });
}

#[test]
fn files_that_are_not_used_are_named() {
    visit(Visit::new("not-used"), async |tab| {
        tab.open().await;
        // Of two data files the first is read.
        let scores = tab.write("scores.csv", "text,score\nよい,4.5\nわるい,1.5\n".as_bytes());
        let other = tab.write("dev.csv", "text,label\nよい,a\n".as_bytes());
        let both = format!("{}\n{}", scores.display(), other.display());
        tab.choose_file("#data-file", Path::new(&both)).await;
        let left_out = "document.querySelector('#left-out')?.innerText.includes('dev.csv')";
        let is_scored = "document.querySelector('#task').value === 'regression'";
        tab.wait("both files", &format!("{left_out} && {is_scored}")).await;
        assert_eq!(tab.count("#rows tbody tr").await, 2);
        // Scores are no numbers of labels.
        let list = tab.write("labels.txt", b"bad\ngood\n");
        tab.drop_file("#data .drop", &list).await;
        let unused = "document.querySelector('#data-error')?.innerText.includes('ラベルの番号ではない')";
        tab.wait("what the list is not used for", unused).await;
        assert_eq!(tab.count("#listed-labels").await, 0);
        assert_eq!(tab.count("#left-out").await, 0);
        // What the file replaced can still come back.
        tab.click("#undo").await;
        tab.wait("the lesson", &format!("!({is_scored})")).await;
    });
}

#[test]
fn share_and_seed_are_remembered() {
    visit(Visit::new("remembered-split"), async |tab| {
        tab.open().await;
        tab.fill("#eval-percent", "35").await;
        tab.fill("#seed", "7").await;
        tab.wait("the memory", "localStorage['terakoya.split'] === '[35,7]'")
            .await;
        let parts = tab.text("#split-parts").await;
        tab.open().await;
        tab.wait("the table", "document.querySelector('#rows tbody tr')").await;
        let shown = tab
            .value("[document.querySelector('#eval-percent').value, document.querySelector('#seed').value].join()")
            .await;
        assert_eq!(shown, "35,7");
        assert_eq!(tab.text("#split-parts").await, parts);
    });
}
