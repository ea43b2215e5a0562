//! Reads the named parts of a text from JSON: `{"span": [start, end], "type": …}` or `{"start", "end", "label"}`, in characters.
//!
//! Where a record also quotes the part (`name` or `text`), it has to be what stands there: a count in bytes or in UTF-16 is
//! noticed, not learned from.

use serde_json::{Map, Value};

use super::{DataError, EntitySpan, Gold, Place};
use crate::bio::is_type;

/// The spans that `items` describe in `text`, in order.
///
/// # Errors
/// If one is not of this form, lies outside the text or over another, or quotes something else.
pub(super) fn read(name: &str, place: Place, text: &str, items: &[Value]) -> Result<Gold, DataError> {
    let characters: Vec<char> = text.chars().collect();
    let wrong = |reason| {
        let name = name.to_owned();
        move |item: &Value| DataError::Span {
            name,
            place,
            item: item.to_string(),
            reason,
        }
    };
    let mut spans = Vec::with_capacity(items.len());
    for item in items {
        let span = item.as_object().and_then(span_of);
        let span = span.ok_or_else(|| wrong(FORM)(item))?;
        if span.start >= span.end {
            return Err(wrong("ends where it begins, or before")(item));
        }
        let inside = characters.get(span.start as usize..span.end as usize);
        let inside = inside.ok_or_else(|| wrong("lies outside the text")(item))?;
        let quoted = ["name", "text"].iter().find_map(|key| item.get(key)?.as_str());
        if quoted.is_some_and(|quoted| !quoted.chars().eq(inside.iter().copied())) {
            return Err(wrong("quotes something else than stands there")(item));
        }
        spans.push((span, item));
    }
    spans.sort_by_key(|(span, _)| span.start);
    if let Some([_, (_, item)]) = spans.array_windows().find(|[(one, _), (next, _)]| next.start < one.end) {
        return Err(wrong("lies over another")(item));
    }
    Ok(Gold::Spans(spans.into_iter().map(|(span, _)| span).collect()))
}

const FORM: &str = "needs a span of two numbers and a type, or start, end and label";

fn span_of(item: &Map<String, Value>) -> Option<EntitySpan> {
    let number = |value: &Value| u32::try_from(value.as_u64()?).ok();
    let [start, end] = match item.get("span").and_then(Value::as_array) {
        Some(span) => [span.first()?, span.get(1)?],
        None => [item.get("start")?, item.get("end")?],
    };
    let label = item.get("type").or_else(|| item.get("label"))?.as_str()?.trim();
    if !is_type(label) {
        return None;
    }
    Some(EntitySpan {
        start: number(start)?,
        end: number(end)?,
        label: label.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use crate::data::{GoldColumn, ReadOptions, read as read_file};

    fn spans(json: &str) -> Result<Vec<(u32, u32, String)>, String> {
        let options = ReadOptions {
            gold: GoldColumn::Entities,
            ..ReadOptions::default()
        };
        let data = read_file("ner.json", json.as_bytes(), &options).map_err(|error| error.to_string())?;
        let spans = data.examples[0].gold.spans().expect("spans").iter();
        Ok(spans.map(|span| (span.start, span.end, span.label.clone())).collect())
    }

    #[test]
    fn both_spellings_are_read_in_order() {
        let json = r#"[{"curid":"1","text":"𠮷野家と東京","entities":[
            {"name":"東京","span":[4,6],"type":"地名"},{"start":0,"end":3,"label":"店","text":"𠮷野家"}]}]"#;
        assert_eq!(
            spans(json),
            Ok(vec![(0, 3, "店".to_owned()), (4, 6, "地名".to_owned())])
        );
        let work = r#"[{"text":"雪国","entities":[{"span":[0,2],"type":" creative work "}]}]"#;
        assert_eq!(spans(work), Ok(vec![(0, 2, "creative work".to_owned())]));
        assert_eq!(spans(r#"[{"text":"何もない","entities":[]}]"#), Ok(vec![]));
    }

    #[test]
    fn entities_are_a_list() {
        let one = r#"[{"text":"abc","entities":{"span":[0,1],"type":"x"}}]"#;
        assert_eq!(
            spans(one).expect_err("an object"),
            "ner.json: record 1: \"entities\" is an object, expected a list of entities in [ ]"
        );
    }

    #[test]
    fn spans_that_cannot_be_are_named() {
        for (entity, reason) in [
            (r#"{"span":[0,4],"type":"x"}"#, "lies outside the text"),
            (r#"{"span":[1,1],"type":"x"}"#, "ends where it begins"),
            (r#"{"span":[2,1],"type":"x"}"#, "ends where it begins"),
            (r#"{"span":[0,2],"type":"x","name":"bc"}"#, "quotes something else"),
            (r#"{"span":[0],"type":"x"}"#, "needs a span"),
            (r#"{"span":[0,-1],"type":"x"}"#, "needs a span"),
            (r#"{"span":[0,1]}"#, "needs a span"),
            (r#"{"span":[0,1],"type":" "}"#, "needs a span"),
            (r#"{"span":[0,1],"type":"a\tb"}"#, "needs a span"),
            (r#"7"#, "needs a span"),
            (
                r#"{"span":[0,2],"type":"x"},{"span":[1,3],"type":"y"}"#,
                "lies over another",
            ),
        ] {
            let message = spans(&format!(r#"[{{"text":"abc","entities":[{entity}]}}]"#)).expect_err(entity);
            assert!(
                message.starts_with("ner.json: record 1: entity ") && message.contains(reason),
                "{message}"
            );
        }
    }
}
