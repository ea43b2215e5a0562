//! Drives the real binary on Japanese text: words and pieces, explanations, dictionaries of ours and of the user.

mod stdin;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use stdin::run_with;

/// A text with half-width kana, a ligature, a word that is cut into pieces, and one that the vocabulary lacks.
const TEXT: &str = "ｶﾞﾗｽ㍿寺子屋へ🗼";
const UNIDIC: &str = r#"{"tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "mecab", "mecab_kwargs": {"mecab_dic": "unidic_lite"}}"#;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn shipped(name: &str) -> PathBuf {
    root().join(format!("assets/dictionaries/{name}.dic.gz"))
}

/// A folder that holds nothing but a vocabulary and what `tokenizer_config.json` says.
fn tokenizer(config: &str) -> TempDir {
    let folder = TempDir::new().expect("temp");
    let vocabulary = root().join("tests/fixtures/japanese/tohoku-v3.txt");
    fs::copy(vocabulary, folder.path().join("vocab.txt")).expect("the fixture is there");
    fs::write(folder.path().join("tokenizer_config.json"), config).expect("written");
    folder
}

/// Runs the binary with `input` on stdin.
fn run(args: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_terakoya"));
    command.args(args);
    run_with(command, input)
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// What `tokenize` prints for `input` with the files of `folder`.
fn tokenize(folder: &TempDir, flags: &[&str], input: &str) -> String {
    stdout(&run(
        &[&["tokenize", "--model", path(folder.path())], flags].concat(),
        input,
    ))
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Runs a command that must fail with one line that begins with `error: ` and contains `expected`.
fn fails(args: &[&str], expected: &str) {
    let output = run(args, "東京\n");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{expected:?}: {message}");
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), 1, "{message}");
    assert!(
        lines[0].starts_with("error: ") && lines[0].contains(expected),
        "{message}"
    );
    assert!(output.stdout.is_empty(), "results of a failed run");
}

#[test]
fn a_folder_with_tokenizer_files_is_enough() {
    let printed = tokenize(&tokenizer(UNIDIC), &["--json"], &format!("{TEXT}\n\n"));
    let lines: Vec<Value> = printed.lines().map(json).collect();
    assert_eq!(lines.len(), 2);
    let tokens = [
        "[CLS]",
        "ガラス",
        "株式",
        "会社",
        "寺",
        "##子",
        "屋",
        "へ",
        "[UNK]",
        "[SEP]",
    ];
    assert_eq!(lines[0]["tokens"], json!(tokens));
    let offsets = [
        [0, 0],
        [0, 4],
        [4, 5],
        [4, 5],
        [5, 6],
        [6, 7],
        [7, 8],
        [8, 9],
        [9, 10],
        [0, 0],
    ];
    assert_eq!(lines[0]["offsets"], json!(offsets));
    assert_eq!(lines[0]["word_ids"], json!([null, 0, 1, 2, 3, 3, 4, 5, 6, null]));
    assert_eq!(lines[1]["tokens"], json!(["[CLS]", "[SEP]"]));
}

#[test]
fn each_tokenizer_gets_the_dictionary_it_names() {
    let ipadic = UNIDIC.replace("unidic_lite", "ipadic");
    let words = |config: &str| {
        let printed = tokenize(&tokenizer(config), &["--explain", "--json"], "関西国際空港\n");
        let words = json(&printed)["words"].as_array().expect("words").clone();
        words.iter().map(|word| word["text"].clone()).collect::<Vec<_>>()
    };
    // IPADIC has compounds whole, UniDic has short units.
    assert_eq!(words(&ipadic), ["関西国際空港"]);
    assert_eq!(words(UNIDIC), ["関西", "国際", "空港"]);
}

#[test]
fn an_explanation_has_words_costs_pieces_and_reasons() {
    let folder = tokenizer(UNIDIC);
    let printed = tokenize(&folder, &["--explain"], TEXT);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], TEXT);
    assert_eq!(
        lines[2],
        "characters     10  ｶ | ﾞ | ﾗ | ｽ | ㍿ | 寺 | 子 | 屋 | へ | 🗼"
    );
    assert_eq!(lines[3], format!("white space     1  {TEXT}"));
    assert_eq!(
        lines[4],
        "words           7  ガラス | 株式 | 会社 | 寺子 | 屋 | へ | 🗼"
    );
    assert!(lines[7].contains("word cost  + connection  = path so far"), "{printed}");
    assert_eq!(*lines.last().expect("lines"), "");
    let reason = "unknown: 🗼 — the vocabulary has no piece that begins 🗼";
    assert_eq!(lines[lines.len() - 2], reason, "{printed}");

    let explained = json(&tokenize(&folder, &["--explain", "--json"], TEXT));
    let words = explained["words"].as_array().expect("words");
    let number = |word: &Value, key: &str| word["path"][key].as_i64().expect("a cost");
    for (index, word) in words.iter().enumerate() {
        let before = index
            .checked_sub(1)
            .map_or(0, |before| number(&words[before], "total_cost"));
        let step = number(word, "word_cost") + number(word, "connection_cost");
        assert_eq!(number(word, "total_cost"), before + step);
    }
    assert_eq!(
        words[6]["unknown"],
        json!({ "no_piece": { "pieces": [], "rest": "🗼" } })
    );
    assert_eq!(words[3]["tokens"][1]["span"], json!([6, 7]));
}

