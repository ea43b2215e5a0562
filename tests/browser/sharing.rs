//! Workers that share a run's steps, and one that is lost in the middle of them.

use super::runs::{Wish, assert_relative, losses};
use super::visit::{Visit, visit};

/// A run that is shared, and lasts long enough for a worker to be lost in it.
const SHARED: Wish = Wish {
    layers: "all",
    epochs: 60,
    learning_rate: "0.0005",
    batch_size: 8,
};

/// Where workers share a step, the order of its sums is another.
const SAME_LOSS: f64 = 1e-3;

/// Has the browser name so many threads, and workers that share another's steps end without a word once they are told to.
fn with_threads(threads: usize) -> String {
    format!(
        "Object.defineProperty(WorkerNavigator.prototype, 'hardwareConcurrency', {{ get: () => {threads} }});
         if (self.name === 'terakoya-replica') new BroadcastChannel('end').onmessage = () => self.close();"
    )
}

/// Tells them to.
const END: &str = "new BroadcastChannel('end').postMessage(true)";

#[test]
fn a_run_goes_on_alone_where_a_worker_that_shares_its_steps_is_lost() {
    let mut alone = Vec::new();
    visit(Visit::new("one-worker"), async |tab| {
        tab.prepare_worker(&with_threads(1));
        tab.open().await;
        tab.bring_micro(40).await;
        tab.start(SHARED).await;
        alone = losses(&tab.finish().await["record"]);
        let notes = tab.notes().await;
        assert!(!notes.iter().any(|note| note.contains("share")), "{notes:?}");
    });
    visit(Visit::new("lost-in-the-middle"), async |tab| {
        tab.prepare_worker(&with_threads(2));
        tab.open().await;
        tab.bring_micro(40).await;
        tab.start(SHARED).await;
        tab.wait_for_checkpoint(2).await;
        assert_eq!(tab.workers().await.len(), 2);
        tab.value(END).await;
        // The one that is left waits for half a minute.
        let steps = "window.heard.filter((message) => message.event === 'step').length";
        let done = tab.value(steps).await.as_u64().expect("a number");
        assert!((8..alone.len() as u64 / 2).contains(&done), "{done} steps");
        let together = losses(&tab.finish().await["record"]);
        let notes = tab.notes().await;
        let told = |words: &str| notes.iter().filter(|note| note.contains(words)).count();
        assert_eq!((told("share each step: 2"), told("is lost")), (1, 1), "{notes:?}");
        assert_eq!(tab.workers().await.len(), 1);
        assert_relative("losses", &together, &alone, SAME_LOSS);
        assert!(tab.ask("a dog waits").await["prediction"]["label"].is_string());
    });
}
