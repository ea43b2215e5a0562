//! Drives the real binary through tagging: words with tags, texts with spans, what comes out, bad input.

mod binary;
mod new_model;
mod tiny;
mod transformers;

use std::fs;

use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};
use new_model::{GPT2, train_new};
use tiny::{file, train};

/// Has transformers compute the logits of `data` with the model in `folder`, where Python has it.
fn round_trip(folder: &str, data: &str, temp: &TempDir) {
    let lines = stdout(&run(terakoya(&[
        "predict", "--model", folder, "--data", data, "--json", "--logits", "--device", "cpu",
    ])));
    let path = file(temp, "logits.jsonl", &lines);
    transformers::compare(folder, &path, &[]);
}

const PLACES: [&str; 4] = ["Kyoto", "New York", "Nara", "Hong Kong"];
const PEOPLE: [&str; 3] = ["Sato", "Mary Ann", "Suzuki"];

/// Sentences of words and tags: who lives where.
fn words() -> String {
    let mut text = String::new();
    for person in PEOPLE {
        for place in PLACES {
            let mut name = |words: &str, label: &str| {
                for (number, word) in words.split(' ').enumerate() {
                    let prefix = if number == 0 { "B" } else { "I" };
                    text += &format!("{word}\t{prefix}-{label}\n");
                }
            };
            name(person, "person");
            name(place, "place");
            text += "is\tO\nhome\tO\n\t\n";
        }
    }
    text
}

/// The same as texts with spans.
fn spans() -> String {
    let mut records = Vec::new();
    for person in PEOPLE {
        for place in PLACES {
            let (end, start) = (person.len(), person.len() + 9);
            records.push(format!(
                r#"{{"text":"{person} went to {place}.","entities":[{{"name":"{person}","span":[0,{end}],"type":"person"}},
                {{"name":"{place}","span":[{start},{}],"type":"place"}}]}}"#,
                start + place.len()
            ));
        }
    }
    format!("[{}]", records.join(","))
}

const LEARN: [&str; 7] = [
    "--epochs",
    "30",
    "--batch-size",
    "4",
    "--learning-rate",
    "1e-3",
    "--json",
];

#[test]
fn words_with_tags_are_learned_and_written_in_two_columns() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "train.conll", &words());
    let output = temp.path().join("model");
    let flags = [&["--train", &data, "--eval", &data, "--test", &data][..], &LEARN].concat();
    let result = json(&stdout(&run(train("token-classification", &output, &flags))));
    let report = &result["eval"]["report"];
    // Twelve sentences that were learned from: a model that says O everywhere has an F1 of 0.
    assert!(report["f1"].as_f64() > Some(0.9), "{report}");
    assert_eq!(report["entities"], 24);

    let folder = output.to_str().expect("UTF-8");
    let config = json(&fs::read_to_string(output.join("config.json")).expect("config.json"));
    assert_eq!(config["architectures"][0], "BertForTokenClassification");
    assert_eq!(
        (&config["label_all_tokens"], &config["id2label"]["0"]),
        (&false.into(), &"O".into())
    );
    let ids = config["id2label"].as_object().expect("an object").values();
    let ids: Vec<String> = ids.filter_map(|label| Some(label.as_str()?.to_owned())).collect();
    let list = fs::read_to_string(output.join("labels.txt")).expect("labels.txt");
    assert_eq!(list.lines().collect::<Vec<_>>(), ids);
    let written = temp.path().join("again.txt");
    let written = written.to_str().expect("UTF-8");
    let evaluate = |more: &[&str]| {
        let args = [
            "evaluate", "--model", folder, "--data", &data, "--json", "--device", "cpu",
        ];
        json(&stdout(&run(terakoya(&[&args[..], more].concat()))))
    };
    assert_eq!(evaluate(&["--predictions", written])["f1"], report["f1"]);
    assert_eq!(evaluate(&["--viterbi"])["repaired_predicted"], 0);
    let columns = fs::read_to_string(output.join("test_predictions.txt")).expect("test predictions");
    assert_eq!(fs::read_to_string(written).expect("predictions"), columns);
    let of = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(of(&columns), of(&words()));
    // Gold and predicted entities are written alike, so that one can compare them.
    let written = temp.path().join("said.jsonl");
    let written = written.to_str().expect("UTF-8");
    evaluate(&["--predictions", written, "--label-map", "place=where"]);
    let said = fs::read_to_string(written).expect("predictions");
    let second = json(said.lines().nth(1).expect("a second line"));
    assert_eq!(second["gold"], "Sato/person, New York/where");
    assert_eq!(second["predicted"], second["gold"]);

    let predict = terakoya(&[
        "predict", "--model", folder, "--data", &data, "--json", "--device", "cpu",
    ]);
    let lines = stdout(&run(predict));
    let first = json(lines.lines().nth(1).expect("a second line"));
    assert_eq!(first["text"], "Sato New York is home");
    assert_eq!(first["words"], serde_json::json!(["Sato", "New", "York", "is", "home"]));
    let place = &first["entities"][1];
    let named = (&place["start"], &place["end"], &place["label"], &place["text"]);
    assert_eq!(
        named,
        (&5.into(), &13.into(), &"place".into(), &"New York".into()),
        "{first}"
    );
    assert!(place["score"].as_f64() > Some(0.5), "{first}");

    // More training goes on from where it stands, and the output folder may be written again.
    let more = [
        "--model",
        folder,
        "--train",
        &data,
        "--eval",
        &data,
        "--overwrite",
        "--epochs",
        "1",
        "--json",
    ];
    let mut command = terakoya(&["train", "--task", "token-classification", "--device", "cpu"]);
    command.args(more).args(["--learning-rate", "1e-9", "--output", folder]);
    let again = json(&stdout(&run(command)));
    assert_eq!(again["eval"]["report"]["f1"], report["f1"]);
    assert!(!output.join("test_predictions.txt").exists());
}

