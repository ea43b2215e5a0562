//! Checks Japanese tokenization against its references with nothing but bytes, so that the same checks run natively and,
//! built for wasm32, under Node.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use terakoya_core::tokenizer::dictionary::Dictionary;
use terakoya_core::tokenizer::{EncodeOptions, Encoding, Files, Tokenizer, TruncationStrategy, UnknownReason};

/// Texts the references must have, so that an empty file cannot pass.
const PARTS: [(&str, usize); 2] = [("natural", 3000), ("adversarial", 2000)];
/// How many different ids are shown.
const SHOWN: usize = 20;

/// A tokenizer of `cases.json`.
#[derive(serde::Deserialize)]
pub struct Case {
    pub name: String,
    vocabulary: String,
    pub tokenizer_config: serde_json::Value,
}

/// What the checks work on.
pub struct Fixtures {
    files: Files,
    dictionaries: Vec<(String, Arc<Dictionary>)>,
}

/// How many texts of a part one tokenizer gave the reference's ids for: all of them.
pub struct Checked {
    pub case: String,
    pub part: &'static str,
    pub texts: usize,
}

/// Runs every check. `files` are those of `tests/fixtures/japanese` by name, `dictionaries` the packed ones by the name that
/// `mecab_dic` has for them.
pub fn check_all(files: Files, dictionaries: &Files) -> Result<Vec<Checked>, String> {
    let fixtures = Fixtures::new(files, dictionaries)?;
    fixtures.tokens_point_at_their_source()?;
    fixtures.pairs_truncation_and_windows_keep_offsets()?;
    fixtures.an_explanation_shows_path_pieces_and_reasons()?;
    fixtures.ids_equal_the_reference_on_every_text()
}

impl Fixtures {
    pub fn new(files: Files, dictionaries: &Files) -> Result<Self, String> {
        let read = |(name, packed): (&String, &Vec<u8>)| {
            let dictionary = Dictionary::from_packed(packed).map_err(|error| format!("{name}: {error}"))?;
            Ok((name.clone(), Arc::new(dictionary)))
        };
        Ok(Self {
            files,
            dictionaries: dictionaries.iter().map(read).collect::<Result<_, String>>()?,
        })
    }

    fn file(&self, name: &str) -> Result<&[u8], String> {
        let bytes = self.files.get(name).map(Vec::as_slice);
        bytes.ok_or_else(|| format!("{name} is not among the fixtures"))
    }

    fn lines(&self, name: &str) -> Result<Vec<&str>, String> {
        let text = std::str::from_utf8(self.file(name)?).map_err(|error| format!("{name}: {error}"))?;
        Ok(text.split_terminator('\n').collect())
    }

    /// The texts of a part.
    fn texts(&self, part: &str) -> Result<Vec<String>, String> {
        let lines = self.lines(&format!("{part}.jsonl"))?;
        let texts = lines.iter().map(|line| serde_json::from_str(line));
        texts
            .collect::<Result<_, _>>()
            .map_err(|error| format!("{part}: {error}"))
    }

    pub fn cases(&self) -> Result<Vec<Case>, String> {
        serde_json::from_slice(self.file("cases.json")?).map_err(|error| format!("cases.json: {error}"))
    }

    pub fn case(&self, name: &str) -> Result<Case, String> {
        let found = self.cases()?.into_iter().find(|case| case.name == name);
        found.ok_or_else(|| format!("{name} is not among the cases"))
    }

    pub fn tokenizer(&self, case: &Case) -> Result<Tokenizer, String> {
        let vocabulary = self.file(&case.vocabulary)?.to_vec();
        let name = if case.vocabulary.ends_with(".txt") {
            "vocab.txt"
        } else {
            &case.vocabulary
        };
        let config = case.tokenizer_config.to_string().into_bytes();
        let files = Files::from([
            (name.to_owned(), vocabulary),
            ("tokenizer_config.json".to_owned(), config),
        ]);
        let needed = Tokenizer::dictionary_name(&files).map_err(|error| error.to_string())?;
        let known = |needed: String| {
            let found = self.dictionaries.iter().find(|(name, _)| *name == needed);
            let found = found.map(|(_, dictionary)| dictionary.clone());
            found.ok_or_else(|| format!("{}: there is no dictionary {needed}", case.name))
        };
        let dictionary = needed.map(known).transpose()?;
        Tokenizer::from_files_with_dictionary(&files, dictionary).map_err(|error| format!("{}: {error}", case.name))
    }

