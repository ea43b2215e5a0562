//! Rows, questions and beginnings that a task cannot take: what is said of them, and that the worker works on.

use serde_json::{Value, json};

use super::language::{bring_gpt2, write_on};
use super::runs::Wish;
use super::tab::Tab;
use super::visit::{Visit, visit};

/// A file in SQuAD's form: questions about a passage with the answer `text` at character `start`.
fn questions(passage: &str, questions: &[&str], (text, start): (&str, usize)) -> String {
    let answers = json!([{ "text": text, "answer_start": start }]);
    let asked = questions.iter().zip(1..);
    let asked: Vec<Value> = asked
        .map(|(question, id)| json!({ "id": format!("q{id}"), "question": question, "answers": answers }))
        .collect();
    let paragraph = json!({ "context": passage, "qas": asked });
    json!({ "version": "1.1", "data": [{ "title": "towns", "paragraphs": [paragraph] }] }).to_string()
}

impl Tab {
    /// Brings a file that is refused with `reason`, the table staying as it is.
    async fn assert_refused(&self, name: &str, text: &str, reason: &str) {
        let rows = self.count("#rows tbody tr").await;
        let file = self.write(name, text.as_bytes());
        self.choose_file("#data-file", &file).await;
        let said = format!(
            "document.querySelector('#data-error')?.innerText.includes({})",
            Value::from(reason)
        );
        self.wait(reason, &said).await;
        assert_eq!(self.count("#rows tbody tr").await, rows);
    }

    /// Brings a file whose rows become the table.
    async fn bring(&self, name: &str, text: &str) {
        let file = self.write(name, text.as_bytes());
        self.choose_file("#data-file", &file).await;
        let brought = format!("document.querySelector('.data-status').innerText.includes('{name}')");
        self.wait("the rows", &brought).await;
    }
}

#[test]
fn a_row_that_a_task_cannot_take_is_named() {
    visit(Visit::new("bad-rows"), async |tab| {
        tab.open().await;
        let towns = |answer| questions("京都は古い町です。", &["どこ？"], answer);
        let scored = |score: &str| format!("sentence1,sentence2,score\na cat,a dog,3.5\na cat,a cat,{score}\n");
        let answer = "「wrong.json」の 1 番目の質問（q1）：答え";
        for (name, text, reason) in [
            (
                "wrong.json",
                towns(("京都", 1)),
                format!(
                    "{answer}「京都」は 1 文字目（最初を 0 と数えます）から始まるはずですが、そこには「都は」とあります。"
                ),
            ),
            (
                "wrong.json",
                towns(("", 0)),
                format!("{answer}の文字がありません。答えのない質問では、答えの並びを空にしてください。"),
            ),
            (
                "much.csv",
                scored("much"),
                "「much.csv」の 3 行目：「much」は数ではありません。".to_owned(),
            ),
            (
                "much.csv",
                scored("NaN"),
                "「much.csv」の 3 行目：「NaN」は数ではありません。".to_owned(),
            ),
            (
                "tags.conll",
                "in\tO\nnara\tX-town\n\n".to_owned(),
                "「tags.conll」の 2 行目：「X-town」はタグではありません。O、B-種類、I-種類のどれかを書いてください。"
                    .to_owned(),
            ),
        ] {
            tab.assert_refused(name, &text, &reason).await;
        }
        tab.fill("#task", "masked-lm").await;
        for (name, text) in [("empty.txt", ""), ("blank.txt", "\n \n\n")] {
            let reason = format!("「{name}」には例文がありません。");
            tab.assert_refused(name, text, &reason).await;
        }
        assert!(tab.ask("still here").await["tokens"].is_array());
        assert_eq!(tab.heard_of("ready").await.len(), 1, "the worker is still the first");
    });
}

#[test]
fn a_question_that_leaves_no_room_for_its_passage_is_named() {
    visit(Visit::new("long-question"), async |tab| {
        tab.open().await;
        tab.bring_micro(20).await;
        let passage = "the cat sleeps in nara";
        let answer = ("nara", 18);
        let long = "where does the cat sleep ".repeat(6);
        let wish = Wish {
            layers: "all",
            epochs: 2,
            learning_rate: "0.01",
            batch_size: 8,
        };
        let reason = "このモデルが一度に読むのは 40 トークンで、本文の入る余地が残るのは 36 トークンまでです。質問を短くしてください。";
        tab.bring("long.json", &questions(passage, &[long.as_str(); 20], answer))
            .await;
        tab.start(wish).await;
        let said = "document.querySelector('#train-status[data-phase=failed]')?.innerText";
        tab.wait("the refusal", &format!("{said}?.endsWith('{reason}')")).await;
        assert!(
            tab.text("#train-status")
                .await
                .starts_with("学習を始められませんでした：教える分の 1 番目の質問（where does the cat")
        );
        tab.bring("short.json", &questions(passage, &["where"; 20], answer))
            .await;
        tab.start(wish).await;
        tab.finish().await;
        let answered = "document.querySelector('#prediction .said-answer')";
        tab.fill("#try-text", "where").await;
        tab.wait("an answer", answered).await;
        // What is typed is refused too, and the answer to the earlier question goes.
        tab.fill("#try-text", &long).await;
        let refused =
            format!("document.querySelector('#try .message.bad[role=alert]')?.innerText.endsWith('{reason}')");
        tab.wait("the refusal", &refused).await;
        assert_eq!(tab.count("#prediction").await, 0);
        let tried = tab.heard_of("tried").await.len();
        tab.fill("#try-text", "where").await;
        tab.wait("an answer again", answered).await;
        assert_eq!(tab.heard_of("tried").await.len(), tried + 1);
        assert_eq!(tab.count("#try .message.bad").await, 0);
        assert_eq!(tab.heard_of("ready").await.len(), 1, "the worker is still the first");
    });
}

#[test]
fn a_beginning_that_is_longer_than_the_context_is_named() {
    visit(Visit::new("long-prompt"), async |tab| {
        tab.open().await;
        bring_gpt2(tab).await;
        // 16 tokens each: the model reads 2,048 at once.
        tab.fill("#try-text", &"the cat of nara sleeps in osaka ".repeat(200))
            .await;
        tab.click("#generate").await;
        tab.wait(
            "the end of it",
            "document.querySelector('#try .continuation[data-phase=failed] .written')?.textContent === ''",
        )
        .await;
        let said = tab.text("#try").await;
        let reason = "モデルが読めるのは 2048 トークンまでなので、短くしてください。";
        assert!(said.contains(reason), "{said}");
        for (name, text) in [("empty.txt", ""), ("blank.txt", "\n \n\n")] {
            let reason = format!("「{name}」には例文がありません。");
            tab.assert_refused(name, text, &reason).await;
        }
        tab.fill("#generate-max-new-tokens", "5").await;
        write_on(tab, "the cat").await;
        assert!(!tab.text("#try").await.contains(reason));
        assert_eq!(tab.heard_of("ready").await.len(), 1, "the worker is still the first");
    });
}
