//! Drives `terakoya corpus` on a small corpus in KNBC's format, in both encodings, and on small tables of the other corpora.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use terakoya_core::data::{ReadOptions, read};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn fixture() -> PathBuf {
    root().join("tests/fixtures/knbc")
}

fn run(words: &[&str], paths: &[&Path], flags: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_terakoya"));
    command.args(words).args(paths).args(flags).stdin(Stdio::null());
    command.output().expect("the binary starts")
}

/// Runs `corpus NAME SOURCE OUT` and gives the report of `--json`.
fn convert(name: &str, source: &Path, out: &Path, flags: &[&str]) -> Value {
    let flags = [flags, &["--json"]].concat();
    let output = run(&["corpus", name], &[source, out], &flags);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// The one error line of a conversion that must fail; `code` is 1, or 2 for wrong usage.
fn fails(name: &str, source: &Path, out: &Path, flags: &[&str], code: i32) -> String {
    let output = run(&["corpus", name], &[source, out], flags);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(output.stdout.is_empty() && !message.contains("panicked"), "{message}");
    assert_eq!(
        message.lines().filter(|line| line.starts_with("error: ")).count(),
        1,
        "{message}"
    );
    message
}

/// Text (both texts joined by `+`) and label of every row, as the trainer reads the file.
fn rows(file: &Path) -> Vec<(String, String)> {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let dataset = read(&file.display().to_string(), &bytes, &ReadOptions::default()).expect("the trainer reads it");
    let row = |example: &terakoya_core::data::Example| {
        let pair = example.text_pair.iter().map(|pair| format!("+{pair}"));
        let text = std::iter::once(example.text.clone()).chain(pair).collect();
        (text, example.gold.label().expect("a label").to_owned())
    };
    dataset.examples.iter().map(row).collect()
}

/// Every file of a folder by its name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let named = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read(&path).expect("a file"))
    };
    entries.map(named).collect()
}

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_keys().collect()
}

/// A copy of the fixture whose files are what `change` makes of their text.
fn copy(change: impl Fn(&str, &str) -> Vec<u8>) -> TempDir {
    fn walk(from: &Path, to: &Path, change: &dyn Fn(&str, &str) -> Vec<u8>) {
        fs::create_dir_all(to).expect("a new folder");
        for entry in fs::read_dir(from).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            match path.is_dir() {
                true => walk(&path, &to.join(&name), change),
                false => {
                    let text = fs::read_to_string(&path).expect("the fixture is UTF-8");
                    fs::write(to.join(&name), change(&name, &text)).expect("written");
                }
            }
        }
    }
    let folder = TempDir::new().expect("temp");
    walk(&fixture(), folder.path(), &change);
    folder
}

/// The text in EUC-JP. The encoder is that of browsers, which have another wave dash for the same bytes.
fn euc_jp(_: &str, text: &str) -> Vec<u8> {
    let text = text.replace('\u{301C}', "\u{FF5E}");
    let (bytes, _, unmappable) = encoding_rs::EUC_JP.encode(&text);
    assert!(!unmappable, "the fixture has characters that EUC-JP lacks: {text}");
    bytes.into_owned()
}

/// The article of each sentence of corpus2, by its text.
fn articles() -> BTreeMap<String, String> {
    let mut articles = BTreeMap::new();
    for (_, table) in files(&fixture().join("corpus2")) {
        for line in String::from_utf8(table).expect("UTF-8").lines() {
            let mut cells = line.split('\t');
            let (number, text) = (cells.next().expect("a number"), cells.next().expect("a sentence"));
            articles.insert(
                text.to_owned(),
                number.split('-').next().expect("an article").to_owned(),
            );
        }
    }
    articles
}

const PARTS: [&str; 3] = ["train.csv", "dev.csv", "test.csv"];

