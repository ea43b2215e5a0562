//! Keeps files in the browser's private storage (OPFS), where the browser has it.
//!
//! Paths are relative and have `/`. Every failure says whether the storage is full, since the app then goes on without
//! keeping anything.

use gloo_timers::future::TimeoutFuture;
use js_sys::{AsyncIterator, IteratorNext, JsString, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, DomException, File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemRemoveOptions, FileSystemSyncAccessHandle,
    StorageEstimate, StorageManager,
};

use super::scope;

/// What the browser calls a file or folder that is not there.
const NOT_FOUND: &str = "NotFoundError";
/// One that was written since it was looked at.
const CHANGED: &str = "NotReadableError";
/// And one that somebody has open to write.
const LOCKED: &str = "NoModificationAllowedError";

/// Bytes of a file that are read at once.
const PART: usize = 8 << 20;

/// How often, and how many milliseconds each time, another tab's change of the same file is waited for.
const WAITS: u32 = 50;
const WAIT: u32 = 20;

/// What went wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct StorageError {
    /// The file or folder.
    pub path: String,
    /// What the browser said.
    pub reason: String,
    /// Whether there is no room left.
    pub full: bool,
}

impl StorageError {
    fn new(path: &str, error: &JsValue) -> Self {
        let exception = error.dyn_ref::<DomException>();
        let name = exception.map(DomException::name).unwrap_or_default();
        let reason = match exception {
            Some(exception) => format!("{} ({name})", exception.message()),
            None => describe(error),
        };
        Self {
            path: path.to_owned(),
            reason,
            full: name == "QuotaExceededError",
        }
    }
}

/// An error of JavaScript in words.
pub fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    }
}

/// The storage of this site.
#[derive(Debug, Clone)]
pub struct Storage {
    root: FileSystemDirectoryHandle,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Bytes in use.
    pub used: u64,
    /// Bytes there may be.
    pub quota: u64,
    /// Whether the browser promised not to evict them.
    pub persistent: bool,
}

/// Whether a folder that is not there is made.
#[derive(Clone, Copy)]
enum Missing {
    Create,
    Fail,
}

/// The browser's storage manager; there is none in an insecure context.
fn manager() -> Option<StorageManager> {
    let storage = Reflect::get(&scope().navigator(), &"storage".into()).ok()?;
    storage.dyn_into().ok()
}

impl Storage {
    /// Opens the storage, where there is one that can be written.
    pub async fn open() -> Option<Self> {
        let manager = manager()?;
        if !Reflect::has(&manager, &"getDirectory".into()).unwrap_or(false) {
            return None;
        }
        let root = JsFuture::from(manager.get_directory()).await.ok()?;
        Some(Self {
            root: root.dyn_into().ok()?,
        })
    }

    /// How much is kept, and whether it will stay.
    pub async fn usage(&self) -> Usage {
        let Some(manager) = manager() else {
            return Usage::default();
        };
        let mut usage = Usage::default();
        if let Ok(promise) = manager.estimate()
            && let Ok(estimate) = JsFuture::from(promise).await
        {
            let estimate: StorageEstimate = estimate.unchecked_into();
            usage.used = estimate.get_usage().unwrap_or_default() as u64;
            usage.quota = estimate.get_quota().unwrap_or_default() as u64;
        }
        if let Ok(promise) = manager.persisted()
            && let Ok(persisted) = JsFuture::from(promise).await
        {
            usage.persistent = persisted.is_truthy();
        }
        usage
    }

