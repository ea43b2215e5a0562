//! Makes the core's errors with what a student may bring, and reads what the page says of them.

use std::error::Error;
use std::future::ready;
use std::path::Path;

use futures_lite::future::block_on;
use terakoya_core::data::{Dataset, GoldColumn, ReadOptions, read};
use terakoya_core::device::{ComputeDevice, DeviceChoice};
use terakoya_core::generate::GenerationHost;
use terakoya_core::generation_config::GenerationConfig;
use terakoya_core::session::{NamedExamples, Session, TrainingData};
use terakoya_core::task_kind::TaskKind;
use terakoya_core::tokenizer::Files;
use terakoya_core::train::{Collective, Control, HostError, HostFuture, RunHost};
use terakoya_core::training_config::{TrainLayers, TrainingConfig};
use terakoya_web::language::Language;
use terakoya_web::messages::in_words;
use terakoya_web::translation::translated;

fn japanese(error: &dyn Error) -> String {
    translated(&in_words(error), Language::Japanese)
}

fn english(error: &dyn Error) -> String {
    translated(&in_words(error), Language::English)
}

/// Reads a file for examples of `gold` and says why it cannot be.
fn unreadable(name: &str, text: impl AsRef<[u8]>, gold: GoldColumn) -> impl Error {
    let options = ReadOptions {
        gold,
        ..ReadOptions::default()
    };
    read(name, text.as_ref(), &options).expect_err(name)
}

#[test]
fn damaged_tables_are_told_in_japanese() {
    for (name, text, gold, expected) in [
        ("空.csv", "", GoldColumn::Label, "「空.csv」には例文がありません。"),
        (
            "sample.csv",
            "text,label\nよい,a\nわるい,\n",
            GoldColumn::Label,
            "「sample.csv」の 3 行目：ラベルが空です。",
        ),
        (
            "line 9: no rows.csv",
            "text,label\na,b,c\n",
            GoldColumn::Label,
            "「line 9: no rows.csv」の 2 行目：列の数が合いません。見出しは 2 列ですが、この行は 3 列です。",
        ),
        (
            "a.csv",
            "text,label\n\"a,b\n",
            GoldColumn::Label,
            "「a.csv」の 2 行目：引用符（\"）が閉じていません。閉じるか、引用符もただの文字になる TSV で保存してください。",
        ),
        (
            "a.csv",
            "text,label\n\"a\" b,c\n",
            GoldColumn::Label,
            "「a.csv」の 2 行目：閉じた引用符の後に文字が続いています。引用符の中で引用符を書くときは \"\" と重ねるか、引用符もただの文字になる TSV で保存してください。",
        ),
        (
            "a.csv",
            "x,y,z\nb,c,d\ne,f,g\n",
            GoldColumn::Label,
            "「a.csv」のどの列が文なのか分かりません。下の「列を選ぶ」で選んでください。",
        ),
        (
            "a.csv",
            "text,score\nよい,とても \"よい\"\n",
            GoldColumn::Score,
            "「a.csv」の 2 行目：「とても \\\"よい\\\"」は数ではありません。",
        ),
        (
            "a.jsonl",
            "{\"text\": \"a\", \"label\": [1]}\n",
            GoldColumn::Label,
            "「a.jsonl」の 1 行目：「label」は文字列のはずですが、配列になっています。",
        ),
        (
            "a.json",
            "[{\"text\": \"a\", \"label\": \"b\"}, {\"text\": \"c\"}]",
            GoldColumn::Label,
            "「a.json」の 2 件目：「label」がありません。",
        ),
        (
            "a.jsonl",
            "{\"text\": \"a\", \"label\": \"b\"}\n{\"text\": \"a\"; \"label\": \"b\"}\n",
            GoldColumn::Label,
            "「a.jsonl」の 2 行目（13 バイト目）：JSON として読めません。「,」か「}」がありません。",
        ),
        (
            "a.json",
            "[{\"text\": \"名は山田\", \"entities\": [{\"span\": [2, 9], \"type\": \"人名\"}]}]",
            GoldColumn::Entities,
            "「a.json」の 1 件目：名前 {\"span\":[2,9],\"type\":\"人名\"} の範囲が文の外に出ています。",
        ),
        (
            "a.conll",
            "山田 B-人名\nさん X\n",
            GoldColumn::Entities,
            "「a.conll」の 2 行目：「X」はタグではありません。O、B-種類、I-種類のどれかを書いてください。",
        ),
    ] {
        assert_eq!(japanese(&unreadable(name, text, gold)), expected);
    }
    let workbook = unreadable("点数.xlsx", b"PK\x03\x04\x14\0", GoldColumn::Label);
    assert_eq!(
        japanese(&workbook),
        "「点数.xlsx」は Excel などのファイルなので、そのままでは読めません。Excel の「名前を付けて保存」で「CSV UTF-8（コンマ区切り）」を選び、できたファイルを使ってください。"
    );
    let latin = unreadable("a.csv", b"text,label\ncaf\xe9,a\n", GoldColumn::Label);
    assert_eq!(
        japanese(&latin),
        "「a.csv」の 2 行目（先頭から 14 バイト）が UTF-8 ではありません（Shift_JIS などでしょうか）。文字コードに UTF-8 を選んで保存し直してください。Excel では「CSV UTF-8（コンマ区切り）」です。"
    );
}

