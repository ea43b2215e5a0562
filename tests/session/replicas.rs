//! Trains on several replicas at once, each in a thread of its own, and compares them with one program that computes all.

use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use terakoya_core::error::Error;
use terakoya_core::protocol::{StepRecord, TrainEvent};
use terakoya_core::train::{Collective, Control, HostError, HostFuture, RunHost, Share, TrainError};
use terakoya_core::training_config::{TrainLayers, TrainingConfig};

use super::{MemoryHost, config, model, open, rows, tried, weights};

/// Where replicas leave what they send.
struct Table {
    sent: Mutex<Vec<Vec<u8>>>,
    everybody: Barrier,
}

/// One of several replicas; the first is told that the others are lost at one of its exchanges.
struct Replica {
    memory: MemoryHost,
    share: Share,
    table: Arc<Table>,
    exchanges: usize,
    lost_at: Option<usize>,
}

impl RunHost for Replica {
    fn event(&mut self, event: TrainEvent) {
        self.memory.event(event);
    }

    fn control(&mut self) -> HostFuture<'_, Control> {
        Box::pin(std::future::ready(Control::Continue))
    }

    fn write(&mut self, file: &str, bytes: Vec<u8>) -> Result<(), HostError> {
        assert!(self.share.is_first(), "replica {} keeps {file}", self.share.rank);
        self.memory.write(file, bytes)
    }

    fn commit(&mut self, step: usize) -> HostFuture<'_, Result<(), HostError>> {
        self.memory.commit(step)
    }

    fn read(&mut self, file: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.memory.read(file)
    }
}

impl Collective for Replica {
    fn share(&self) -> Share {
        self.share
    }

    fn all_gather(&mut self, own: Vec<u8>) -> HostFuture<'_, Option<Vec<Vec<u8>>>> {
        if self.lost_at.is_some_and(|lost_at| self.exchanges >= lost_at) {
            return Box::pin(std::future::ready(None));
        }
        self.exchanges += 1;
        self.table.sent.lock().expect("no panic")[self.share.rank] = own;
        self.table.everybody.wait();
        let all = self.table.sent.lock().expect("no panic").clone();
        self.table.everybody.wait();
        Box::pin(std::future::ready(Some(all)))
    }
}

/// What a replica ends with.
struct Ended {
    weights: Vec<u8>,
    steps: Vec<StepRecord>,
    evaluations: usize,
    notes: Vec<String>,
}

/// Nothing for a replica that another one gave up.
fn ended_of(config: &TrainingConfig, mut host: Replica) -> Option<Ended> {
    let data = rows("train.csv", 22);
    let trained = tried(open(model()), config, &data, &mut host);
    let (session, record) = match trained {
        Err(Error::Train(TrainError::Interrupted)) if !host.share.is_first() => return None,
        trained => trained.expect("it trains"),
    };
    Some(Ended {
        weights: weights(&session),
        steps: record.steps,
        evaluations: record.evaluations.len(),
        notes: host.memory.notes,
    })
}

fn run_of(config: &TrainingConfig, replicas: usize, lost_at: Option<usize>) -> Vec<Ended> {
    let table = Arc::new(Table {
        sent: Mutex::new(vec![Vec::new(); replicas]),
        everybody: Barrier::new(replicas),
    });
    let host = |rank| Replica {
        memory: MemoryHost::default(),
        share: Share { rank, replicas },
        table: Arc::clone(&table),
        exchanges: 0,
        lost_at,
    };
    let threads: Vec<_> = (0..replicas)
        .map(|rank| {
            let (config, host) = (config.clone(), host(rank));
            thread::spawn(move || ended_of(&config, host))
        })
        .collect();
    threads
        .into_iter()
        .filter_map(|thread| thread.join().expect("no panic"))
        .collect()
}

/// With dropout, which draws for a part of a batch what it draws for the whole; and 22 rows, of which the last batch is short.
fn every_step() -> TrainingConfig {
    TrainingConfig {
        logging_steps: 1,
        keep_best: false,
        dropout: Some(0.1),
        ..config()
    }
}

/// Sums of f32 are in another order. The norm has the bound of the parity tests with PyTorch, the loss a tenth of it.
fn assert_alike(shared: &[StepRecord], alone: &[StepRecord]) {
    assert_eq!(shared.len(), alone.len());
    for (shared, alone) in shared.iter().zip(alone) {
        let (loss, norm) = (shared.loss - alone.loss, shared.gradient_norm - alone.gradient_norm);
        assert!(loss.abs() < 1e-5, "loss {shared:?}, alone {alone:?}");
        assert!(
            norm.abs() < 1e-4 * alone.gradient_norm.abs().max(1.0),
            "norm {shared:?}, alone {alone:?}"
        );
    }
}

#[test]
fn replicas_learn_what_one_program_learns_and_end_with_equal_weights() {
    for train_layers in [TrainLayers::All, TrainLayers::Top(1)] {
        let config = TrainingConfig {
            train_layers,
            gradient_accumulation_steps: 2,
            ..every_step()
        };
        let alone = run_of(&config, 1, None).remove(0);
        for replicas in [2, 3] {
            let shared = run_of(&config, replicas, None);
            assert_eq!(shared.len(), replicas);
            assert_alike(&shared[0].steps, &alone.steps);
            assert!(shared[0].evaluations > 0);
            for other in &shared[1..] {
                assert!(other.weights == shared[0].weights, "the replicas' weights differ");
                assert_eq!(other.evaluations, 0, "only the first evaluates");
            }
        }
    }
}

#[test]
fn a_run_whose_replica_is_lost_goes_on_alone() {
    let alone = run_of(&every_step(), 1, None).remove(0);
    for lost_at in [0, 3] {
        let shared = run_of(&every_step(), 2, Some(lost_at)).remove(0);
        assert_alike(&shared.steps, &alone.steps);
        let told = shared.notes.iter().filter(|note| note.contains("is lost")).count();
        assert_eq!(told, 1, "{:?}", shared.notes);
    }
}
