// Says that the app was installed, so that it is counted (B11): no number, no cookie, and silent where not wanted.
(() => {
  const to = document.currentScript.dataset.to, n = navigator;
  if (n.globalPrivacyControl || n.doNotTrack === "1") return;
  addEventListener("appinstalled", () => fetch(to, { method: "POST", credentials: "omit", keepalive: true }), { once: true });
})();
