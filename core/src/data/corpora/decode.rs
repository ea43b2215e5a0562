//! Decodes text that is UTF-8 or EUC-JP, whichever it proves to be.

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
    let not_utf8 = match std::str::from_utf8(&file.bytes) {
        Ok(text) => return Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
        Err(error) => error.valid_up_to(),
    };
    let decoded = EUC_JP.decode_without_bom_handling_and_without_replacement(&file.bytes);
    let text = decoded.ok_or_else(|| CorpusError::Encoding {
        name: file.name.clone(),
        line: 1 + file.bytes[..not_utf8].iter().filter(|byte| **byte == b'\n').count(),
    })?;
    let as_iconv = |c: char| {
        AS_ICONV
            .iter()
            .find(|(browser, _)| *browser == c)
            .map_or(c, |(_, other)| *other)
    };
    Ok(text.chars().map(as_iconv).collect())
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
    fn rows_keep_their_lines_and_their_empty_cells() {
        let rows: Vec<_> = tab_rows("a\t\t\r\n\n\"b\tc").collect();
        assert_eq!(rows, [(1, vec!["a", "", ""]), (3, vec!["\"b", "c"])]);
    }
}
