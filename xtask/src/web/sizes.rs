//! Weighs the site's code: raw, gzip and brotli, against the budget, and which crates it is made of.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::glue::read_folder;
use super::order::Functions;
use crate::command::project;

/// Most bytes that all code may have: raw, gzip, brotli at quality 11.
const BUDGET: [usize; 3] = [25_000_000, 4_500_000, 3_000_000];

/// How many contributors are shown.
const SHOWN: usize = 10;

/// Prints what the code of the site in `output` weighs, and the crates that `compiled` programs are made of.
///
/// # Errors
/// If a file cannot be read, or, once all is printed, if the code is over the budget.
pub fn print(output: &Path, compiled: &[PathBuf]) -> Result<()> {
    let mut files = BTreeMap::new();
    read_folder(&project().join(output), "", &mut files)?;
    files.retain(|name, _| name.ends_with(".wasm") || name.ends_with(".js"));
    let mut total = [0; 3];
    println!("{:>12} {:>11} {:>11}  code", "raw", "gzip", "brotli");
    for (name, bytes) in &files {
        let sizes = [bytes.len(), gzip(bytes)?, brotli(bytes)?];
        println!("{:>12} {:>11} {:>11}  {name}", sizes[0], sizes[1], sizes[2]);
        for (total, size) in total.iter_mut().zip(sizes) {
            *total += size;
        }
    }
    println!("{:>12} {:>11} {:>11}  all", total[0], total[1], total[2]);
    let [raw, zipped, brotli] = BUDGET;
    println!("{raw:>12} {zipped:>11} {brotli:>11}  budget");
    for path in compiled {
        print_contributors(path)?;
    }
    check(total)
}

/// Refuses what is over the budget.
fn check(total: [usize; 3]) -> Result<()> {
    for ((name, size), most) in ["raw", "gzip", "brotli"].into_iter().zip(total).zip(BUDGET) {
        ensure!(
            size <= most,
            "the site's code has {size} bytes ({name}), {} over its budget",
            size - most
        );
    }
    Ok(())
}

fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn brotli(bytes: &[u8]) -> Result<usize> {
    let mut small = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &bytes[..], &mut small, &parameters)?;
    Ok(small.len())
}

/// Prints the crates whose functions take most of a program.
fn print_contributors(path: &Path) -> Result<()> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let sizes = crate_sizes(&bytes)?;
    let mut sizes: Vec<(&String, &usize)> = sizes.iter().collect();
    sizes.sort_by_key(|&(name, &size)| (std::cmp::Reverse(size), name));
    println!(
        "\n{}: bytes of functions before gluing, by the crate that wrote them",
        path.display()
    );
    for (name, size) in sizes.iter().take(SHOWN) {
        println!("{size:>12}  {name}");
    }
    Ok(())
}

/// Bytes of function bodies of each crate, by the names in the program's name section.
fn crate_sizes(bytes: &[u8]) -> Result<BTreeMap<String, usize>> {
    let functions = Functions::of(bytes)?;
    let mut sizes = BTreeMap::new();
    for (index, body) in functions.bodies.iter().enumerate() {
        *sizes.entry(crate_of(&functions.name(index))).or_default() += body.len();
    }
    Ok(sizes)
}

/// The crate in a name: of a method of a trait, the crate of the type.
fn crate_of(name: &str) -> String {
    let first = name
        .trim_start_matches(['<', '&', '[', '(', '*', ' '])
        .trim_start_matches("mut ")
        .trim_start_matches("dyn ");
    let end = first
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(first.len());
    match &first[..end] {
        "" => "(no name)".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_belong_to_the_crate_that_wrote_them() {
        assert_eq!(crate_of("burn_flex::ops::matmul"), "burn_flex");
        assert_eq!(crate_of("<cubecl_ir::Type as core::clone::Clone>::clone"), "cubecl_ir");
        assert_eq!(crate_of(""), "(no name)");
    }

    #[test]
    fn each_size_has_its_budget() {
        assert!(check(BUDGET).is_ok());
        for (number, name) in ["raw", "gzip", "brotli"].into_iter().enumerate() {
            let mut total = BUDGET;
            total[number] += 7;
            let error = check(total).expect_err("7 bytes too many").to_string();
            assert!(error.contains(name) && error.contains(" 7 over"), "{error}");
        }
    }

    #[test]
    fn small_text_is_smaller_compressed() {
        let text = vec![b'a'; 10_000];
        assert!(gzip(&text).expect("memory") < 100);
        assert!(brotli(&text).expect("memory") < 100);
    }
}
