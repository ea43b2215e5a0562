// Says at once that the programs will not start: they need WebAssembly with SIMD and references to the page's objects. The bytes
// are a module of one function that uses both.
const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 111, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
if (typeof WebAssembly !== "object" || !WebAssembly.validate(new Uint8Array(bytes))) {
  document.documentElement.classList.add("lacks-simd");
}
