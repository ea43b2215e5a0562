//! Finds a model's files, wherever they are, and makes a session of them.

use std::sync::Arc;

use js_sys::Uint8Array;
use terakoya_core::bundle::is_model_file;
use terakoya_core::data::sha256_hex;
use terakoya_core::device::ComputeDevice;
use terakoya_core::session::Session;
use terakoya_core::tokenizer::dictionary::{Dictionary, DictionaryError};
use terakoya_core::tokenizer::{Files, Tokenizer};

use super::archive::{ArchiveError, unpack};
use super::download::{DownloadError, Heard, fetch_folder};
use super::runs::RunFolder;
use super::storage::{Storage, StorageError};
use super::tell;
use crate::messages::{Event, ModelSource, Notice};

/// Why a model cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// A file could not be fetched.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// A zip could not be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What is kept could not be read.
    #[error("what this browser kept cannot be read")]
    Storage(#[from] StorageError),
    /// The model is not one that this program knows, or is damaged.
    #[error(transparent)]
    Core(#[from] terakoya_core::error::Error),
    /// The dictionary is damaged.
    #[error(transparent)]
    Dictionary(#[from] DictionaryError),
    /// The site does not have the dictionary.
    #[error("the model cuts words with the dictionary {name:?}, which this site does not have")]
    NoDictionary {
        /// Its name.
        name: String,
    },
    /// The request named a zip and brought none.
    #[error("{name} was not read")]
    NoBytes {
        /// Its name.
        name: String,
    },
    /// A run that is not there, or not to its end.
    #[error("this browser does not keep the result of that run any more")]
    NoRun,
}

/// A model's files, to be opened.
pub struct ModelFiles {
    /// What the model is called.
    pub name: String,
    /// Where it came from, in a form that is still true after a reload.
    pub source: ModelSource,
    /// The files.
    pub files: Files,
    /// The dictionary that its words are cut with, packed.
    pub dictionary: Option<Vec<u8>>,
    unkept: Option<UnkeptZip>,
}

/// A zip that the user brought, to be kept once it was seen to hold a model.
pub struct UnkeptZip {
    hash: String,
    name: String,
    bytes: Uint8Array,
}

impl UnkeptZip {
    /// Keeps it, or tells the request `id` why that cannot be.
    pub async fn keep(&self, id: u32, storage: &Storage) {
        let folder = format!("models/{}", self.hash);
        let path = format!("{folder}/{}", self.name);
        if let Err(error) = storage.write(&path, &self.bytes.to_vec()).await {
            tell(id, Event::Notice(Notice::NotKept(error.to_string())));
            // A part of it only takes room; if it cannot be removed, the user sees it in the list.
            let _ = storage.remove(&folder).await;
        }
    }
}

impl ModelFiles {
    /// The zip that they came in, if the user brought it now.
    pub fn take_unkept(&mut self) -> Option<UnkeptZip> {
        self.unkept.take()
    }

    /// Puts the model on `device`.
    ///
    /// # Errors
    /// If it is not a model that the core knows.
    pub fn open(self, device: ComputeDevice) -> Result<Session, OpeningError> {
        open(self.files, self.dictionary.as_deref(), device)
    }
}

/// Puts the model of `files` on `device`; `dictionary` is packed.
///
/// # Errors
/// If it is not a model that the core knows, or the dictionary is damaged.
pub fn open(files: Files, dictionary: Option<&[u8]>, device: ComputeDevice) -> Result<Session, OpeningError> {
    let dictionary = dictionary.map(Dictionary::from_packed).transpose()?;
    Ok(Session::open(files, dictionary.map(Arc::new), device)?)
}

/// Fetches the files that `source` names; `id` is the request that hears of the progress, if one is to.
///
/// # Errors
/// If they cannot be had, or a dictionary that they need.
pub async fn fetch(
    id: Option<u32>,
    source: ModelSource,
    attached: Option<&Uint8Array>,
    storage: Option<&Storage>,
) -> Result<ModelFiles, OpeningError> {
    let heard = |heard: Heard<'_>| {
        let Some(id) = id else { return };
        match heard {
            Heard::Progress { file, done, total } => {
                let file = file.to_owned();
                tell(id, Event::Download { file, done, total });
            }
            Heard::NotKept(error) => tell(id, Event::Notice(Notice::NotKept(error.to_string()))),
        }
    };
    let mut unkept = None;
    let (name, files, source) = match source {
        ModelSource::Site(address) => {
            let (name, files) = fetch_folder(&address, storage, is_model_file, &heard).await?;
            (name, files, ModelSource::Site(address))
        }
        ModelSource::Zip(file_name) => match attached {
            Some(bytes) => {
                let (name, files, zip) = unpack_brought(&file_name, bytes)?;
                let source = ModelSource::Zip(zip.hash.clone());
                unkept = Some(zip);
                (name, files, source)
            }
            None => fetch_zip(file_name, storage).await?,
        },
        ModelSource::Run(run) => {
            let storage = storage.ok_or(OpeningError::NoRun)?;
            let (folder, request) = RunFolder::open(storage.clone(), &run)
                .await
                .ok_or(OpeningError::NoRun)?;
            let files = folder.result().await?;
            if files.is_empty() {
                return Err(OpeningError::NoRun);
            }
            (request.model, files, ModelSource::Run(run))
        }
    };
    let dictionary = match Tokenizer::dictionary_name(&files).map_err(terakoya_core::error::Error::from)? {
        Some(name) => Some(fetch_dictionary(&name, storage, &heard).await?),
        None => None,
    };
    Ok(ModelFiles {
        name,
        source,
        files,
        dictionary,
        unkept,
    })
}

/// Takes a zip apart that the user brought.
fn unpack_brought(file_name: &str, attached: &Uint8Array) -> Result<(String, Files, UnkeptZip), OpeningError> {
    let name = file_name.trim_end_matches(".zip").to_owned();
    let bytes = attached.to_vec();
    let files = unpack(file_name, &bytes)?;
    let zip = UnkeptZip {
        hash: sha256_hex(&bytes),
        name: kept_name(file_name),
        bytes: attached.clone(),
    };
    Ok((name, files, zip))
}

/// Takes a zip apart that an earlier visit kept under its hash.
async fn fetch_zip(file_name: String, storage: Option<&Storage>) -> Result<(String, Files, ModelSource), OpeningError> {
    let no_bytes = || OpeningError::NoBytes {
        name: file_name.clone(),
    };
    let storage = storage.ok_or_else(no_bytes)?;
    let folder = format!("models/{file_name}");
    let kept = storage.list(&folder).await;
    let kept = kept.first().ok_or_else(no_bytes)?;
    let bytes = storage.read(&format!("{folder}/{kept}")).await?.ok_or_else(no_bytes)?;
    let files = unpack(kept, &bytes)?;
    Ok((
        kept.trim_end_matches(".zip").to_owned(),
        files,
        ModelSource::Zip(file_name),
    ))
}

/// A file's name as the storage takes it.
fn kept_name(file_name: &str) -> String {
    let plain = |c: char| {
        if c.is_control() || "/\\:*?\"<>|~".contains(c) {
            '_'
        } else {
            c
        }
    };
    let name: String = file_name.chars().map(plain).take(80).collect();
    let stem = name.trim_end_matches(".zip").trim_matches(['.', ' ']);
    format!("{}.zip", if stem.is_empty() { "model" } else { stem })
}

async fn fetch_dictionary(
    name: &str,
    storage: Option<&Storage>,
    heard: &dyn Fn(Heard<'_>),
) -> Result<Vec<u8>, OpeningError> {
    let file = format!("{name}.dic.gz");
    let wanted = |listed: &str| listed == file;
    let (_, mut files) = fetch_folder("dictionaries/model.json", storage, wanted, heard).await?;
    files
        .remove(&file)
        .ok_or_else(|| OpeningError::NoDictionary { name: name.to_owned() })
}