#[test]
fn questions_that_do_not_fit_their_passage_are_told_in_both_languages() {
    let squad = |start: u32| {
        format!(
            r#"{{"version": "v1", "data": [{{"paragraphs": [{{"context": "富士山は高い。", "qas": [{{"id": "q1", "question": "何が高い?",
            "answers": [{{"text": "富士山", "answer_start": {start}}}]}}]}}]}}]}}"#
        )
    };
    let error = unreadable("mine.json", squad(1), GoldColumn::Answers);
    assert_eq!(
        japanese(&error),
        "「mine.json」の 1 番目の質問（q1）：答え「富士山」は 1 文字目（最初を 0 と数えます）から始まるはずですが、そこには「士山は」とあります。"
    );
    assert_eq!(
        english(&error),
        "mine.json: question 1 (“q1”): the answer “富士山” should start at character 1, counted from 0, where there is “士山は”"
    );
    let record = r#"[{"question": "何が高い?", "context": "富士山は高い。", "answers": {"text": "富士山"}}]"#;
    assert_eq!(
        japanese(&unreadable("flat.json", record, GoldColumn::Answers)),
        "「flat.json」の 1 件目：「answers」が答えの並び（それぞれ text と answer_start）ではありません。"
    );
    let note = "training part: beside 4 of 9 questions the 64 tokens of a window (--max-length) leave the passage no \
                more than the 32 that neighbours share (--stride): they share half of it there, 12 or more";
    assert_eq!(
        translated(note, Language::Japanese),
        "教える分の質問 9 個のうち 4 個では、質問が入ると「最大の長さ」の 64 トークンに「窓の重なり」の 32 トークンより多くは残らないので、残りの半分（12 以上）だけを重ねます。"
    );
    assert_eq!(
        translated(note, Language::English),
        "training part: beside 4 of 9 questions the 64 tokens of “Longest text” leave the passage no more than “Overlap of windows”, 32: half of it is shared there, 12 or more"
    );
    let error = unreadable(
        "x.json",
        r#"{"data": [{"paragraphs": [{"context": "a"}]}]}"#,
        GoldColumn::Answers,
    );
    assert_eq!(
        japanese(&error),
        "「x.json」は SQuAD の形（data、paragraphs、context、qas）ではありません。「qas」がありません。（1 行目の 42 バイト目）"
    );
}

#[test]
fn a_wrong_choice_of_columns_is_told_in_japanese() {
    let chosen = |column: &str, value: &str| {
        let options = ReadOptions {
            text_column: column.parse().ok(),
            filter: format!("3={value}").parse().ok(),
            ..ReadOptions::default()
        };
        read("pn.tsv", "a\tよい\ttrain\nb\tわるい\ttest\n".as_bytes(), &options).expect_err("a wrong choice")
    };
    assert_eq!(
        japanese(&chosen("2", "dev")),
        "「pn.tsv」の 2 行のうち、「3=dev」のものはありません。その列にある値：\"train\", \"test\""
    );
    assert_eq!(
        japanese(&chosen("4", "train")),
        "「pn.tsv」に列「4」はありません。最初の行：1 \"a\", 2 \"よい\", 3 \"train\""
    );
}

#[test]
fn who_has_no_columns_to_choose_from_is_not_sent_to_them() {
    let message = "a.csv has no column that could be the text";
    assert_eq!(
        translated(message, Language::Japanese),
        "「a.csv」には、文にできる列がありません。"
    );
    assert_eq!(translated(message, Language::English), message);
}

