//! Reads what the sources say: the `#[error("…")]` attributes, and all string literals.

use std::path::Path;
use std::sync::LazyLock;

use terakoya_web::translation::template;

/// An `#[error("…")]` attribute.
pub struct Attribute {
    /// Its file, from the top of the project.
    pub path: String,
    /// Its 1-based line.
    pub line: usize,
    /// The text between the quotes.
    pub template: String,
    /// Whether the error has a cause, which the worker says behind it.
    has_source: bool,
}

impl Attribute {
    /// What the worker says of it.
    pub fn whole(&self) -> String {
        let source = if self.has_source { ": {source}" } else { "" };
        format!("{}{source}", self.template)
    }

    /// Whether an entry's template is for this.
    pub fn is_said_by(&self, template: &str) -> bool {
        fits(&self.whole(), template, true)
    }
}

/// The sources that the site is made of, without the catalogue itself and without tests.
static SOURCES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let mut sources = Vec::new();
    for folder in ["core/src", "web/src"] {
        walk(folder, &mut sources);
    }
    sources.retain(|(path, _)| !path.starts_with("web/src/translation") && !path.ends_with("/tests.rs"));
    sources.sort();
    assert!(
        sources.iter().any(|(path, _)| path == "core/src/data/error.rs"),
        "the sources were not found"
    );
    sources
});

fn walk(folder: &str, sources: &mut Vec<(String, String)>) {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entries = std::fs::read_dir(top.join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("{folder}: {error}"));
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            walk(&path, sources);
        } else if path.ends_with(".rs") {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_else(|error| panic!("{path}: {error}"));
            sources.push((path, text));
        }
    }
}

/// All attributes that have a text of their own.
pub fn attributes() -> Vec<Attribute> {
    SOURCES
        .iter()
        .flat_map(|(path, text)| attributes_of(path, text))
        .collect()
}

fn attributes_of(path: &str, text: &str) -> Vec<Attribute> {
    const BEGINNING: &str = "#[error(";
    let starts: Vec<usize> = text.match_indices(BEGINNING).map(|(at, _)| at).collect();
    let mut found = Vec::new();
    for (number, start) in starts.iter().enumerate() {
        let inside = text[start + BEGINNING.len()..].trim_start();
        let Some((template, behind)) = literal(inside) else {
            assert!(
                inside.starts_with("transparent)"),
                "{path}: an attribute without a text"
            );
            continue;
        };
        // The variant ends before the next attribute, or where its enum or struct does.
        let end = starts.get(number + 1).map_or(text.len(), |next| *next);
        let variant = &behind[..behind.len() - (text.len() - end)];
        let variant = &variant[..variant.find("\n}").unwrap_or(variant.len())];
        let code = variant.lines().filter(|line| !line.trim_start().starts_with("///"));
        let has_source = code
            .clone()
            .any(|line| line.trim_start().starts_with("source:") || line.contains("#[from]"));
        found.push(Attribute {
            path: path.to_owned(),
            line: 1 + text[..*start].matches('\n').count(),
            template,
            has_source,
        });
    }
    found
}

/// All string literals of the files whose paths begin so.
pub fn strings(beginning: &str) -> Vec<String> {
    let files = SOURCES.iter().filter(|(path, _)| path.starts_with(beginning));
    files.flat_map(|(_, text)| strings_of(text)).collect()
}

fn strings_of(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        rest = &rest[at..];
        let step = if let Some((string, behind)) = literal(rest) {
            found.push(string);
            rest.len() - behind.len()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\'") {
            3
        } else {
            1
        };
        rest = &rest[step..];
    }
    found
}

