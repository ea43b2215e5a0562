//! Reads arbitrary bytes as each of the files that course corpora consist of.
//!
//! What is read has a word or text in every row.

#![no_main]

use libfuzzer_sys::fuzz_target;
use terakoya_fuzz::data::corpora::knbc::{Corpus, Spacing};
use terakoya_fuzz::data::corpora::tables::{self, AnswerKind};
use terakoya_fuzz::data::corpora::{SourceFile, named_entities};

fn file(name: &str, bytes: &[u8]) -> SourceFile {
    SourceFile {
        name: name.to_owned(),
        bytes: bytes.to_vec(),
    }
}

fuzz_target!(|data: &[u8]| {
    let sentence = file("KN901_Kyoto_1-1-1-01", data);
    if let Ok(corpus) = Corpus::read(&[sentence]) {
        if let Ok(entities) = corpus.entities() {
            assert!(entities.rows.iter().all(|(_, sentence)| !sentence.0.is_empty()));
        }
        let _ = corpus.topics(Spacing::AsWritten);
        let _ = corpus.sentiment(&[file("Kyoto.tsv", data)], Spacing::PreSplit);
    }
    let table = file("train.tsv", data);
    let _ = tables::jglue_task(&table);
    let _ = tables::count_questions(&table);
    let _ = tables::label_names(&table);
    let _ = tables::named_columns(&table, AnswerKind::Emotion);
    let _ = tables::jrte(&table);
    let _ = tables::goemotions(&table, &["admiration".to_owned(), "amusement".to_owned()]);
    let _ = named_entities::read(&table);
});
