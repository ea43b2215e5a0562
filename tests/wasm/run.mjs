// Runs the wasm build of the Japanese checks under Node: node tests/wasm/run.mjs PROGRAM.wasm
import { readFileSync, readdirSync } from "node:fs";

const EXPECTED_TEXTS = 60_000;

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
// What the tokenizers crate would ask a browser for; nothing here may need it.
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  imports[from] ??= {};
  imports[from][name] = () => {
    throw new Error(`the tokenizer asked for ${from}.${name}`);
  };
}
const { memory, input, file, run, output } = new WebAssembly.Instance(module, imports).exports;

const give = (bytes) => {
  const at = input(bytes.length);
  new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
};
const giveFile = (name, url, isDictionary) => {
  give(Buffer.from(name));
  give(readFileSync(url));
  file(isDictionary);
};
const fixtures = new URL("../fixtures/japanese/", import.meta.url);
for (const name of readdirSync(fixtures)) {
  giveFile(name, new URL(name, fixtures), 0);
}
const assets = new URL("../../assets/dictionaries/", import.meta.url);
for (const name of ["unidic_lite", "ipadic"]) {
  giveFile(name, new URL(`${name}.dic.gz`, assets), 1);
}

const start = performance.now();
const length = run();
const words = Buffer.from(new Uint8Array(memory.buffer, output(), length)).toString();
process.stdout.write(words);
const texts = words.split("\n").reduce((sum, line) => sum + Number(line.split(" ")[2] ?? 0), 0);
const seconds = ((performance.now() - start) / 1000).toFixed(1);
console.log(`${texts} texts equal in ${seconds} s; memory ${(memory.buffer.byteLength / 1e6).toFixed(0)} MB`);
process.exitCode = texts === EXPECTED_TEXTS ? 0 : 1;
