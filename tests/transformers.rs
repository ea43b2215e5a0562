//! Asks transformers what it makes of a folder that was saved, where Python has it.

use std::path::Path;
use std::process::Command;

/// What tests/roundtrip.py returns where something it needs is not installed.
const LACKS: i32 = 77;

/// Runs tests/roundtrip.py on `folder` and the file of what we said of some texts; skipped, and said so, without transformers.
pub fn compare(folder: &str, said: &str, more: &[&str]) {
    let python = std::env::var("TERAKOYA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/roundtrip.py");
    match Command::new(&python)
        .arg(script)
        .args([folder, said])
        .args(more)
        .output()
    {
        Ok(output) if output.status.code() == Some(LACKS) => {
            println!("skipped: {}", String::from_utf8_lossy(&output.stdout).trim());
        }
        Ok(output) => {
            let [out, error] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
            println!("{out}");
            assert!(output.status.success(), "{out}{error}");
        }
        Err(error) => println!("skipped: {python} does not start: {error}"),
    }
}