    fn unidic_wordpiece(&self) -> Result<Tokenizer, String> {
        self.tokenizer(&self.case("unidic-wordpiece")?)
    }

    /// Each tokenizer's ids on each text, and that offsets are sound.
    pub fn ids_equal_the_reference_on_every_text(&self) -> Result<Vec<Checked>, String> {
        let mut checked = Vec::new();
        let mut different = Vec::new();
        for (part, least) in PARTS {
            let texts = self.texts(part)?;
            equal(part, &(texts.len() >= least), &true)?;
            for case in self.cases()? {
                let tokenizer = self.tokenizer(&case)?;
                let expected = self.lines(&format!("{}.{part}.txt", case.name))?;
                equal("the number of references", &expected.len(), &texts.len())?;
                for (text, expected) in texts.iter().zip(&expected) {
                    let encoding = encode(&tokenizer, text)?;
                    check_offsets(text, &encoding)?;
                    if digest(&encoding.ids) != *expected {
                        different.push(format!("{}, {part}: {text:?} became {:?}", case.name, encoding.tokens));
                    }
                }
                checked.push(Checked {
                    case: case.name,
                    part,
                    texts: texts.len(),
                });
            }
        }
        let count = different.len();
        different.truncate(SHOWN);
        if count > 0 {
            return Err(format!("{count} texts have other ids: {different:#?}"));
        }
        Ok(checked)
    }

    pub fn tokens_point_at_their_source(&self) -> Result<(), String> {
        let text = "ｶﾞﾗｽ㌔  [SEP]　東京ﾀﾜｰ🗼";
        let encoding = encode(&self.unidic_wordpiece()?, text)?;
        let characters: Vec<char> = text.chars().collect();
        let source = |&(start, end): &(usize, usize)| characters[start..end].iter().collect::<String>();
        let sources = encoding.offsets.iter().map(source);
        let pieces: Vec<(String, String)> = encoding.tokens.iter().cloned().zip(sources).collect();
        let expected = [
            ("[CLS]", ""),
            ("ガラス", "ｶﾞﾗｽ"),
            ("キロ", "㌔"),
            ("[SEP]", "[SEP]"),
            ("東京", "東京"),
            ("タワー", "ﾀﾜｰ"),
            ("[UNK]", "🗼"),
            ("[SEP]", ""),
        ];
        let expected = expected.map(|(token, source)| (token.to_owned(), source.to_owned()));
        equal("tokens and their sources", &pieces, &expected.to_vec())
    }

    pub fn pairs_truncation_and_windows_keep_offsets(&self) -> Result<(), String> {
        let tokenizer = self.unidic_wordpiece()?;
        let (question, passage) = ("どこですか", "東京タワーは東京都港区にある電波塔である。");
        let pair = |options: &EncodeOptions| {
            let encoding = tokenizer.encode(question, Some(passage), options);
            encoding.map_err(|error| error.to_string())
        };
        let whole = pair(&EncodeOptions::default())?;
        let boundary = whole.sequence_ids.iter().position(|id| *id == Some(1)).unwrap_or(0);
        let types = |range: std::ops::Range<usize>, expected| whole.type_ids[range].iter().all(|&id| id == expected);
        let sound = boundary > 0 && types(0..boundary, 0) && types(boundary..whole.ids.len(), 1);
        equal("type ids by text", &sound, &true)?;
        let options = EncodeOptions {
            max_length: Some(12),
            strategy: TruncationStrategy::OnlySecond,
            stride: 2,
        };
        let cut = pair(&options)?;
        equal("the cut pair", &(cut.truncated, cut.ids.len()), &(true, 12))?;
        equal("the cut pair's offsets", &cut.offsets[..11], &whole.offsets[..11])?;
        let windows = tokenizer.encode_windows(question, Some(passage), &options);
        let windows = windows.map_err(|error| error.to_string())?;
        equal(
            "windows in bounds",
            &windows.iter().all(|window| window.ids.len() <= 12),
            &true,
        )?;
        let mut covered: Vec<(usize, usize)> = windows.iter().flat_map(passage_offsets).collect();
        covered.sort_unstable();
        covered.dedup();
        equal("what windows cover", &covered, &passage_offsets(&whole))
    }

