// Keeps the site's code, so that the second visit works offline. Models and dictionaries are kept by the worker.
//
// One version, one cache: a page only ever gets files of the version its service worker was built with, so an old page
// never meets a new worker. A new version waits until the page asks for it (message "activate") or every tab is closed.
const version = "terakoya-{{version}}";
const files = {{files}};

self.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(version);
    await cache.addAll(files.map((file) => new Request(file, { cache: "reload" })));
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith("terakoya-") && name !== version);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("message", (event) => {
  if (event.data === "activate") {
    self.skipWaiting();
  }
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const ours = new URL(request.url).origin === self.location.origin;
  // A range is a download that the worker resumes and checks itself.
  if (request.method !== "GET" || !ours || request.headers.has("range")) {
    return;
  }
  const answer = async () => {
    const cache = await caches.open(version);
    const kept = await cache.match(request, { ignoreSearch: true });
    return kept ?? fetch(request);
  };
  event.respondWith(answer());
});