#[test]
fn other_tokenizers_are_explained_without_costs() {
    let model = root().join("assets/bert-tiny");
    let args = ["tokenize", "--model", path(&model), "--explain"];
    let printed = stdout(&run(&args, "Hello, tokenization!"));
    assert!(
        printed.contains("white space     2  Hello, | tokenization!"),
        "{printed}"
    );
    assert!(!printed.contains("cost"), "{printed}");
}

#[test]
fn shipped_dictionaries_say_what_they_hold() {
    // Leaves of the double array in sys.dic and sizes of matrix.bin, of unidic-lite 1.0.8 and ipadic 1.0.0.
    for (name, surfaces, ids) in [
        ("unidic_lite", 570_018, [5981, 5981]),
        ("ipadic", 325_871, [1316, 1316]),
    ] {
        let file = shipped(name);
        let info = json(&stdout(&run(&["dictionary", "info", path(&file), "--json"], "")));
        assert_eq!(info["name"], name);
        assert_eq!(info["surfaces"], surfaces);
        assert_eq!(info["ids"], json!(ids));
        assert!(info["words"].as_u64() >= info["surfaces"].as_u64());
        let printed = stdout(&run(&["dictionary", "info", path(&file)], ""));
        assert!(printed.contains(&format!("surfaces    {surfaces}\n")), "{printed}");
    }
}

#[test]
fn what_mecab_compiled_is_packed() {
    let source = root().join("tests/fixtures/dictionary");
    let temp = TempDir::new().expect("temp");
    let packed = temp.path().join("tiny.dic.gz");
    assert_eq!(
        stdout(&run(&["dictionary", "pack", path(&source), path(&packed)], "")),
        ""
    );
    let info = json(&stdout(&run(&["dictionary", "info", path(&packed), "--json"], "")));
    assert_eq!(info["name"], "tiny");
    // Of the two words へ, which connect alike, the cheaper is kept.
    assert_eq!((&info["surfaces"], &info["words"]), (&json!(6), &json!(6)));
    assert_eq!(info["ids"], json!([5, 5]));
    assert_eq!(info["categories"], json!(["DEFAULT", "SPACE", "KANJI", "HIRAGANA"]));
    let sample = root().join("assets/lessons-ja/topic.csv");
    let sampled = temp.path().join("sampled.dic.gz");
    let pack = [
        "dictionary",
        "pack",
        path(&source),
        path(&sampled),
        "--sample",
        path(&sample),
    ];
    assert_eq!(stdout(&run(&pack, "")), "");
    let same = json(&stdout(&run(&["dictionary", "info", path(&sampled), "--json"], "")));
    assert_eq!(same["contexts"], info["contexts"]);
    fails(&[&pack[..5], &["missing.csv"]].concat(), "missing.csv");

    let damaged = temp.path().join("damaged");
    fs::create_dir(&damaged).expect("a new folder");
    for file in ["unk.dic", "matrix.bin", "char.bin"] {
        fs::copy(source.join(file), damaged.join(file)).expect(file);
    }
    let out = temp.path().join("out.dic.gz");
    let pack = ["dictionary", "pack", path(&damaged), path(&out)];
    fails(&pack, "sys.dic");
    let whole = fs::read(source.join("sys.dic")).expect("the fixture is there");
    fs::write(damaged.join("sys.dic"), &whole[..whole.len() / 2]).expect("written");
    fails(&pack, "sys.dic is not a MeCab dictionary of the size its header says");
    assert!(!out.exists());
}

#[test]
fn a_sentencepiece_model_alone_is_a_tokenizer() {
    let folder = root().join("tests/fixtures/japanese");
    let printed = stdout(&run(&["tokenize", "--model", path(&folder), "--json"], "ｱｶﾞ 東京タワー"));
    // The ids before </s> are those of sentencepiece 0.2.3.
    assert_eq!(json(&printed)["ids"], json!([10, 98, 600, 2427, 293, 3597, 2]));
    assert_eq!(
        json(&printed)["offsets"],
        json!([[0, 0], [0, 1], [1, 3], [3, 6], [6, 7], [7, 9], [0, 0]])
    );
}

