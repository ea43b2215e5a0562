//! What a browser or its GPU lacks.

use super::chromium::{Adapter, SOFTWARE_GPU};
use super::runs::Wish;
use super::tab::Tab;
use super::visit::{Visit, site, visit};

const GPU: Visit = Visit {
    adapter: Adapter::Software,
    ..Visit::new("gpu-limits")
};

impl Tab {
    /// Has the GPU take at most so many bytes in one piece, as the worker hears it.
    fn limit_gpu(&self, bytes: u64) {
        self.prepare_worker(&format!(
            "Object.defineProperty(GPUSupportedLimits.prototype, 'maxStorageBufferBindingSize', {{ get: () => {bytes} }});"
        ));
    }

    /// Has the worker run `script` before its own.
    pub fn prepare_worker(&self, script: &str) {
        let folders = std::fs::read_dir(site()).expect("the site can be read");
        let mut names = folders
            .flatten()
            .map(|folder| folder.file_name().to_string_lossy().into_owned());
        let worker = names
            .find(|name| name.starts_with("worker-"))
            .expect("the site has a worker");
        let start = format!("{worker}/start.js");
        let own = std::fs::read_to_string(site().join(&start)).expect("the worker's script can be read");
        self.server.replace(&start, format!("{script}\n{own}").into_bytes());
    }
}

/// A browser whose WebAssembly has no SIMD.
const NO_SIMD: Visit = Visit {
    adapter: Adapter::NoSimd,
    ..Visit::new("no-simd")
};

#[test]
fn a_browser_without_simd_is_told_so_at_once() {
    visit(NO_SIMD, async |tab| {
        tab.load().await;
        let shown = "document.querySelector('.no-simd')?.checkVisibility() && !document.querySelector('.loading-line').checkVisibility()";
        tab.wait("the reason", shown).await;
        assert!(tab.text(".no-simd").await.contains("SIMD"));
    });
}

#[test]
fn a_run_that_is_too_large_for_the_gpu_is_refused_with_the_reason() {
    visit(GPU, async |tab| {
        tab.limit_gpu(8 << 20);
        tab.open().await;
        // The words of this model take 16 MB.
        tab.fill("#device-choice", "gpu").await;
        tab.wait(
            "the reason",
            "document.querySelector('#error')?.textContent.includes('15627264')",
        )
        .await;
        tab.bring_micro(10_000).await;
        tab.fill("#device-choice", "gpu").await;
        tab.wait_for_model().await;
        let device = tab.value("document.querySelector('#device').dataset.device").await;
        assert!(
            device.as_str().is_some_and(|line| line.contains(SOFTWARE_GPU)),
            "{device}"
        );
        tab.choose(Wish {
            layers: "all",
            epochs: 1,
            learning_rate: "0.001",
            batch_size: 20_000,
        })
        .await;
        tab.click("#measure").await;
        tab.wait(
            "the reason",
            "document.querySelector('#cost')?.textContent.includes('この GPU が一度に扱えるのは')",
        )
        .await;
    });
}

#[test]
fn a_gpu_that_fails_its_measurement_gives_way_to_the_cpu() {
    let visited = Visit {
        name: "gpu-fails",
        ..GPU
    };
    visit(visited, async |tab| {
        // The measured product needs more than that.
        tab.limit_gpu(1 << 20);
        tab.open().await;
        let device = tab.value("document.querySelector('#device').dataset.device").await;
        assert!(
            device
                .as_str()
                .is_some_and(|line| line.starts_with("device: CPU (there is no GPU: ")),
            "{device}"
        );
        assert!(tab.ask("a small cat").await["tokens"].is_array());
    });
}

#[test]
fn a_gpu_that_does_not_hold_the_model_gives_way_to_the_cpu() {
    let visited = Visit {
        name: "gpu-too-small",
        ..GPU
    };
    visit(visited, async |tab| {
        // Enough for what is measured, not for this model's words; each reading of the clock comes sooner than the one
        // before, so that the GPU, which is measured after the CPU, seems faster.
        tab.prepare_worker(
            "Object.defineProperty(GPUSupportedLimits.prototype, 'maxStorageBufferBindingSize', { get: () => 8 << 20 });
             let time = 0, readings = 0;
             performance.now = () => time += 1e6 / ++readings;",
        );
        tab.open().await;
        let device = tab.value("document.querySelector('#device').dataset.device").await;
        assert_eq!(device, "device: CPU (the GPU does not hold this model)");
        assert!(tab.ask("a small cat").await["tokens"].is_array());
        // A model that it holds is computed there.
        tab.bring_micro(40).await;
        tab.fill("#device-choice", "auto").await;
        tab.wait_for_model().await;
        let device = tab.value("document.querySelector('#device').dataset.device").await;
        assert!(
            device.as_str().is_some_and(|line| line.contains(SOFTWARE_GPU)),
            "{device}"
        );
    });
}