#[test]
fn knbc_sentiment_has_each_sentence_once_and_keeps_articles_whole() {
    let temp = TempDir::new().expect("temp");
    let out = temp.path().join("sentiment");
    let report = convert("knbc", &fixture(), &out, &["--task", "sentiment"]);
    let parts = PARTS.map(|part| rows(&out.join(part)));

    let mut labels: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (text, label) in parts.iter().flatten() {
        labels.entry(label).or_default().push(text);
    }
    labels.values_mut().for_each(|texts| texts.sort_unstable());
    assert_eq!(
        labels["0"],
        [
            "ただ、駅前の人混みには閉口した。",
            "ただし天ぷらは油っぽい。",
            "接客は無愛想で残念だった。",
            "毎朝七時に迷惑メールが届くのは不愉快だ。",
            "監督の采配はひどいと思う。",
            "設定の画面が分かりにくい。",
        ]
    );
    assert_eq!(labels["1"].len(), 8);
    assert!(labels["1"].contains(&"ん\u{301C}、甘さが控え目でおいしい。"));

    let articles = articles();
    let of_part = |part: &Vec<(String, String)>| part.iter().map(|(text, _)| &articles[text]).collect::<BTreeSet<_>>();
    let [train, dev, test] = parts.each_ref().map(of_part);
    assert!(train.is_disjoint(&dev) && train.is_disjoint(&test) && dev.is_disjoint(&test));

    for (file, part) in report["files"].as_array().expect("files").iter().zip(&parts) {
        assert_eq!(file["rows"], part.len());
        for (label, count) in file["labels"].as_object().expect("labels") {
            assert_eq!(*count, part.iter().filter(|row| row.1 == *label).count());
        }
    }
    let firsts: Vec<&Value> = report["notices"]
        .as_array()
        .expect("notices")
        .iter()
        .map(|it| &it["first"])
        .collect();
    assert_eq!(
        firsts,
        [&json!("KN901_Keitai_1-1-3-01"), &json!("KN908_Sports_1-1-5-01")]
    );
}

#[test]
fn knbc_gives_the_same_files_from_both_editions() {
    let edition = copy(euc_jp);
    let table = fs::read(edition.path().join("corpus2/Gourmet.tsv")).expect("a table");
    assert!(std::str::from_utf8(&table).is_err());
    for flags in [
        &["--task", "sentiment"][..],
        &["--task", "sentiment", "--pre-split"],
        &["--task", "topic"],
        &["--task", "topic", "--pre-split"],
        &["--task", "ner"],
    ] {
        let temp = TempDir::new().expect("temp");
        let (one, other) = (temp.path().join("utf-8"), temp.path().join("euc-jp"));
        convert("knbc", &fixture(), &one, flags);
        convert("knbc", edition.path(), &other, flags);
        assert_eq!(files(&one), files(&other), "{flags:?}");
    }
}

#[test]
fn knbc_topics_are_articles_without_their_category() {
    let temp = TempDir::new().expect("temp");
    let out = temp.path().join("topic");
    convert("knbc", &fixture(), &out, &["--task", "topic", "--pre-split"]);
    let all: BTreeSet<(String, String)> = PARTS.iter().flat_map(|part| rows(&out.join(part))).collect();
    assert_eq!(all.len(), 8);
    for topic in ["Keitai", "Kyoto", "Gourmet", "Sports"] {
        assert_eq!(all.iter().filter(|row| row.1 == topic).count(), 2, "{topic}");
    }
    assert!(all.iter().all(|(text, _)| !text.contains(['［', '］'])));
    // The tenth sentence comes last, not behind the first.
    let kyoto = "嵐山 を 歩く 三 月 の 日曜 に 母 と 嵐山 へ 行った 。 渡月 橋 から 見る 川 は 本当に 美しい 。 \
                 ただ 、 駅 前 の 人混み に は 閉口 した 。";
    assert!(all.contains(&(kyoto.to_owned(), "Kyoto".to_owned())), "{all:?}");
}

