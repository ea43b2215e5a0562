//! The first step beside its answer: which words mattered, where a head looked, and texts that are typed faster than the worker
//! reads, or while it scores rows.

use serde_json::Value;

use super::runs::Wish;
use super::tab::Tab;
use super::visit::{Visit, visit};

/// Weaker attention is not drawn.
const FAINTEST: f64 = 0.03;
/// The page shows four decimals of a word's share, three of a line's opacity.
const SHOWN: f64 = 5.1e-5;
const SHOWN_OPACITY: f64 = 5.1e-4;
/// Sums of single precision.
const SAME: f64 = 1e-4;

/// Enough for a new head to have reasons that four decimals show.
const WISH: Wish = Wish {
    layers: "head",
    epochs: 10,
    learning_rate: "0.01",
    batch_size: 8,
};

/// Why the model said so, as the worker told it last.
struct Reasons {
    label: String,
    tokens: Vec<Value>,
    saliency: Vec<f64>,
    attention: Vec<Vec<f64>>,
}

impl Tab {
    /// Waits until `count` explanations came and the last is drawn.
    async fn explained(&self, count: usize) -> Reasons {
        let told = format!("window.heard.filter((message) => message.kind === 'explained').length === {count}");
        let drawn = "document.querySelector('.why:not([aria-busy]) .attention line')";
        self.wait("an explanation", &format!("{told} && {drawn}")).await;
        let told = self.heard_of("explained").await.pop().expect("it was told");
        let numbers = |list: &Value| -> Vec<f64> { serde_json::from_value(list.clone()).expect("numbers") };
        Reasons {
            label: told["label"].as_str().expect("a label").to_owned(),
            tokens: told["tokens"].as_array().expect("tokens").clone(),
            saliency: numbers(&told["saliency"]),
            attention: told["attention"]
                .as_array()
                .expect("rows")
                .iter()
                .map(numbers)
                .collect(),
        }
    }

    /// The values of an expression that gives texts.
    async fn texts(&self, expression: &str) -> Vec<String> {
        serde_json::from_value(self.value(expression).await).expect("texts")
    }

    /// Asserts that the page shows each piece of the text with its share.
    async fn shows_saliency(&self, reasons: &Reasons) {
        let shown = "[...document.querySelectorAll('.saliency span')]";
        let pieces = self.texts(&format!("{shown}.map((e) => e.textContent)")).await;
        let shares = self
            .texts(&format!("{shown}.map((e) => e.title.replace('−', '-'))"))
            .await;
        let of_text: Vec<(&Value, f64)> = reasons.tokens.iter().zip(reasons.saliency.iter().copied()).collect();
        let of_text: Vec<_> = of_text
            .into_iter()
            .filter(|(token, _)| !token["span"].is_null())
            .collect();
        assert_eq!(
            (pieces.len(), shares.len()),
            (of_text.len(), of_text.len()),
            "{pieces:?}"
        );
        for ((piece, share), (token, value)) in pieces.iter().zip(&shares).zip(of_text) {
            let token = token["token"].as_str().expect("a spelling");
            assert_eq!(piece, token.trim_start_matches("##"));
            let shown: f64 = share.parse().expect("a number with its sign");
            assert!((shown - value).abs() < SHOWN, "{piece}: {share}, not {value}");
        }
        assert!(shares.iter().any(|share| share.parse::<f64>() != Ok(0.0)), "{shares:?}");
    }

    /// Asserts that the lines of the queries in `rows` are as strong as the attention.
    async fn shows_attention(&self, rows: &[Vec<f64>]) {
        let lines = "[...document.querySelectorAll('.attention line')].map((e) => e.getAttribute('stroke-opacity'))";
        let lines = self.texts(lines).await;
        let strong: Vec<f64> = rows
            .iter()
            .flatten()
            .copied()
            .filter(|weight| *weight >= FAINTEST)
            .collect();
        assert_eq!(lines.len(), strong.len());
        for (line, weight) in lines.iter().zip(strong) {
            let opacity: f64 = line.parse().expect("a number");
            assert!(
                (opacity - weight.powf(0.75)).abs() < SHOWN_OPACITY,
                "{line} of {weight}"
            );
        }
    }
}

