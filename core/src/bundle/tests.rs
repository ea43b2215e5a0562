//! What config.json says of a model, and what is written there.

use super::*;

fn files(config: &str) -> Files {
    Files::from([(CONFIG.to_owned(), config.as_bytes().to_vec())])
}

#[test]
fn impossible_sizes_name_key_and_value() {
    for (config, expected) in [
        (
            r#"{"model_type":"bert","num_hidden_layers":0}"#,
            "num_hidden_layers is 0",
        ),
        (
            r#"{"model_type":"bert","hidden_size":30,"num_attention_heads":4}"#,
            "num_attention_heads is 4",
        ),
        (
            r#"{"model_type":"bert","hidden_dropout_prob":1.5}"#,
            "hidden_dropout_prob is 1.5",
        ),
        (r#"{"model_type":"bert","type_vocab_size":0}"#, "type_vocab_size is 0"),
        (
            r#"{"model_type":"roberta","type_vocab_size":0}"#,
            "type_vocab_size is 0",
        ),
        (r#"{"model_type":"t5"}"#, "\"t5\" is unknown"),
        (r#"{"model_type":1}"#, "\"1\" is unknown"),
        ("{}", "has no model_type"),
        ("{}", "known model types: bert, roberta, xlm-roberta, distilbert, gpt2"),
        (r#"{"architectures":["BertGenerationEncoder"]}"#, "has no model_type"),
        (r#"{"architectures":[]}"#, "has no model_type"),
        (r#"{"model_type":"bert","id2label":{"1":"a"}}"#, "id2label"),
    ] {
        let error = Bundle::read(files(config)).expect_err(config);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_class_says_the_family_where_no_model_type_does() {
    for (class, expected) in [
        ("BertForMaskedLM", "bert"),
        ("BertModel", "bert"),
        ("RobertaForCausalLM", "roberta"),
        ("XLMRobertaForTokenClassification", "xlm-roberta"),
        ("DistilBertForQuestionAnswering", "distilbert"),
        ("GPT2LMHeadModel", "gpt2"),
    ] {
        let bundle = Bundle::read(files(&json!({ "architectures": [class] }).to_string())).expect(class);
        assert_eq!(bundle.model_config.model_type(), expected);
        assert_eq!(
            class
                .strip_prefix(bundle.model_config.class_prefix())
                .map(str::is_empty),
            Some(false)
        );
    }
}

#[test]
fn pickles_are_refused_with_the_way_out() {
    for (config, expected) in [
        (
            r#"{"model_type":"bert"}"#,
            "AutoModel.from_pretrained(FOLDER).save_pretrained",
        ),
        (
            r#"{"architectures":["BertForMaskedLM"]}"#,
            "BertForMaskedLM.from_pretrained(FOLDER)",
        ),
    ] {
        let mut files = files(config);
        files.insert("pytorch_model.bin".to_owned(), Vec::new());
        let error = Bundle::read(files)
            .and_then(|mut bundle| bundle.take_weights())
            .expect_err("no safetensors");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn unknown_keys_survive() {
    let mut bundle = Bundle::read(files(r#"{"model_type":"bert","x_extra":[1]}"#)).expect("valid");
    let labels = ["b".to_owned(), "a".to_owned()];
    bundle.describe(TaskKind::SequenceClassification, &labels, Map::new());
    let saved = Bundle::read(bundle.to_files()).expect("valid");
    assert_eq!(saved.config_json["x_extra"], json!([1]));
    assert_eq!(saved.labels, ["b", "a"]);
}

#[test]
fn nothing_of_another_task_stays_in_the_config() {
    let config =
        r#"{"model_type":"bert","hidden_size":12,"thresholds":{"a":0.1},"doc_stride":32,"target_scale":5,"kept":1}"#;
    let mut bundle = Bundle::read(files(config)).expect("a config");
    let entries = Map::from_iter([("viterbi".to_owned(), json!(true))]);
    bundle.describe(TaskKind::TokenClassification, &["O".to_owned()], entries);
    let saved: Value = serde_json::from_slice(&bundle.to_files()[CONFIG]).expect("JSON");
    for gone in ["thresholds", "doc_stride", "target_scale", "problem_type"] {
        assert!(saved.get(gone).is_none(), "{gone}: {saved}");
    }
    assert_eq!(
        (&saved["viterbi"], &saved["kept"], &saved["hidden_size"]),
        (&json!(true), &json!(1), &json!(12))
    );
}
