// The page about the app: turns copies for use without a network on and off. Nothing is stored before somebody asks.
const part = document.querySelector("[data-worker]");

async function tell(worker, what) {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = (event) => resolve(event.data);
    worker.postMessage(what, [channel.port2]);
  });
}

function show(count) {
  part.querySelector("[data-on]").hidden = count === 0;
  part.querySelector("[data-off]").hidden = count !== 0;
}

async function ready() {
  const found = await navigator.serviceWorker.getRegistration(part.dataset.scope);
  return found && found.active;
}

async function turn(on) {
  if (on) {
    await navigator.serviceWorker.register(part.dataset.worker, { scope: part.dataset.scope });
    const found = await navigator.serviceWorker.ready;
    show(await tell(found.active, "keep"));
  } else {
    const worker = await ready();
    if (worker) await tell(worker, "drop");
    const found = await navigator.serviceWorker.getRegistration(part.dataset.scope);
    if (found) await found.unregister();
    indexedDB.deleteDatabase(part.dataset.kept);
    for (const name of await caches.keys()) if (name.startsWith(part.dataset.caches)) await caches.delete(name);
    show(0);
  }
}

if (part && "serviceWorker" in navigator && "caches" in window) {
  part.hidden = false;
  part.querySelector("[data-turn=on]").addEventListener("click", () => turn(true));
  part.querySelector("[data-turn=off]").addEventListener("click", () => turn(false));
  caches.has(part.dataset.kept).then((kept) => show(kept ? 1 : 0));
}

// Notices: the browser is asked only after the page has said what for, and somebody has pressed the button.
const notices = document.querySelector("form[data-push]");

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

async function subscribe() {
  if ((await Notification.requestPermission()) !== "granted") {
    document.querySelector("[data-denied]").hidden = false;
    return;
  }
  await navigator.serviceWorker.register(notices.dataset.worker, { scope: notices.dataset.scope });
  const found = await navigator.serviceWorker.ready;
  const given = await found.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: bytes(notices.dataset.push),
  });
  const said = given.toJSON();
  notices.elements.endpoint.value = said.endpoint;
  notices.elements.p256dh.value = said.keys.p256dh;
  notices.elements.auth.value = said.keys.auth;
  notices.submit();
}

if (notices && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
  notices.hidden = false;
  notices.addEventListener("submit", (event) => {
    event.preventDefault();
    subscribe().catch(() => (document.querySelector("[data-denied]").hidden = false));
  });
}