#[test]
fn knbc_entities_are_tagged_words() {
    let temp = TempDir::new().expect("temp");
    let out = temp.path().join("ner");
    let report = convert("knbc", &fixture(), &out, &["--task", "ner"]);
    assert_eq!(names(&out), ["dev.conll", "labels.txt", "test.conll", "train.conll"]);
    let parts =
        ["train", "dev", "test"].map(|part| fs::read_to_string(out.join(format!("{part}.conll"))).expect("text"));
    let all = parts.concat();
    assert_eq!(all.split_terminator("\n\n").count(), 30);
    for sentence in [
        "佐藤\tB-PERSON\n花子\tI-PERSON\nさん\tO\n",
        "京都\tB-ORGANIZATION\n大学\tI-ORGANIZATION\nボート\tI-ORGANIZATION\n部\tI-ORGANIZATION\nの\tO\n",
        "また\tO\n来週\tO\n食べ\tO\n",
        "［\tO\n京都\tB-LOCATION\n観光\tO\n］\tO\n",
    ] {
        assert!(all.contains(sentence), "{sentence}");
    }
    let labels = fs::read_to_string(out.join("labels.txt")).expect("labels");
    let types = [
        "ARTIFACT",
        "DATE",
        "LOCATION",
        "MONEY",
        "ORGANIZATION",
        "PERCENT",
        "PERSON",
        "TIME",
    ];
    let expected: String = types.iter().map(|kind| format!("B-{kind}\nI-{kind}\n")).collect();
    assert_eq!(labels, format!("O\n{expected}"));
    for (file, part) in report["files"].as_array().expect("files").iter().zip(&parts) {
        let entities: u64 = file["labels"]
            .as_object()
            .expect("labels")
            .values()
            .filter_map(Value::as_u64)
            .sum();
        assert_eq!(entities as usize, part.matches("\tB-").count());
    }
}

#[test]
fn splits_follow_ratios_seed_and_what_stays_together() {
    let temp = TempDir::new().expect("temp");
    let parts = |name: &str, flags: &[&str]| {
        let out = temp.path().join(name);
        convert("knbc", &fixture(), &out, &[&["--task", "ner"], flags].concat());
        files(&out)
    };
    let once = parts("once", &["--seed", "1"]);
    assert_eq!(once, parts("again", &["--seed", "1"]));
    assert_ne!(once, parts("other", &["--seed", "2"]));
    let halves = parts("halves", &["--split", "1:1", "--split-by", "sentence"]);
    assert_eq!(
        halves.keys().collect::<Vec<_>>(),
        ["dev.conll", "labels.txt", "train.conll"]
    );
    for part in ["train.conll", "dev.conll"] {
        let text = String::from_utf8(halves[part].clone()).expect("UTF-8");
        assert_eq!(text.split_terminator("\n\n").count(), 15, "{part}");
    }
    let out = temp.path().join("usage");
    let message = fails("knbc", &fixture(), &out, &["--task", "ner", "--split", "8"], 2);
    assert!(message.contains("is not a split"), "{message}");
}

