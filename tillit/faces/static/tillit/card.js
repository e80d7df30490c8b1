// The membership card: a new code every half minute, made here, also without a network (ADR 12). The card's key stays in
// memory; only where the person has asked for copies on the device is it kept there, as a key that cannot be read out.
const shown = document.querySelector("[data-card]");
const STEP = 30000;
const WORDS = new TextEncoder();

const raw = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const plain = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function store(mode, work) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(shown.dataset.kept, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("card");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const asked = work(opening.result.transaction("card", mode).objectStore("card"));
      asked.onsuccess = () => (opening.result.close(), resolve(asked.result));
      asked.onerror = () => (opening.result.close(), reject(asked.error));
    };
  });
}

const forget = () => indexedDB.deleteDatabase(shown.dataset.kept);
const mayKeep = async () => "caches" in window && (await caches.has(shown.dataset.kept));

// Asks for the card's key. null: there is no network; false: there is no card.
async function fetched(kept, held) {
  const body = new FormData(shown.querySelector("form[data-key]"));
  body.set("device", kept ? "1" : "");
  body.set("held", held || "");
  let answer;
  try {
    answer = await fetch(shown.querySelector("form[data-key]").action, { method: "POST", body });
  } catch {
    return null;
  }
  if (answer.status >= 500) return null;
  if (!answer.ok || answer.redirected) return false;
  const told = await answer.json();
  return {
    card: told.card,
    reference: raw(told.reference),
    key: await crypto.subtle.importKey("raw", raw(told.key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
    to: await crypto.subtle.importKey("raw", raw(told.public), { name: "ECDH", namedCurve: "P-256" }, false, []),
    until: Date.parse(told.until),
    ahead: Date.parse(told.now) - Date.now(),
  };
}

async function made(card, step) {
  const inner = new Uint8Array(36);
  inner.set(card.reference);
  new DataView(inner.buffer).setUint32(16, step);
  inner.set(new Uint8Array(await crypto.subtle.sign("HMAC", card.key, inner.slice(0, 20))).slice(0, 16), 20);
  const once = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", once.publicKey));
  const secret = await crypto.subtle.deriveBits({ name: "ECDH", public: card.to }, once.privateKey, 256);
  const sealing = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: WORDS.encode("tillit membership card 1") },
    await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]),
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt"],
  );
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, sealing, inner);
  return plain(new Uint8Array([1, 2 + (point[64] & 1), ...point.slice(1, 33), ...new Uint8Array(sealed)]));
}

function draw(text) {
  const code = qrcode(0, "M");
  code.addData(text);
  code.make();
  const size = code.getModuleCount();
  let path = "";
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++)
      if (code.isDark(row, column)) path += `M${column + 4} ${row + 4}h1v1h-1z`;
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  picture.setAttribute("viewBox", `0 0 ${size + 8} ${size + 8}`);
  const dark = document.createElementNS(space, "path");
  dark.setAttribute("d", path);
  dark.setAttribute("fill", "#000");
  picture.append(dark);
  shown.querySelector("[data-picture]").replaceChildren(picture);
}

function say(what) {
  for (const part of shown.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== what;
  shown.querySelector("[data-picture]").hidden = what === "none" || what === "old";
}

async function turn(card) {
  const now = Date.now() + card.ahead;
  if (now >= card.until) return say("old");
  const code = await made(card, Math.floor(now / STEP));
  draw(`${shown.dataset.check}#${code}`);
  shown.dataset.code = code;
  say("turning");
  setTimeout(() => turn(card), STEP - (now % STEP) + 50);
}

async function begin() {
  const kept = await mayKeep();
  const held = kept ? await store("readonly", (all) => all.get("card")).catch(() => undefined) : undefined;
  const fresh = await fetched(kept, held && held.card);
  if (fresh === false) {
    forget();
    return say("none");
  }
  if (fresh && kept) await store("readwrite", (all) => all.put(fresh, "card")).catch(() => undefined);
  const card = fresh || held;
  if (card) turn(card);
  else say("old");
}

if (shown && window.crypto && crypto.subtle && window.indexedDB) begin();
