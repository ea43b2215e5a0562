//! Puts a program's functions in the order of their names, and takes the names away: functions that were made from the same
//! generic one, or for the same method of a trait, stand together then, where a compressor finds what they share.
//! wasm-bindgen leaves them in the order of their sizes.

use std::collections::HashMap;
use std::fmt;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{
    BinaryReaderError, CodeSectionReader, CustomSectionReader, FunctionSectionReader, KnownCustom, Name, Parser,
    Payload, TypeRef,
};

use super::glue::Program;

/// The functions of a program.
pub struct Functions<'a> {
    /// How many are imported: they come first.
    pub imported: usize,
    /// The bodies of all others.
    pub bodies: Vec<&'a [u8]>,
    /// Mangled names by number, imported functions' too.
    pub names: HashMap<usize, &'a str>,
}

impl<'a> Functions<'a> {
    /// The functions of the program `bytes`.
    ///
    /// # Errors
    /// If it is not WebAssembly.
    pub fn of(bytes: &'a [u8]) -> Result<Self> {
        let mut functions = Self {
            imported: 0,
            bodies: Vec::new(),
            names: HashMap::new(),
        };
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        functions.imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::CodeSectionEntry(body) => functions.bodies.push(&bytes[body.range()]),
                Payload::CustomSection(section) => functions.read_names(section)?,
                _ => {}
            }
        }
        Ok(functions)
    }

    fn read_names(&mut self, section: CustomSectionReader<'a>) -> Result<()> {
        let KnownCustom::Name(reader) = section.as_known() else {
            return Ok(());
        };
        for part in reader {
            if let Name::Function(functions) = part? {
                for naming in functions {
                    let naming = naming?;
                    self.names.insert(naming.index as usize, naming.name);
                }
            }
        }
        Ok(())
    }

    /// The name of the function with the `index`-th body, as in the source.
    pub fn name(&self, index: usize) -> String {
        let mangled = self.names.get(&(self.imported + index)).copied();
        format!("{:#}", rustc_demangle::demangle(mangled.unwrap_or_default()))
    }
}

/// Orders the functions of a program that has their names.
///
/// # Errors
/// If its file is not WebAssembly.
pub fn order(program: &mut Program) -> Result<()> {
    let (name, bytes) = program.wasm()?;
    *bytes = by_name(bytes).with_context(|| format!("ordering the functions of {name}"))?;
    Ok(())
}

/// The program `bytes` with its functions in the order of their names, without these.
fn by_name(bytes: &[u8]) -> Result<Vec<u8>> {
    let functions = Functions::of(bytes)?;
    let mut order: Vec<usize> = (0..functions.bodies.len()).collect();
    order.sort_by_cached_key(|&index| (method(&functions.name(index)).to_owned(), functions.bodies[index]));
    let mut numbers: Vec<u32> = (0..).take(functions.imported + order.len()).collect();
    for (new, &old) in order.iter().enumerate() {
        numbers[functions.imported + old] = u32::try_from(functions.imported + new)?;
    }
    let mut module = Module::new();
    Ordering { order, numbers }.parse_core_module(&mut module, Parser::new(0), bytes)?;
    Ok(module.finish())
}

/// Of `<Type as Trait>::method` the part behind the type, of any other name all.
fn method(name: &str) -> &str {
    let mut depth = 0;
    for (at, c) in name.char_indices() {
        match c {
            '<' => depth += 1,
            // Of an arrow.
            '>' if name[..at].ends_with('-') => {}
            '>' => depth -= 1,
            ' ' if depth == 1 && name.starts_with('<') && name[at..].starts_with(" as ") => return &name[at..],
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    name
}

struct Ordering {
    /// Which body stands at each place.
    order: Vec<usize>,
    /// New numbers of all functions.
    numbers: Vec<u32>,
}

/// An index that a valid program does not have.
#[derive(Debug)]
struct NoFunction(u32);

impl fmt::Display for NoFunction {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "there is no function {}", self.0)
    }
}

impl std::error::Error for NoFunction {}

