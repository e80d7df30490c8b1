// The app's service worker. `SETTINGS` is put in front of it: the controller's key, its scope, what makes up the frame,
// the pages that may be kept, for how many days, and whether the device may be asked about its network.
const FRAME = `tillit-${SETTINGS.key}-frame`;
const KEPT = `tillit-${SETTINGS.key}-kept`;
const DAY = 24 * 60 * 60 * 1000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(FRAME).then((cache) => cache.addAll(SETTINGS.frame)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(tidy().then(() => self.clients.claim()));
});

// The copies, and the key of a membership card that is kept beside them (card.js).
async function forget() {
  indexedDB.deleteDatabase(KEPT);
  return caches.delete(KEPT);
}

// What belonged to the frame of an earlier version. Both stand under names that the cookie register declares.
async function tidy() {
  for (const name of await caches.keys()) if (name.startsWith(`${FRAME}-`)) await caches.delete(name);
  const cache = await caches.open(FRAME);
  for (const held of await cache.keys()) {
    const place = new URL(held.url);
    if (!SETTINGS.frame.includes(place.pathname + place.search)) await cache.delete(held);
  }
}

// A copy of a page, if the person asked for copies and it is not too old. Too old ones go.
async function copyOf(request) {
  if (!(await caches.has(KEPT))) return undefined;
  const cache = await caches.open(KEPT);
  const found = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
  if (!found) return undefined;
  if (Date.now() - Date.parse(found.headers.get("Date")) < SETTINGS.days * DAY) return found;
  await cache.delete(request);
  return undefined;
}

async function keep() {
  const saving = SETTINGS.network && self.navigator.connection && self.navigator.connection.saveData;
  const cache = await caches.open(KEPT);
  for (const page of saving ? SETTINGS.kept.slice(0, 1) : SETTINGS.kept) {
    const answer = await fetch(page, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) await cache.put(page, answer);
  }
  return (await cache.keys()).length;
}

self.addEventListener("message", (event) => {
  const done =
    event.data === "keep" ? keep() : event.data === "drop" ? forget().then(() => 0) : Promise.resolve(0);
  event.waitUntil(done.then((count) => event.ports[0] && event.ports[0].postMessage(count)));
});

// A page that may be kept leads elsewhere once the session is over: then no copy stays for whoever is next.
async function page(request) {
  try {
    const answer = await fetch(request);
    const path = new URL(request.url).pathname;
    if (SETTINGS.kept.includes(path) && (await caches.has(KEPT))) {
      if (answer.redirected || answer.type === "opaqueredirect") await forget();
      else if (answer.ok) await (await caches.open(KEPT)).put(path, answer.clone());
    }
    return answer;
  } catch {
    return (await copyOf(request)) || (await caches.match(SETTINGS.offline, { ignoreVary: true })) || Response.error();
  }
}

// Whether the request may end one person's session or begin another's.
function changesWho(request, path) {
  if (path.startsWith(SETTINGS.outside)) return true;
  return request.method === "POST" && SETTINGS.doors.some((door) => path.startsWith(door));
}

self.addEventListener("fetch", (event) => {
  const request = event.request;
  const place = new URL(request.url);
  if (place.origin !== self.location.origin) return;
  if (changesWho(request, place.pathname)) event.waitUntil(forget());
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (SETTINGS.frame.includes(place.pathname + place.search)) {
    event.respondWith(caches.match(request, { ignoreVary: true }).then((found) => found || fetch(request)));
  }
});

// A notice: who it is from and one sentence. A click leads to the messages, in a window of the app that is open if any.
self.addEventListener("push", (event) => {
  const said = event.data ? event.data.json() : {};
  event.waitUntil(
    self.registration.showNotification(said.title || "", { body: said.body || "", icon: SETTINGS.icon, tag: "message" }),
  );
});

async function read() {
  for (const window of await self.clients.matchAll({ type: "window" })) {
    if ("navigate" in window) return (await window.navigate(SETTINGS.read)).focus();
  }
  return self.clients.openWindow(SETTINGS.read);
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(read());
});
