//! Answers the page's requests, one after the other: `measure` says what a training would cost, `train` trains, `ended`
//! opens what that left, `reading` scores rows, `generate` continues a text.

mod ended;
mod generate;
mod measure;
mod reading;
mod train;

use std::error::Error;

use js_sys::Uint8Array;
use terakoya_core::bundle::BundleError;
use terakoya_core::device::{ComputeDevice, DeviceChoice};
use terakoya_core::error::DeviceError;
use terakoya_core::session::{Question, Session};
use terakoya_core::tokenizer::Files;

use self::reading::Reading;
use super::inbox::{Inbox, Posted};
use super::lock::Lock;
use super::opening::{ModelFiles, OpeningError, UnkeptZip, fetch};
use super::reading::answer_read_data;
use super::runs::{self, RunFolder, RunRequest};
use super::storage::Storage;
use super::training::{TabHost, examples};
use super::trying::{answer_try, tokens};
use super::{archive, memory_bytes, now, scope, tell, tell_with_bytes};
use crate::files;
use crate::messages::{Event, ModelSource, Opened, Request, Text, WhichModel, in_words};

/// Why a kept run is let alone.
const ANOTHER_TAB: &str = "another tab trains this run";

type Failure = Box<dyn Error>;

/// A model that is open.
struct OpenModel {
    name: String,
    source: ModelSource,
    base: Session,
    tuned: Option<Tuned>,
}

impl OpenModel {
    fn new(files: ModelFiles, device: ComputeDevice) -> Result<Self, Failure> {
        Ok(Self {
            name: files.name.clone(),
            source: files.source.clone(),
            base: files.open(device)?,
            tuned: None,
        })
    }

    /// What the page shows of it.
    fn described(&self) -> Opened {
        Opened {
            name: self.name.clone(),
            source: self.source.clone(),
            inspection: self.base.inspect(),
            device: self.base.device().description().to_owned(),
            memory_bytes: memory_bytes() + self.base.device().buffer_bytes(),
        }
    }

    /// What answers: the fine-tuned model, if there is one.
    fn answering(&self) -> &Session {
        self.tuned.as_ref().map_or(&self.base, |tuned| &tuned.session)
    }

    async fn try_text(&self, id: u32, text: &Text) {
        let before = self.tuned.as_ref().map(|_| &self.base);
        answer_try(id, text, self.answering(), before).await;
    }
}

/// What a training left.
struct Tuned {
    session: Session,
    run: RunRequest,
    training_json: String,
}

