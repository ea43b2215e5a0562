//! Gives short names to the functions that a program and its JavaScript call of each other. wasm-bindgen's hold a hash of
//! sixteen digits, which nothing compresses, and stand in both files.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use anyhow::{Context, Result, bail};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{ExportSection, ImportSection, Module};
use wasmparser::{Export, ImportSectionReader, Parser, Payload};

use super::glue::Program;

/// Long names and the short ones that take their place.
type Names = BTreeMap<String, String>;

/// Shortens the names in both files of a program.
///
/// # Errors
/// If its file is not WebAssembly, or its JavaScript lacks one of the names.
pub fn shorten(program: &mut Program) -> Result<()> {
    let script = format!("{}.js", program.name);
    let (name, bytes) = program.wasm()?;
    let names = names(bytes).with_context(|| format!("reading the names of {name}"))?;
    let mut module = Module::new();
    Renaming { names: &names }.parse_core_module(&mut module, Parser::new(0), bytes)?;
    *bytes = module.finish();
    let Some(bytes) = program.files.get_mut(&script) else {
        bail!("{script} is not among what wasm-bindgen made");
    };
    let text = str::from_utf8(bytes).with_context(|| script.clone())?;
    *bytes = renamed(text, &names)
        .with_context(|| format!("shortening the names in {script}"))?
        .into_bytes();
    Ok(())
}

/// Short names for all imports of the program `bytes`, and for the exports whose names the compiler made.
fn names(bytes: &[u8]) -> Result<Names> {
    let mut long = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    long.push(('i', import?.name));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let name = export?.name;
                    if rustc_demangle::try_demangle(name).is_ok() {
                        long.push(('e', name));
                    }
                }
            }
            _ => {}
        }
    }
    let mut names = Names::new();
    for (number, (kind, name)) in long.into_iter().enumerate() {
        if names.insert(name.to_owned(), format!("{kind}{number}")).is_some() {
            bail!("{name} is there twice");
        }
    }
    Ok(names)
}

/// The JavaScript `text` with the short names.
fn renamed(text: &str, names: &Names) -> Result<String> {
    let mut result = String::with_capacity(text.len());
    let mut missing: BTreeSet<&String> = names.keys().collect();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_a_name(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        match names.get_key_value(word) {
            Some((long, short)) => {
                missing.remove(long);
                result.push_str(short);
            }
            None => result.push_str(word),
        }
        let gap = behind.find(is_of_a_name).unwrap_or(behind.len());
        result.push_str(&behind[..gap]);
        rest = &behind[gap..];
    }
    match missing.first() {
        None => Ok(result),
        Some(name) => bail!("{name} does not occur"),
    }
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

struct Renaming<'a> {
    names: &'a Names,
}

/// The name that takes the place of `name`.
fn new<'a>(names: &'a Names, name: &'a str) -> &'a str {
    names.get(name).map_or(name, String::as_str)
}

impl Reencode for Renaming<'_> {
    type Error = Infallible;

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        for import in section.into_imports() {
            let import = import?;
            imports.import(
                import.module,
                new(self.names, import.name),
                self.entity_type(import.ty)?,
            );
        }
        Ok(())
    }

    fn parse_export(&mut self, exports: &mut ExportSection, export: Export<'_>) -> Result<(), Error<Infallible>> {
        let name = new(self.names, export.name);
        wasm_encoder::reencode::utils::parse_export(self, exports, Export { name, ..export })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{EntityType, ExportKind, TypeSection};

    const CLOSURE: &str = "_ZN12wasm_bindgen7convert8closures1_6invoke17h045e30f7bccca5c4E";

    /// A program that imports one function and exports it under two names.
    fn program(script: &str) -> Program {
        let (mut types, mut imports, mut exports) = (TypeSection::new(), ImportSection::new(), ExportSection::new());
        types.ty().function([], []);
        imports.import("./page_bg.js", "__wbg_log_0123456789abcdef", EntityType::Function(0));
        exports.export("__wbindgen_start", ExportKind::Func, 0);
        exports.export(CLOSURE, ExportKind::Func, 0);
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&exports);
        let files = [
            ("page_bg.wasm".to_owned(), module.finish()),
            ("page.js".to_owned(), script.as_bytes().to_vec()),
        ];
        Program {
            name: "page".to_owned(),
            files: files.into(),
        }
    }

    #[test]
    fn both_files_have_the_same_short_names() {
        let mut program = program(&format!(
            "a = {{__wbg_log_0123456789abcdef: 1}}; wasm.{CLOSURE}(日本); wasm.__wbindgen_start(__wbg_log_01)"
        ));
        shorten(&mut program).expect("a program");
        assert_eq!(
            program.files["page.js"],
            "a = {i0: 1}; wasm.e1(日本); wasm.__wbindgen_start(__wbg_log_01)".as_bytes()
        );
        let mut found = Vec::new();
        for payload in Parser::new(0).parse_all(&program.files["page_bg.wasm"]) {
            match payload.expect("valid") {
                Payload::ImportSection(imports) => {
                    found.extend(imports.into_imports().map(|import| import.expect("valid").name));
                }
                Payload::ExportSection(exports) => {
                    found.extend(exports.into_iter().map(|export| export.expect("valid").name));
                }
                _ => {}
            }
        }
        assert_eq!(found, ["i0", "__wbindgen_start", "e1"]);
    }

    #[test]
    fn a_name_that_only_one_file_has_is_noticed() {
        let error = shorten(&mut program(&format!("wasm.{CLOSURE}()"))).expect_err("no import in the script");
        assert!(format!("{error:#}").contains("__wbg_log_0123456789abcdef"), "{error:#}");
    }
}
