"""The standalone service: the plugin in an application of its own."""

import time
from collections.abc import Callable
from importlib.metadata import version

import httpx
from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin

from profilegate import configuration
from profilegate.faces import problems
from profilegate.observability import configure_logging
from profilegate.plugin import ProfileGate
from profilegate.settings import Settings


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], float] = time.time,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Litestar:
    """The service as an ASGI application. `clock` and `transport` are as for `ProfileGate`."""
    return Litestar(
        plugins=[ProfileGate(settings, clock=clock, transport=transport)],
        exception_handlers={Exception: problems.worded(settings.server.cors_origins)},
        openapi_config=OpenAPIConfig(
            title="profilegate",
            version=version("profilegate"),
            path="/schema",
            # The interactive pages load scripts from other people's servers; the document itself does not.
            render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
        ),
        request_max_body_size=settings.server.max_body,
        logging_config=None,
    )


def from_environment() -> Litestar:
    """What each server process runs: settings from PROFILEGATE_CONFIG and the environment."""
    settings = configuration.load()
    configure_logging(settings.server)
    return create_app(settings)
