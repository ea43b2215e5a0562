//! Models of words: hidden words are taught and guessed, a text is continued piece by piece, stopped, and continued otherwise once
//! an author's style was learned; with the command line's numbers and words.

use std::fs;

use serde_json::{Value, json};

use super::models::{unzip, zip};
use super::runs::{Wish, losses};
use super::tab::Tab;
use super::training::terakoya;
use super::visit::{Visit, project, visit};

/// The same weights and rows on two CPUs' code.
const SAME_PERPLEXITY: f64 = 1e-3;

/// Tokens of a continuation that lasts for seconds: a browser's timers fire every four milliseconds at most.
const LONG: &str = "2000";

const WORDS: [&str; 4] = ["kyoto", "nara", "tokyo", "osaka"];

fn lines(count: usize) -> String {
    let line = |number: usize| format!("the cat of {} sleeps in {}\n", WORDS[number % 4], WORDS[number / 2 % 4]);
    (0..count).map(line).collect()
}

/// The number of messages of a kind that workers posted.
fn heard(kind: &str) -> String {
    format!("window.heard.filter((message) => message.kind === '{kind}').length")
}

/// Has the command line make a GPT-2 of random weights, trained for a step, that reads 2,048 tokens; gives its folder's name.
fn small_gpt2(tab: &Tab) -> &'static str {
    let config = json!({ "model_type": "gpt2", "n_embd": 24, "n_layer": 2, "n_head": 2, "n_positions": 2048 });
    tab.write("gpt2.json", config.to_string().as_bytes());
    tab.write("once.txt", lines(4).as_bytes());
    let tokenizer = project("tests/fixtures/tokenizer/gpt2").display().to_string();
    let new = [
        "--from-scratch",
        "--model-config",
        "gpt2.json",
        "--tokenizer",
        &tokenizer,
    ];
    let run = [
        "--train", "once.txt", "--epochs", "1", "--output", "small", "--device", "cpu",
    ];
    let arguments: Vec<&str> = ["train", "--task", "causal-lm"]
        .into_iter()
        .chain(new)
        .chain(run)
        .collect();
    terakoya(tab.folder.path(), &arguments);
    "small"
}

/// Opens the small GPT-2; the page brings the lesson that suits it and continues a first beginning by itself.
pub async fn bring_gpt2(tab: &Tab) {
    let folder = tab.folder.path().join(small_gpt2(tab));
    let names = fs::read_dir(folder).expect("the command line made a folder");
    let files: Vec<(String, Vec<u8>)> = names
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .expect("UTF-8")
                .to_owned();
            (name, fs::read(&path).expect("readable"))
        })
        .collect();
    let model = tab.write("small.zip", &zip(&files));
    tab.choose_file("#import", &model).await;
    tab.wait(
        "a first continuation",
        "document.querySelector('.continuation[data-phase=ended] .written')?.textContent",
    )
    .await;
    tab.wait(
        "the lesson for it",
        "document.querySelector('#task').value === 'causal-lm'
         && document.querySelector('.data-status').innerText.includes('style.')",
    )
    .await;
}

/// Types the options of a continuation: greedy, so that both programs write the same.
async fn choose_greedy(tab: &Tab, tokens: &str) {
    tab.fill("#generate-temperature", "0").await;
    tab.fill("#generate-top-k", "0").await;
    tab.fill("#generate-max-new-tokens", tokens).await;
}

/// Has `prompt` continued to its end by all models there are.
pub async fn write_on(tab: &Tab, prompt: &str) {
    tab.fill("#try-text", prompt).await;
    tab.click("#generate").await;
    let ended = format!(
        "!document.querySelector('#hush') && [...document.querySelectorAll('#try .continuation')].every((e) =>
             e.dataset.phase === 'ended' && e.querySelector('.prompt').textContent === {})",
        Value::from(prompt)
    );
    tab.wait("the continuation", &ended).await;
}

/// What a model wrote behind the prompt.
async fn written(tab: &Tab, model: &str) -> String {
    let text = format!("document.querySelector('#try .continuation[data-model={model}] .written').textContent");
    tab.value(&text).await.as_str().unwrap_or_default().to_owned()
}