#[test]
fn texts_with_spans_are_learned_piece_by_piece() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "train.json", &spans());
    let output = temp.path().join("model");
    let flags = [&["--train", &data, "--eval", &data, "--viterbi", "true"][..], &LEARN].concat();
    let result = json(&stdout(&run(train("token-classification", &output, &flags))));
    let report = &result["eval"]["report"];
    assert!(report["f1"].as_f64() > Some(0.9), "{report}");
    assert_eq!(
        (&report["unreachable"], &report["repaired_predicted"]),
        (&0.into(), &0.into())
    );

    let folder = output.to_str().expect("UTF-8");
    let config = json(&fs::read_to_string(output.join("config.json")).expect("config.json"));
    assert_eq!(
        (&config["label_all_tokens"], &config["viterbi"]),
        (&true.into(), &true.into())
    );
    let predict = terakoya(&[
        "predict",
        "--model",
        folder,
        "--text",
        "Suzuki went to Hong Kong.",
        "--json",
        "--device",
        "cpu",
    ]);
    let predicted = json(&stdout(&run(predict)));
    let place = &predicted["entities"][1];
    let named = (&place["start"], &place["end"], &place["label"], &place["text"]);
    assert_eq!(
        named,
        (&15.into(), &24.into(), &"place".into(), &"Hong Kong".into()),
        "{predicted}"
    );
    let tags = predicted["tags"].as_array().map(Vec::len);
    assert_eq!(tags, predicted["words"].as_array().map(Vec::len));
    let plain = stdout(&run(terakoya(&[
        "predict",
        "--model",
        folder,
        "--text",
        "Suzuki went to Nara.",
        "--device",
        "cpu",
    ])));
    assert_eq!(plain, "Suzuki/person, Nara/place\tSuzuki went to Nara.\n");
    round_trip(
        folder,
        &file(&temp, "texts.txt", "Sato went to New York.\nnobody\n"),
        &temp,
    );
    // Half an entity cannot be reached: the pieces of "York" have other ends.
    let half = r#"[{"text":"Sato went to New York.","entities":[{"start":0,"end":2,"label":"person"}]}]"#;
    let half = file(&temp, "half.json", half);
    let evaluated = json(&stdout(&run(terakoya(&[
        "evaluate", "--model", folder, "--data", &half, "--json", "--device", "cpu",
    ]))));
    assert_eq!(
        (&evaluated["unreachable"], &evaluated["recall"]),
        (&1.into(), &0.0.into())
    );
}

