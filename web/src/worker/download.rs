//! Fetches a folder of the site by its list of files: with progress, from where an interrupted download stopped, checked
//! by SHA-256, and kept in the browser's storage.

use std::collections::BTreeMap;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Reflect, Uint8Array};
use serde::Deserialize;
use terakoya_core::data::sha256_hex;
use terakoya_core::tokenizer::Files;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, ReadableStreamDefaultReader, RequestCache, RequestInit, Response};

use super::lock::Lock;
use super::scope;
use super::storage::{Storage, StorageError, describe};

/// What a folder of the site holds: its `model.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    /// Its name.
    pub name: String,
    /// Its files.
    pub files: Vec<ListedFile>,
}

/// A file of a manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct ListedFile {
    /// Its name, without folders.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its hash, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// Why a download failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// The server could not be reached, or the connection broke too often.
    #[error(
        "{address}: the connection failed after {done} of {total} bytes ({reason}); try again, it goes on from there"
    )]
    Connection {
        /// What was fetched.
        address: String,
        /// Bytes that came.
        done: u64,
        /// Bytes that should have.
        total: u64,
        /// What the browser said.
        reason: String,
    },
    /// So it was with a file whose length nobody has said.
    #[error("{address}: the connection failed ({reason}); try again")]
    Unreachable {
        /// What was fetched.
        address: String,
        /// What the browser said.
        reason: String,
    },
    /// The server answered something else.
    #[error("{address}: the server answers {status}")]
    Status {
        /// What was fetched.
        address: String,
        /// The answer.
        status: u16,
    },
    /// The list of files makes no sense.
    #[error("{address} is not a list of files: {reason}")]
    Manifest {
        /// What was fetched.
        address: String,
        /// Why.
        reason: String,
    },
    /// The file is not the one that was listed.
    #[error("{address}: the file is damaged or was changed (its SHA-256 is not the listed one)")]
    Hash {
        /// What was fetched.
        address: String,
    },
}

/// What a download tells.
pub enum Heard<'a> {
    /// Bytes of the folder that are here, and all.
    Progress {
        /// The file that comes.
        file: &'a str,
        /// Bytes that are here.
        done: u64,
        /// Bytes of the folder.
        total: u64,
    },
    /// Something could not be kept.
    NotKept(StorageError),
}

/// Largest size a list may name for one file.
const LARGEST_FILE: u64 = 3 << 30;

/// How often a broken connection is taken up again, and the pause before it in milliseconds.
const RETRIES: u32 = 3;
const PAUSE: u32 = 500;

