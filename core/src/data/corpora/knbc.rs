//! Reads KNBC v1.0, the analysed blog corpus (解析済みブログコーパス), and makes rows for three tasks of it.
//!
//! `corpus1/<article>/<article>-1-<n>-01` holds a sentence each as KNP writes it, `corpus2/*.tsv` what opinions the
//! sentences express: number, sentence, holder, expression, type, target. Where a sentence has several opinions, the
//! cells hold several values with a backslash and an n between them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use super::error::shortened;
use super::knp::{self, Word};
use super::{Answer, CorpusError, Notice, SourceFile, TaggedSentence, TextRow, decode, notice};

/// The topics, as the names of articles (`KN001_Keitai_1`) spell them.
pub const TOPICS: [&str; 4] = ["Keitai", "Kyoto", "Gourmet", "Sports"];

/// The type of opinion that becomes a sentiment.
const CRITICISM: &str = "批評";
const PLUS_SIGNS: [char; 2] = ['＋', '+'];
/// U+2212, U+FF0D, U+2010, U+2013 and the hyphen: every minus sign that occurs in the corpus, what EUC-JP is decoded to, and
/// what an editor makes of a hyphen.
const MINUS_SIGNS: [char; 5] = ['\u{2212}', '\u{FF0D}', '\u{2010}', '\u{2013}', '-'];

/// How words become a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// As it stands in the blog.
    AsWritten,
    /// With a space between words, for models that expect text to be split.
    PreSplit,
}

impl Spacing {
    fn join(self, words: &[&str]) -> String {
        match self {
            Self::AsWritten => words.concat(),
            Self::PreSplit => words.join(" "),
        }
    }
}

/// Rows, each with the article it is from, and what was left out on the way.
#[derive(Clone, Debug)]
pub struct Converted<T> {
    /// The rows in the order of the corpus; rows of an article stand next to each other.
    pub rows: Vec<(String, T)>,
    /// What a user should know.
    pub notices: Vec<Notice>,
}

/// The sentences of `corpus1`, by article.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// Sorted by article and by the numbers behind it.
    sentences: BTreeMap<SentenceNumber, Vec<Word>>,
    notices: Vec<Notice>,
    /// Words whose entity mark has an odd position.
    odd_marks: Vec<String>,
}

/// `KN001_Keitai_1-1-12-01`: the article and three numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SentenceNumber {
    article: String,
    numbers: [u32; 3],
}

impl SentenceNumber {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(4, '-');
        let mut number = || parts.next()?.parse().ok();
        let (last, middle, first) = (number()?, number()?, number()?);
        let article = parts.next().filter(|article| !article.is_empty())?.to_owned();
        let numbers = [first, middle, last];
        Some(Self { article, numbers })
    }
}

impl fmt::Display for SentenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, middle, last] = self.numbers;
        write!(f, "{}-{first}-{middle}-{last:02}", self.article)
    }
}

impl Corpus {
    /// Reads the files of all folders in `corpus1`. A file whose name is no sentence's number is left out, and so is another of
    /// a number that there was.
    ///
    /// # Errors
    /// If a line cannot be read, a sentence stands in another article's folder, or there is no sentence at all.
    pub fn read(files: &[SourceFile]) -> Result<Self, CorpusError> {
        let (mut sentences, mut odd_marks) = (BTreeMap::new(), Vec::new());
        let (mut strangers, mut doubled, mut unfinished) = (Vec::new(), Vec::new(), Vec::new());
        for file in files {
            let Some(number) = SentenceNumber::parse(file.file_name()) else {
                strangers.push(file.name.clone());
                continue;
            };
            check_folder(file, &number)?;
            let Entry::Vacant(free) = sentences.entry(number) else {
                doubled.push(file.name.clone());
                continue;
            };
            let sentence = knp::read(file)?;
            if !sentence.complete {
                unfinished.push(file.name.clone());
            }
            odd_marks.extend(sentence.odd_marks);
            free.insert(sentence.words);
        }
        if sentences.is_empty() {
            return Err(CorpusError::Nothing {
                what: "sentence in corpus1",
            });
        }
        let notices = [
            notice("left out, files that are no sentences", &strangers),
            notice("left out, files whose sentence's number another file has", &doubled),
            notice("sentences without EOS at their end (are the files whole?)", &unfinished),
        ];
        Ok(Self {
            sentences,
            notices: notices.into_iter().flatten().collect(),
            odd_marks,
        })
    }