#[test]
fn english_sentences_name_no_flag() {
    let error = unreadable("a.csv", "x,y,z\nb,c,d\ne,f,g\n", GoldColumn::Label);
    assert_eq!(
        english(&error),
        "a.csv: which column is the text? Choose the columns below"
    );
    // What a student would understand stays as the core says it.
    let error = unreadable("a.csv", "text,label\na,b,c\n", GoldColumn::Label);
    assert_eq!(english(&error), in_words(&error));
}

fn model(folder: &str) -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets").join(folder);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = files.map(|file| {
        let file = file.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let bytes = std::fs::read(file.path()).unwrap_or_else(|error| panic!("{}: {error}", file.path().display()));
        (file.file_name().to_string_lossy().into_owned(), bytes)
    });
    files.collect()
}

fn opened(files: Files) -> Result<Session, terakoya_core::error::Error> {
    let device = block_on(ComputeDevice::open(DeviceChoice::Cpu)).expect("a CPU");
    Session::open(files, None, device)
}

/// bert-tiny with another text in one of its files.
fn changed(file: &str, from: &str, to: &str) -> Files {
    let mut files = model("bert-tiny");
    let text = String::from_utf8(files[file].clone()).expect("UTF-8");
    assert!(text.contains(from), "{file} has no {from}");
    files.insert(file.to_owned(), text.replacen(from, to, 1).into_bytes());
    files
}

#[test]
fn damaged_models_are_told_in_japanese() {
    let mut without_weights = model("bert-tiny");
    without_weights.remove("model.safetensors");
    let mut cut = model("bert-tiny");
    cut.get_mut("config.json").expect("a config").truncate(10);
    for (files, expected) in [
        (
            changed("config.json", "\"model_type\": \"bert\"", "\"model_type\": \"mamba\""),
            "config.json の model_type「mamba」は、開けない種類のモデルです。開けるもの：bert, roberta, xlm-roberta, distilbert, gpt2",
        ),
        (
            changed(
                "config.json",
                "\"num_attention_heads\": 2",
                "\"num_attention_heads\": 3",
            ),
            "config.json の num_attention_heads が 3 になっています。hidden_size（128）を割り切る数にしてください。",
        ),
        (without_weights, "モデルに model.safetensors がありません。"),
    ] {
        let error = opened(files).err().expect("a model that cannot be opened");
        assert_eq!(japanese(&error), expected);
    }
    let error = opened(cut).err().expect("a model that cannot be opened");
    let said = japanese(&error);
    assert!(
        said.starts_with("config.json が正しい形の JSON ではありません。途中で終わっています。"),
        "{said}"
    );
}

/// Keeps nothing.
struct NoHost;

impl Collective for NoHost {}

impl RunHost for NoHost {
    fn event(&mut self, _event: terakoya_core::protocol::TrainEvent) {}

    fn control(&mut self) -> HostFuture<'_, Control> {
        Box::pin(ready(Control::Continue))
    }

    fn write(&mut self, _file: &str, _bytes: Vec<u8>) -> Result<(), HostError> {
        Ok(())
    }

    fn commit(&mut self, _step: usize) -> HostFuture<'_, Result<(), HostError>> {
        Box::pin(ready(Ok(())))
    }

    fn read(&mut self, _file: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(None)
    }
}

impl GenerationHost for NoHost {
    fn text(&mut self, _piece: &str) {}

    fn control(&mut self) -> HostFuture<'_, Control> {
        Box::pin(ready(Control::Continue))
    }
}

fn table(text: &str) -> Dataset {
    read("table.csv", text.as_bytes(), &ReadOptions::default()).expect("a table")
}

/// Why a training with these parts does not begin.
fn untrainable(session: &Session, config: &TrainingConfig, train: &str, eval: &str) -> impl Error {
    let (train, eval) = (table(train), table(eval));
    let part = |name, data: &'static Dataset| NamedExamples {
        name,
        examples: &data.examples,
        place: data.columns.format.place(),
    };
    let (train, eval): (&'static Dataset, &'static Dataset) = (Box::leak(Box::new(train)), Box::leak(Box::new(eval)));
    let data = TrainingData {
        train: part("training part", train),
        eval: Some(part("evaluation part", eval)),
        test: None,
        drawn_from: None,
        labels: None,
        available_memory: None,
        fail_at_step: None,
    };
    match block_on(session.try_clone().expect("a copy").train(config, data, &mut NoHost)) {
        Ok(_) => panic!("the training went through"),
        Err(error) => error,
    }
}