#[test]
fn tags_that_begin_with_an_inside_are_repaired_and_counted() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "train.conll", &words().replace("B-place", "I-place"));
    let output = temp.path().join("model");
    let flags = ["--train", &data, "--eval", &data, "--epochs", "1", "--json"];
    let result = json(&stdout(&run(train("token-classification", &output, &flags))));
    let report = &result["eval"]["report"];
    assert_eq!(
        (&report["repaired_gold"], &report["entities"]),
        (&12.into(), &24.into())
    );
    let folder = output.to_str().expect("UTF-8");
    round_trip(folder, &file(&temp, "texts.txt", "Sato Yamamotos, New York\n"), &temp);
    // Entities of a type that the model never heard of are missed, and said to be.
    let strange = file(&temp, "strange.conll", &words().replace("-place", "-planet"));
    let evaluate = |more: &[&str]| {
        let args = ["evaluate", "--model", folder, "--data", &strange, "--device", "cpu"];
        run(terakoya(&[&args[..], more].concat()))
    };
    let plain = evaluate(&[]);
    let sentence = "types of gold entities that the model cannot say, all missed: planet";
    assert!(stdout(&plain).contains(sentence), "{}", stdout(&plain));
    let told = "strange.conll: types of entities that the model cannot say, all counted as wrong: \"planet\"";
    assert!(stderr(&plain).contains(told), "{}", stderr(&plain));
    let known = evaluate(&["--json", "--label-map", "planet=place"]);
    assert_eq!(json(&stdout(&known))["unknown_labels"], serde_json::json!([]));
    // Words that a short model does not see are outside, and said to be cut off.
    let short = [
        "evaluate",
        "--model",
        folder,
        "--data",
        &data,
        "--device",
        "cpu",
        "--max-length",
        "3",
    ];
    let said = stdout(&run(terakoya(&short)));
    assert!(
        said.contains("16 gold entities cannot be predicted: the text was cut off"),
        "{said}"
    );
    let cut = stdout(&run(terakoya(&[
        "predict",
        "--model",
        folder,
        "--data",
        &data,
        "--max-length",
        "3",
        "--json",
        "--device",
        "cpu",
    ])));
    let first = json(cut.lines().next().expect("a line"));
    assert_eq!(first["tags"].as_array().map(Vec::len), Some(4));
    assert_eq!(first["tags"][3], "O");
}

#[test]
fn tags_that_begin_with_an_inside_are_learned_as_the_beginning_that_they_are() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "io.conll", &words().replace("B-", "I-"));
    let output = temp.path().join("model");
    let flags = [&["--train", &data, "--eval", &data, "--viterbi", "true"][..], &LEARN].concat();
    let trained = run(train("token-classification", &output, &flags));
    let result = json(&stdout(&trained));
    let said = stderr(&trained);
    let counted = format!("{data}: entities that begin with an I- tag, which is read as a B-: 24");
    assert!(said.contains(&counted), "{said}");
    // No I- may begin an entity here: what begins one must have been learned as B-.
    let report = &result["eval"]["report"];
    assert!(report["f1"].as_f64() > Some(0.9), "{report}");
}

/// Our words in BIOES: the last of an entity says so.
fn bioes() -> String {
    let text = words();
    let lines: Vec<&str> = text.lines().collect();
    let next = lines.iter().skip(1).chain([&""]);
    let respelled = lines.iter().zip(next).map(|(line, next)| match next.contains("\tI-") {
        true => format!("{line}\n"),
        false => line.replace("\tB-", "\tS-").replace("\tI-", "\tE-") + "\n",
    });
    respelled.collect()
}

#[test]
fn tags_of_bioes_are_learned_and_scored_as_the_same_in_bio() {
    let temp = TempDir::new().expect("temp");
    let (plain, data) = (file(&temp, "bio.conll", &words()), file(&temp, "bioes.conll", &bioes()));
    let labels = file(
        &temp,
        "labels.txt",
        "O\nB-person\nI-person\nE-person\nS-person\nB-place\nI-place\nE-place\nS-place\n",
    );
    let begin = |name: &str, data: &str, more: &[&str]| {
        let output = temp.path().join(name);
        let flags = [&["--train", data, "--eval", data][..], more, &LEARN].concat();
        let trained = run(train("token-classification", &output, &flags));
        let report = json(&stdout(&trained))["eval"]["report"].clone();
        (report, stderr(&trained), output)
    };
    let (expected, quiet, _) = begin("bio", &plain, &[]);
    assert!(!quiet.contains("BIOES"), "{quiet}");
    let (report, said, output) = begin("bioes", &data, &["--labels", &labels]);
    assert_eq!(report, expected);
    let told = format!("{data}: tags of BIOES or BILOU, S- and U- read as B-, E- and L- as I-: 24");
    assert!(said.contains(&told), "{said}");
    let learned = fs::read_to_string(output.join("labels.txt")).expect("labels");
    assert_eq!(learned, "O\nB-person\nI-person\nB-place\nI-place\n");
    let evaluate = ["evaluate", "--data", &data, "--json", "--device", "cpu", "--model"];
    let mut command = terakoya(&evaluate);
    let evaluated = run({
        command.arg(&output);
        command
    });
    assert_eq!(json(&stdout(&evaluated))["f1"], expected["f1"]);
    assert!(stderr(&evaluated).contains(&told), "{}", stderr(&evaluated));
}