/// Fetches what `address`, relative to the page, lists; only the files that `wanted` names.
///
/// # Errors
/// If a file cannot be had whole and as listed.
pub async fn fetch_folder(
    address: &str,
    storage: Option<&Storage>,
    wanted: impl Fn(&str) -> bool,
    tell: &dyn Fn(Heard<'_>),
) -> Result<(String, Files), DownloadError> {
    let manifest = fetch_manifest(address, storage).await?;
    let folder = address.rsplit_once('/').map_or("", |(folder, _)| folder);
    let listed: Vec<&ListedFile> = manifest.files.iter().filter(|file| wanted(&file.name)).collect();
    let total = listed.iter().map(|file| file.bytes).sum();
    let mut before = 0;
    let mut files = BTreeMap::new();
    let mut storage = storage;
    // Of two that fetch a model one keeps it; parts of both would be no file.
    let lock = Lock::of_download(&manifest.name).await;
    for file in listed {
        let mut download = Download {
            address: format!("{folder}/{}", file.name),
            // Kept under its hash: another version of a file is another file.
            path: format!("models/{}/{}", manifest.name, file.sha256),
            file,
            storage,
            keeps: lock.is_some(),
            before,
            total,
            tell,
        };
        files.insert(file.name.clone(), download.run().await?);
        before += file.bytes;
        let is_kept = download.storage.is_some();
        if let Some(full) = storage.take_if(|_| !is_kept) {
            // Some files of a model are of no use, and take room that something else needs.
            let _ = full.remove(&format!("models/{}", manifest.name)).await;
        }
    }
    if let Some(storage) = storage.filter(|_| lock.is_some()) {
        remove_older(&manifest, storage).await;
    }
    Ok((manifest.name, files.into_iter().collect()))
}

/// Removes what is kept of a folder and is none of its files any more.
async fn remove_older(manifest: &Manifest, storage: &Storage) {
    let folder = format!("models/{}", manifest.name);
    for kept in storage.list(&folder).await {
        if manifest.files.iter().all(|file| file.sha256 != kept) {
            // One that another tab reads now goes the next time.
            let _ = storage.remove(&format!("{folder}/{kept}")).await;
        }
    }
}

async fn fetch_manifest(address: &str, storage: Option<&Storage>) -> Result<Manifest, DownloadError> {
    let kept = format!("manifests/{}", sha256_hex(address.as_bytes()));
    let bytes = match fetch_whole(address).await {
        Ok(bytes) => {
            if let Some(storage) = storage {
                // Without it the model cannot be opened offline; that the storage is full is said with the model's files.
                let _ = storage.write(&kept, &bytes).await;
            }
            bytes
        }
        Err(error) => match storage {
            Some(storage) => storage.read(&kept).await.ok().flatten().ok_or(error)?,
            None => return Err(error),
        },
    };
    let wrong = |reason: String| DownloadError::Manifest {
        address: address.to_owned(),
        reason,
    };
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let names = manifest.files.iter().map(|file| &file.name).chain([&manifest.name]);
    for name in names {
        if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(wrong(format!("{name:?} is not a file's name")));
        }
    }
    if let Some(file) = manifest.files.iter().find(|file| file.bytes > LARGEST_FILE) {
        return Err(wrong(format!("{} would have {} bytes", file.name, file.bytes)));
    }
    Ok(manifest)
}

/// Fetches a small file.
async fn fetch_whole(address: &str) -> Result<Vec<u8>, DownloadError> {
    let failed = |error: JsValue| DownloadError::Unreachable {
        address: address.to_owned(),
        reason: describe(&error),
    };
    let response = fetch(address, 0).await.map_err(failed)?;
    if !response.ok() {
        return Err(DownloadError::Status {
            address: address.to_owned(),
            status: response.status(),
        });
    }
    let buffer = JsFuture::from(response.array_buffer().map_err(failed)?)
        .await
        .map_err(failed)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Asks for a file from byte `start` on.
async fn fetch(address: &str, start: u64) -> Result<Response, JsValue> {
    let options = RequestInit::new();
    options.set_cache(RequestCache::NoCache);
    if start > 0 {
        let headers = Headers::new()?;
        headers.set("Range", &format!("bytes={start}-"))?;
        options.set_headers(&headers);
    }
    let address = page_address(address);
    JsFuture::from(scope().fetch_with_str_and_init(&address, &options))
        .await?
        .dyn_into()
}

/// The address of something beside the page: the worker's own program is one folder below it.
fn page_address(relative: &str) -> String {
    let here = scope().location().href();
    let folder = here.rsplitn(3, '/').nth(2).unwrap_or_default();
    format!("{folder}/{relative}")
}

/// One file on its way.
struct Download<'a> {
    address: String,
    path: String,
    file: &'a ListedFile,
    storage: Option<&'a Storage>,
    /// Whether what comes is kept there; what is there is read in any case.
    keeps: bool,
    before: u64,
    total: u64,
    tell: &'a dyn Fn(Heard<'_>),
}

