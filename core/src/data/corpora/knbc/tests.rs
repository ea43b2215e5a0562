//! Tests of the three tasks on a corpus of a few words.

use super::*;
use crate::data::corpora::Labelled;

fn sentence(number: &str, words: &str) -> SourceFile {
    let article = number.split('-').next().expect("an article");
    let line = |word: &str| match word.split_once('/') {
        Some((surface, tag)) => format!("{surface} よみ {surface} 名詞 <NE:{tag}>\n"),
        None => format!("{word} よみ {word} 名詞\n"),
    };
    let lines: String = words.split_whitespace().map(line).collect();
    SourceFile {
        name: format!("knbc/corpus1/{article}/{number}"),
        bytes: format!("# S-ID:{number}\n* -1D\n+ -1D\n{lines}EOS\n").into_bytes(),
    }
}

fn opinions(text: &str) -> SourceFile {
    SourceFile {
        name: "knbc/corpus2/Kyoto.tsv".into(),
        bytes: text.as_bytes().to_vec(),
    }
}

fn corpus() -> Corpus {
    let files = [
        sentence("KN902_Kyoto_1-1-10-01", "寺 も 静か 。"),
        sentence("KN902_Kyoto_1-1-2-01", "雨 は 嫌 。"),
        sentence("KN902_Kyoto_1-1-1-01", "［京都 ］ 嵐山/LOCATION:single へ"),
        sentence("KN901_Keitai_1-1-1-01", "電池 が 良い"),
    ];
    Corpus::read(&files).expect("a corpus")
}

fn texts(converted: &Converted<TextRow>) -> Vec<String> {
    let show = |(article, row): &(String, TextRow)| format!("{article} {} {}", row.answer, row.texts.concat());
    converted.rows.iter().map(show).collect()
}

#[test]
fn halves_that_are_not_of_one_text_are_told() {
    let file = opinions(
        "KN901_Keitai_1-1-1-01\t電池が 良い\t[著者]\t良い\t批評＋\t電池\n\
         KN902_Kyoto_1-1-2-01\t雪は嫌。\t[著者]\t嫌\t批評−\t雪\n\
         KN902_Kyoto_1-1-3-01\t晴れた。\t\t\t\t\n",
    );
    let converted = corpus().sentiment(&[file], Spacing::AsWritten).expect("rows");
    let told: Vec<String> = converted.notices.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "further sentences of corpus2 that corpus1 has no file for: 1 (the first: KN902_Kyoto_1-1-3-01)",
            "sentences of corpus1 that corpus2 has no row for (is a table missing?): 2 (the first: KN902_Kyoto_1-1-1-01)",
            "sentences that are another text in corpus1 than in corpus2: 1 (the first: KN902_Kyoto_1-1-2-01)",
        ]
    );
}

#[test]
fn sentences_that_stand_there_twice_are_told() {
    let twice = opinions(
        "KN901_Keitai_1-1-1-01\t電池が良い\t[著者]\t良い\t批評＋\t電池\n\
         KN902_Kyoto_1-1-2-01\t雨は嫌。\t[著者]\t嫌\t批評−\t雨\n\
         KN901_Keitai_1-1-1-1\t電池が良い\t[著者]\t良い\t批評＋\t電池\n",
    );
    let files = [
        sentence("KN901_Keitai_1-1-1-01", "電池 が 良い"),
        sentence("KN901_Keitai_1-1-1-1", "電池 が 悪い"),
        sentence("KN902_Kyoto_1-1-2-01", "雨 は 嫌 。"),
    ];
    let corpus = Corpus::read(&files).expect("a corpus");
    let converted = corpus.sentiment(&[twice], Spacing::PreSplit).expect("rows");
    assert_eq!(
        texts(&converted),
        ["KN901_Keitai_1 1 電池 が 良い", "KN902_Kyoto_1 0 雨 は 嫌 。"]
    );
    let told: Vec<String> = converted.notices.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "left out, files whose sentence's number another file has: 1 \
             (the first: knbc/corpus1/KN901_Keitai_1/KN901_Keitai_1-1-1-1)",
            "rows of corpus2 for a sentence that has one already, whose opinions are added: 1 \
             (the first: knbc/corpus2/Kyoto.tsv, line 3: KN901_Keitai_1-1-1-1)",
        ]
    );
}

#[test]
fn praise_and_blame_become_labels_whatever_the_sign() {
    let file = opinions(
        "KN901_Keitai_1-1-1-01\t電池が良い\t[著者]\t良い\t感情＋\\n批評＋\t電池\n\
         KN902_Kyoto_1-1-1-01\t［京都］嵐山へ\t\t\t\t\n\
         KN902_Kyoto_1-1-2-01\t雨は嫌。\t[著者]\t嫌\t批評−\t雨\n\
         KN902_Kyoto_1-1-10-01\t寺も静か。\t\t\t\t\n",
    );
    let converted = corpus().sentiment(&[file], Spacing::AsWritten).expect("rows");
    assert_eq!(
        texts(&converted),
        ["KN901_Keitai_1 1 電池が良い", "KN902_Kyoto_1 0 雨は嫌。"]
    );
    assert_eq!(converted.notices, []);
    for (sign, label) in [
        ("＋", "1"),
        ("+", "1"),
        ("−", "0"),
        ("－", "0"),
        ("‐", "0"),
        ("–", "0"),
        ("-", "0"),
    ] {
        let file = opinions(&format!("KN902_Kyoto_1-1-2-01\tx\t\t\t批評{sign}\t\n"));
        let converted = corpus().sentiment(&[file], Spacing::PreSplit).expect("rows");
        assert_eq!(
            texts(&converted),
            [format!("KN902_Kyoto_1 {label} 雨 は 嫌 。")],
            "{sign:?}"
        );
    }
}