/// What the command line's model of a folder writes with these options.
fn written_natively(tab: &Tab, model: &str, prompt: &str, options: &[&str]) -> String {
    let arguments = [
        "generate", "--model", model, "--prompt", prompt, "--device", "cpu", "--json",
    ];
    let arguments: Vec<&str> = arguments.into_iter().chain(options.iter().copied()).collect();
    let said: Value = serde_json::from_str(&terakoya(tab.folder.path(), &arguments)).expect("generate prints JSON");
    said["text"].as_str().expect("a text").to_owned()
}

/// Saves the model, and asserts that the command line finds the same perplexity on the rows that were tested on.
async fn same_perplexity(tab: &Tab, zip_name: &str) {
    let mut evaluated = tab.heard_of("evaluated").await;
    let here = evaluated.pop().expect("rows were scored")["evaluation"]["report"].take();
    tab.click("#export").await;
    let packed = tab.downloaded(zip_name).await;
    let folder = tab.folder.path().join("tuned");
    unzip(&packed, &folder);
    let data = folder.join("eval.jsonl").display().to_string();
    let arguments = [
        "evaluate", "--model", "tuned", "--data", &data, "--device", "cpu", "--json",
    ];
    let there: Value = serde_json::from_str(&terakoya(tab.folder.path(), &arguments)).expect("evaluate prints JSON");
    assert_eq!(here["tokens"], there["tokens"], "{here} {there}");
    let number = |report: &Value| report["perplexity"].as_f64().expect("a perplexity");
    let (here, there) = (number(&here), number(&there));
    assert!(
        (here / there - 1.0).abs() < SAME_PERPLEXITY,
        "{here} here, {there} there"
    );
}

/// Asserts that a run's loss fell.
fn assert_falls(record: &Value) {
    let losses = losses(record);
    let quarter = losses.len() / 4;
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (first, last) = (mean(&losses[..quarter]), mean(&losses[losses.len() - quarter..]));
    assert!(quarter > 0 && last < first, "the loss went from {first} to {last}");
}

#[test]
fn hidden_words_are_taught_and_guessed() {
    visit(Visit::new("task-masked-lm"), async |tab| {
        tab.open().await;
        tab.bring_micro(20).await;
        tab.fill("#task", "masked-lm").await;
        // The texts of the table are examples as they are, and so is what is pasted line by line.
        tab.click(".paste summary").await;
        tab.fill("#paste", "a cat\n\nin nara\n").await;
        tab.click("#paste-lines").await;
        tab.wait(
            "two more texts",
            "document.querySelectorAll('#rows tbody tr').length === 22",
        )
        .await;
        assert_eq!(tab.count("#rows .unlabelled").await, 0);
        let file = tab.write("towns.txt", lines(40).as_bytes());
        tab.choose_file("#data-file", &file).await;
        tab.wait("the lines", "document.querySelectorAll('#rows tbody tr').length === 40")
            .await;
        assert_eq!(tab.value("document.querySelector('#task').value").await, "masked-lm");
        assert_eq!(tab.count("#rows .unlabelled, #rows .label-select").await, 0);
        tab.wait(
            "what is not taught",
            "document.querySelector('#prediction [data-fit=\"other-task\"]')",
        )
        .await;
        let wish = Wish {
            layers: "all",
            epochs: 10,
            learning_rate: "0.01",
            batch_size: 8,
        };
        tab.start(wish).await;
        let finished = tab.finish().await;
        assert_falls(&finished["record"]);
        tab.wait("words for the gap", "document.querySelector('#prediction .masks li')")
            .await;
        tab.wait("the perplexity", "document.querySelector('#metrics dd.number')")
            .await;
        assert_eq!(tab.count("#failures").await, 0, "hidden words have no list of failures");
        assert_eq!(tab.count("#metric-chart svg").await, 1);
        tab.picture("task-masked-lm").await;
        same_perplexity(tab, "micro-tuned.zip").await;
        before_and_after(tab).await;
    });
}