/// The largest difference of two lists of numbers.
fn distance(left: &[f64], right: &[f64]) -> f64 {
    assert_eq!(left.len(), right.len());
    let pairs = left.iter().zip(right);
    pairs.map(|(left, right)| (left - right).abs()).fold(0.0, f64::max)
}

#[test]
fn it_is_said_which_words_mattered_and_where_a_head_looked() {
    visit(Visit::new("why"), async |tab| {
        tab.open().await;
        tab.bring_micro(20).await;
        // So many pieces of so few words are shown one by one.
        tab.ask("elephants sleep").await;
        assert_eq!(tab.count(".why").await, 0);
        tab.click("#why").await;
        let first = tab.explained(1).await;
        assert_eq!(first.saliency.len(), first.tokens.len());
        assert_eq!(first.tokens.len(), 16, "two marks and fourteen letters");
        tab.shows_saliency(&first).await;
        assert_eq!(
            tab.value("document.querySelector('.saliency').textContent").await,
            "elephants sleep"
        );
        assert_eq!(first.attention.len(), 16);
        for row in &first.attention {
            assert!(
                row.len() == 16 && (row.iter().sum::<f64>() - 1.0).abs() < SAME,
                "{row:?}"
            );
        }
        tab.shows_attention(&first.attention).await;
        tab.picture("1-why").await;

        tab.fill("#why-head", "2").await;
        let other_head = tab.explained(2).await;
        let moved = distance(&first.attention.concat(), &other_head.attention.concat());
        assert!(moved > 0.01, "another head looks elsewhere: {moved}");
        assert!(
            distance(&first.saliency, &other_head.saliency) < SAME,
            "the words are the same"
        );
        tab.shows_attention(&other_head.attention).await;
        tab.fill("#why-layer", "0").await;
        let other_layer = tab.explained(3).await;
        let moved = distance(&other_layer.attention.concat(), &other_head.attention.concat());
        assert!(moved > 0.01, "another layer looks elsewhere: {moved}");

        let other = if first.label == "LABEL_0" {
            ("2", "LABEL_1")
        } else {
            ("1", "LABEL_0")
        };
        tab.fill("#why-label", other.0).await;
        let other_label = tab.explained(4).await;
        assert_eq!(other_label.label, other.1);
        let changed = distance(&first.saliency, &other_label.saliency);
        assert!(changed > SAME, "other words speak for another label: {changed}");
        tab.shows_saliency(&other_label).await;
        assert!(tab.text(".why .legend").await.contains(other.1));
        one_token_alone(tab, &other_label).await;

        tab.ask("crocodiles").await;
        tab.click(".why > .message button").await;
        let other_text = tab.explained(5).await;
        assert_eq!(other_text.tokens.len(), 12);
        tab.shows_saliency(&other_text).await;
        tab.click("#why").await;
        tab.wait("no reasons", "!document.querySelector('.why')").await;
        tab.click("#why").await;
        tab.explained(6).await;
        reasons_of_the_tuned_model(tab).await;
    });
}

/// Trains while the reasons are shown: they were the base model's and go; the tuned one has reasons for its own labels.
async fn reasons_of_the_tuned_model(tab: &Tab) {
    tab.start(WISH).await;
    let finished = tab.finish().await;
    tab.wait("no reasons", "!document.querySelector('.why')").await;
    tab.ask("crocodiles wait").await;
    tab.click("#why").await;
    tab.explained(7).await;
    let offered = "[...document.querySelectorAll('#why-label option')].slice(1).map((e) => e.textContent)";
    let offered = tab.texts(offered).await;
    assert_eq!(offered, ["meow", "woof"]);
    assert_eq!(finished["inspection"]["labels"], Value::from(offered));
    for (count, number, label) in [(8, "2", "woof"), (9, "1", "meow")] {
        tab.fill("#why-label", number).await;
        let reasons = tab.explained(count).await;
        assert_eq!(reasons.label, label);
        tab.shows_saliency(&reasons).await;
    }
}

