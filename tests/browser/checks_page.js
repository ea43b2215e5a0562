// Hands a comparison its files and starts it: checks.html?name=parity&device=cpu&file=config.json&…
// A panic is an error of the window, which ends the waiting.
addEventListener("error", (event) => {
  globalThis.failed = event.message;
});
addEventListener("unhandledrejection", (event) => {
  globalThis.failed = String(event.reason);
});
const wanted = new URLSearchParams(location.search);
const files = {};
for (const name of wanted.getAll("file")) {
  const answer = await fetch(`fixture/${name}`);
  files[name] = new Uint8Array(await answer.arrayBuffer());
}
globalThis.check = { name: wanted.get("name"), device: wanted.get("device"), files };
await import("./checks/start.js");
