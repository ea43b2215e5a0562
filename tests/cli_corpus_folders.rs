//! Drives `terakoya corpus` into folders that hold something already: what of it goes, what stays, and what is said of it.

mod corpora;

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use corpora::{convert, fails, fails_in, files, fixture, folder, names, rows};

#[test]
fn nothing_is_overwritten_unasked_and_no_old_part_stays() {
    let temp = TempDir::new().expect("temp");
    let out = temp.path().join("out");
    convert("knbc", &fixture(), &out, &["--task", "ner"]);
    fs::write(out.join("notes.txt"), "mine").expect("written");
    let before = files(&out);
    let message = fails("knbc", &fixture(), &out, &["--task", "topic"], 1);
    assert!(
        message.contains("train.conll exists") && message.contains("--overwrite"),
        "{message}"
    );
    assert_eq!(files(&out), before);
    // Nothing goes before everything new is on the disk, and nothing half stays.
    let partial = out.join("dev.csv.partial");
    fs::create_dir(&partial).expect("a folder");
    let message = fails("knbc", &fixture(), &out, &["--task", "topic", "--overwrite"], 1);
    assert!(message.contains("dev.csv.partial"), "{message}");
    fs::remove_dir(&partial).expect("removed");
    assert_eq!(files(&out), before);
    // As a conversion leaves it that was killed.
    fs::write(&partial, "half").expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_terakoya"));
    command.args(["corpus", "knbc"]).args([&fixture(), &out]);
    command.args(["--task", "topic", "--split", "8:2", "--overwrite"]);
    let told = command.output().expect("the binary starts").stderr;
    let told = String::from_utf8_lossy(&told);
    for file in ["train.conll", "dev.conll", "test.conll", "labels.txt"] {
        let expected = format!("{}: removed, it is of an earlier conversion", out.join(file).display());
        assert!(told.contains(&expected), "{told}");
    }
    assert_eq!(told.matches("removed").count(), 4, "{told}");
    assert_eq!(names(&out), ["corpus.json", "dev.csv", "notes.txt", "train.csv"]);
    fs::write(out.join("train.txt"), "text;label\nhm;joy\n").expect("written");
    let message = fails("emotion", &out.join("train.txt"), &out, &["--overwrite"], 1);
    assert!(message.contains("holds the corpus itself"), "{message}");
    let file = Path::new("train.txt");
    let message = fails_in(&out, "emotion", file, Path::new("."), &["--overwrite"], 1);
    assert!(message.contains("holds the corpus itself"), "{message}");
    // A folder beside a file that was given holds nothing of the corpus.
    convert("emotion", &out.join("train.txt"), &out.join("emotion"), &[]);
    assert_eq!(names(&out.join("emotion")), ["corpus.json", "train.csv"]);
}

#[test]
fn files_of_other_origin_are_neither_removed_nor_overwritten() {
    let temp = TempDir::new().expect("temp");
    let out = temp.path().join("out");
    fs::create_dir(&out).expect("a new folder");
    // An empty folder is as good as none.
    convert("knbc", &fixture(), &out, &["--task", "ner"]);
    let topics = |expected: &str| {
        let before = files(&out);
        for flags in [&["--task", "topic"][..], &["--task", "topic", "--overwrite"]] {
            let message = fails("knbc", &fixture(), &out, flags, 1);
            assert!(
                message.contains(expected) && message.contains("move it away or choose another folder"),
                "{message}"
            );
            assert_eq!(files(&out), before);
        }
    };
    let conll = fs::read(out.join("train.conll")).expect("a part");
    for (name, text, expected) in [
        ("train.json", &b"[]"[..], "train.json is of no earlier conversion"),
        ("test.csv", b"mine", "test.csv is of no earlier conversion"),
        (
            "train.conll",
            b"mine",
            "train.conll was changed after a conversion wrote it",
        ),
        (
            "corpus.json",
            b"{\"sha256\": {}}",
            "corpus.json does not list what a conversion wrote",
        ),
    ] {
        let path = out.join(name);
        let before = fs::read(&path).ok();
        fs::write(&path, text).expect("written");
        topics(expected);
        match before {
            Some(bytes) => fs::write(&path, bytes).expect("written"),
            None => fs::remove_file(&path).expect("removed"),
        }
    }
    assert_eq!(fs::read(out.join("train.conll")).expect("a part"), conll);
    // Without the list nothing is known to be of a conversion.
    fs::remove_file(out.join("corpus.json")).expect("removed");
    topics("train.conll is of no earlier conversion");

    let mine = temp.path().join("mine");
    fs::create_dir(&mine).expect("a new folder");
    fs::write(mine.join("labels.txt"), "mine").expect("written");
    let message = fails("knbc", &fixture(), &mine, &["--task", "topic", "--overwrite"], 1);
    assert!(message.contains("labels.txt is of no earlier conversion"), "{message}");
    assert_eq!(names(&mine), ["labels.txt"]);
}

#[test]
fn tables_of_an_earlier_conversion_that_stay_are_said() {
    let temp = TempDir::new().expect("temp");
    let out = temp.path().join("out");
    let similar = "{\"sentence1\": \"川\", \"sentence2\": \"海\", \"label\": 3.8}\n";
    let inference = "{\"sentence1\": \"川\", \"sentence2\": \"海\", \"label\": \"neutral\"}\n";
    let both = folder(&[("jsts/train.json", similar), ("jnli/train.json", inference)]);
    convert("jglue", both.path(), &out, &[]);
    fs::create_dir(out.join("other")).expect("a new folder");
    let told = |source: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_terakoya"));
        command
            .args(["corpus", "jglue"])
            .args([source, &out])
            .arg("--overwrite");
        let output = command.output().expect("the binary starts");
        assert!(output.status.success());
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let stays = |folder: &Path| format!("{}: the data set of another conversion stays here\n", folder.display());
    assert_eq!(told(both.path()), "");
    let alone = folder(&[("jsts/train.json", similar)]);
    assert_eq!(told(alone.path()), stays(&out.join("jnli")) + &stays(&out.join("jsts")));
    assert_eq!(names(&out.join("jnli")), ["corpus.json", "train.csv"]);
    assert_eq!(told(both.path()), stays(&out));
}

#[test]
fn texts_without_a_character_are_counted() {
    let source = folder(&[("train.csv", "text,label\nhm,joy\n\" \",fear\n,joy\n")]);
    let report = convert("emotion", source.path(), &source.path().join("out"), &[]);
    let notice = &report["notices"][0];
    assert_eq!(
        (&notice["count"], report["notices"].as_array().map(Vec::len)),
        (&2.into(), Some(1))
    );
    assert_eq!(notice["what"], "rows with an empty text, which are kept");
    let first = notice["first"].as_str().expect("a place");
    assert!(first.ends_with("train.csv, row 2"), "{first}");
    assert_eq!(rows(&source.path().join("out/train.csv")).len(), 3);
}
