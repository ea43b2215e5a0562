//! Checks the rules of the architecture on the tree itself, as `source` reads it: `crates`, `contents` and `names` of what is
//! in the project.
//!
//! Each rule turns files into findings (`file:line: what`). It is tried on a sample that breaks it before it is asked
//! about the tree, so that none passes because it sees nothing.

#[path = "architecture/contents.rs"]
mod contents;
#[path = "architecture/crates.rs"]
mod crates;
#[path = "architecture/names.rs"]
mod names;
#[path = "architecture/source.rs"]
mod source;

use source::{File, tree};

/// Asserts that `rule` finds exactly the places `expected`, which are sorted, in `sample`, and none in the tree.
fn check(rule: fn(&[File]) -> Vec<String>, sample: &[(&str, &str)], expected: &[&str]) {
    let new = |(path, text): &(&str, &str)| File::new(path, text);
    let sample: Vec<File> = sample.iter().map(new).collect();
    let found = rule(&sample);
    let place = |finding: &String| finding.split(": ").next().unwrap_or_default().to_owned();
    let mut found: Vec<String> = found.iter().map(place).collect();
    found.sort();
    assert_eq!(found, expected, "the rule misjudges its sample");
    let found = rule(&tree());
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