/// Trains one epoch on the parts that a conversion left in `data`; the model must be there afterwards.
fn trains(task: &str, data: &Path, extension: &str, flags: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_terakoya"));
    command.args([
        "train",
        "--task",
        task,
        "--device",
        "cpu",
        "--epochs",
        "1",
        "--batch-size",
        "8",
    ]);
    command.arg("--model").arg(root().join("assets/bert-tiny")).args(flags);
    command.arg("--train").arg(data.join(format!("train.{extension}")));
    command.arg("--eval").arg(data.join(format!("dev.{extension}")));
    let model = data.join("model");
    let output = command.arg("--output").arg(&model).output().expect("the binary starts");
    assert!(
        output.status.success(),
        "{task}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(model.join("model.safetensors").exists(), "{task}");
}

#[test]
fn what_is_written_trains() {
    let temp = TempDir::new().expect("temp");
    let out = |name: &str| temp.path().join(name);
    convert("knbc", &fixture(), &out("sentiment"), &["--task", "sentiment"]);
    trains("sequence-classification", &out("sentiment"), "csv", &[]);

    convert("knbc", &fixture(), &out("ner"), &["--task", "ner"]);
    // The smaller parts have types that the training part lacks: the list of labels has them all.
    let labels = out("ner").join("labels.txt");
    trains(
        "token-classification",
        &out("ner"),
        "conll",
        &["--labels", labels.to_str().expect("UTF-8")],
    );

    let emotions = "Ha, so\t0,1\ta\nWow\t2\tb\n";
    let emotions = folder(&[
        ("labels.txt", "joy\nfear\nneutral\n"),
        ("train.tsv", emotions),
        ("dev.tsv", emotions),
    ]);
    convert("goemotions", emotions.path(), &out("goemotions"), &[]);
    trains("multi-label-classification", &out("goemotions"), "csv", &[]);

    let similar = "{\"sentence1\": \"川\", \"sentence2\": \"海\", \"label\": 3.8}\n\
                   {\"sentence1\": \"山\", \"sentence2\": \"海\", \"label\": 0.4}\n";
    let jsts = folder(&[("train-v1.3.json", similar), ("valid-v1.3.json", similar)]);
    convert("jglue", jsts.path(), &out("jsts"), &[]);
    trains("regression", &out("jsts"), "csv", &[]);

    let entry = |page: usize| json!({"curid": page.to_string(), "text": "東京にある。", "entities": [{"name": "東京", "span": [0, 2], "type": "地名"}]});
    let spans = folder(&[("ner.json", &(0..10).map(entry).collect::<Value>().to_string())]);
    convert("ner-wikipedia", spans.path(), &out("spans"), &[]);
    trains("token-classification", &out("spans"), "json", &[]);
}

#[test]
fn damaged_corpora_are_named() {
    let temp = TempDir::new().expect("temp");
    let out = temp.path().join("out");
    let damaged = |file: &'static str, from: &'static str, to: &'static [u8], task: &str| {
        let corpus = copy(|name, text| {
            if name != file {
                return text.as_bytes().to_vec();
            }
            let at = text.find(from).expect("the fixture holds it");
            [&text.as_bytes()[..at], to, &text.as_bytes()[at + from.len()..]].concat()
        });
        fails("knbc", corpus.path(), &out, &["--task", task], 1)
    };
    let sentence = "KN903_Kyoto_1-1-2-01";
    for (file, from, to, task, expected) in [
        (
            sentence,
            "母 はは 母 名詞 6",
            &b""[..],
            "ner",
            &["line 13 is no word"][..],
        ),
        (
            sentence,
            "月 がつ",
            b"\xFF\xFF",
            "topic",
            &["line 5 is neither UTF-8 nor EUC-JP"],
        ),
        (
            sentence,
            "<NE:DATE:head>",
            b"<NE:DATE>",
            "ner",
            &["line 4", "<NE:DATE>"],
        ),
        (
            "Kyoto.tsv",
            "KN903_Kyoto_1-1-3-01\t",
            b"KN903_Kyoto_1-1-3-01",
            "sentiment",
            &["line 3: \"KN903_Kyoto_1-1-3-01渡"],
        ),
        (
            "Kyoto.tsv",
            "KN903_Kyoto_1-1-2-01\t",
            b"Kyoto\t",
            "sentiment",
            &["line 2: \"Kyoto\" is not a sentence's number"],
        ),
    ] {
        let message = damaged(file, from, to, task);
        assert!(message.contains(file), "{message}");
        for expected in expected {
            assert!(message.contains(expected), "{message}");
        }
    }
    assert!(!out.exists(), "a failed conversion leaves nothing");
}

#[test]
fn wrong_folders_are_named() {
    let temp = TempDir::new().expect("temp");
    let out = temp.path().join("out");
    let task = ["--task", "sentiment"];
    let message = fails("knbc", &fixture().join("corpus1"), &out, &task, 1);
    assert!(message.contains("holds no corpus1"), "{message}");
    let message = fails("knbc", &root().join("tests/fixtures"), &out, &task, 1);
    assert!(
        message.contains("holds no corpus1") && message.contains("knbc does"),
        "{message}"
    );
    let message = fails("knbc", &temp.path().join("nowhere"), &out, &task, 1);
    assert!(message.contains("nowhere"), "{message}");
    for (name, missing) in [
        ("jrte", "no pn.tsv"),
        ("jglue", "no train or valid file"),
        ("ner-wikipedia", "ner.json"),
        ("emotion", "no train, dev (val) or test file"),
        ("goemotions", "no train, dev (val) or test file"),
    ] {
        let message = fails(name, &fixture(), &out, &[], 1);
        assert!(message.contains(missing) && message.contains("knbc"), "{message}");
    }
    assert!(!out.exists());
}

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
    convert(
        "knbc",
        &fixture(),
        &out,
        &["--task", "topic", "--split", "8:2", "--overwrite"],
    );
    assert_eq!(names(&out), ["dev.csv", "notes.txt", "train.csv"]);
    fs::write(out.join("train.txt"), "text;label\nhm;joy\n").expect("written");
    let message = fails("emotion", &out.join("train.txt"), &out, &["--overwrite"], 1);
    assert!(message.contains("holds the corpus itself"), "{message}");
}