/// Opens what was taught, teaches it more, and looks at both models' words and perplexities.
async fn before_and_after(tab: &mut Tab) {
    let model = tab.folder.path().join("micro-tuned.zip");
    tab.choose_file("#import", &model).await;
    tab.wait(
        "the taught model",
        "document.querySelector('.model-line').innerText.includes('micro-tuned')
         && document.querySelector('#prediction .masks li')",
    )
    .await;
    let wish = Wish {
        layers: "top",
        epochs: 2,
        learning_rate: "0.005",
        batch_size: 8,
    };
    tab.start(wish).await;
    tab.finish().await;
    tab.wait(
        "both perplexities",
        "document.querySelector('#metrics dd.change') && document.querySelectorAll('#read .before-after .masks').length === 2",
    )
    .await;
    assert_eq!(tab.count("#prediction .masks").await, 2);
    tab.picture("task-masked-lm-before-after").await;
}

#[test]
fn a_text_is_continued_piece_by_piece_and_stopped() {
    visit(Visit::new("continuation"), async |tab| {
        tab.open().await;
        bring_gpt2(tab).await;
        choose_greedy(tab, "12").await;
        let before = tab.heard_of("piece").await.len();
        write_on(tab, "the cat").await;
        let text = written(tab, "base").await;
        let pieces: Vec<Value> = tab.heard_of("piece").await.split_off(before);
        let streamed: String = pieces.iter().filter_map(|piece| piece["text"].as_str()).collect();
        assert_eq!((pieces.len(), streamed.as_str()), (12, text.as_str()));
        let options = ["--max-new-tokens", "12"];
        assert_eq!(text, written_natively(tab, "small", "the cat", &options));

        tab.fill("#generate-temperature", "0.9").await;
        tab.fill("#generate-top-k", "20").await;
        tab.fill("#generate-top-p", "0.95").await;
        tab.fill("#generate-seed", "7").await;
        write_on(tab, "in the").await;
        let options = [
            "--max-new-tokens",
            "12",
            "--temperature",
            "0.9",
            "--top-k",
            "20",
            "--top-p",
            "0.95",
            "--seed",
            "7",
        ];
        assert_eq!(
            written(tab, "base").await,
            written_natively(tab, "small", "in the", &options)
        );
        stopped(tab).await;

        tab.fill("#generate-top-p", "2").await;
        tab.wait("the reason", "document.querySelector('#generation-error')")
            .await;
        tab.picture("continuation-option").await;
    });
}

/// Stops a long continuation, and has another one take the place of a third.
async fn stopped(tab: &Tab) {
    tab.fill("#generate-max-new-tokens", LONG).await;
    let pieces = heard("piece");
    let some = |more: i64| format!("{pieces} > window.before + {more}");
    tab.value(&format!("window.before = {pieces}")).await;
    tab.click("#generate").await;
    tab.wait("some pieces", &some(5)).await;
    tab.click("#hush").await;
    tab.wait(
        "the stop",
        "document.querySelector('.continuation[data-phase=stopped]')",
    )
    .await;
    // The worker says that it heard, and writes no further token; what it held back of a character may still come.
    let behind = "(() => {
        const kinds = window.heard.map((message) => message.kind);
        return kinds.slice(kinds.lastIndexOf('done')).filter((kind) => kind === 'piece').length;
    })()";
    let behind = tab.value(behind).await;
    assert!(
        behind.as_u64().is_some_and(|pieces| pieces <= 1),
        "{behind} pieces came after the stop"
    );
    let generated = tab.heard_of("generated").await.pop().expect("it ended");
    assert_eq!(generated["generation"]["stopped_by"], "host");
    tab.picture("continuation-stopped").await;

    let generated = tab.heard_of("generated").await.len();
    tab.value(&format!("window.before = {pieces}")).await;
    tab.click("#generate").await;
    tab.wait("some pieces", &some(5)).await;
    tab.fill("#generate-max-new-tokens", "3").await;
    write_on(tab, "the end").await;
    let ended: Vec<Value> = tab.heard_of("generated").await.split_off(generated);
    let why: Vec<&Value> = ended.iter().map(|event| &event["generation"]["stopped_by"]).collect();
    assert_eq!(why, ["host", "max-new-tokens"], "the newer wish ends the older");
}

