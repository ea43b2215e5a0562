//! Holds which model the worker has or is loading, and draws that: a download's progress, the device, the choice of it.

use js_sys::Uint8Array;
use serde::Deserialize;
use terakoya_core::protocol::DeviceChoice;
use yew::prelude::*;

use super::browser;
use super::events::{chosen, sift};
use super::figures;
use super::select::Select;
use super::shared::Shared;
use super::words::Words;
use crate::messages::{ModelSource, Opened};

/// A model that the site offers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Offer {
    /// What it is called.
    pub name: String,
    /// Its `model.json`, relative to the page.
    pub address: String,
    /// Its size.
    pub bytes: u64,
    /// What it reads and does.
    #[serde(default)]
    pub about: About,
}

/// What a model reads and does; nothing where the site does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct About {
    ja: String,
    en: String,
}

/// The model of the worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What the site offers, the default first; nothing while that is not known.
    pub offers: Vec<Offer>,
    /// Where it comes from; nothing before one was asked for.
    pub source: Option<ModelSource>,
    /// What another worker can open again: a zip's bytes were handed over, but the worker may have kept them.
    pub again: Option<ModelSource>,
    /// The device that is asked for.
    pub device: DeviceChoice,
    /// How far it is.
    pub status: Status,
    /// What it is, from when it is there.
    pub opened: Option<Shared<Opened>>,
    /// Number of the newest request.
    pub asked: u32,
    /// What the worker has, whatever is asked for: a request that fails leaves it there.
    pub held: Option<Held>,
}

/// A model that the worker has.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Where it comes from.
    pub source: ModelSource,
    /// What another worker can open again.
    again: Option<ModelSource>,
    /// The device that was asked for.
    pub device: DeviceChoice,
}

/// How far a model is.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// The worker's program is being loaded.
    Starting,
    /// The model is being loaded.
    Loading {
        /// The file.
        file: String,
        /// Bytes that are here.
        done: u64,
        /// Bytes in all; 0 while that is not known.
        total: u64,
    },
    /// It is there.
    Ready,
    /// It could not be loaded.
    Failed(String),
}

impl Default for Model {
    fn default() -> Self {
        Self {
            offers: Vec::new(),
            source: None,
            again: None,
            device: DeviceChoice::Auto,
            status: Status::Starting,
            opened: None,
            asked: 0,
            held: None,
        }
    }
}

impl Model {
    /// Asks for a model; the number of the request.
    pub fn begin(&mut self, source: ModelSource) -> u32 {
        self.again = Some(source.clone()).filter(|source| !matches!(source, ModelSource::Zip(_)));
        self.source = Some(source);
        self.status = Status::Loading {
            file: String::new(),
            done: 0,
            total: 0,
        };
        self.asked += 1;
        self.asked
    }

    /// Takes note that the worker has this model now.
    pub fn hold(&mut self, opened: Opened) {
        self.source = Some(opened.source.clone());
        self.held = Some(Held {
            source: opened.source.clone(),
            again: None,
            device: self.device,
        });
        self.come_back_to(self.source.clone());
        self.opened = Some(Shared::new(opened));
        self.status = Status::Ready;
    }

    /// Takes note of what another worker is to open in place of what this one has.
    pub fn come_back_to(&mut self, again: Option<ModelSource>) {
        if let Some(held) = &mut self.held {
            held.again.clone_from(&again);
        }
        self.again = again;
    }

    /// Goes back to what the worker has, where a request for another model or device failed; whether it has one.
    pub fn return_to_held(&mut self) -> bool {
        let Some(held) = &self.held else { return false };
        self.source = Some(held.source.clone());
        self.again = held.again.clone();
        self.device = held.device;
        self.status = Status::Ready;
        true
    }

    /// Whether it is the result of a kept run.
    pub fn is_kept_run(&self) -> bool {
        matches!(self.source, Some(ModelSource::Run(_)))
    }
}

/// Why the site's models are not known.
#[derive(Debug, thiserror::Error)]
pub enum OffersError {
    /// The list was not handed over.
    #[error("models.json: {0}")]
    Fetch(String),
    /// It is no such list.
    #[error("models.json: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It is empty.
    #[error("models.json names no model")]
    Empty,
}

/// Asks the site what models it offers; at least one.
pub async fn fetch_offers() -> Result<Vec<Offer>, OffersError> {
    let bytes = browser::fetch("models.json").await;
    let bytes = bytes.map_err(|error| OffersError::Fetch(browser::reason(&error)))?;
    let offers: Vec<Offer> = serde_json::from_slice(&Uint8Array::new(&bytes).to_vec())?;
    match offers.is_empty() {
        true => Err(OffersError::Empty),
        false => Ok(offers),
    }
}

/// What the progress is drawn from.
#[derive(Properties, PartialEq)]
pub struct LoadingProps {
    /// The language.
    pub words: Words,
    /// How far the model is.
    pub status: Status,
    /// Starts the worker again.
    pub onrestart: Callback<()>,
}