/// Whether a device stopped answering.
fn is_lost_device(error: &(dyn Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    causes.any(|error| {
        let joined = match error.downcast_ref::<terakoya_core::error::Error>() {
            Some(terakoya_core::error::Error::Device(error)) => Some(error),
            _ => error.downcast_ref::<DeviceError>(),
        };
        matches!(joined, Some(DeviceError::Failed { .. }))
    })
}

/// Whether a device cannot hold a model that another may hold.
fn is_too_large(error: &(dyn Error + 'static)) -> bool {
    let opening = error.downcast_ref::<OpeningError>();
    matches!(
        opening,
        Some(OpeningError::Core(terakoya_core::error::Error::Bundle(
            BundleError::TooLargeForDevice { .. }
        )))
    )
}

/// All that the worker has.
pub struct Desk {
    inbox: Inbox,
    storage: Option<Storage>,
    /// The GPU, or why there is none, once it was asked for: an adapter opens once.
    gpu: Option<Result<ComputeDevice, String>>,
    choice: DeviceChoice,
    model: Option<OpenModel>,
}

impl Desk {
    /// A desk without a model.
    pub async fn new(inbox: Inbox) -> Self {
        Self {
            inbox,
            storage: Storage::open().await,
            gpu: None,
            choice: DeviceChoice::Auto,
            model: None,
        }
    }

    /// Works as long as the worker lives.
    pub async fn work(&mut self) {
        while let Some(posted) = self.inbox.take().await {
            let id = posted.id;
            if let Err(error) = self.answer(posted).await {
                tell(
                    id,
                    Event::Failed {
                        message: in_words(&*error),
                    },
                );
                let on_gpu = self.model.as_ref().is_some_and(|model| model.base.device().is_gpu());
                if on_gpu && is_lost_device(&*error) {
                    // An adapter opens once in a program: the page starts another worker and goes on there.
                    scope().close();
                    return;
                }
            }
        }
    }

    async fn answer(&mut self, Posted { id, request, files }: Posted) -> Result<(), Failure> {
        match request {
            Request::Open { model, device } => self.open(id, model, device, files.first()).await?,
            Request::Try(text) => self.model()?.try_text(id, &text).await,
            Request::Generate { model, prompt, config } => self.generate(id, model, &prompt, &config).await?,
            Request::Explain {
                text,
                label,
                layer,
                head,
            } => self.explain(id, &text, label, layer, head).await?,
            Request::ReadData(file) => answer_read_data(id, file, files.first()),
            Request::Measure {
                cost,
                config,
                train,
                eval,
            } => self.measure(id, cost, &config, &train, &eval).await?,
            Request::Train { config, train, eval } => {
                let model = self.model()?;
                let run = RunRequest {
                    model: model.name.clone(),
                    source: model.source.clone(),
                    device: self.choice,
                    config,
                    train,
                    eval,
                    started: js_sys::Date::now(),
                };
                self.begin(id, run).await?;
            }
            Request::Continue { run } => self.go_on(id, &run).await?,
            // There is no training, and no continuation: it ended before the page knew.
            Request::Pause | Request::Resume | Request::Stop | Request::Hush | Request::EndReading { .. } => {
                tell(id, Event::Done)
            }
            Request::Evaluate { model, rows, number } => {
                let reading = Reading::new(self, id, number);
                reading.evaluate(model, &rows).await?;
            }
            Request::Map { model, rows, number } => {
                let reading = Reading::new(self, id, number);
                reading.map(model, &rows).await?;
            }
            Request::Export => self.export(id).await?,
            Request::ListKept => tell(id, Event::Kept(runs::list(self.storage.as_ref()).await)),
            Request::Delete { name } => {
                if let Some(storage) = &self.storage {
                    // Whoever trains it could not save its next epoch.
                    let _lock = Lock::take(&name).await.ok_or(ANOTHER_TAB)?;
                    runs::delete(storage, &name).await?;
                }
                tell(id, Event::Kept(runs::list(self.storage.as_ref()).await));
            }
        }
        Ok(())
    }

    fn model(&self) -> Result<&OpenModel, Failure> {
        self.model.as_ref().ok_or_else(|| "there is no model yet".into())
    }

    async fn open(
        &mut self,
        id: u32,
        source: ModelSource,
        choice: DeviceChoice,
        attached: Option<&Uint8Array>,
    ) -> Result<(), Failure> {
        let ended = self.ended(&source).await;
        let beside_base = match &ended {
            Some(run) => self.open_beside_base(id, run, &source, choice).await,
            None => None,
        };
        let (model, unkept) = match beside_base {
            Some(model) => (model, None),
            None => self.open_model(id, source, choice, attached).await?,
        };
        if let (Some(zip), Some(storage)) = (unkept, &self.storage) {
            zip.keep(id, storage).await;
        }
        self.choice = choice;
        match ended {
            Some(run) => run.tell(id, &model),
            None => tell(id, Event::Opened(model.described())),
        }
        self.model = Some(model);
        Ok(())
    }

    /// The model from `source` on the device that `choice` means, and the zip that it came in, if the user brought it now.
    async fn open_model(
        &mut self,
        id: u32,
        source: ModelSource,
        choice: DeviceChoice,
        attached: Option<&Uint8Array>,
    ) -> Result<(OpenModel, Option<UnkeptZip>), Failure> {
        let mut files = fetch(Some(id), source.clone(), attached, self.storage.as_ref()).await?;
        let unkept = files.take_unkept();
        let device = self.device(choice).await?;
        let model = match OpenModel::new(files, device) {
            Err(error) if choice == DeviceChoice::Auto && is_too_large(&*error) => {
                let files = fetch(Some(id), source, attached, self.storage.as_ref()).await?;
                OpenModel::new(files, ComputeDevice::cpu("the GPU does not hold this model"))?
            }
            opened => opened?,
        };
        Ok((model, unkept))
    }

    /// The device that `choice` means here.
    async fn device(&mut self, choice: DeviceChoice) -> Result<ComputeDevice, Failure> {
        if choice == DeviceChoice::Cpu {
            return Ok(ComputeDevice::cpu("as asked"));
        }
        if self.gpu.is_none() {
            let opened = ComputeDevice::open(DeviceChoice::Gpu).await;
            self.gpu = Some(opened.map_err(|error| match error {
                DeviceError::NoAdapter { reason } => reason,
                other => in_words(&other),
            }));
        }
        match (&self.gpu, choice) {
            (Some(Ok(gpu)), DeviceChoice::Gpu) => Ok(gpu.clone()),
            (Some(Err(reason)), DeviceChoice::Gpu) => Err(DeviceError::NoAdapter { reason: reason.clone() }.into()),
            (Some(Ok(gpu)), _) => {
                let cpu = ComputeDevice::cpu("faster here than the GPU, by a short measurement");
                let on_cpu = cpu.measure(&now).await?;
                Ok(match gpu.measure(&now).await {
                    Ok(on_gpu) if on_gpu < on_cpu => gpu.clone(),
                    Ok(_) => cpu,
                    Err(error) => ComputeDevice::cpu(&format!("there is no GPU: {}", in_words(&error))),
                })
            }
            (Some(Err(reason)), _) => Ok(ComputeDevice::cpu(&format!("there is no GPU: {reason}"))),
            (None, _) => Ok(ComputeDevice::cpu("there is no GPU")),
        }
    }

    async fn explain(
        &self,
        id: u32,
        text: &Text,
        label: Option<usize>,
        layer: usize,
        head: usize,
    ) -> Result<(), Failure> {
        let session = self.model()?.answering();
        let encoding = session.encode(&text.text, text.text_pair.as_deref())?;
        let question = Question {
            output: label,
            layer,
            head,
        };
        let reasons = session.explain(&encoding, question).await?;
        tell(
            id,
            Event::Explained {
                tokens: tokens(&encoding, session),
                saliency: reasons.saliency,
                attention: reasons.attention,
                label: session.labels().get(reasons.output).cloned().unwrap_or_default(),
            },
        );
        Ok(())
    }

    fn session(&self, which: WhichModel) -> Result<&Session, Failure> {
        let model = self.model()?;
        match (which, &model.tuned) {
            (WhichModel::Base, _) => Ok(&model.base),
            (WhichModel::Tuned, Some(tuned)) => Ok(&tuned.session),
            (WhichModel::Tuned, None) => Err("there is no fine-tuned model yet".into()),
        }
    }

    async fn export(&self, id: u32) -> Result<(), Failure> {
        let (run, mut files) = self.result().await?;
        files.extend(run_files(&run)?);
        let name = format!("{}-tuned", run.model);
        let zip = archive::pack(&name, &files)?;
        tell_with_bytes(
            id,
            Event::Exported {
                file_name: format!("{name}.zip"),
            },
            &zip,
        );
        Ok(())
    }
}

impl Desk {
    /// The fine-tuned model's files and what was asked for it: of the last training, or of the kept run that is open.
    async fn result(&self) -> Result<(RunRequest, Files), Failure> {
        let none = "there is no fine-tuned model yet";
        let model = self.model()?;
        if let Some(tuned) = &model.tuned {
            let mut files = tuned.session.to_files().await?;
            files.insert("training.json".to_owned(), tuned.training_json.clone().into_bytes());
            return Ok((tuned.run.clone(), files));
        }
        let (ModelSource::Run(run), Some(storage)) = (&model.source, &self.storage) else {
            return Err(none.into());
        };
        let (folder, request) = RunFolder::open(storage.clone(), run).await.ok_or(none)?;
        Ok((request, folder.result().await?))
    }
}

/// What `terakoya train --config run.json` needs to do the run again: its options and its data.
fn run_files(run: &RunRequest) -> Result<Files, Failure> {
    let mut options = serde_json::to_value(&run.config)?;
    let mut packed = Files::new();
    for (key, rows) in [("train", &run.train), ("eval", &run.eval)] {
        if rows.is_empty() {
            continue;
        }
        let file = files::write(rows);
        let name = format!("{key}.{}", file.extension);
        options[key] = name.clone().into();
        packed.insert(name, file.text.into_bytes());
    }
    packed.insert("run.json".to_owned(), serde_json::to_vec_pretty(&options)?);
    Ok(packed)
}