/// A folder with files of these names and texts.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("temp");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        fs::write(path, text).expect("written");
    }
    folder
}

fn pairs(rows: &[(String, String)]) -> Vec<(&str, &str)> {
    rows.iter()
        .map(|(text, label)| (text.as_str(), label.as_str()))
        .collect()
}

#[test]
fn tables_are_converted_into_their_parts() {
    let temp = TempDir::new().expect("temp");
    let out = |name: &str| temp.path().join(name);
    let emotion = folder(&[
        ("train.txt", "text;label_name\ni, \"too\";joy\nhm;fear\n"),
        ("val.txt", "text;label_name\noh;joy\n"),
    ]);
    convert("emotion", emotion.path(), &out("emotion"), &[]);
    assert_eq!(
        pairs(&rows(&out("emotion").join("train.csv"))),
        [("i, \"too\"", "joy"), ("hm", "fear")]
    );
    assert_eq!(names(&out("emotion")), ["dev.csv", "train.csv"]);

    let pn = "p1\t-1\t寒い\t{}\ttrain\np2\t1\t良い\t{}\tdev\np3\t0\t\"泊\t{}\ttrain\n";
    let jrte = folder(&[("pn.tsv", pn)]);
    convert("jrte", jrte.path(), &out("pn"), &[]);
    assert_eq!(
        pairs(&rows(&out("pn").join("train.csv"))),
        [("寒い", "-1"), ("\"泊", "0")]
    );
    let rte = "r1\t1\t海が見える。\tオーシャンビュー。\tnull\tnull\ttest\n";
    let jrte = folder(&[
        ("pn.tsv", pn),
        ("rte.lrec2020_surf.tsv", rte),
        ("operation.rte.tsv", "x"),
    ]);
    convert("jrte", jrte.path(), &out("jrte"), &[]);
    let pair = rows(&out("jrte").join("rte.lrec2020_surf/test.csv"));
    assert_eq!(pairs(&pair), [("オーシャンビュー。+海が見える。", "1")]);
    assert_eq!(names(&out("jrte").join("pn")), ["dev.csv", "train.csv"]);

    let emotions = folder(&[
        ("labels.txt", "admiration\namusement\nneutral\n"),
        ("test.tsv", "\"Ha, so\t0,1\ta\nWow\t2\tb\n"),
    ]);
    let report = convert("goemotions", emotions.path(), &out("goemotions"), &[]);
    let test = rows(&out("goemotions").join("test.csv"));
    assert_eq!(pairs(&test), [("\"Ha, so", "admiration|amusement"), ("Wow", "neutral")]);
    assert_eq!(
        report["files"][0]["labels"],
        json!({"admiration": 1, "amusement": 1, "neutral": 1})
    );
    let labels = fs::read_to_string(out("goemotions").join("labels.txt")).expect("labels");
    assert_eq!(labels, "admiration\namusement\nneutral\n");
}