    async fn folder(&self, path: &str, missing: Missing) -> Result<FileSystemDirectoryHandle, JsValue> {
        let mut folder = self.root.clone();
        let options = FileSystemGetDirectoryOptions::new();
        options.set_create(matches!(missing, Missing::Create));
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let next = folder.get_directory_handle_with_options(name, &options);
            folder = JsFuture::from(next).await?.dyn_into()?;
        }
        Ok(folder)
    }

    async fn file(&self, path: &str, missing: Missing) -> Result<FileSystemFileHandle, JsValue> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = self.folder(folder, missing).await?;
        let options = FileSystemGetFileOptions::new();
        options.set_create(matches!(missing, Missing::Create));
        let file = JsFuture::from(folder.get_file_handle_with_options(name, &options)).await?;
        file.dyn_into()
    }

    /// A file as it is now. Unlike a handle to read and write, of which there can be one, it locks nothing: one tab lists
    /// what is kept while another keeps more.
    async fn snapshot(&self, path: &str) -> Result<File, JsValue> {
        let file = self.file(path, Missing::Fail).await?;
        JsFuture::from(file.get_file()).await?.dyn_into()
    }

    /// The handle to write a file.
    async fn writer(&self, path: &str) -> Result<FileSystemSyncAccessHandle, JsValue> {
        let file = self.file(path, Missing::Create).await?;
        unlocked(|| file.create_sync_access_handle()).await?.dyn_into()
    }

    /// The bytes of a file; `None` where there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let mut waits = 0..WAITS;
        loop {
            match self.read_whole(path).await {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(error) if is_named(&error, NOT_FOUND) => return Ok(None),
                // It was written meanwhile.
                Err(error) if is_named(&error, CHANGED) && waits.next().is_some() => TimeoutFuture::new(WAIT).await,
                Err(error) => return Err(StorageError::new(path, &error)),
            }
        }
    }

    async fn read_whole(&self, path: &str) -> Result<Vec<u8>, JsValue> {
        let file = self.snapshot(path).await?;
        let mut bytes = vec![0; file.size() as usize];
        let mut start = 0;
        // Part by part, so that it is in memory once.
        for part in bytes.chunks_mut(PART) {
            let end = start + part.len();
            let blob: Blob = file.slice_with_f64_and_f64(start as f64, end as f64)?;
            let buffer = JsFuture::from(blob.array_buffer()).await?;
            let read = Uint8Array::new(&buffer);
            if read.length() as usize != part.len() {
                return Err(JsValue::from_str("the file ends early"));
            }
            read.copy_to(part);
            start = end;
        }
        Ok(bytes)
    }

    /// The size of a file; 0 where there is none.
    pub async fn size(&self, path: &str) -> u64 {
        self.snapshot(path).await.map_or(0, |file| file.size() as u64)
    }

    /// Replaces a file.
    ///
    /// # Errors
    /// If it cannot be written whole.
    pub async fn write(&self, path: &str, bytes: &[u8]) -> Result<(), StorageError> {
        self.write_at(path, 0, bytes).await
    }

    /// Writes `bytes` from `offset` on and cuts the file off behind them.
    ///
    /// # Errors
    /// If it cannot be written whole.
    pub async fn write_at(&self, path: &str, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        let failed = |error: JsValue| StorageError::new(path, &error);
        let handle = self.writer(path).await.map_err(failed)?;
        let written = write_all(&handle, offset as f64, bytes);
        handle.close();
        match written.map_err(failed)? {
            true => Ok(()),
            false => Err(StorageError {
                path: path.to_owned(),
                reason: "there is no room left".to_owned(),
                full: true,
            }),
        }
    }

    /// Removes a file or a folder with all that is in it; one that is not there is no error.
    ///
    /// # Errors
    /// If it is in use.
    pub async fn remove(&self, path: &str) -> Result<(), StorageError> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let options = FileSystemRemoveOptions::new();
        options.set_recursive(true);
        let removed = match self.folder(folder, Missing::Fail).await {
            Ok(folder) => unlocked(|| folder.remove_entry_with_options(name, &options)).await,
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if !is_named(&error, NOT_FOUND) => Err(StorageError::new(path, &error)),
            _ => Ok(()),
        }
    }

    /// The names in a folder; none where there is no such folder.
    pub async fn list(&self, path: &str) -> Vec<String> {
        let Ok(folder) = self.folder(path, Missing::Fail).await else {
            return Vec::new();
        };
        let names: AsyncIterator = folder.keys().unchecked_into();
        let mut found = Vec::new();
        while let Ok(promise) = names.next() {
            let Ok(step) = JsFuture::from(promise).await else { break };
            let step: IteratorNext = step.unchecked_into();
            if step.done() {
                break;
            }
            if let Some(name) = step.value().dyn_ref::<JsString>() {
                found.push(String::from(name));
            }
        }
        found.sort();
        found
    }

    /// Bytes of all files in a folder and in its folders.
    pub async fn bytes_in(&self, path: &str) -> u64 {
        let mut bytes = 0;
        for name in self.list(path).await {
            let inner = format!("{path}/{name}");
            bytes += match self.folder(&inner, Missing::Fail).await {
                Ok(_) => Box::pin(self.bytes_in(&inner)).await,
                Err(_) => self.size(&inner).await,
            };
        }
        bytes
    }
}

/// What comes of `change`; waits a while for another tab that has the file locked.
async fn unlocked(change: impl Fn() -> Promise) -> Result<JsValue, JsValue> {
    let mut waits = 0..WAITS;
    loop {
        match JsFuture::from(change()).await {
            Err(error) if is_named(&error, LOCKED) && waits.next().is_some() => TimeoutFuture::new(WAIT).await,
            changed => return changed,
        }
    }
}

fn is_named(error: &JsValue, name: &str) -> bool {
    error
        .dyn_ref::<DomException>()
        .is_some_and(|exception| exception.name() == name)
}

fn at(offset: f64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(offset);
    options
}

/// Whether all bytes could be written.
fn write_all(handle: &FileSystemSyncAccessHandle, offset: f64, bytes: &[u8]) -> Result<bool, JsValue> {
    let written = handle.write_with_u8_array_and_options(bytes, &at(offset))?;
    if (written as usize) < bytes.len() {
        return Ok(false);
    }
    handle.truncate_with_f64(offset + bytes.len() as f64)?;
    handle.flush()?;
    Ok(true)
}