    /// One row a sentence that praises (批評＋ → `1`) or blames (批評− → `0`) according to a file of `corpus2`.
    ///
    /// Sentences that do both are left out, and so are those with another sign and those whose words `corpus1` lacks.
    ///
    /// # Errors
    /// If a line cannot be read, or nothing is left.
    pub fn sentiment(&self, files: &[SourceFile], spacing: Spacing) -> Result<Converted<TextRow>, CorpusError> {
        let (mut opinions, mut odd) = (BTreeMap::new(), OddRows::default());
        for file in files {
            read_opinions(file, &mut opinions, &mut odd)?;
        }
        let (mut rows, mut both, mut unsigned, mut wordless) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (number, opinion) in &opinions {
            let written = opinion.number.clone();
            if opinion.has_other_sign {
                unsigned.push(written);
                continue;
            }
            let label = match (opinion.praises, opinion.blames) {
                (true, true) => {
                    both.push(written);
                    continue;
                }
                (true, false) => "1",
                (false, true) => "0",
                (false, false) => continue,
            };
            let words = self.sentences.get(number).filter(|words| !words.is_empty());
            let Some(words) = words else {
                wordless.push(written);
                continue;
            };
            let text = match spacing {
                Spacing::AsWritten => opinion.sentence.clone(),
                Spacing::PreSplit => spacing.join(&surfaces(words)),
            };
            rows.push((number.article.clone(), labelled(text, label)));
        }
        if rows.is_empty() {
            return Err(match wordless.first() {
                Some(first) => CorpusError::Unrelated {
                    count: wordless.len(),
                    first: first.clone(),
                },
                None => CorpusError::Nothing {
                    what: "sentence with 批評＋ or 批評− alone in corpus2",
                },
            });
        }
        let left_out = [
            notice("left out, sentences with both 批評＋ and 批評−", &both),
            notice(
                "left out, sentences with 批評 and neither ＋ nor − behind it",
                &unsigned,
            ),
            notice("left out, sentences whose words corpus1 lacks", &wordless),
        ];
        let differences = self.differences(&opinions, &wordless);
        Ok(self.converted(rows, left_out.into_iter().chain(odd.notices()).chain(differences)))
    }

    /// Tells the sentences of corpus2 that are not in corpus1, but for those that are `told`, those of corpus1 that are not in
    /// corpus2, and those that are another text there.
    fn differences(&self, opinions: &BTreeMap<SentenceNumber, Opinion>, told: &[String]) -> [Option<Notice>; 3] {
        let (mut strangers, mut others) = (Vec::new(), Vec::new());
        for (number, opinion) in opinions {
            match self.sentences.get(number) {
                None if told.contains(&opinion.number) => {}
                None => strangers.push(opinion.number.clone()),
                Some(words) if words.is_empty() || is_same(&opinion.sentence, &surfaces(words)) => {}
                Some(_) => others.push(opinion.number.clone()),
            }
        }
        let lacking = self.sentences.keys().filter(|number| !opinions.contains_key(number));
        let lacking: Vec<String> = lacking.map(SentenceNumber::to_string).collect();
        [
            notice("further sentences of corpus2 that corpus1 has no file for", &strangers),
            notice(
                "sentences of corpus1 that corpus2 has no row for (is a table missing?)",
                &lacking,
            ),
            notice("sentences that are another text in corpus1 than in corpus2", &others),
        ]
    }

    /// One row an article: all its sentences, without the category in brackets with which the first begins.
    ///
    /// # Errors
    /// If the name of an article tells no topic, or nothing is left.
    pub fn topics(&self, spacing: Spacing) -> Result<Converted<TextRow>, CorpusError> {
        let mut articles: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (number, words) in &self.sentences {
            let words = surfaces(words);
            match articles.get_mut(&*number.article) {
                Some(text) => text.extend(words),
                None => drop(articles.insert(&number.article, without_category(&words))),
            }
        }
        let (mut rows, mut empty) = (Vec::new(), Vec::new());
        for (article, words) in articles {
            let topic = article.split('_').find(|part| TOPICS.contains(part));
            let topic = topic.ok_or_else(|| CorpusError::Topic {
                article: article.to_owned(),
            })?;
            match words.is_empty() {
                true => empty.push(article.to_owned()),
                false => rows.push((article.to_owned(), labelled(spacing.join(&words), topic))),
            }
        }
        if rows.is_empty() {
            return Err(CorpusError::Nothing {
                what: "word in corpus1",
            });
        }
        Ok(self.converted(rows, [notice("left out, articles without words", &empty)]))
    }

    /// One row a sentence: its words, each with its tag.
    ///
    /// # Errors
    /// If no sentence has words.
    pub fn entities(&self) -> Result<Converted<TaggedSentence>, CorpusError> {
        let (mut rows, mut empty) = (Vec::new(), Vec::new());
        for (number, words) in &self.sentences {
            if words.is_empty() {
                empty.push(number.to_string());
                continue;
            }
            let words = words.iter().map(|word| (word.surface.clone(), word.tag.clone()));
            rows.push((number.article.clone(), TaggedSentence(words.collect())));
        }
        if rows.is_empty() {
            return Err(CorpusError::Nothing {
                what: "word in corpus1",
            });
        }
        let more = [
            notice("left out, sentences without words", &empty),
            notice(
                "words with <NE:TYPE:position> of no known position, read as inside of an entity (I-)",
                &self.odd_marks,
            ),
        ];
        Ok(self.converted(rows, more))
    }

