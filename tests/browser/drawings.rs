//! What is drawn of an answer, against the numbers that the worker told.

use serde_json::Value;

use super::tab::Tab;

/// What is drawn is rounded to a hundredth of a percent.
const ROUNDED: f64 = 0.0051;

impl Tab {
    /// The attribute `name` of all that a selector finds, as percentages.
    async fn percentages(&self, selector: &str, name: &str) -> Vec<f64> {
        let all = format!("[...document.querySelectorAll('{selector}')].map((e) => e.getAttribute('{name}'))");
        let all: Vec<String> = serde_json::from_value(self.value(&all).await).expect("texts");
        let number = |text: String| text.trim_end_matches('%').parse().expect("a percentage");
        all.into_iter().map(number).collect()
    }

    /// The text contents of all that a selector finds.
    async fn contents(&self, selector: &str) -> Vec<String> {
        let all = format!("[...document.querySelectorAll('{selector}')].map((e) => e.textContent)");
        serde_json::from_value(self.value(&all).await).expect("texts")
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= ROUNDED, "{found}, not {expected}");
}

/// Asserts that a score lies on the scale of the examples, from `low` to `high`, where its number says.
pub async fn assert_scale(tab: &Tab, [low, high]: [f64; 2]) {
    for text in ["the cat sleeps", "the cat eats"] {
        let told = number(&tab.ask(text).await["prediction"]["score"]);
        let score = "#prediction .score";
        let shown = format!("document.querySelector('{score}').dataset.score");
        let shown = tab.value(&shown).await;
        let shown: f64 = shown.as_str().and_then(|text| text.parse().ok()).expect("a number");
        assert!((shown - told).abs() < 1e-6, "{shown}, not {told}");
        assert_eq!(tab.text(&format!("{score} .verdict")).await, format!("{told:.3}"));
        let place = 100.0 * ((told - low) / (high - low)).clamp(0.0, 1.0);
        assert_near(tab.percentages(&format!("{score} .pointer"), "cx").await[0], place);
        assert_near(tab.percentages(&format!("{score} .fill"), "width").await[0], place);
        let ends = tab.contents(&format!("{score} .ends span")).await;
        assert_eq!(ends, [low, high].map(|end| end.to_string()));
        let said = format!("document.querySelector('{score} svg').getAttribute('aria-label')");
        assert_eq!(tab.value(&said).await, format!("{low} から {high} のうち {told:.3}"));
        // As wide as the track is, it stands there in pixels too.
        let pixels = format!(
            "((track, pointer) => 100 * (pointer.x + pointer.width / 2 - track.x) / track.width)
             (...['.track', '.pointer'].map((part) => document.querySelector('{score} ' + part).getBoundingClientRect()))"
        );
        let pixels = number(&tab.value(&pixels).await);
        assert!((pixels - place).abs() < 1.0, "{pixels} %, not {place} %");
    }
}

