//! Tables whose columns nobody has named: the student says what each is.

use super::visit::{Visit, visit};

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
        let counts = "[...document.querySelectorAll('#label-counts li')].map((e) => e.dataset.label + e.dataset.count)";
        tab.wait("the rows", &format!("{counts}.join() === '07,17'")).await;
        assert_eq!(tab.count("#data-error").await, 0);
        assert!(tab.text("#rows").await.contains("感想その13"));
        // Another choice replaces the rows.
        tab.value("document.querySelector('#columns').open = true").await;
        tab.fill("#column-5", "unused").await;
        tab.click("#columns-read").await;
        tab.wait("all rows", &format!("{counts}.join() === '010,110'")).await;
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
        let counts = "[...document.querySelectorAll('#label-counts li')].map((e) => e.dataset.label + e.dataset.count)";
        tab.wait("the rows", &format!("{counts}.sort().join() === '悪い1,良い2'"))
            .await;
        assert_eq!(tab.count("#rows tbody tr").await, 3, "the header is no row");
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
