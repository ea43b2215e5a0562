//! Tests what must hold for every file: whatever its bytes are, it is read or named, and nothing panics.

use proptest::prelude::*;

use super::knbc::{Corpus, Spacing};
use super::tables::{self, AnswerKind};
use super::*;

const PIECES: [&str; 18] = [
    "#",
    "*",
    "+",
    " ",
    "\t",
    "\n",
    "\r",
    "EOS",
    "<NE:",
    ":head>",
    "DATE",
    "批評＋",
    "\\n",
    "［",
    "］",
    "KN901_Kyoto_1-1-1-01",
    "1",
    "語",
];

/// Bytes that look like lines of a corpus more often than chance has it.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40);
    prop_oneof![
        pieces.prop_map(|pieces| pieces.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..60),
    ]
}

fn file(name: &str, bytes: &[u8]) -> SourceFile {
    SourceFile {
        name: name.to_owned(),
        bytes: bytes.to_vec(),
    }
}

proptest! {
    #[test]
    fn knbc_reads_or_names_every_file(sentence in bytes(), opinions in bytes()) {
        let sentence = file("KN901_Kyoto_1-1-1-01", &sentence);
        let good = file("KN901_Kyoto_1-1-2-01", "良い よい 良い\nEOS\n".as_bytes());
        match Corpus::read(&[sentence, good]) {
            Err(error) => prop_assert!(error.to_string().starts_with("KN901_Kyoto_1-1-1-01: line "), "{}", error),
            Ok(corpus) => {
                let words = corpus.entities().expect("one sentence has words").rows;
                prop_assert!(words.iter().flat_map(|(_, words)| &words.0).all(|(word, tag)| !word.is_empty() && !tag.is_empty()));
                corpus.topics(Spacing::AsWritten).expect("one sentence has words");
                if let Ok(converted) = corpus.sentiment(&[file("Kyoto.tsv", &opinions)], Spacing::PreSplit) {
                    prop_assert!(converted.rows.iter().all(|(_, row)| !row.texts[0].is_empty()));
                }
            }
        }
    }

    #[test]
    fn tables_read_or_name_every_file(bytes in bytes()) {
        let file = file("train.tsv", &bytes);
        let names = ["a".to_owned(), "b".to_owned()];
        let results = [
            tables::jrte(&file).map(|_| ()),
            tables::goemotions(&file, &names).map(|_| ()),
            tables::label_names(&file).map(|_| ()),
            tables::named_columns(&file, AnswerKind::Similarity).map(|_| ()),
            tables::count_questions(&file).map(|_| ()),
            named_entities::read(&file).map(|_| ()),
            tables::jglue_task(&file).map(|_| ()),
        ];
        for error in results.into_iter().filter_map(Result::err) {
            let message = error.to_string();
            let start = if error.names_file() { "train.tsv" } else { "there is no " };
            prop_assert!(message.starts_with(start), "{}", message);
        }
    }
}
