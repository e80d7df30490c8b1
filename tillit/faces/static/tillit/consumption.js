// Arrow keys and a swipe go to the period before and after: the same links as on the page.
const step = (rel) => document.querySelector(`a[rel~="${rel}"]`)?.click();
const typing = (target) => target.closest("input, select, textarea, [contenteditable], .t-scroll");

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || typing(event.target)) return;
  if (event.key === "ArrowLeft") step("prev");
  if (event.key === "ArrowRight") step("next");
});

let from = null;
document.addEventListener(
  "touchstart",
  (event) => {
    from = event.touches.length === 1 && !typing(event.target) ? event.touches[0] : null;
  },
  { passive: true },
);
document.addEventListener(
  "touchend",
  (event) => {
    const to = event.changedTouches[0];
    if (!from || Math.abs(to.clientY - from.clientY) > 50 || Math.abs(to.clientX - from.clientX) < 70) return;
    step(to.clientX > from.clientX ? "prev" : "next");
  },
  { passive: true },
);
