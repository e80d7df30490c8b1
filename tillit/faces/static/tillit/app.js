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