    pub fn an_explanation_shows_path_pieces_and_reasons(&self) -> Result<(), String> {
        let tokenizer = self.unidic_wordpiece()?;
        let explanation = tokenizer.explain("今日は㍿寺子屋へ🗼 [MASK]");
        let explanation = explanation.map_err(|error| error.to_string())?;
        let texts: Vec<&str> = explanation.words.iter().map(|word| word.text.as_str()).collect();
        let expected = ["今日", "は", "株式", "会社", "寺子", "屋", "へ", "🗼", "[MASK]"];
        equal("words", texts.as_slice(), &expected)?;
        let tower = &explanation.words[7];
        equal("🗼", &(tower.tokens[0].token.as_str(), tower.span), &("[UNK]", (8, 9)))?;
        let nothing = UnknownReason::NoPiece {
            pieces: vec![],
            rest: "🗼".to_owned(),
        };
        equal("why 🗼 is unknown", &tower.unknown, &Some(nothing))?;
        let pieces = &explanation.words[4];
        equal(
            "寺子 in pieces",
            &(pieces.tokens.len() > 1, &pieces.unknown),
            &(true, &None),
        )?;
        equal("the span of 株式", &explanation.words[2].span, &(3, 4))?;
        let steps: Vec<_> = explanation.words.iter().filter_map(|word| word.path.as_ref()).collect();
        equal("words with a path", &steps.len(), &8)?;
        for pair in steps.windows(2) {
            let step = i64::from(pair[1].word_cost + pair[1].connection_cost);
            equal("a step's cost", &(pair[1].total_cost - pair[0].total_cost), &step)?;
        }
        let white_space: Vec<&str> = explanation.white_space.iter().map(String::as_str).collect();
        equal(
            "cut at white space",
            white_space.as_slice(),
            &["今日は㍿寺子屋へ🗼", "[MASK]"],
        )?;
        let decoded = tokenizer.decode(&[2, 3]).map_err(|error| error.to_string())?;
        equal("special tokens decoded", decoded.as_str(), "")
    }
}

fn passage_offsets(encoding: &Encoding) -> Vec<(usize, usize)> {
    let spans = encoding.sequence_ids.iter().zip(&encoding.offsets);
    spans.filter(|(id, _)| **id == Some(1)).map(|(_, span)| *span).collect()
}

fn equal<T: PartialEq + std::fmt::Debug + ?Sized>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: {found:?}, expected {expected:?}"))
}

pub fn encode(tokenizer: &Tokenizer, text: &str) -> Result<Encoding, String> {
    let encoding = tokenizer.encode(text, None, &EncodeOptions::default());
    encoding.map_err(|error| format!("{text:?}: {error}"))
}

/// The first 16 hexadecimal digits of the SHA-256 of the ids joined by commas.
fn digest(ids: &[u32]) -> String {
    let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
    let hash = Sha256::digest(ids.join(","));
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Spans ascend and lie within the text; a word's pieces lie side by side and within what the word covers.
pub fn check_offsets(text: &str, encoding: &Encoding) -> Result<(), String> {
    let characters = text.chars().count();
    let mut previous = (0, 0);
    let mut last_word = None;
    for (index, &(start, end)) in encoding.offsets.iter().enumerate() {
        if encoding.special_tokens_mask[index] {
            equal(text, &(start, end), &(0, 0))?;
            continue;
        }
        let sound = start <= end && end <= characters && start >= previous.0 && end >= previous.1;
        let word = encoding.word_ids[index];
        if !sound || word.is_none() || last_word > word {
            return Err(format!(
                "{text:?}: {start}–{end} of word {word:?} after {previous:?} of {last_word:?}, {characters} characters"
            ));
        }
        (previous, last_word) = ((start, end), word);
    }
    Ok(())
}
