//! Serves the site on this machine as any static host does, and misbehaves where a test asks for it.
//!
//! One answer a connection, so that a download can be cut off in the middle as a broken line does it. What was sent is
//! counted.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What may be wrong with a file's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks at this byte of the file, whatever part of it is asked for.
    Cut(usize),
    /// The connection breaks at this byte of the file in the next answer.
    CutOnce(usize),
    /// A byte in the middle is another.
    Damaged,
    /// The file is not there.
    Missing,
    /// The file comes in so many pieces, with [`BETWEEN`] between them.
    Slow(usize),
}

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The file, relative to the site.
    pub file: String,
    /// First byte that was asked for, where a range was.
    pub range: Option<usize>,
    /// Bytes of the file that were sent.
    pub bytes: usize,
}

#[derive(Default)]
struct Shared {
    folder: Mutex<PathBuf>,
    faults: Mutex<BTreeMap<String, Fault>>,
    instead: Mutex<BTreeMap<String, Vec<u8>>>,
    served: Mutex<Vec<Served>>,
    missed: Mutex<Vec<String>>,
    below: Mutex<String>,
    stopped: AtomicBool,
}

/// A server that runs until it is stopped or dropped.
pub struct SiteServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// How long a line is silent before it is broken: what a browser has not handed over by then is lost.
const BREAKING: Duration = Duration::from_secs(2);

/// How long the pieces of a slow file wait for each other: the page is drawn meanwhile.
const BETWEEN: Duration = Duration::from_millis(150);

/// How long a silent visitor is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

impl SiteServer {
    /// Serves `folder` on a free port.
    pub fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let shared = Arc::new(Shared {
            folder: Mutex::new(folder.to_owned()),
            ..Shared::default()
        });
        let answering = Arc::clone(&shared);
        Self {
            address: listener.local_addr().expect("the listener has an address"),
            accepting: Some(thread::spawn(move || accept(&listener, &answering))),
            shared,
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Misbehaves from now on when `file` is asked for.
    pub fn break_file(&self, file: &str, fault: Fault) {
        lock(&self.shared.faults).insert(file.to_owned(), fault);
    }

    /// Behaves again.
    pub fn mend(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Serves another folder from now on.
    pub fn serve(&self, folder: &Path) {
        folder.clone_into(&mut lock(&self.shared.folder));
    }

    /// Serves `bytes` in the place of a file.
    pub fn replace(&self, file: &str, bytes: Vec<u8>) {
        lock(&self.shared.instead).insert(file.to_owned(), bytes);
    }

    /// What was answered for `file` until now.
    pub fn served(&self, file: &str) -> Vec<Served> {
        let served = lock(&self.shared.served);
        served.iter().filter(|served| served.file == file).cloned().collect()
    }

    /// Serves the site below `path`, such as `lab/2026/`, from now on, and nothing beside it.
    pub fn move_below(&self, path: &str) {
        path.clone_into(&mut lock(&self.shared.below));
    }

    /// What was asked for until now and is not there, as it was asked for.
    pub fn missed(&self) -> Vec<String> {
        lock(&self.shared.missed).clone()
    }

    /// Closes the door: whoever comes now is refused.
    pub fn stop(&mut self) {
        let Some(accepting) = self.accepting.take() else { return };
        self.shared.stopped.store(true, Ordering::SeqCst);
        // The thread waits for a visitor before it looks.
        drop(TcpStream::connect(self.address));
        accepting.join().expect("the server does not panic");
    }
}

impl Drop for SiteServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for visitor in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = visitor else { continue };
        let shared = Arc::clone(shared);
        // A visitor who goes away is no reason to stop.
        thread::spawn(move || drop(answer(&shared, &stream)));
    }
}

/// What a visitor asked for.
struct Asked {
    method: String,
    /// Without the first slash.
    address: String,
    range: Option<usize>,
}

fn read_head(stream: &TcpStream) -> std::io::Result<Asked> {
    let mut lines = BufReader::new(stream.take(1 << 16)).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let address = words.next().unwrap_or_default().split(['?', '#']).next();
    let mut range = None;
    for line in lines {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("range: bytes=") {
            range = value.trim_end_matches('-').parse().ok();
        }
    }
    Ok(Asked {
        method,
        address: address.unwrap_or_default().trim_start_matches('/').to_owned(),
        range,
    })
}

/// The file at an address, relative to the site; nothing where the site is elsewhere.
fn file_at(shared: &Shared, address: &str) -> Option<String> {
    let file = address.strip_prefix(lock(&shared.below).as_str())?;
    Some(if file.is_empty() { "index.html" } else { file }.to_owned())
}

fn answer(shared: &Shared, mut stream: &TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let Asked { method, address, range } = read_head(stream)?;
    let file = file_at(shared, &address);
    let fault = file.as_ref().and_then(|file| fault(shared, file));
    let is_there = fault != Some(Fault::Missing) && method == "GET";
    let found = file
        .filter(|_| is_there)
        .and_then(|file| Some((bytes_of(shared, &file)?, file)));
    let Some((mut bytes, file)) = found else {
        lock(&shared.missed).push(address);
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
        return stream.shutdown(Shutdown::Both);
    };
    if fault == Some(Fault::Damaged) {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    }
    let total = bytes.len();
    let start = range.filter(|start| *start < total);
    let body = &bytes[start.unwrap_or(0)..];
    let status = match start {
        Some(start) => format!(
            "206 Partial Content\r\nContent-Range: bytes {start}-{}/{total}",
            total - 1
        ),
        None => "200 OK".to_owned(),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {}\r\nContent-Length: {}\r\nAccept-Ranges: bytes\r\nCache-Control: no-cache\r\n\
         Connection: close\r\n\r\n",
        content_type(&file),
        body.len()
    );
    let sent = match fault {
        Some(Fault::Cut(at) | Fault::CutOnce(at)) => &body[..at.saturating_sub(start.unwrap_or(0)).min(body.len())],
        _ => body,
    };
    // Counted beforehand: the visitor may look before this thread goes on.
    lock(&shared.served).push(Served {
        file,
        range,
        bytes: sent.len(),
    });
    stream.write_all(head.as_bytes())?;
    match fault {
        Some(Fault::Slow(pieces)) => write_slowly(stream, sent, pieces)?,
        _ => stream.write_all(sent)?,
    }
    if sent.len() < body.len() {
        thread::sleep(BREAKING);
    }
    stream.shutdown(Shutdown::Both)
}

fn write_slowly(mut stream: &TcpStream, bytes: &[u8], pieces: usize) -> std::io::Result<()> {
    for piece in bytes.chunks(bytes.len().div_ceil(pieces).max(1)) {
        stream.write_all(piece)?;
        thread::sleep(BETWEEN);
    }
    Ok(())
}

/// The fault of a file's next answer.
fn fault(shared: &Shared, file: &str) -> Option<Fault> {
    let mut faults = lock(&shared.faults);
    let fault = faults.get(file).copied();
    if let Some(Fault::CutOnce(_)) = fault {
        faults.remove(file);
    }
    fault
}

fn bytes_of(shared: &Shared, file: &str) -> Option<Vec<u8>> {
    if let Some(bytes) = lock(&shared.instead).get(file) {
        return Some(bytes.clone());
    }
    let relative = Path::new(file);
    let inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
    let path = lock(&shared.folder).join(relative);
    inside.then(|| fs::read(path).ok()).flatten()
}

fn content_type(file: &str) -> &'static str {
    match file.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "csv" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
