// Counts a view of this page, and how long it was looked at (G3). Stores nothing, and is silent where not wanted.
(() => {
  const to = document.currentScript.dataset.to, n = navigator, from = Date.now();
  if (n.globalPrivacyControl || n.doNotTrack === "1") return;
  const say = (more) => n.sendBeacon(to, new URLSearchParams({ p: location.pathname, ...more }));
  say({ r: document.referrer, q: location.search.slice(0, 500) });
  addEventListener("pagehide", () => say({ t: Math.round((Date.now() - from) / 1000) }), { once: true });
})();