#[test]
fn rows_that_were_cut_off_are_told_from_rows_without_an_opinion() {
    let told = |text: &str| -> Vec<String> {
        let converted = corpus().sentiment(&[opinions(text)], Spacing::AsWritten);
        let notices = converted.expect("rows").notices;
        let told = notices.iter().map(Notice::to_string);
        told.filter(|notice| !notice.contains("corpus2 has no row")).collect()
    };
    let praise = "KN901_Keitai_1-1-1-01\t電池が良い\t[著者]\t良い\t批評＋\t電池\n";
    let rule = "rows that end before their last column (are the files whole?)";
    // An editor dropped the empty cells of a whole file; where others keep them, a row without them was cut off.
    let trimmed = "KN902_Kyoto_1-1-10-01\t寺も静か。\nKN902_Kyoto_1-1-1-01\t［京都］嵐山へ\t\t\n";
    assert_eq!(told(&format!("{praise}{trimmed}")), Vec::<String>::new());
    let empty = "KN902_Kyoto_1-1-2-01\t雨は嫌。\t\t\t\t\n";
    assert_eq!(
        told(&format!("{praise}{empty}{trimmed}")),
        [format!("{rule}: 2 (the first: knbc/corpus2/Kyoto.tsv, line 3)")]
    );
    // Who has an opinion has one of some type.
    assert_eq!(
        told(&format!("{praise}KN902_Kyoto_1-1-2-01\t雨は嫌。\t[著者]\t嫌")),
        [format!("{rule}: 1 (the first: knbc/corpus2/Kyoto.tsv, line 2)")]
    );
}

#[test]
fn positions_that_there_are_not_are_counted_and_named() {
    let files = [sentence("KN902_Kyoto_1-1-1-01", "嵐/LOCATION:haed 山/LOCATION:tail へ")];
    let converted = Corpus::read(&files).expect("a corpus").entities().expect("rows");
    let told: Vec<String> = converted.notices.iter().map(Notice::to_string).collect();
    assert_eq!(
        told,
        [
            "words with <NE:TYPE:position> of no known position, read as inside of an entity (I-): 1 \
          (the first: knbc/corpus1/KN902_Kyoto_1/KN902_Kyoto_1-1-1-01, line 4: 嵐)"
        ]
    );
    // The trainer reads an entity that begins with I- as one: the counts have it too.
    assert_eq!(converted.rows[0].1.labels(), ["LOCATION"]);
}

#[test]
fn signs_that_are_not_known_are_left_out_and_counted() {
    let file = opinions(
        "KN901_Keitai_1-1-1-01\t電池が良い\t\t\t批評＋\t\n\
         KN902_Kyoto_1-1-1-01\t［京都］嵐山へ\t\t\t批評～\t\n\
         KN902_Kyoto_1-1-2-01\t雨は嫌。\t\t\t批評\\n批評＋\t\n",
    );
    let converted = corpus().sentiment(&[file], Spacing::AsWritten).expect("rows");
    assert_eq!(texts(&converted), ["KN901_Keitai_1 1 電池が良い"]);
    let told: Vec<String> = converted.notices.iter().map(Notice::to_string).collect();
    assert_eq!(
        told,
        [
            "left out, sentences with 批評 and neither ＋ nor − behind it: 2 (the first: KN902_Kyoto_1-1-1-01)",
            "sentences of corpus1 that corpus2 has no row for (is a table missing?): 1 (the first: KN902_Kyoto_1-1-10-01)",
        ]
    );
}

#[test]
fn both_polarities_and_missing_words_are_left_out_and_counted() {
    let file = opinions(
        "KN902_Kyoto_1-1-1-01\t［京都］嵐山へ\t\t\t批評＋\\n批評－\t\n\
         KN902_Kyoto_1-1-2-01\t雨は嫌。\t\t\t批評＋\t\n\
         KN903_Kyoto_1-1-1-01\tx\t\t\t批評＋\t\n\
         KN902_Kyoto_1-1-10-01\t寺も静か。\t\t\tメリット＋\\n採否－\t\n",
    );
    let converted = corpus().sentiment(&[file], Spacing::AsWritten).expect("rows");
    assert_eq!(converted.rows.len(), 1);
    let firsts: Vec<&str> = converted.notices.iter().map(|notice| &*notice.first).collect();
    assert_eq!(
        firsts,
        ["KN902_Kyoto_1-1-1-01", "KN903_Kyoto_1-1-1-01", "KN901_Keitai_1-1-1-01"]
    );
    let unrelated = opinions("KN903_Kyoto_1-1-1-01\tx\t\t\t批評＋\t\n");
    let error = corpus()
        .sentiment(&[unrelated], Spacing::AsWritten)
        .expect_err("no words");
    assert!(error.to_string().starts_with("none of the 1 sentences"), "{error}");
    assert!(matches!(
        corpus().sentiment(&[], Spacing::AsWritten),
        Err(CorpusError::Nothing { .. })
    ));
}