impl Ordering {
    /// What a section holds of each function, in the new order.
    fn ordered<T>(
        &self,
        items: impl Iterator<Item = Result<T, BinaryReaderError>>,
    ) -> Result<Vec<T>, Error<NoFunction>> {
        let items = items.collect::<Result<Vec<T>, _>>()?;
        let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
        let missing = |&index: &usize| Error::UserError(NoFunction(index as u32));
        let order = self.order.iter();
        order
            .map(|index| {
                items
                    .get_mut(*index)
                    .and_then(Option::take)
                    .ok_or_else(|| missing(index))
            })
            .collect()
    }
}

impl Reencode for Ordering {
    type Error = NoFunction;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<NoFunction>> {
        let number = self.numbers.get(function as usize).copied();
        number.ok_or(Error::UserError(NoFunction(function)))
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error<NoFunction>> {
        for type_index in self.ordered(section.into_iter())? {
            functions.function(self.type_index(type_index)?);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error<NoFunction>> {
        for body in self.ordered(section.into_iter())? {
            self.parse_function_body(code, body)?;
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), Error<NoFunction>> {
        if let KnownCustom::Name(_) = section.as_known() {
            return Ok(());
        }
        module.section(&self.custom_section(section)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{
        CodeSection, ExportKind, ExportSection, Function, FunctionSection, Instruction, NameMap, NameSection,
        TypeSection, ValType,
    };

    /// Three functions `[] -> [i32]`: "c" calls "a" and is exported, "b" gives 2, "a" gives 1.
    fn program() -> Vec<u8> {
        let (mut types, mut functions, mut exports) =
            (TypeSection::new(), FunctionSection::new(), ExportSection::new());
        types.ty().function([], [ValType::I32]);
        functions.function(0).function(0).function(0);
        exports.export("c", ExportKind::Func, 0);
        let mut code = CodeSection::new();
        for instruction in [Instruction::Call(2), Instruction::I32Const(2), Instruction::I32Const(1)] {
            let mut function = Function::new([]);
            function.instruction(&instruction).instruction(&Instruction::End);
            code.function(&function);
        }
        let mut map = NameMap::new();
        for (index, name) in [(0, "c"), (1, "b"), (2, "a")] {
            map.append(index, name);
        }
        let mut names = NameSection::new();
        names.functions(&map);
        let mut module = Module::new();
        module
            .section(&types)
            .section(&functions)
            .section(&exports)
            .section(&code)
            .section(&names);
        module.finish()
    }

    #[test]
    fn functions_stand_by_name_and_calls_follow() {
        let ordered = by_name(&program()).expect("a program");
        let functions = Functions::of(&ordered).expect("a program");
        assert!(functions.names.is_empty(), "the names are gone");
        let mut bodies = Vec::new();
        let mut exported = None;
        for payload in Parser::new(0).parse_all(&ordered) {
            match payload.expect("valid") {
                Payload::CodeSectionEntry(body) => {
                    let mut operators = body.get_operators_reader().expect("operators");
                    bodies.push(format!("{:?}", operators.read().expect("one")));
                }
                Payload::ExportSection(exports) => {
                    exported = exports.into_iter().next().map(|export| export.expect("valid").index);
                }
                _ => {}
            }
        }
        assert_eq!(
            bodies,
            [
                "I32Const { value: 1 }",
                "I32Const { value: 2 }",
                "Call { function_index: 0 }"
            ]
        );
        assert_eq!(exported, Some(2));
    }

    #[test]
    fn methods_of_a_trait_are_told_from_their_types() {
        for (name, expected) in [
            (
                "<alloc::vec::Vec<T> as core::clone::Clone>::clone",
                " as core::clone::Clone>::clone",
            ),
            (
                "<fn() -> u8 as a::B<<c::D as e::F>::G>>::h",
                " as a::B<<c::D as e::F>::G>>::h",
            ),
            ("<a::B<c::D as e>>::f", "<a::B<c::D as e>>::f"),
            ("a::b<<c as d>::e>", "a::b<<c as d>::e>"),
            ("", ""),
        ] {
            assert_eq!(method(name), expected);
        }
    }

    #[test]
    fn what_is_no_program_is_refused() {
        assert!(by_name(b"<!doctype html>").is_err());
    }
}
