//! Empties functions of a program that nothing here calls, but that the linker keeps: they stand in tables, where tensor
//! code chooses at run time among kernels for inputs and devices that the site never has.
//!
//! An emptied function traps, so that a wrong entry of the list is an error of the page and no wrong number. What only
//! these functions call, binaryen then drops.

use std::convert::Infallible;

use anyhow::{Context, Result, bail};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, Function, Instruction, Module};
use wasmparser::{FunctionBody, Parser};

use super::glue::Program;
use super::order::Functions;

/// Parts of the names of functions that are never called.
const UNUSED: [&str; 18] = [
    // Kernels are built, never read from text.
    "combine::parser::",
    "combine::stream::",
    "as pliron::parsable::Parsable>::parse",
    // Weights are dequantized when they are read, and none is kept in blocks.
    "cubecl_std::quant::view::run_with_quant_type::",
    "cubecl_std::quant::view::QuantizedViewExpand<",
    "cubecl_std::quant::dequantize::",
    "cubek_quant::",
    "::ops::qtensor::QTensorOps",
    "cubek_tile::tile::packing::view::unpack_",
    "cubek_tile::tile::packing::view::PackedViewExpand<",
    // A browser lets nobody at the matrix units, and no tensor is stored in tiles.
    "cubek_matmul::tiled::cmma::",
    "cubek_matmul::tiled::cpu_gemm::",
    "cubek_tile::tile::kind::plane::mma::",
    "::tile::variants::instruction::mma::",
    "cubek_tile::ops::matmul::leaf::cmma::",
    // Tensors are of 32 bits, and a browser without SIMD does not start the program.
    "gemm_f16::",
    "gemm_f64::",
    "gemm_f32::microkernel::scalar::",
];

/// Bytes of the smallest function that is emptied: the compiler makes one of small functions that do the same, and keeps the
/// name of any.
const SMALLEST: usize = 256;

/// Empties the functions of a program that has their names.
///
/// # Errors
/// If its file is not WebAssembly, or an entry of the list fits none of its functions although it computes.
pub fn empty(program: &mut Program) -> Result<()> {
    let (name, bytes) = program.wasm()?;
    let functions = Functions::of(bytes)?;
    let mut fitting = [0; UNUSED.len()];
    let mut unused = Vec::new();
    for index in 0..functions.bodies.len() {
        let worth_it = functions.bodies[index].len() >= SMALLEST;
        let entry = entry(&functions.name(index)).filter(|_| worth_it);
        unused.push(entry.is_some());
        entry.into_iter().for_each(|entry| fitting[entry] += 1);
    }
    if let (true, Some(stale)) = (
        fitting.iter().any(|&count| count > 0),
        fitting.iter().position(|&count| count == 0),
    ) {
        bail!("{name}: no function is called {:?} any more", UNUSED[stale]);
    }
    let sizes = functions.bodies.iter().zip(&unused).filter(|&(_, &unused)| unused);
    let size: usize = sizes.map(|(body, _)| body.len()).sum();
    println!(
        "{name}: emptied {} functions, {size} bytes",
        fitting.iter().sum::<usize>()
    );
    *bytes = without(bytes, unused).with_context(|| format!("emptying functions of {name}"))?;
    Ok(())
}

/// The first entry of the list that the function `name` fits.
fn entry(name: &str) -> Option<usize> {
    UNUSED.iter().position(|part| name.contains(part))
}

/// The program `bytes` in which the functions that are `unused` trap.
fn without(bytes: &[u8], unused: Vec<bool>) -> Result<Vec<u8>> {
    let mut module = Module::new();
    let mut emptying = Emptying {
        unused: unused.into_iter(),
    };
    emptying.parse_core_module(&mut module, Parser::new(0), bytes)?;
    Ok(module.finish())
}

struct Emptying {
    /// For the bodies that are still to come.
    unused: std::vec::IntoIter<bool>,
}

impl Reencode for Emptying {
    type Error = Infallible;

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), Error<Infallible>> {
        if self.unused.next() != Some(true) {
            return wasm_encoder::reencode::utils::parse_function_body(self, code, body);
        }
        let mut trap = Function::new([]);
        trap.instruction(&Instruction::Unreachable)
            .instruction(&Instruction::End);
        code.function(&trap);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{FunctionSection, TypeSection, ValType};
    use wasmparser::Payload;

    #[test]
    fn what_is_called_is_told_from_what_is_not() {
        let parser = "<cubecl_ir::dialect::scf::ForOp as pliron::parsable::Parsable>::parse";
        assert_eq!(entry(parser), Some(2));
        assert_eq!(entry("<fancy_regex::parse::Parser>::parse"), None);
        assert_eq!(
            entry("cubecl_std::quant::view::register_table"),
            None,
            "it is called for every input"
        );
    }

    #[test]
    fn an_unused_function_traps_and_the_others_stay() {
        let mut types = TypeSection::new();
        types.ty().function([], [ValType::I32]);
        let mut functions = FunctionSection::new();
        functions.function(0).function(0);
        let mut code = CodeSection::new();
        for value in [1, 2] {
            let mut function = Function::new([]);
            function
                .instruction(&Instruction::I32Const(value))
                .instruction(&Instruction::End);
            code.function(&function);
        }
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&code);
        let emptied = without(&module.finish(), vec![true, false]).expect("a program");
        let mut first = Vec::new();
        for payload in Parser::new(0).parse_all(&emptied) {
            if let Payload::CodeSectionEntry(body) = payload.expect("valid") {
                let mut operators = body.get_operators_reader().expect("operators");
                first.push(format!("{:?}", operators.read().expect("one")));
            }
        }
        assert_eq!(first, ["Unreachable", "I32Const { value: 2 }"]);
    }
}
