//! Drives `terakoya corpus knbc` on a small corpus in KNBC's format, in both encodings.

mod corpora;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use corpora::{convert, fails, fails_in, files, fixture, folder, names, rows};

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
    assert_eq!(
        names(&out),
        ["corpus.json", "dev.conll", "labels.txt", "test.conll", "train.conll"]
    );
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
        ["corpus.json", "dev.conll", "labels.txt", "train.conll"]
    );
    for part in ["train.conll", "dev.conll"] {
        let text = String::from_utf8(halves[part].clone()).expect("UTF-8");
        assert_eq!(text.split_terminator("\n\n").count(), 15, "{part}");
    }
    let out = temp.path().join("usage");
    let message = fails("knbc", &fixture(), &out, &["--task", "ner", "--split", "8"], 2);
    assert!(message.contains("is not a split"), "{message}");
}

#[test]
fn a_table_that_is_missing_is_told() {
    let corpus = copy(|_, text| text.as_bytes().to_vec());
    fs::remove_file(corpus.path().join("corpus2/Gourmet.tsv")).expect("a table");
    let temp = TempDir::new().expect("temp");
    let report = convert(
        "knbc",
        corpus.path(),
        &temp.path().join("out"),
        &["--task", "sentiment"],
    );
    let notices = report["notices"].as_array().expect("notices");
    let missing = notices.iter().find(|it| {
        it["what"]
            .as_str()
            .is_some_and(|what| what.contains("is a table missing?"))
    });
    let missing = missing.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(
        (&missing["count"], &missing["first"]),
        (&json!(8), &json!("KN905_Gourmet_1-1-1-01"))
    );
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
    let euc_jp_edition = copy(|name, text| {
        let bytes = euc_jp(name, text);
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        if name == sentence {
            lines[13] = b"\xFF\xFE";
        }
        lines.join(&b'\n')
    });
    let message = fails("knbc", euc_jp_edition.path(), &out, &["--task", "ner"], 1);
    assert!(
        message.contains(sentence) && message.contains("line 14 is neither UTF-8 nor EUC-JP"),
        "{message}"
    );
    assert!(!out.exists(), "a failed conversion leaves nothing");
}

#[test]
fn corpora_without_a_sentence_are_named_however_short_their_names_are() {
    let temp = TempDir::new().expect("temp");
    for half in ["corpus1", "corpus2"] {
        fs::create_dir_all(temp.path().join("n").join(half)).expect("a new folder");
    }
    let message = fails_in(
        temp.path(),
        "knbc",
        Path::new("n"),
        Path::new("out"),
        &["--task", "ner"],
        1,
    );
    assert_eq!(message, "error: n: there is no sentence in corpus1\n");
}

#[test]
fn nothing_is_written_into_the_corpus() {
    let corpus = copy(|_, text| text.as_bytes().to_vec());
    let task = ["--task", "ner"];
    for out in [
        ".",
        "corpus1",
        "corpus1/KN903_Kyoto_1",
        "new",
        "corpus1/new/er",
        "corpus1/../new",
        "new/../corpus1/new",
    ] {
        let message = fails("knbc", corpus.path(), &corpus.path().join(out), &task, 1);
        assert!(message.contains("the corpus itself"), "{out}: {message}");
    }
    assert!(!corpus.path().join("new").exists() && !corpus.path().join("corpus1/new").exists());
    let other = folder(&[]);
    let name = other.path().file_name().expect("a name");
    let beside = corpus.path().join("..").join(name).join("out");
    let report = convert("knbc", corpus.path(), &beside, &task);
    assert_eq!(
        report["notices"].as_array().map(Vec::len),
        Some(0),
        "no file of an earlier conversion: {report}"
    );
}

#[cfg(unix)]
#[test]
fn nothing_is_written_into_the_corpus_through_links() {
    use std::os::unix::fs::symlink;
    let corpus = copy(|_, text| text.as_bytes().to_vec());
    let temp = TempDir::new().expect("temp");
    let (link, gathered) = (temp.path().join("link"), temp.path().join("gathered"));
    symlink(corpus.path(), &link).expect("a link");
    fs::create_dir(&gathered).expect("a new folder");
    for half in ["corpus1", "corpus2"] {
        symlink(corpus.path().join(half), gathered.join(half)).expect("a link");
    }
    for (source, out) in [
        (corpus.path(), link.join("new")),
        (link.as_path(), corpus.path().join("corpus1/new")),
        (link.as_path(), temp.path().join("new/../link/new")),
        (gathered.as_path(), corpus.path().join("corpus1/new")),
    ] {
        let message = fails("knbc", source, &out, &["--task", "ner"], 1);
        assert!(message.contains("the corpus itself"), "{out:?}: {message}");
    }
    // A link to a folder elsewhere is one.
    let elsewhere = temp.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("a new folder");
    symlink(&elsewhere, temp.path().join("out")).expect("a link");
    convert("knbc", &link, &temp.path().join("out/ner"), &["--task", "ner"]);
    assert!(elsewhere.join("ner/train.conll").exists());
}
