"""The single-page app on an origin of its own: a static file server on a loopback port."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from tests.e2e.provider import HERE

PAGE = HERE / "browser" / "index.html"
SCRIPTS = HERE / "browser"
PACKAGES = HERE / "node_modules"

HTML, SCRIPT = "text/html; charset=utf-8", "text/javascript; charset=utf-8"

FILES: dict[str, tuple[Path, str]] = {
    "/": (PAGE, HTML),
    "/callback": (PAGE, HTML),
    "/app.mjs": (SCRIPTS / "app.mjs", SCRIPT),
    "/api.mjs": (SCRIPTS / "api.mjs", SCRIPT),
    "/modules/oidc-client-ts.js": (PACKAGES / "oidc-client-ts" / "dist" / "esm" / "oidc-client-ts.js", SCRIPT),
    "/modules/jwt-decode.js": (PACKAGES / "jwt-decode" / "build" / "esm" / "index.js", SCRIPT),
}


class Pages:
    """Serves the app until the `with` block ends. `settings` is what the app is told; set it before a page opens."""

    def __init__(self) -> None:
        self.settings: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self.content))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def content(self, path: str) -> tuple[bytes, str] | None:
        if path == "/settings.json":
            return json.dumps(self.settings).encode(), "application/json"
        if path not in FILES:
            return None
        file, kind = FILES[path]
        return file.read_bytes(), kind

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def handler(content: Callable[[str], tuple[bytes, str] | None]) -> type[BaseHTTPRequestHandler]:
    """Answers GET with the content of the path; 404 where there is none."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = content(urlsplit(self.path).path)
            body, kind = found or (b"", HTML)
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing: what fails, fails in the browser."""

    return Handler