#[test]
fn a_style_is_learned_and_stands_beside_the_base() {
    visit(Visit::new("task-causal-lm"), async |tab| {
        tab.open().await;
        bring_gpt2(tab).await;
        assert_eq!(tab.count("#train-layers-head").await, 0, "there is no head to train");
        let file = tab.write("tales.txt", lines(150).as_bytes());
        tab.choose_file("#data-file", &file).await;
        tab.wait(
            "the passages",
            "document.querySelector('.data-status').innerText.includes('tales.txt')",
        )
        .await;
        let rows = tab.count("#rows tbody tr").await;
        assert!((4..20).contains(&rows), "{rows} passages of about 1,000 characters");
        choose_greedy(tab, "12").await;
        write_on(tab, "the cat of").await;
        let before = written(tab, "base").await;
        tab.fill("#block-size", "32").await;
        let wish = Wish {
            layers: "all",
            epochs: 4,
            learning_rate: "0.01",
            batch_size: 4,
        };
        tab.start(wish).await;
        let finished = tab.finish().await;
        assert_falls(&finished["record"]);
        let both = "['tuned', 'base'].every((model) =>
            document.querySelector(`#try .continuation[data-model=${model}][data-phase=ended]`))";
        tab.wait("both continuations", both).await;
        assert_eq!(written(tab, "base").await, before);
        tab.wait(
            "the change of perplexity",
            "document.querySelector('#metrics dd.change')",
        )
        .await;
        assert_eq!(tab.count("#read .continuation").await, 2);
        let [was, is] = perplexities(tab).await;
        assert!(is < was / 2.0, "the perplexity went from {was} to {is}");
        for theme in ["light", "dark"] {
            tab.fill("#theme", theme).await;
            tab.picture(&format!("task-causal-lm-{theme}")).await;
        }
        same_perplexity(tab, "small-tuned.zip").await;
        let after = written(tab, "tuned").await;
        let options = ["--max-new-tokens", "12"];
        assert_eq!(after, written_natively(tab, "tuned", "the cat of", &options));
    });
}

#[test]
fn the_lesson_of_style_teaches_the_model_that_ships() {
    let site = Visit {
        model: Some("gpt2-mini-ja"),
        ..Visit::new("style")
    };
    visit(site, async |tab| {
        tab.open().await;
        tab.wait(
            "tales, and a first continuation",
            "document.querySelector('.data-status').innerText.includes('style.txt')
             && document.querySelector('.continuation[data-phase=ended] .written')?.textContent",
        )
        .await;
        tab.fill("#epochs", "1").await;
        tab.click("#start").await;
        tab.finish().await;
        let both = "document.querySelectorAll('#read .continuation[data-phase=ended]').length === 2";
        tab.wait("both continuations", both).await;
        tab.wait(
            "the change of perplexity",
            "document.querySelector('#metrics dd.change')",
        )
        .await;
        let [was, is] = perplexities(tab).await;
        assert!(is < 0.9 * was, "the perplexity went from {was} to {is}");
        for theme in ["light", "dark"] {
            tab.fill("#theme", theme).await;
            tab.picture(&format!("lesson-style-{theme}")).await;
        }
        same_perplexity(tab, "gpt2-mini-ja-tuned.zip").await;
        let model = project("assets/gpt2-mini-ja").display().to_string();
        let arguments = [
            "evaluate",
            "--model",
            &model,
            "--data",
            "tuned/eval.jsonl",
            "--device",
            "cpu",
            "--json",
        ];
        let natively: Value = serde_json::from_str(&terakoya(tab.folder.path(), &arguments)).expect("JSON");
        let natively = natively["perplexity"].as_f64().expect("a perplexity");
        assert!(
            (was / natively - 1.0).abs() < SAME_PERPLEXITY,
            "{was} here, {natively} there"
        );
    });
}

/// The perplexities that the worker told last, before and after.
async fn perplexities(tab: &Tab) -> [f64; 2] {
    let evaluated = tab.heard_of("evaluated").await;
    let of = |model: &str| {
        let mut newest_first = evaluated.iter().rev();
        let found = newest_first
            .find(|event| event["model"] == model)
            .expect("it was scored");
        found["evaluation"]["report"]["perplexity"].as_f64().expect("a number")
    };
    [of("base"), of("tuned")]
}