#[test]
fn articles_are_joined_in_order_without_their_category() {
    let converted = corpus().topics(Spacing::PreSplit).expect("rows");
    let expected = [
        "KN901_Keitai_1 Keitai 電池 が 良い",
        "KN902_Kyoto_1 Kyoto 嵐山 へ 雨 は 嫌 。 寺 も 静か 。",
    ];
    assert_eq!(texts(&converted), expected);
    let joined = corpus().topics(Spacing::AsWritten).expect("rows");
    assert_eq!(texts(&joined)[1], "KN902_Kyoto_1 Kyoto 嵐山へ雨は嫌。寺も静か。");
    let other = Corpus::read(&[sentence("KN904_Music_1-1-1-01", "歌")]).expect("a corpus");
    let error = other.topics(Spacing::AsWritten).expect_err("no such topic").to_string();
    assert!(
        error.contains("KN904_Music_1") && error.contains("Keitai, Kyoto, Gourmet, Sports"),
        "{error}"
    );
}

#[test]
fn a_category_is_dropped_wherever_its_brackets_stand() {
    let dropped = |words: &[&str]| without_category(words).join("|");
    assert_eq!(dropped(&["［", "携帯", "電話", "］", "布教"]), "布教");
    assert_eq!(dropped(&["［携帯", "電話］布", "教"]), "布|教");
    assert_eq!(dropped(&["[グルメ]", "店"]), "店");
    assert_eq!(dropped(&["店", "［", "旧", "］"]), "店|［|旧|］");
    assert_eq!(dropped(&["［", "店"]), "［|店");
    assert_eq!(dropped(&["［京都］"]), "");
}

#[test]
fn entities_keep_words_and_sentences_in_order() {
    let converted = corpus().entities().expect("rows");
    let second = &converted.rows[1];
    assert_eq!(second.0, "KN902_Kyoto_1");
    let words: Vec<String> = second.1.0.iter().map(|(word, tag)| format!("{word}/{tag}")).collect();
    assert_eq!(words, ["［京都/O", "］/O", "嵐山/B-LOCATION", "へ/O"]);
    assert_eq!(converted.rows[3].1.0[0].0, "寺");
}

#[test]
fn damaged_files_are_named() {
    let error = |text: &str| {
        let result = corpus().sentiment(&[opinions(text)], Spacing::AsWritten);
        result.expect_err(text).to_string()
    };
    let good = "KN902_Kyoto_1-1-2-01\tx\t\t\t批評＋\t\n";
    let narrow = error(&format!("{good}KN902_Kyoto_1-1-3-01\n"));
    assert!(
        narrow.starts_with("knbc/corpus2/Kyoto.tsv: line 2: expected 6 (number,"),
        "{narrow}"
    );
    let wide = error("KN902_Kyoto_1-1-2-01\ta\tb\tc\td\te\tf\n");
    assert!(wide.contains("line 1") && wide.ends_with("found 7"), "{wide}");
    let number = error(&format!("{good}\n京都\tx\t\t\t\t\n"));
    assert!(
        number.contains("line 3: \"京都\" is not a sentence's number"),
        "{number}"
    );

    let mut moved = sentence("KN902_Kyoto_1-1-2-01", "雨");
    moved.name = "knbc/corpus1/KN901_Keitai_1/KN902_Kyoto_1-1-2-01".into();
    let error = Corpus::read(&[moved]).expect_err("in another's folder").to_string();
    assert!(
        error.contains("KN902_Kyoto_1-1-2-01") && error.ends_with("KN901_Keitai_1"),
        "{error}"
    );
    assert!(matches!(Corpus::read(&[]), Err(CorpusError::Nothing { .. })));
}

#[test]
fn strangers_and_cut_files_are_told() {
    let stranger = SourceFile {
        name: "knbc/corpus1/KN902_Kyoto_1/Thumbs.db".into(),
        bytes: vec![0xFF],
    };
    let mut cut = sentence("KN902_Kyoto_1-1-2-01", "雨 は 嫌 。");
    cut.bytes.truncate(cut.bytes.len() - "EOS\n".len());
    let converted = Corpus::read(&[stranger, cut])
        .expect("a corpus")
        .entities()
        .expect("rows");
    let told: Vec<String> = converted.notices.iter().map(Notice::to_string).collect();
    assert!(
        told[0].contains("Thumbs.db")
            && told[1].contains("sentences without EOS at their end (are the files whole?): 1"),
        "{told:?}"
    );
}
