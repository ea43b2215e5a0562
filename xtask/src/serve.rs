//! Serves the site on this machine: static files with byte ranges, as any host does.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, anyhow};
use clap::Args;
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

use crate::command::project;
use crate::web;

/// How the site is served.
#[derive(Args)]
pub struct Options {
    /// Port on this machine; 0 takes a free one
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Serves the folder as it is, without a build
    #[arg(long)]
    no_build: bool,
    /// Folder of the site
    #[arg(long, default_value = "target/site")]
    site: PathBuf,
}

/// Builds the site, then serves it until it is interrupted.
///
/// # Errors
/// If the build fails or the port is taken.
pub fn run(options: &Options) -> Result<()> {
    if !options.no_build {
        let build = web::Options {
            output: options.site.clone(),
            no_wasm_opt: true,
            ..web::Options::default()
        };
        web::build(&build)?;
    }
    let server = Server::http(("127.0.0.1", options.port)).map_err(|error| anyhow!(error))?;
    println!("http://{}/", server.server_addr());
    let folder = project().join(&options.site);
    for request in server.incoming_requests() {
        // A visitor who goes away is no reason to stop.
        if let Err(error) = answer(&folder, request) {
            eprintln!("{error}");
        }
    }
    Ok(())
}

fn answer(folder: &Path, request: Request) -> std::io::Result<()> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        return request.respond(Response::empty(405));
    }
    let address = request.url().split(['?', '#']).next().unwrap_or_default();
    let Some(path) = path_of(folder, address) else {
        return request.respond(Response::empty(404));
    };
    let Ok(mut file) = File::open(&path) else {
        return request.respond(Response::empty(404));
    };
    let length = file.metadata()?.len();
    let range = request
        .headers()
        .iter()
        .find(|header| header.field.equiv("Range"))
        .and_then(|header| range_of(header.value.as_str(), length));
    let mut headers = vec![
        header("Content-Type", content_type(&path)),
        header("Accept-Ranges", "bytes"),
        header("Cache-Control", "no-cache"),
    ];
    let (status, start, count) = match range {
        Some((start, end)) => {
            headers.push(header("Content-Range", &format!("bytes {start}-{end}/{length}")));
            (206, start, end - start + 1)
        }
        None => (200, 0, length),
    };
    file.seek(SeekFrom::Start(start))?;
    let count = usize::try_from(count).map_err(std::io::Error::other)?;
    let body = file.take(count as u64);
    request.respond(Response::new(StatusCode(status), headers, body, Some(count), None))
}

/// The file an address means, if it is inside the folder.
fn path_of(folder: &Path, address: &str) -> Option<PathBuf> {
    let name = address.trim_start_matches('/');
    let relative = Path::new(name);
    let inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
    let path = folder.join(relative);
    match inside {
        true if path.is_dir() => Some(path.join("index.html")),
        true => Some(path),
        false => None,
    }
}

/// First and last byte that `Range: bytes=…` asks for; `None` gives the whole file, as the standard allows.
fn range_of(value: &str, length: u64) -> Option<(u64, u64)> {
    let (start, end) = value.strip_prefix("bytes=")?.split_once('-')?;
    let last = length.checked_sub(1)?;
    let start: u64 = start.parse().ok()?;
    let end = match end {
        "" => last,
        end => end.parse::<u64>().ok()?.min(last),
    };
    (start <= end).then_some((start, end))
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("names and values here are plain ASCII")
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json" | "webmanifest") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("csv" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_inside_the_folder() {
        let folder = Path::new("site");
        assert_eq!(path_of(folder, "/a/b.js"), Some(folder.join("a/b.js")));
        assert_eq!(path_of(folder, "/../secret"), None);
        assert_eq!(path_of(folder, "/a/../../secret"), None);
    }

    #[test]
    fn ranges_are_those_of_http() {
        assert_eq!(range_of("bytes=2-4", 10), Some((2, 4)));
        assert_eq!(range_of("bytes=7-", 10), Some((7, 9)));
        assert_eq!(range_of("bytes=7-99", 10), Some((7, 9)));
        for whole in ["bytes=10-", "bytes=4-2", "bytes=-3", "lines=1-2", "bytes=0-1,4-5"] {
            assert_eq!(range_of(whole, 10), None, "{whole}");
        }
        assert_eq!(range_of("bytes=0-", 0), None);
    }
}
