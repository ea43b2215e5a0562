//! Decodes text that is UTF-8 or EUC-JP, whichever it proves to be.

use std::borrow::Cow;

use encoding_rs::EUC_JP;

use super::{CorpusError, SourceFile};

/// Where browsers' EUC-JP (the decoder's) and everybody else's name another character for the same byte pair. The
/// UTF-8 edition of a corpus was made with the latter, as iconv and Python have it; EUC-JP has only one of each pair.
const AS_ICONV: [(char, char); 6] = [
    ('\u{FF0D}', '\u{2212}'),
    ('\u{FF5E}', '\u{301C}'),
    ('\u{2225}', '\u{2016}'),
    ('\u{FFE0}', '\u{00A2}'),
    ('\u{FFE1}', '\u{00A3}'),
    ('\u{FFE2}', '\u{00AC}'),
];

/// The text of a file, without a byte order mark.
///
/// Japanese in EUC-JP is no UTF-8 unless it is a few characters long: every kana breaks its rules.
pub(super) fn decode(file: &SourceFile) -> Result<String, CorpusError> {
    if let Ok(text) = std::str::from_utf8(&file.bytes) {
        return Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned());
    }
    let text = euc_jp(&file.bytes).ok_or_else(|| in_neither(file))?;
    let as_iconv = |c: char| {
        AS_ICONV
            .iter()
            .find(|(browser, _)| *browser == c)
            .map_or(c, |(_, other)| *other)
    };
    Ok(text.chars().map(as_iconv).collect())
}

fn euc_jp(bytes: &[u8]) -> Option<Cow<'_, str>> {
    EUC_JP.decode_without_bom_handling_and_without_replacement(bytes)
}

/// Names the first line that is in neither encoding; where each is in one of them, the first that is not in the encoding
/// of most.
///
/// In both encodings a newline ends any character: a file is in one exactly if all its lines are.
fn in_neither(file: &SourceFile) -> CorpusError {
    let lines = (1..).zip(file.bytes.split(|byte| *byte == b'\n'));
    let lines = lines.filter(|(_, line)| !line.is_ascii());
    // The number of each line that tells the encodings apart, whether it is UTF-8, whether EUC-JP.
    let lines: Vec<(usize, bool, bool)> = lines
        .map(|(number, line)| (number, std::str::from_utf8(line).is_ok(), euc_jp(line).is_some()))
        .collect();
    let name = file.name.clone();
    if let Some(&(line, ..)) = lines.iter().find(|(_, utf8, euc_jp)| !utf8 && !euc_jp) {
        return CorpusError::Encoding { name, line };
    }
    let count = |is_in: fn(&(usize, bool, bool)) -> bool| lines.iter().filter(|line| is_in(line)).count();
    let is_euc_jp = count(|line| line.2) > count(|line| line.1);
    let is_stranger = |(_, utf8, euc_jp): &&(usize, bool, bool)| if is_euc_jp { !euc_jp } else { !utf8 };
    let stranger = lines.iter().find(is_stranger);
    CorpusError::MixedEncodings {
        name,
        line: stranger.map_or(1, |(line, ..)| *line),
        encoding: if is_euc_jp { "EUC-JP" } else { "UTF-8" },
    }
}

/// The rows of tab-separated text in which `"` means nothing, each with its 1-based line; blank lines are skipped.
pub(super) fn tab_rows(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    let lines = (1..).zip(text.split('\n'));
    let lines = lines.map(|(number, line)| (number, line.strip_suffix('\r').unwrap_or(line)));
    let filled = lines.filter(|(_, line)| !line.trim().is_empty());
    filled.map(|(number, line)| (number, line.split('\t').collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> SourceFile {
        SourceFile {
            name: "corpus2/Kyoto.tsv".into(),
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn both_encodings_give_one_text() {
        // "批評−〜\n".encode("euc_jp") in Python: the minus sign and the wave dash are where decoders differ.
        let euc_jp = file(&[0xC8, 0xE3, 0xC9, 0xBE, 0xA1, 0xDD, 0xA1, 0xC1, b'\n']);
        assert_eq!(decode(&euc_jp).expect("EUC-JP"), "批評\u{2212}\u{301C}\n");
        assert_eq!(decode(&file("\u{feff}批評－".as_bytes())).expect("UTF-8"), "批評－");
    }

    #[test]
    fn other_bytes_are_named_with_their_line() {
        let mut bytes = "一\n二\n".as_bytes().to_vec();
        bytes.extend([0xFF, b'\n']);
        let error = decode(&file(&bytes)).expect_err("no encoding has 0xFF");
        assert_eq!(
            error.to_string(),
            "corpus2/Kyoto.tsv: line 3 is neither UTF-8 nor EUC-JP"
        );
    }

    #[test]
    fn damaged_lines_of_euc_jp_are_named_and_not_its_first_japanese() {
        // "語\n" in EUC-JP.
        let word = [0xB8, 0xEC, b'\n'];
        let message = |bytes: &[u8]| decode(&file(bytes)).expect_err("damaged").to_string();
        let damaged = [&b"#\n"[..], &word, &word, &[0xB8, 0xEC, 0xFF, 0xFE, b'\n'], &word].concat();
        assert_eq!(
            message(&damaged),
            "corpus2/Kyoto.tsv: line 4 is neither UTF-8 nor EUC-JP"
        );
        // Half a character at the end of a line takes nothing from the next.
        let cut = [&word[..], &[0xB8, b'\n'], &word].concat();
        assert_eq!(message(&cut), "corpus2/Kyoto.tsv: line 2 is neither UTF-8 nor EUC-JP");
        // A line in UTF-8 that was added to the edition in EUC-JP, and the other way round.
        let utf8 = "語である\n".as_bytes();
        let mixed = message(&[&word[..], &word, utf8].concat());
        assert_eq!(mixed, "corpus2/Kyoto.tsv: line 3 is not EUC-JP, as other lines are");
        let mixed = message(&[utf8, &word, utf8].concat());
        assert_eq!(mixed, "corpus2/Kyoto.tsv: line 2 is not UTF-8, as other lines are");
    }

    #[test]
    fn rows_keep_their_lines_and_their_empty_cells() {
        let rows: Vec<_> = tab_rows("a\t\t\r\n\n\"b\tc").collect();
        assert_eq!(rows, [(1, vec!["a", "", ""]), (3, vec!["\"b", "c"])]);
    }
}
