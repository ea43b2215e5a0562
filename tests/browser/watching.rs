//! A run as one watches it: clicks beside it, a pause in its middle.

use serde_json::json;

use super::keeping::LONG;
use super::runs::Wish;
use super::tab::Tab;
use super::visit::{Visit, visit};

/// Milliseconds within which a click is drawn: 100 are wanted, which a machine that does other work too may take five times.
/// A page that computes itself draws nothing for as long as a step takes.
const LATEST: f64 = 500.0;

/// Clicks that are timed.
const CLICKS: usize = 15;

/// Notes for each click on a button of labels how many milliseconds later the first frame comes that shows it: since the
/// browser took the click, whatever the page was doing then.
const WATCH: &str = "(() => {
    addEventListener('click', (event) => {
        const button = event.target.closest('.link');
        if (!button) return;
        const before = button.getAttribute('aria-pressed');
        const look = (frame) => button.getAttribute('aria-pressed') === before
            ? requestAnimationFrame(look)
            : window.reactions.push(performance.now() - event.timeStamp);
        requestAnimationFrame(look);
    }, { capture: true });
})()";

/// The steps that the worker told.
const STEPS: &str = "window.heard.filter((message) => message.event === 'step').length";

#[test]
fn clicks_are_drawn_at_once_while_a_run_computes_and_stands_still() {
    visit(Visit::new("watched"), async |tab| {
        tab.open().await;
        tab.choose_topics().await;
        tab.value(WATCH).await;
        let idle = click(tab).await;
        let wish = Wish {
            layers: "all",
            epochs: 50,
            learning_rate: "0.0005",
            batch_size: 16,
        };
        tab.start(wish).await;
        tab.wait("the first steps", &format!("{STEPS} > 2")).await;
        click_beside(tab, &idle).await;
        pause_in_the_middle(tab).await;
        tab.picture("4-running").await;
        tab.click("#stop").await;
        let finished = tab.finish().await;
        assert_eq!(finished["record"]["interrupted"], true);
        let steps = finished["record"]["steps"].as_array().expect("steps");
        let numbers: Vec<u64> = steps.iter().filter_map(|step| step["step"].as_u64()).collect();
        // The last report comes at the end, wherever that is.
        let regular = &numbers[..numbers.len() - 1];
        let every = regular[1] - regular[0];
        assert!(
            regular.windows(2).all(|pair| pair[1] - pair[0] == every),
            "no step is lost or told twice around the pause: {numbers:?}"
        );
    });
}

/// Clicks on buttons of labels; gives how many milliseconds later each is drawn, in order of size.
async fn click(tab: &Tab) -> Vec<f64> {
    tab.value("window.reactions = []").await;
    for number in 0..CLICKS {
        tab.click(&format!("#label-counts li:nth-child({}) .link", number % 4 + 1))
            .await;
    }
    tab.wait("all clicks", &format!("window.reactions.length === {CLICKS}"))
        .await;
    let mut times: Vec<f64> = serde_json::from_value(tab.value("window.reactions").await).expect("numbers");
    times.sort_by(f64::total_cmp);
    times
}

/// Clicks while steps are computed, and asserts how soon that is drawn; `idle` is what the same clicks took before.
async fn click_beside(tab: &Tab, idle: &[f64]) {
    let before = tab.heard_of("train").await.len();
    let times = click(tab).await;
    println!("clicks are drawn after {idle:.0?} ms, beside a run after {times:.0?} ms");
    let told = tab.heard_of("train").await.split_off(before);
    let steps = told.iter().filter(|event| event["event"] == "step").count();
    assert!(steps > 2, "steps were computed meanwhile: {steps}");
    // All but two: other work on the machine may hold up one.
    assert!(times[CLICKS - 3] < LATEST, "{times:?}, without a run {idle:?}");
}

/// Pauses: nothing comes but answers; then lets it go on.
async fn pause_in_the_middle(tab: &Tab) {
    let done = "window.heard.filter((message) => message.kind === 'done').length";
    let before = tab.value(done).await;
    tab.click("#pause").await;
    tab.wait("the worker to hold", &format!("{done} > {before}")).await;
    let held = tab.value(STEPS).await;
    let figures = "document.querySelector('#train .figures dd').innerText";
    let last = format!(
        "((text, last) => text.startsWith(`${{last.step}} / `) && text)
         ({figures}, window.heard.findLast((message) => message.event === 'step'))"
    );
    let drawn = tab.wait("its last step to be drawn", &last).await;
    assert_eq!(tab.count("#train-status[data-phase=paused]").await, 1);
    // A worker that answers texts one after the other has had the time for a step.
    for text in ["a", "a text", "another text", "one more"] {
        assert!(tab.ask(text).await["tokens"].is_array());
    }
    assert_eq!(tab.value(STEPS).await, held);
    assert_eq!(tab.value(figures).await, drawn);
    assert_eq!(tab.count("#train progress").await, 1);
    tab.click("#resume").await;
    tab.wait("further steps", &format!("{STEPS} > {held} + 2")).await;
    tab.wait("their number", &format!("{figures} !== {drawn}")).await;
}

/// Notes what the page asks of the screen; `refuse` turns it down.
const SCREEN: &str = "(() => {
    const screen = { asked: [], held: 0, refuse: false };
    window.screenLock = screen;
    const request = async (kind) => {
        screen.asked.push(kind);
        if (screen.refuse) throw new DOMException('not now', 'NotAllowedError');
        screen.held += 1;
        return { release: async () => { screen.held -= 1; } };
    };
    Object.defineProperty(navigator, 'wakeLock', { value: { request } });
})()";

#[test]
fn the_screen_is_kept_awake_while_a_run_lasts() {
    visit(Visit::new("wake-lock"), async |tab| {
        let source = json!({ "source": SCREEN });
        tab.chromium
            .command("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
        tab.open().await;
        tab.bring_micro(40).await;
        assert_eq!(tab.value("window.screenLock.asked.length").await, 0);
        let long = Wish { epochs: 5000, ..LONG };
        tab.start(long).await;
        tab.wait("some steps", &format!("{STEPS} > 2")).await;
        let asked = "window.screenLock.asked.join()";
        assert_eq!(tab.value(asked).await, "screen");
        assert_eq!(tab.value("window.screenLock.held").await, 1);
        assert_eq!(tab.count("#may-sleep").await, 0);
        // A tab that was hidden has lost it, and asks again.
        tab.value("document.dispatchEvent(new Event('visibilitychange'))").await;
        tab.wait("another wish", &format!("{asked} === 'screen,screen'")).await;
        tab.wait("one lock", "window.screenLock.held === 1").await;
        tab.click("#stop").await;
        tab.finish().await;
        tab.wait("no lock", "window.screenLock.held === 0").await;
        tab.value("window.screenLock.refuse = true").await;
        tab.start(long).await;
        let said =
            "document.querySelector('#may-sleep')?.innerText.startsWith('画面が消えると学習が止まることがあります。')";
        tab.wait("that the screen may go dark", said).await;
        tab.click("#stop").await;
        tab.wait("no run", "!document.querySelector('#stop')").await;
        tab.finish().await;
        assert_eq!(tab.count("#may-sleep").await, 0);
        assert_eq!(tab.value("window.screenLock.held").await, 0);
    });
}