/// A model's progress; nothing once it is there.
#[component]
pub fn Loading(props: &LoadingProps) -> Html {
    let w = props.words;
    match &props.status {
        Status::Ready => Html::default(),
        Status::Starting => html! {
            <div id="loading" class="loading" role="status"><p>{ w.starting() }</p><progress></progress></div>
        },
        Status::Loading { total: 0, .. } => html! {
            <div id="loading" class="loading" role="status"><p>{ w.loading_model() }</p><progress></progress></div>
        },
        Status::Loading { done, total, .. } => html! {
            <div id="loading" class="loading" role="status">
                <p>
                    { w.loading_model() }{ " " }
                    <span class="number">{ figures::bytes(*done) }{ " / " }{ figures::bytes(*total) }</span>
                </p>
                <progress max={total.to_string()} value={done.to_string()} aria-label={w.loading_model()}></progress>
            </div>
        },
        Status::Failed(message) => {
            let onclick = props.onrestart.reform(|_: MouseEvent| ());
            html! {
                <div id="loading" class="loading">
                    <p class="message bad" role="alert">{ w.model_failed(message) }</p>
                    <button type="button" id="restart" class="secondary" {onclick}>{ w.try_again() }</button>
                </div>
            }
        }
    }
}

/// What the line is drawn from.
#[derive(Properties, PartialEq)]
pub struct LineProps {
    /// The language.
    pub words: Words,
    /// The model.
    pub model: Model,
    /// Whether it was fine-tuned.
    pub tuned: bool,
    /// Whether the device may not be changed.
    pub disabled: bool,
    /// Takes another device.
    pub ondevice: Callback<DeviceChoice>,
    /// Takes another model of the site.
    pub onmodel: Callback<ModelSource>,
}

/// Where the model runs; why it does opens below.
fn device(w: Words, description: &str) -> Html {
    let text = description.strip_prefix("device: ").unwrap_or(description);
    let (name, reason) = text
        .split_once(" (")
        .map_or((text, ""), |(name, reason)| (name, reason.trim_end_matches(')')));
    html! {
        <details id="device" class="caption" data-device={description.to_owned()}>
            <summary>{ name }</summary>
            <p>{ w.message(reason) }</p>
        </details>
    }
}

/// The devices in the order of the choice, with their values.
const DEVICES: [(DeviceChoice, &str); 3] = [
    (DeviceChoice::Auto, "auto"),
    (DeviceChoice::Gpu, "gpu"),
    (DeviceChoice::Cpu, "cpu"),
];

/// The model's name; a choice, where the site offers another.
fn name(props: &LineProps, opened: &str) -> Html {
    let offers = &props.model.offers;
    let current = offers
        .iter()
        .find(|offer| props.model.source == Some(ModelSource::Site(offer.address.clone())));
    if offers.is_empty() || (offers.len() == 1 && current.is_some()) {
        return html! { <strong>{ opened }</strong> };
    }
    let onchange = sift(&props.onmodel, |event| {
        chosen(&event)
            .filter(|address| !address.is_empty())
            .map(ModelSource::Site)
    });
    let title = |offer: &Offer| {
        let about = props.words.pick(&offer.about.ja, &offer.about.en);
        let parts = [&offer.name, &figures::bytes(offer.bytes), about];
        let said: Vec<&str> = parts
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        said.join(" · ")
    };
    let other: Option<(AttrValue, AttrValue)> = current.is_none().then(|| ("".into(), opened.to_owned().into()));
    let named = offers
        .iter()
        .map(|offer| (offer.address.clone().into(), title(offer).into()));
    let choices: Vec<(AttrValue, AttrValue)> = other.into_iter().chain(named).collect();
    let value = current.map_or_else(String::new, |offer| offer.address.clone());
    html! {
        <label class="choice">
            <span class="visually-hidden">{ props.words.model_label() }</span>
            <Select id="model" {value} disabled={props.disabled} {choices} {onchange} />
        </label>
    }
}

/// One line: which model, how large, on which device and why.
#[component]
pub fn ModelLine(props: &LineProps) -> Html {
    let w = props.words;
    let Some(opened) = &props.model.opened else {
        return Html::default();
    };
    let onchange = sift(&props.ondevice, |event| {
        let wanted = chosen(&event)?;
        DEVICES
            .iter()
            .find(|(_, value)| *value == wanted)
            .map(|(device, _)| *device)
    });
    let choices: Vec<(AttrValue, AttrValue)> = DEVICES
        .iter()
        .map(|(device, value)| ((*value).into(), w.device(*device).into()))
        .collect();
    let is_chosen = |(device, _): &&(DeviceChoice, &str)| *device == props.model.device;
    let chosen_device = DEVICES.iter().find(is_chosen).map_or("", |(_, value)| *value);
    html! {
        <div class="model-line">
            <span>{ name(props, &opened.name) }
                if props.tuned || props.model.is_kept_run() { { " " }<span class="mark good">{ w.tuned_model() }</span> }
            </span>
            <span class="caption">{ w.parameters(&figures::rounded_count(w, opened.inspection.parameters)) }</span>
            { device(w, &opened.device) }
            <label class="choice">
                <span class="visually-hidden">{ w.device_label() }</span>
                <Select id="device-choice" value={chosen_device} disabled={props.disabled} {choices} {onchange} />
            </label>
        </div>
    }
}
