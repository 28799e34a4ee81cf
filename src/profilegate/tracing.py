"""OpenTelemetry traces of the standalone service, by the maintained instrumentation of ASGI, httpx and asyncpg.

What a span says is what the instrumentation sees, so it is not shown anything personal: routes instead of paths, no
query, no address of a client, and of a provider only the origin. Where spans go is for OpenTelemetry's own variables
to say (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER ...). A host application has
its own tracing.
"""

from typing import Any

import httpx
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from profilegate.errors import InvalidConfiguration

try:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
except ImportError as error:
    raise InvalidConfiguration(["server.tracing: needs `pip install 'profilegate[otel]'`"]) from error

SEEN = "profilegate_traced"
"""In the scope that the instrumentation gets: the one that it stands for."""

ELSEWHERE = "/{other}"
"""Instead of paths that are no route's, which anybody may make up."""


def start() -> None:
    """Trace this process from now on. Spans go out in batches; those that nobody takes are dropped, not waited for."""
    provider = TracerProvider(resource=Resource.create({"service.name": "profilegate"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    HTTPXClientInstrumentor().instrument(async_request_hook=_origin_only)
    AsyncPGInstrumentor().instrument()  # type: ignore[no-untyped-call]  # statements with their placeholders, never the values


class Traced:
    """Round the service: a span for each request, named by its method and route."""

    def __init__(self, app: ASGIApp, routes: "Routes") -> None:
        self._app = app
        self._routes = routes
        self._instrumented = OpenTelemetryMiddleware(self._traced, exclude_spans=["receive", "send"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            path = self._routes.of(scope["path"])
            shown = {**scope, "path": path, "raw_path": path.encode(), "query_string": b"", "client": None, SEEN: scope}
            await self._instrumented(shown, receive, send)  # type: ignore[arg-type]
        else:
            await self._app(scope, receive, send)

    async def _traced(self, scope: Any, receive: Receive, send: Send) -> None:
        await self._app(scope[SEEN], receive, send)


class Routes:
    """Which route a path belongs to. Those with parameters are told apart by what stands before the first one."""

    def __init__(self, app: Litestar) -> None:
        paths = {route.path_format for route in app.routes}
        self._whole = {each for each in paths if "{" not in each}
        self._begun = sorted((each for each in paths if "{" in each), key=lambda each: -each.index("{"))

    def of(self, path: str) -> str:
        """The route as it is written in the OpenAPI document."""
        if path in self._whole:
            return path
        fitting = [each for each in self._begun if path.startswith(each[: each.index("{")])]
        as_long = [each for each in fitting if each.count("/") == path.count("/")]
        return next(iter(as_long or fitting), ELSEWHERE)


async def _origin_only(span: "trace.Span", request: Any) -> None:
    """A provider's management API has users' ids in its addresses."""
    url = httpx.URL(scheme=request.url.scheme, host=request.url.host, port=request.url.port)
    for name in ("http.url", "url.full"):
        span.set_attribute(name, str(url))
