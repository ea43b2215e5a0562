//! Reads a user dictionary: lines of MeCab's user format, of which surface, left id, right id and cost count.

use super::super::trie::Surfaces;
use super::{Dictionary, DictionaryError, UserEntryProblem, Word};

/// Fields beyond these are features, which decide nothing.
const FIELDS: usize = 4;

/// Reads the lines of `csv` with the ids of MeCab's `left-id.def` and `right-id.def` that `dictionary` was made with.
pub(super) fn read(csv: &[u8], dictionary: &Dictionary) -> Result<Surfaces<Word>, DictionaryError> {
    let mut entries: Vec<(Vec<u16>, Word)> = Vec::new();
    for (index, line) in csv.split(|&byte| byte == b'\n').enumerate() {
        let problem = |reason| DictionaryError::UserEntry {
            line: index + 1,
            reason,
        };
        let line = std::str::from_utf8(line).map_err(|_| problem(UserEntryProblem::NotUtf8))?;
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        entries.push(entry(line, dictionary).map_err(problem)?);
    }
    // Stable: entries of one surface keep their order, which a tie prefers.
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    let mut surfaces = Surfaces::default();
    for same in entries.chunk_by(|one, other| one.0 == other.0) {
        let words: Vec<Word> = same.iter().map(|(_, word)| *word).collect();
        surfaces.push(same[0].0.iter().copied(), &words);
    }
    Ok(surfaces)
}

fn entry(line: &str, dictionary: &Dictionary) -> Result<(Vec<u16>, Word), UserEntryProblem> {
    let fields = fields(line)?;
    let [surface, left, right, cost] = fields.as_slice() else {
        return Err(UserEntryProblem::TooFewColumns(fields.len()));
    };
    if surface.is_empty() {
        return Err(UserEntryProblem::EmptySurface);
    }
    let word = Word {
        left: id("left id", left, &dictionary.left_ids)?,
        right: id("right id", right, &dictionary.right_ids)?,
        cost: number("cost", cost, i16::MIN.into(), i16::MAX.into())? as i16,
    };
    Ok((surface.encode_utf16().collect(), word))
}

fn id(column: &'static str, value: &str, ids: &[Option<u16>]) -> Result<u16, UserEntryProblem> {
    let highest = i32::try_from(ids.len()).unwrap_or(i32::MAX) - 1;
    let id = number(column, value, 0, highest)?;
    let known = ids.get(id as usize).copied().flatten();
    known.ok_or(UserEntryProblem::UnusedId { column, id: id as u16 })
}

fn number(column: &'static str, value: &str, low: i32, high: i32) -> Result<i32, UserEntryProblem> {
    let number = value.trim().parse().ok().filter(|number| (low..=high).contains(number));
    number.ok_or_else(|| UserEntryProblem::NotANumber {
        column,
        value: value.to_owned(),
        low,
        high,
    })
}

/// The first fields of a line; a quoted field may hold commas, and quotes written twice.
fn fields(line: &str) -> Result<Vec<String>, UserEntryProblem> {
    let mut fields = Vec::new();
    let mut rest = Some(line);
    while let Some(text) = rest
        && fields.len() < FIELDS
    {
        let Some(quoted) = text.strip_prefix('"') else {
            let (field, after) = text
                .split_once(',')
                .map_or((text, None), |(field, after)| (field, Some(after)));
            fields.push(field.to_owned());
            rest = after;
            continue;
        };
        let mut field = String::new();
        let mut characters = quoted.chars();
        loop {
            match characters.next() {
                None => return Err(UserEntryProblem::Quote),
                Some('"') if characters.as_str().starts_with('"') => {
                    characters.next();
                    field.push('"');
                }
                Some('"') => break,
                Some(character) => field.push(character),
            }
        }
        fields.push(field);
        rest = match characters.as_str() {
            "" => None,
            after => Some(after.strip_prefix(',').ok_or(UserEntryProblem::Quote)?),
        };
    }
    Ok(fields)
}