#[test]
fn a_users_words_change_what_is_cut() {
    let folder = tokenizer(UNIDIC);
    let words = |flags: &[&str]| {
        let explained = json(&tokenize(
            &folder,
            &[&["--explain", "--json"], flags].concat(),
            "寺子屋へ行く",
        ));
        let words = explained["words"].as_array().expect("words").clone();
        words.iter().map(|word| word["text"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(words(&[]), ["寺子", "屋", "へ", "行く"]);
    let file = folder.path().join("user.csv");
    fs::write(&file, "寺子屋,5146,5146,1000,名詞,普通名詞\n").expect("written");
    assert_eq!(words(&["--user-dictionary", path(&file)]), ["寺子屋", "へ", "行く"]);
}

#[test]
fn a_run_goes_on_with_the_words_it_began_with() {
    let folder = tokenizer(UNIDIC);
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).expect("written");
        path(&file).to_owned()
    };
    let config = r#"{"model_type":"bert","vocab_size":32768,"hidden_size":4,"num_hidden_layers":1,"num_attention_heads":1,
        "intermediate_size":8,"max_position_embeddings":32}"#;
    let config = file("tiny.json", config);
    let data = file("data.csv", &"text,label\n寺子屋へ行く,a\n帰る,b\n".repeat(4));
    let words = file("words.csv", "寺子屋,5146,5146,1000,名詞,普通名詞\n");
    let others = file("others.csv", "寺子屋,5146,5146,900,名詞,普通名詞\n");
    let output = folder.path().join("model");
    let begin = [
        "train",
        "--task",
        "sequence-classification",
        "--device",
        "cpu",
        "--from-scratch",
    ];
    let inputs = [
        "--model-config",
        &config,
        "--tokenizer",
        path(folder.path()),
        "--train",
        &data,
    ];
    let run_with = |words: &[&str], more: &[&str]| {
        let flags = ["--batch-size", "2", "--epochs", "2", "--max-length", "16", "--output"];
        run(
            &[&begin[..], &inputs, &flags, &[path(&output)], words, more].concat(),
            "",
        )
    };
    let refused = |output: Output, expected: &str| {
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(1) && message.contains(expected),
            "{message}"
        );
    };
    let with = ["--user-dictionary", &words];
    refused(run_with(&with, &["--fail-at-step", "6"]), "--resume goes on");
    for other in [&[][..], &["--user-dictionary", &others]] {
        refused(run_with(other, &["--resume"]), "the checkpoint was made with other");
    }
    stdout(&run_with(&with, &["--resume"]));
    let training = json(&fs::read_to_string(output.join("training.json")).expect("training.json"));
    let sha256 = training["user_dictionary"]["sha256"].as_str().expect("a hash");
    assert!(
        sha256.len() == 64 && training["user_dictionary"]["file"] == words.as_str(),
        "{training}"
    );
}

#[test]
fn damaged_dictionaries_are_one_clear_error() {
    let folder = tokenizer(UNIDIC);
    let model = path(folder.path());
    let missing = folder.path().join("missing.csv");
    fails(
        &["tokenize", "--model", model, "--user-dictionary", path(&missing)],
        "missing.csv",
    );
    let user = folder.path().join("user.csv");
    fs::write(&user, "寺子屋,5146,5146,1000\n屋,1,2\n").expect("written");
    fails(
        &["tokenize", "--model", model, "--user-dictionary", path(&user)],
        "line 2: 3 columns",
    );
    let other = root().join("assets/bert-tiny");
    fails(
        &["tokenize", "--model", path(&other), "--user-dictionary", path(&user)],
        "does not use a dictionary",
    );
    let unknown = tokenizer(&UNIDIC.replace("unidic_lite", "unidic"));
    fails(
        &["tokenize", "--model", path(unknown.path())],
        "mecab_dic is \"unidic\"; there are unidic_lite, ipadic",
    );

    let whole = fs::read(shipped("ipadic")).expect("shipped");
    let packed = folder.path().join("cut.dic.gz");
    fs::write(&packed, &whole[..whole.len() / 2]).expect("written");
    fails(
        &["dictionary", "info", path(&packed)],
        "cut.dic.gz: packed dictionary cannot be unpacked",
    );
    fs::write(&packed, "surface,1,2,3").expect("written");
    fails(
        &["dictionary", "info", path(&packed)],
        "is not a dictionary packed by terakoya",
    );
    fails(&["dictionary", "info", path(&missing)], "missing.csv");
}