#[test]
fn trainings_that_cannot_begin_are_told_in_both_languages() {
    const TWO: &str = "text,label\na,x\nb,y\n";
    let bert = opened(model("bert-tiny")).expect("bert-tiny");
    let gpt2 = opened(model("gpt2-mini-ja")).expect("gpt2-mini-ja");
    let classify = TrainingConfig::default();
    let write = TrainingConfig {
        task: TaskKind::CausalLm,
        ..TrainingConfig::default()
    };
    for (session, config, train, eval, in_japanese, in_english) in [
        (
            &bert,
            classify.clone(),
            TWO,
            "text,label\nc,x\nd,\"z\"\"\"\n",
            "ラベル「z\\\"」の例文が確かめる分だけにあり、教える分にありません。このラベルの例文を足すか、消すか、「確かめる割合」を小さくしてください。",
            "the label “z\\\"” has examples in the evaluation part only, and none to teach: add examples of it, delete these, or lower the share for testing",
        ),
        (
            &bert,
            classify.clone(),
            "text,label\na,x\nb,x\n",
            TWO,
            "教える分のラベルが、すべて「x」です。分類を教えるには二種類以上のラベルが要ります。",
            "training part: every example has the label \"x\"; classification needs at least two",
        ),
        (
            &bert,
            TrainingConfig {
                max_length: 2,
                ..classify.clone()
            },
            TWO,
            TWO,
            "「最大の長さ」に「2」は使えません。3 以上の整数にしてください。",
            "“Longest text” cannot be “2”: it must be a whole number, at least 3",
        ),
        (
            &bert,
            TrainingConfig {
                train_layers: TrainLayers::Top(9),
                ..classify.clone()
            },
            TWO,
            TWO,
            "「上の層の数」が 9 になっていますが、このモデルは 2 層です。",
            "“Upper layers” is 9, but the model has 2 layers",
        ),
        (
            &bert,
            TrainingConfig {
                task: TaskKind::QuestionAnswering,
                ..classify.clone()
            },
            "question,context\na,b\n",
            TWO,
            "教える分の 2 行目：この質問には答えがありません。本文の中で答えを選ぶか、この例文を消してください。",
            "training part, line 2: the question has no answers; mark one in the passage, or delete the example",
        ),
        (
            &bert,
            write.clone(),
            TWO,
            TWO,
            "bert のモデルに「文章の続きを書く」は教えられません。言葉の後ろまで見えてしまうからです。gpt2 のような、前だけを読むモデルを使ってください。",
            "a bert model cannot learn the next words: it sees what stands behind a word; take a causal model such as gpt2",
        ),
        (
            &gpt2,
            classify,
            TWO,
            TWO,
            "gpt2 のモデルに「分類（ラベルを一つ）」は教えられません。言葉の前しか見えないからです。bert のような、前後を読むモデルを使ってください。",
            "a gpt2 model cannot learn classification (one label): it sees only what stands before a word; take an encoder such as bert",
        ),
        (
            &gpt2,
            TrainingConfig {
                block_size: 100_000,
                ..write.clone()
            },
            TWO,
            TWO,
            "「一度に読む長さ」に「100000」は使えません。モデルが一度に読めるトークン数を超えています。",
            "“Tokens at once” cannot be “100000”: it is more than the model reads at once",
        ),
        (
            &gpt2,
            TrainingConfig {
                train_layers: TrainLayers::Head,
                ..write
            },
            TWO,
            TWO,
            "「どこに教えるか」に「head」は使えません。文章の続きを書くモデルには独立した出口がありません。「上の層」か「ぜんぶ」を選んでください。",
            "“What learns” cannot be “head”: it has to be the upper layers or everything, since this model has no head of its own",
        ),
    ] {
        let error = untrainable(session, &config, train, eval);
        assert_eq!(japanese(&error), in_japanese);
        assert_eq!(english(&error), in_english);
    }
}

#[test]
fn texts_that_cannot_be_looked_at_are_told_in_japanese() {
    let bert = opened(model("bert-tiny")).expect("bert-tiny");
    let error = block_on(bert.generate("a", &GenerationConfig::default(), &mut NoHost)).expect_err("no causal model");
    assert_eq!(
        japanese(&error),
        "bert のモデルは文章の続きを書けません。gpt2 のような、続きを書くモデルを開いてください。"
    );
    let gpt2 = opened(model("gpt2-mini-ja")).expect("gpt2-mini-ja");
    let error = block_on(gpt2.generate(&"長い。".repeat(2000), &GenerationConfig::default(), &mut NoHost));
    let said = japanese(&error.expect_err("a long prompt"));
    assert!(
        said.starts_with("書き出しが ") && said.ends_with(" トークンまでなので、短くしてください。"),
        "{said}"
    );
}
