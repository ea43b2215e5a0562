//! Finds in a message what stands in the places that a template leaves open.
//!
//! A template is a text with names in braces. `{line}` and the like are digits, `{place}` is a line, a record or a question by its
//! number, `{label:?}` is in quotes, as `{:?}` writes it, or a list of numbers; any other name is any text. The text of these lies
//! between the earliest places where the rest fits: nothing is tried twice, so that the time is in proportion to the message's length.

/// What a template is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'t> {
    /// What every such message says.
    Literal(&'t str),
    /// What varies.
    Value {
        /// Its name.
        name: &'t str,
        /// What it may be.
        kind: Kind,
    },
}

/// What may stand in an open place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Digits.
    Number,
    /// A line, a record or a question by its number.
    Place,
    /// A text in quotes with escapes in it, or numbers in brackets; a text's value is what stands between the quotes.
    Quoted,
    /// Any text.
    Text,
}

/// The names of what is a number wherever it occurs.
const NUMBERS: [&str; 6] = ["byte", "column", "count", "line", "number", "tokens"];

impl Kind {
    /// What a name in braces stands for; the name without its mark.
    fn of(name: &str) -> (&str, Self) {
        match name.strip_suffix(":?") {
            Some(name) => (name, Self::Quoted),
            None if name == "place" => (name, Self::Place),
            None if NUMBERS.contains(&name) => (name, Self::Number),
            None => (name, Self::Text),
        }
    }

    /// The value at the start of `text`, and what follows it; for any text nothing, since its end is not its own.
    fn take(self, text: &str) -> Option<(&str, &str)> {
        match self {
            Self::Number => digits(text),
            Self::Place => {
                let kinds = ["line ", "record ", "question "];
                let number = kinds.iter().find_map(|kind| text.strip_prefix(kind))?;
                let (_, rest) = digits(number)?;
                Some((&text[..text.len() - rest.len()], rest))
            }
            Self::Quoted => quoted(text).or_else(|| numbers(text)),
            Self::Text => None,
        }
    }
}

fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some((&inside[..at], &inside[at + 1..])),
            _ => {}
        }
    }
    None
}

fn numbers(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find(|c: char| !c.is_ascii_digit() && !", ".contains(c))?;
    let rest = inside[end..].strip_prefix(']')?;
    Some((&text[..text.len() - rest.len()], rest))
}

/// Takes a template, or a sentence, apart.
pub fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((literal, behind)) = rest.split_once('{')
        && let Some((name, behind)) = behind.split_once('}')
    {
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        let (name, kind) = Kind::of(name);
        parts.push(Part::Value { name, kind });
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    parts
}

/// Bytes of the template that every such message has.
pub fn literal_length(template: &str) -> usize {
    let length = |part| match part {
        Part::Literal(literal) => literal.len(),
        Part::Value { .. } => 0,
    };
    parts(template).into_iter().map(length).sum()
}

/// The values of `message` by their names in `template`; nothing where it is no such message.
pub fn values<'t, 'm>(template: &'t str, message: &'m str) -> Option<Vec<(&'t str, &'m str)>> {
    let parts = parts(template);
    let text_name = |part: &Part<'t>| match part {
        Part::Value { name, kind: Kind::Text } => Some(*name),
        _ => None,
    };
    let mut runs = parts.split(|part| text_name(part).is_some());
    let mut values = Vec::new();
    let mut rest = follow(runs.next()?, message, &mut values)?;
    let mut names = parts.iter().filter_map(text_name).peekable();
    for run in runs {
        let name = names.next()?;
        let is_last = names.peek().is_none();
        let (text, behind) = find(run, rest, is_last, &mut values)?;
        values.push((name, text));
        rest = behind;
    }
    rest.is_empty().then_some(values)
}

/// What is left of `message` behind the parts at its start, none of which is any text.
fn follow<'t, 'm>(run: &[Part<'t>], message: &'m str, values: &mut Vec<(&'t str, &'m str)>) -> Option<&'m str> {
    let mut rest = message;
    for part in run {
        rest = match part {
            Part::Literal(literal) => rest.strip_prefix(literal)?,
            Part::Value { name, kind } => {
                let (value, behind) = kind.take(rest)?;
                values.push((name, value));
                behind
            }
        };
    }
    Some(rest)
}

/// What stands before and behind the earliest place where the parts follow each other; at the message's end if they are the last.
fn find<'t, 'm>(
    run: &[Part<'t>],
    message: &'m str,
    is_last: bool,
    values: &mut Vec<(&'t str, &'m str)>,
) -> Option<(&'m str, &'m str)> {
    let Some(Part::Literal(literal)) = run.first() else {
        // Nothing follows the text, or something that says nothing about where it begins.
        return (is_last && run.is_empty()).then_some((message, ""));
    };
    let known = values.len();
    let mut from = 0;
    while let Some(offset) = message[from..].find(literal) {
        let at = from + offset;
        if let Some(rest) = follow(run, &message[at..], values)
            && (!is_last || rest.is_empty())
        {
            return Some((&message[..at], rest));
        }
        values.truncate(known);
        from = at + literal.chars().next().map_or(1, char::len_utf8);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, message: &str, expected: Option<&[(&str, &str)]>) {
        let found = values(template, message);
        assert_eq!(found.as_deref(), expected, "{template} / {message}");
    }

    #[test]
    fn values_stand_where_the_template_has_their_names() {
        check("no rows", "no rows", Some(&[]));
        check("no rows", "no rows here", None);
        check(
            "{name}: no rows",
            "a: no rows: no rows",
            Some(&[("name", "a: no rows")]),
        );
        check("{name}: no rows", ": no rows", Some(&[("name", "")]));
        check(
            "{name}: line {line}: {found:?} is odd",
            r#"line 3: "x": line 12: "say \"is odd" is odd"#,
            Some(&[("line", "12"), ("found", r#"say \"is odd"#), ("name", r#"line 3: "x""#)]),
        );
        check("{name}: line {line} ends", "a: line x ends", None);
        check(
            "{name}: {place} ends: {why}",
            "a: record 9 ends: b: c",
            Some(&[("place", "record 9"), ("name", "a"), ("why", "b: c")]),
        );
        check("has {shape:?}.", "has [2, 3].", Some(&[("shape", "[2, 3]")]));
        check("has {shape:?}.", "has [2, x].", None);
        check("{a} is {b}", "x is y is z", Some(&[("a", "x"), ("b", "y is z")]));
    }

    #[test]
    fn a_brace_that_stays_open_is_a_text() {
        assert_eq!(parts("a {b"), [Part::Literal("a {b")]);
        assert_eq!(literal_length("a {b} c"), 4);
    }
}