/// The string literal at the start of a source, and what follows it.
fn literal(source: &str) -> Option<(String, &str)> {
    let mut rest = source.strip_prefix('"')?;
    let mut text = String::new();
    loop {
        let end = rest.find(['"', '\\'])?;
        text.push_str(&rest[..end]);
        let behind = &rest[end + 1..];
        if rest[end..].starts_with('"') {
            return Some((text, behind));
        }
        let escaped = behind.chars().next()?;
        rest = &behind[escaped.len_utf8()..];
        match escaped {
            // The line goes on where the next one has its first character.
            '\n' => rest = rest.trim_start(),
            'n' => text.push('\n'),
            escaped => text.push(escaped),
        }
    }
}

/// What may be said in an entry where a message names it: the core has only a few of each.
const SPELLED_OUT: [&str; 2] = ["reason", "expected"];

/// Whether the entry's template is for what `said` writes. A place without a name may have any name in the entry, and any text if
/// it may be `spelled_out`; a place with a name has the same in both.
pub fn fits(said: &str, entry: &str, spelled_out: bool) -> bool {
    let said = bracketed(said, &|name| {
        let is_unnamed = name.is_empty() || name.parse::<usize>().is_ok();
        let is_open = is_unnamed || spelled_out && SPELLED_OUT.contains(&name);
        (!is_open).then(|| name.to_owned())
    });
    let entry = bracketed(entry, &|name| Some(name.to_owned()));
    let is_name = |value: &str| {
        let name = value.strip_prefix('⟨').and_then(|value| value.strip_suffix('⟩'));
        name.is_some_and(|name| !name.contains(['⟨', '⟩']))
    };
    template::literal_length(&said) > 0
        && template::values(&said, &entry)
            .is_some_and(|values| spelled_out || values.iter().all(|(_, value)| is_name(value)))
}

/// A template with its names in other brackets, without their format; those without a name stay open.
fn bracketed(template: &str, name_of: &dyn Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((literal, behind)) = rest.split_once('{') {
        text.push_str(literal);
        let Some((name, behind)) = behind.split_once('}') else {
            break;
        };
        let name = name.split(':').next().unwrap_or_default();
        match name_of(name) {
            Some(name) => text.push_str(&format!("⟨{name}⟩")),
            None => text.push_str("{open}"),
        }
        rest = behind;
    }
    text + rest
}

#[test]
fn attributes_are_read_with_their_causes() {
    let source = "enum E {\n    /// A.\n    #[error(\n        \"{a}: \\\"b\\\" \\\n         c\", d(.e)\n    )]\n    A {\n        /// source: no\n        a: String,\n    },\n    \
                  #[error(\"x\")]\n    B {\n        source: Y,\n    },\n    #[error(transparent)]\n    C(#[from] Z),\n}\n";
    let found = attributes_of("e.rs", source);
    let found: Vec<(usize, String)> = found.iter().map(|found| (found.line, found.whole())).collect();
    assert_eq!(found, [(3, "{a}: \"b\" c".to_owned()), (11, "x: {source}".to_owned())]);
}

#[test]
fn strings_are_told_from_comments_and_characters() {
    let found = strings_of("f(\"a\\\"b\", '\"', 'c'); // \"no\"\nlet d: &'static str = \"e\";");
    assert_eq!(found, ["a\"b", "e"]);
}

#[test]
fn an_entry_is_for_what_has_its_words_and_names() {
    for (said, entry, spelled_out, expected) in [
        ("{a}: {b:?} is no", "{a}: {b:?} is no", true, true),
        ("{a}: {b:?} is no", "{a}: {b} is no", true, true),
        ("{a}: {b:?} is no", "{a}: {c} is no", true, false),
        ("{a}: {b:?} is no", "{a}: {b} is not", true, false),
        ("about {} MB", "about {needed} MB", false, true),
        ("about {} MB", "about 3 {needed} MB", false, false),
        ("{a} has {}: {}", "{a} has none: it is old", true, true),
        ("{a} is {reason}", "{a} is too long", true, true),
        ("{a} is {reason}", "{a} is too long", false, false),
        ("{}", "anything", true, false),
    ] {
        assert_eq!(fits(said, entry, spelled_out), expected, "{said} / {entry}");
    }
}