#[test]
fn jglue_is_told_apart_by_its_records() {
    let temp = TempDir::new().expect("temp");
    let similar = "{\"sentence1\": \"川\", \"sentence2\": \"海\", \"label\": 3.8}\n";
    let inference = "{\"sentence1\": \"犬がいる\", \"sentence2\": \"猫がいる\", \"label\": \"neutral\"}\n";
    let questions = "{\"data\": [{\"paragraphs\": [{\"qas\": [{\"id\": \"a\"}, {\"id\": \"b\"}]}]}]}\n";
    let choices = "{\"question\": \"?\", \"choice0\": \"a\", \"label\": 0}\n";
    let jglue = folder(&[
        ("jsts-v1.3/train-v1.3.json", similar),
        ("jsts-v1.3/valid-v1.3.json", similar),
        ("jnli-v1.3/valid-v1.3.json", inference),
        ("jsquad-v1.3/valid-v1.3.json", questions),
        ("jcommonsenseqa-v1.3/train-v1.3.json", choices),
        ("LICENSE", "CC BY-SA 4.0"),
    ]);
    let out = temp.path().join("all");
    let report = convert("jglue", jglue.path(), &out, &[]);
    assert_eq!(
        fs::read_to_string(out.join("jsts/dev.csv")).expect("jsts"),
        "sentence1,sentence2,score\n川,海,3.8\n"
    );
    assert_eq!(
        pairs(&rows(&out.join("jnli/dev.csv"))),
        [("犬がいる+猫がいる", "neutral")]
    );
    assert_eq!(
        fs::read_to_string(out.join("jsquad/dev.json")).expect("jsquad"),
        questions
    );
    assert!(!out.join("jcommonsenseqa").exists());
    assert_eq!(report["files"].as_array().map(Vec::len), Some(4));

    let alone = temp.path().join("alone");
    convert("jglue", &jglue.path().join("jsts-v1.3"), &alone, &[]);
    assert_eq!(names(&alone), ["dev.csv", "train.csv"]);
    let message = fails(
        "jglue",
        &jglue.path().join("jcommonsenseqa-v1.3"),
        &temp.path().join("none"),
        &[],
        1,
    );
    assert!(message.contains("multiple choice"), "{message}");
    let broken = folder(&[("train.json", &format!("{similar}{{\"sentence1\": \"川\"}}\n"))]);
    let message = fails("jglue", broken.path(), &temp.path().join("none"), &[], 1);
    assert!(
        message.contains("train.json") && message.contains("line 2"),
        "{message}"
    );
}

#[test]
fn named_entities_keep_their_spans_and_pages_stay_whole() {
    let temp = TempDir::new().expect("temp");
    let entry = |page: usize, number: usize| {
        json!({
            "curid": page.to_string(),
            "text": format!("{number}番は🗼の東京にある。"),
            "entities": [{"name": "東京", "span": [number.to_string().len() + 4, number.to_string().len() + 6], "type": "地名"}],
        })
    };
    let entries: Vec<Value> = (0..30).map(|number| entry(number % 10, number)).collect();
    let source = folder(&[("ner.json", &Value::from(entries.clone()).to_string())]);
    let out = temp.path().join("out");
    let report = convert("ner-wikipedia", source.path(), &out, &[]);
    let parts = ["train", "dev", "test"].map(|part| -> Vec<Value> {
        let bytes = fs::read(out.join(format!("{part}.json"))).expect("a part");
        serde_json::from_slice(&bytes).expect("an array")
    });
    assert_eq!(parts.each_ref().map(Vec::len), [24, 3, 3]);
    assert_eq!(report["files"][1]["labels"], json!({"地名": 3}));
    let pages = |part: &Vec<Value>| {
        part.iter()
            .map(|entry| entry["curid"].to_string())
            .collect::<BTreeSet<_>>()
    };
    let [train, dev, test] = parts.each_ref().map(pages);
    assert!(train.is_disjoint(&dev) && train.is_disjoint(&test) && dev.is_disjoint(&test));
    let all: Vec<&Value> = parts.iter().flatten().collect();
    assert!(entries.iter().all(|entry| all.contains(&entry)));

    let mut shifted = entries;
    shifted[7]["entities"][0]["span"] = json!([6, 8]);
    let source = folder(&[("ner.json", &Value::from(shifted).to_string())]);
    let message = fails("ner-wikipedia", source.path(), &temp.path().join("none"), &[], 1);
    assert!(
        message.contains("ner.json") && message.contains("record 8"),
        "{message}"
    );
}