/// Chooses a token: it is said where it looks, and its lines are alone.
async fn one_token_alone(tab: &Tab, reasons: &Reasons) {
    let query = 3;
    tab.value(&format!(
        "document.querySelectorAll('.attention .query')[{query}].focus()"
    ))
    .await;
    tab.wait("the chosen token", "document.querySelector('.attention .query.chosen')")
        .await;
    let row = &reasons.attention[query];
    tab.shows_attention(std::slice::from_ref(row)).await;
    let (key, most) = row.iter().enumerate().fold(
        (0, 0.0),
        |most, (key, weight)| if *weight > most.1 { (key, *weight) } else { most },
    );
    let name = |place: usize| reasons.tokens[place]["token"].as_str().expect("a spelling").to_owned();
    let told = tab.text(".why-part:last-child .caption").await;
    let expected = format!("{} → {} {:.1} %", name(query), name(key), 100.0 * most);
    assert!(told.starts_with(&expected), "{told}, not {expected}");
}

/// What is typed, faster than it can be read.
const TYPED: &str = "the dog waits for the cat that plays";

/// Types a text letter by letter before the page or its worker can say anything.
const TYPE: &str = "((text) => {
    const box = document.querySelector('#try-text');
    const value = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value');
    for (let end = 1; end <= text.length; end += 1) {
        value.set.call(box, text.slice(0, end));
        box.dispatchEvent(new InputEvent('input', { bubbles: true }));
    }
})";

#[test]
fn of_a_text_that_is_typed_fast_not_every_letter_is_read() {
    visit(Visit::new("typed-fast"), async |tab| {
        tab.open().await;
        tab.bring_micro(20).await;
        let whole = tab.ask(TYPED).await;
        tab.ask("something else").await;
        let before = tab.heard_of("tried").await.len();
        tab.value(&format!("{TYPE}({})", Value::from(TYPED))).await;
        let pieces = "[...document.querySelectorAll('#tokens .piece')].map((e) => e.textContent)";
        let shown = format!(
            "document.querySelector('#prediction:not([aria-busy])') && {pieces}.length === {}",
            whole["tokens"].as_array().map_or(0, Vec::len)
        );
        tab.wait("the answer to the whole text", &shown).await;
        let answers = tab.heard_of("tried").await.split_off(before);
        let last = answers.last().expect("an answer");
        assert_eq!(
            (&last["tokens"], &last["prediction"]),
            (&whole["tokens"], &whole["prediction"])
        );
        let spelled: Vec<&Value> = whole["tokens"]
            .as_array()
            .expect("tokens")
            .iter()
            .map(|token| &token["token"])
            .collect();
        assert_eq!(tab.value(pieces).await, Value::from_iter(spelled.into_iter().cloned()));
        let shown = tab
            .value("Number(document.querySelector('#prediction .classification').dataset.score)")
            .await;
        assert_eq!(shown, whole["prediction"]["score"]);
        println!("{} answers to {} letters", answers.len(), TYPED.len());
        assert!(
            answers.len() * 4 <= TYPED.len(),
            "{} answers to {} letters",
            answers.len(),
            TYPED.len()
        );
    });
}

/// Has all rows scored and types a text before the page or its worker can say anything.
const SCORE_AND_TYPE: &str = "(() => {
    const fill = (selector, value) => {
        const field = document.querySelector(selector);
        Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value').set.call(field, value);
        for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, { bubbles: true }));
    };
    fill('#read-rows', 'all');
    fill('#try-text', 'a dog waits');
    return true;
})()";

#[test]
fn a_text_is_read_while_rows_are_scored() {
    visit(Visit::new("typed-while-scored"), async |tab| {
        tab.open().await;
        // Hundreds of batches, which take many turns.
        tab.bring_micro_that_says(["meow", "woof", "blub"], 6000).await;
        tab.ask("a cat runs").await;
        let answers = "window.heard.map((m) => m.kind).filter((kind) => ['tried', 'evaluated'].includes(kind))";
        let before = tab.texts(answers).await;
        assert!(!before.contains(&"evaluated".to_owned()));
        tab.value(SCORE_AND_TYPE).await;
        tab.wait("the scores", "document.querySelector('#metrics')").await;
        assert_eq!(tab.texts(answers).await[before.len()..], ["tried", "evaluated"]);
    });
}