    fn converted<T>(&self, rows: Vec<(String, T)>, more: impl IntoIterator<Item = Option<Notice>>) -> Converted<T> {
        let notices = self.notices.iter().cloned().chain(more.into_iter().flatten());
        Converted {
            rows,
            notices: notices.collect(),
        }
    }
}

/// Refuses a sentence that stands in another article's folder.
fn check_folder(file: &SourceFile, number: &SentenceNumber) -> Result<(), CorpusError> {
    match file.name.rsplit(['/', '\\']).nth(1) {
        Some(folder) if folder != number.article => Err(CorpusError::OtherArticle {
            name: file.name.clone(),
            folder: folder.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// What a line of `corpus2` says.
struct Opinion {
    /// As it is written there.
    number: String,
    sentence: String,
    praises: bool,
    blames: bool,
    /// Whether it says 批評 with what is no sign behind it.
    has_other_sign: bool,
}

impl Opinion {
    /// Of a sentence that is not judged yet.
    fn of(number: &str, sentence: &str) -> Self {
        Self {
            number: number.trim().to_owned(),
            sentence: sentence.to_owned(),
            praises: false,
            blames: false,
            has_other_sign: false,
        }
    }
}

/// Rows of `corpus2` that a user should look at, each by its place.
#[derive(Default)]
struct OddRows {
    cut_off: Vec<String>,
    /// Those of a sentence that another row has before.
    doubled: Vec<String>,
}

impl OddRows {
    fn notices(&self) -> [Option<Notice>; 2] {
        [
            notice(
                "rows that end before their last column (are the files whole?)",
                &self.cut_off,
            ),
            notice(
                "rows of corpus2 for a sentence that has one already, whose opinions are added",
                &self.doubled,
            ),
        ]
    }
}

/// The columns of `corpus2`.
const COLUMNS: usize = 6;

/// Adds the lines of one file, and to `odd` those that are. A sentence that stands there twice has the opinions of both lines.
///
/// A row without an opinion has empty cells, or where an editor dropped them no cells. So a row is cut off that ends before
/// its last cell in a file that keeps empty ones, or that has a holder and no type.
fn read_opinions(
    file: &SourceFile,
    opinions: &mut BTreeMap<SentenceNumber, Opinion>,
    odd: &mut OddRows,
) -> Result<(), CorpusError> {
    let text = decode::decode(file)?;
    let keeps_empty = decode::tab_rows(&text).any(|(_, cells)| cells.len() == COLUMNS && cells[COLUMNS - 1].is_empty());
    for (line, cells) in decode::tab_rows(&text) {
        let (&[number, sentence], rest) = cells
            .split_first_chunk()
            .filter(|_| cells.len() <= COLUMNS)
            .ok_or_else(|| CorpusError::Columns {
                name: file.name.clone(),
                line,
                found: cells.len(),
                expected: "6 (number, sentence, holder, expression, type, target)",
            })?;
        let key = SentenceNumber::parse(number.trim()).ok_or_else(|| CorpusError::SentenceNumber {
            name: file.name.clone(),
            line,
            found: shortened(number),
        })?;
        let types = rest.get(2).copied().unwrap_or_default();
        let lacks_type = rest.len() < 3 && rest.iter().any(|cell| !cell.trim().is_empty());
        if cells.len() < COLUMNS && (keeps_empty || lacks_type) {
            odd.cut_off.push(format!("{}, line {line}", file.name));
        }
        let opinion = match opinions.entry(key) {
            Entry::Vacant(free) => free.insert(Opinion::of(number, sentence)),
            Entry::Occupied(first) => {
                odd.doubled
                    .push(format!("{}, line {line}: {}", file.name, number.trim()));
                first.into_mut()
            }
        };
        for behind in types.split(CRITICISM).skip(1) {
            match (behind.starts_with(PLUS_SIGNS), behind.starts_with(MINUS_SIGNS)) {
                (true, _) => opinion.praises = true,
                (_, true) => opinion.blames = true,
                (false, false) => opinion.has_other_sign = true,
            }
        }
    }
    Ok(())
}

/// Whether a sentence is made of these words; white space may be written otherwise.
fn is_same(sentence: &str, words: &[&str]) -> bool {
    let without_space = |text: &str| -> String { text.split_whitespace().collect() };
    without_space(sentence) == without_space(&words.concat())
}

fn surfaces(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| &*word.surface).collect()
}

fn labelled(text: String, label: &str) -> TextRow {
    TextRow {
        texts: vec![text],
        answer: Answer::Label(label.to_owned()),
    }
}

/// Drops `［グルメ］` at the head of an article; brackets may be words of their own or parts of words.
fn without_category<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let text = words.concat();
    let close = match text.chars().next() {
        Some('［') => '］',
        Some('[') => ']',
        _ => return words.to_vec(),
    };
    let mut left = text.find(close).map_or(0, |at| at + close.len_utf8());
    let mut kept = Vec::with_capacity(words.len());
    for word in words {
        let dropped = left.min(word.len());
        left -= dropped;
        if dropped < word.len() {
            kept.push(&word[dropped..]);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