/// Asserts that the runners-up of an answer are the worker's, with their shares, and that a click shows each in the passage.
pub async fn assert_runners_up(tab: &Tab, question: &str) {
    let told = tab.ask(question).await["prediction"].take();
    let runners: Vec<(String, f64)> = told["runners_up"]
        .as_array()
        .expect("runners-up")
        .iter()
        .map(|runner| {
            (
                runner["answer"].as_str().expect("a text").to_owned(),
                number(&runner["score"]),
            )
        })
        .collect();
    assert!(runners.len() > 1, "{told}");
    assert!(runners.is_sorted_by(|left, right| left.1 >= right.1), "{runners:?}");
    let list = "#prediction .runners-up li";
    let names: Vec<&String> = runners.iter().map(|(answer, _)| answer).collect();
    assert_eq!(
        tab.contents(&format!("{list} button")).await.iter().collect::<Vec<_>>(),
        names
    );
    let shares: Vec<String> = runners
        .iter()
        .map(|(_, score)| format!("{:.1} %", 100.0 * score))
        .collect();
    assert_eq!(tab.contents(&format!("{list} .number")).await, shares);
    let widths = tab.percentages(&format!("{list} .fill"), "width").await;
    for (width, (_, score)) in widths.into_iter().zip(&runners) {
        assert_near(width, 100.0 * score);
    }
    let said = [told["answer"].as_str().expect("a text")];
    let (answer, other) = ("#prediction .passage .answer-mark", "#prediction .passage .other");
    assert_eq!(tab.contents(answer).await, said);
    for (number, (runner, _)) in runners.iter().enumerate() {
        let button = format!("{list}:nth-child({}) button", number + 1);
        tab.click(&button).await;
        tab.wait(
            "it to be chosen",
            &format!("document.querySelector('{button}[aria-pressed=true]')"),
        )
        .await;
        assert_eq!(tab.contents(other).await, [runner.as_str()]);
        assert_eq!(tab.count(&format!("{list} [aria-pressed=true], {answer}")).await, 1);
    }
    tab.click(&format!("{list}:last-child button")).await;
    tab.wait("the answer again", &format!("document.querySelector('{answer}')"))
        .await;
    assert_eq!(
        (tab.contents(answer).await, tab.count(other).await),
        (said.map(str::to_owned).to_vec(), 0)
    );
}

/// A named part as it is drawn: where it begins and ends, its name, and whether only this side has it.
type Drawn = (u64, u64, String, bool);

/// The parts of each listed text: what the model says, and what is right.
const LISTED: &str = "[...document.querySelectorAll('#failures .over')].map((over) =>
    [['dd:nth-of-type(1)', 'extra'], ['dd:nth-of-type(2)', 'missing']].map(([line, alone]) => {
        let at = 0;
        const parts = [];
        for (const node of over.querySelector(line + ' .marked').childNodes) {
            const start = at;
            at += [...node.textContent].length;
            if (node.localName === 'mark') parts.push([start, at, node.dataset.label, node.classList.contains(alone)]);
        }
        return parts;
    }))";

/// Asserts that the model's names stand over the right ones, `gold`, in each text that is listed, in the order of the rows
/// that were scored last, and that those stand out which only one side has.
pub async fn assert_names_over(tab: &Tab, gold: &[(u64, u64, &str)]) {
    let listed: Vec<[Vec<Drawn>; 2]> = serde_json::from_value(tab.value(LISTED).await).expect("parts");
    let mut evaluated = tab.heard_of("evaluated").await;
    evaluated.retain(|event| event["model"] == "tuned");
    let evaluation = evaluated.pop().expect("rows were scored")["evaluation"].take();
    let predictions = evaluation["predictions"].as_array().expect("predictions");
    assert_eq!(
        (listed.len(), predictions.len()),
        (gold.len(), gold.len()),
        "{listed:?}"
    );
    for ((drawn, prediction), &(start, end, name)) in listed.iter().zip(predictions).zip(gold) {
        let entities = prediction["entities"].as_array().expect("entities").iter();
        let said: Vec<(u64, u64, String)> = entities
            .map(|entity| {
                let number = |name: &str| entity[name].as_u64().expect("a place");
                let label = entity["label"].as_str().expect("a name").to_owned();
                (number("start"), number("end"), label)
            })
            .collect();
        let right = (start, end, name.to_owned());
        let is_said = said.contains(&right);
        let system: Vec<Drawn> = said
            .into_iter()
            .map(|part| {
                let alone = part != right;
                (part.0, part.1, part.2, alone)
            })
            .collect();
        assert_eq!(drawn, &[system, vec![(right.0, right.1, right.2, !is_said)]]);
    }
    let stands_out = |side: usize| listed.iter().any(|drawn| drawn[side].iter().any(|part| part.3));
    assert!(stands_out(0) && stands_out(1), "{listed:?}");
}
