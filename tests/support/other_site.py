"""Another web site of a controller: static pages under a strict policy, with the embedded banner, in a thread.

`/` and `/two/` wait for the banner's word; `/careless/` stores and asks without waiting, and whatever the answer is.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STRANGER = "127.0.0.2"
"""A host that is nobody's the declaration knows."""
_KINDS = {"js": "text/javascript", "ico": "image/svg+xml"}
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<script src="{script}" defer></script><script src="{banner}" defer></script></head>
<body><main><h1>Shop</h1><p><a href="/two/">Two</a> <a href="https://elsewhere.example/">Elsewhere</a>
<button data-tillit-cookies>Cookies</button></p></main></body></html>"""
_CAREFUL = """addEventListener("tillit:cookies", (event) => {
  const { purposes, decided, withdrawn } = event.detail;
  Object.assign(document.documentElement.dataset, { purposes, decided, withdrawn });
  if (!purposes.includes("analytics")) return;
  document.cookie = "__utma=1; Path=/; Max-Age=3600";
  localStorage.setItem("shop_counter", "1");
  indexedDB.open("shop_baskets", 1).onsuccess = ({ target }) => target.result.close();
  caches.open("shop_pages");
  navigator.serviceWorker.register("/worker.js");
});"""
_CARELESS = """document.cookie = "spor=hemmelig; Path=/; Max-Age=3600";
const count = () => (document.cookie = "__utma=1; Path=/; Max-Age=3600");
document.addEventListener("tillit:cookies", () => setTimeout(count));
document.cookie = "tillit_language=nb; Path=/; Max-Age=3600";
localStorage.setItem("husk", "1");
indexedDB.open("lager", 1);
caches.open("minne").then((cache) => cache.put("/two/", new Response("hemmelig")));
navigator.serviceWorker.register("/stays.js");
new Image().src = "http://%s:9/pixel.gif?who=1";"""


@contextmanager
def other_site(banner: str) -> Iterator[str]:
    """The site's address while it runs; `banner`: the address of the controller's script."""
    tillit = banner.split("/", 3)[2]
    policy = f"default-src 'none'; script-src 'self' http://{tillit}; connect-src http://{tillit}; img-src http:"
    pages = {
        "/": _PAGE.format(script="/site.js", banner=banner),
        "/two/": _PAGE.format(script="/site.js", banner=banner),
        "/careless/": _PAGE.format(script="/careless.js", banner=banner),
        "/favicon.ico": "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "/site.js": _CAREFUL.replace("addEventListener", "document.addEventListener"),
        "/stays.js": "self.addEventListener('install', () => self.skipWaiting());",
        "/worker.js": "self.addEventListener('install', () => self.skipWaiting());",
        "/careless.js": _CARELESS % STRANGER,
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = pages.get(self.path)
            body = (text or "").encode()
            self.send_response(200 if text else 404)
            self.send_header("Content-Type", _KINDS.get(self.path.rpartition(".")[2], "text/html"))
            self.send_header("Content-Security-Policy", policy)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://localhost:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
