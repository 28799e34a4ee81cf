"""Traces of a running service: a span a request by its route, what it asks the database below it, nobody's name."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests import postgres
from tests.cli.running import done, errors, eventually, started
from tests.postgres import Postgres, free_port

from profilegate.tracing import ELSEWHERE, Routes

SECRET = "canary"


class Collector(ThreadingHTTPServer):
    """An OpenTelemetry collector, as far as it takes spans."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.raw = b""
        super().__init__(("127.0.0.1", 0), Taking)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.raw += body
        told = ExportTraceServiceRequest.FromString(body)
        self.server.spans += [span for each in told.resource_spans for some in each.scope_spans for span in some.spans]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres.start() as server:
        yield server


def test_requests_are_traced_to_the_database_and_no_span_names_anybody(
    tmp_path: Path, collector: Collector, database: Postgres, demo: dict[str, Any]
) -> None:
    port = free_port()
    file = tmp_path / "profilegate.toml"
    file.write_text(
        f"[server]\nport = {port}\ntracing = true\n[database]\nurl = '{database.fresh_database()}'\n"
        f"[[issuers]]\nissuer = '{demo['issuer']}'\naudiences = ['https://profiles.example']\n"
    )
    assert done("migrate", "--config", str(file)).returncode == 0
    more = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    with started(tmp_path, "serve", "--config", str(file), **more):
        base, caller = f"http://127.0.0.1:{port}", {"authorization": f"Bearer {demo['token']}"}
        eventually(lambda: is_ready(base), lambda: errors(tmp_path))
        for path in (f"/v1/profiles/user/{SECRET}", "/api/profile", f"/nowhere/{SECRET}", f"/api/profile?x={SECRET}"):
            assert httpx.get(base + path, headers=caller, trust_env=False).status_code in (200, 404)
        names = lambda: {span.name for span in collector.spans}  # noqa: E731
        wanted = {"GET /v1/profiles/user/{user_id}", "GET /api/profile", f"GET {ELSEWHERE}"}
        eventually(lambda: wanted <= names(), lambda: f"{names()} {errors(tmp_path)}")
    assert SECRET.encode() not in collector.raw
    assert b"127.0.0.1:" + str(port).encode() in collector.raw
    by_id = {span.span_id: span for span in collector.spans}
    statements = [span for span in collector.spans if any(each.key == "db.system" for each in span.attributes)]
    below = {by_id[span.parent_span_id].name for span in statements if span.parent_span_id in by_id}
    assert "GET /v1/profiles/user/{user_id}" in below


def is_ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


class Route:
    def __init__(self, path: str) -> None:
        self.path_format = path


class Application:
    routes = [Route(each) for each in ("/a", "/a/{id}", "/a/b/{id}", "/a/b/{id}/c")]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/a", "/a"),
        ("/a/x", "/a/{id}"),
        ("/a/b/x", "/a/b/{id}"),
        ("/a/b/x/c", "/a/b/{id}/c"),
        ("/ab", ELSEWHERE),
        ("/", ELSEWHERE),
    ],
)
def test_a_path_is_told_by_its_route(path: str, route: str) -> None:
    assert Routes(Application()).of(path) == route  # type: ignore[arg-type]