#[test]
fn what_cannot_be_tagged_stops_the_run() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("model");
    let begin = |flags: &[&str]| train("token-classification", &output, flags);
    let good = file(&temp, "good.conll", &words());
    let damaged = file(&temp, "damaged.conll", "a\tO\nb\tperson\n");
    fails(begin(&["--train", &damaged]), "line 2: \"person\" is not a tag");
    let none = file(&temp, "none.conll", "a\tO\n");
    fails(
        begin(&["--train", &none]),
        "none.conll: no entity type occurs in it; --labels FILE",
    );
    let untagged = file(&temp, "untagged.conll", "a\nb\n");
    fails(
        begin(&["--train", &good, "--eval", &untagged]),
        "line 1: the example has neither tagged words nor spans",
    );
    let texts = file(&temp, "texts.csv", "text,label\na,b\n");
    fails(
        begin(&["--train", &texts]),
        "texts.csv, line 2: the example has neither",
    );
    let records = file(&temp, "records.json", r#"[{"text":"a"},{"text":" "}]"#);
    let told = fails(
        begin(&["--train", &records]),
        "records.json, record 1: the example has neither",
    );
    let empty = "records.json: rows with an empty text: 1 (the first: record 2)";
    assert!(told.contains(empty), "{told}");
    let other = file(&temp, "other.conll", "a\tO\n\na\tO\nb\tB-thing\n");
    fails(
        begin(&["--train", &good, "--eval", &other]),
        "other.conll, line 4: label \"B-thing\" is not among those to learn",
    );
    let outside = file(
        &temp,
        "outside.json",
        r#"[{"text":"ab","entities":[{"span":[1,3],"type":"x"}]}]"#,
    );
    fails(begin(&["--train", &outside]), "record 1: entity");
    let labels = file(&temp, "labels.txt", "O\nB-person\nI-person\n");
    fails(
        begin(&["--train", &good, "--labels", &labels]),
        &format!("--labels {labels}: {good}, line 2: label \"B-place\" is not among those"),
    );
    let wrong = file(&temp, "wrong.txt", "O\nperson\n");
    fails(
        begin(&["--train", &good, "--labels", &wrong]),
        &format!("--labels {wrong}: \"person\" is not a tag"),
    );
    fails(
        begin(&["--train", &good, "--best-metric", "accuracy"]),
        "the task has no such metric",
    );
    let counts = "counts for sequence-classification only";
    fails(begin(&["--train", &good, "--class-weights", "balanced"]), counts);
    assert!(!output.exists());
    let mut command = terakoya(&["predict", "--device", "cpu", "--text", "a", "--viterbi", "--model"]);
    command.arg(root().join("assets/bert-tiny"));
    fails(command, "--viterbi counts for token-classification");
}

#[test]
fn words_are_read_by_a_byte_level_tokenizer_as_they_stand_in_a_text() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "train.conll", &words());
    let config = r#"{"model_type":"roberta","hidden_size":32,"num_hidden_layers":1,"num_attention_heads":2,
        "intermediate_size":64,"max_position_embeddings":130,"initializer_range":0.2}"#;
    let config = file(&temp, "config.json", config);
    let output = temp.path().join("model");
    let flags = ["--train", &data[..], "--epochs", "1"];
    stdout(&run(train_new(
        "token-classification",
        &config,
        "roberta",
        &output,
        &flags,
    )));
    let written = json(&fs::read_to_string(output.join("tokenizer_config.json")).expect("a tokenizer"));
    assert_eq!(written["add_prefix_space"], true);
    // transformers is given each sentence as a text.
    let folder = output.to_str().expect("UTF-8");
    round_trip(folder, &data, &temp);
    let logits = |data: &str| {
        let args = [
            "predict", "--model", folder, "--data", data, "--logits", "--json", "--device", "cpu",
        ];
        let lines = stdout(&run(terakoya(&args)));
        json(lines.lines().next().expect("a sentence"))["logits"].clone()
    };
    let text = file(&temp, "one.csv", "text\nSato Kyoto is home\n");
    assert_eq!(logits(&data), logits(&text));
    fails(
        train_new(
            "token-classification",
            &config,
            "gpt2",
            &temp.path().join("none"),
            &flags,
        ),
        "config.json: model_type is roberta: it reads texts between special tokens, and the tokenizer has none",
    );
    let gpt2 = file(&temp, "gpt2.json", GPT2);
    fails(
        train_new("token-classification", &gpt2, "gpt2", &temp.path().join("none"), &flags),
        "it sees only what stands before a word",
    );
}