impl Download<'_> {
    async fn run(&mut self) -> Result<Vec<u8>, DownloadError> {
        let mut bytes = self.kept().await;
        let mut failures = 0;
        while (bytes.len() as u64) < self.file.bytes {
            let before = bytes.len();
            match self.go_on(&mut bytes).await {
                Ok(()) if bytes.len() > before => failures = 0,
                Ok(()) => failures += 1,
                Err(Failure::Status(status)) => {
                    return Err(DownloadError::Status {
                        address: self.address.clone(),
                        status,
                    });
                }
                Err(Failure::Broken(reason)) => {
                    // A line that breaks again and again still gets there, as long as something comes each time.
                    failures = if bytes.len() > before { 1 } else { failures + 1 };
                    if failures > RETRIES {
                        return Err(self.connection(&bytes, reason));
                    }
                    TimeoutFuture::new(PAUSE << failures).await;
                }
            }
            if failures > RETRIES {
                return Err(self.connection(&bytes, "the file ends early".to_owned()));
            }
        }
        self.progress(bytes.len());
        if bytes.len() as u64 != self.file.bytes || sha256_hex(&bytes) != self.file.sha256 {
            if let Some(storage) = self.storage.filter(|_| self.keeps) {
                // What is kept is damaged too; if it cannot be removed, the hash is compared again next time.
                let _ = storage.remove(&self.path).await;
            }
            return Err(DownloadError::Hash {
                address: self.address.clone(),
            });
        }
        Ok(bytes)
    }

    fn connection(&self, bytes: &[u8], reason: String) -> DownloadError {
        DownloadError::Connection {
            address: self.address.clone(),
            done: bytes.len() as u64,
            total: self.file.bytes,
            reason,
        }
    }

    fn progress(&self, here: usize) {
        (self.tell)(Heard::Progress {
            file: &self.file.name,
            done: self.before + here as u64,
            total: self.total,
        });
    }

    /// What an earlier visit left.
    async fn kept(&self) -> Vec<u8> {
        match self.storage {
            Some(storage) => storage.read(&self.path).await.ok().flatten().unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// Reads what is missing as long as the connection holds.
    async fn go_on(&mut self, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        let response = fetch(&self.address, bytes.len() as u64).await?;
        match response.status() {
            206 => {}
            // A server without ranges sends the file from its beginning.
            200 => bytes.clear(),
            status => return Err(Failure::Status(status)),
        }
        let body = response.body().ok_or(Failure::Broken("there is no body".to_owned()))?;
        let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
        bytes.reserve_exact((self.file.bytes as usize).saturating_sub(bytes.len()));
        let mut kept = bytes.len();
        loop {
            let step = JsFuture::from(reader.read()).await;
            let over = match &step {
                Ok(step) => Reflect::get(step, &"done".into())?.is_truthy(),
                Err(_) => true,
            };
            if let (Ok(step), false) = (&step, over) {
                let chunk: Uint8Array = Reflect::get(step, &"value".into())?.unchecked_into();
                if bytes.len() as u64 + u64::from(chunk.length()) > self.file.bytes {
                    // Longer than listed: the hash will say so.
                    bytes.extend(chunk.to_vec());
                    return Ok(());
                }
                bytes.extend(chunk.to_vec());
                self.progress(bytes.len());
            }
            if over || bytes.len() - kept > KEEP_EVERY {
                kept = self.keep(bytes, kept).await;
            }
            if over {
                return step.map(drop).map_err(Failure::from);
            }
        }
    }

    /// Keeps what came since `kept` bytes were; gives how many are kept now.
    async fn keep(&mut self, bytes: &[u8], kept: usize) -> usize {
        let Some(storage) = self.storage.filter(|_| self.keeps) else {
            return bytes.len();
        };
        if let Err(error) = storage.write_at(&self.path, kept as u64, &bytes[kept..]).await {
            (self.tell)(Heard::NotKept(error));
            // A part would not be of use, and takes room that something else needs.
            let _ = storage.remove(&self.path).await;
            self.storage = None;
        }
        bytes.len()
    }
}

/// Bytes after which a download is written to the storage.
const KEEP_EVERY: usize = 1 << 20;

/// Why a connection ended.
enum Failure {
    Broken(String),
    Status(u16),
}

impl From<JsValue> for Failure {
    fn from(error: JsValue) -> Self {
        Self::Broken(describe(&error))
    }
}
