"""The standalone service: the plugin in an application of its own."""

import gc
import os
import signal
import time
from collections.abc import Callable
from importlib.metadata import version

import httpx
from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin

from profilegate import configuration
from profilegate.crew import ALONE, VARIABLE, Crew
from profilegate.door import Door
from profilegate.faces import problems
from profilegate.observability import Requested, configure_logging
from profilegate.plugin import ProfileGate
from profilegate.reloading import watching
from profilegate.resource_server import MARK
from profilegate.settings import Settings

WRAPPED = "profilegate_wrapped"

SELDOM = (10_000, 20, 20)
"""New objects, and then collections of the younger ones, before a generation is looked at; Python: 700, 10, 10."""


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], float] = time.time,
    transport: httpx.AsyncBaseTransport | None = None,
    watch: str | None = None,
    crew: Crew = ALONE,
) -> Litestar:
    """The service as an ASGI application. `clock` and `transport` are as for `ProfileGate`.

    `watch` is the settings' file, whose issuers are then taken over whenever it changes; `crew` are the workers of the
    same server.
    """
    return served(ProfileGate(settings, clock=clock, transport=transport, crew=crew), watch=watch)


def served(gate: ProfileGate, *, watch: str | None = None) -> Litestar:
    """The faces of this gate as an ASGI application of their own, which any ASGI host can mount at `gate.path`."""
    settings = gate.settings
    return Litestar(
        plugins=[gate],
        on_startup=[lambda app: wrap(app, gate)],
        opt=MARK,
        lifespan=[] if watch is None else [lambda _: watching(watch, gate.reload, settings)],
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


def wrap(app: Litestar, gate: ProfileGate) -> None:
    """Put round the routed service what sees every request: ids for the log, the lane, traces. Once, however often
    it starts."""
    if app.state.get(WRAPPED):
        return
    app.state[WRAPPED] = True
    app.asgi_handler = Requested(app.asgi_handler)
    if gate.settings.cache.lane:
        gate.open_lane(app)
    if gate.settings.server.tracing:
        from profilegate.tracing import Routes, Traced

        app.asgi_handler = Traced(app.asgi_handler, Routes(app))


def collect_seldom() -> None:
    """Have Python look for circular garbage seldom, and never among what is there from the start.

    Requests make next to none, and a look at all that is remembered about 10,000 users takes 0.15 s, in which nobody is
    answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)


def from_environment() -> Door:
    """What each server process runs: settings from PROFILEGATE_CONFIG and the environment."""
    settings = configuration.load()
    configure_logging(settings.server)
    if settings.server.tracing:
        from profilegate import tracing

        tracing.start()
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the first process answers it, for all
    crew = Crew(os.environ.get(VARIABLE))
    app = create_app(settings, watch=os.environ.get(configuration.FILE_VARIABLE), crew=crew)
    collect_seldom()
    gate = app.plugins.get(ProfileGate)
    # Traces are to have every request, and are further in.
    again = gate.again if settings.cache.lane and not settings.server.tracing else None
    return Door(app, turned_away=gate.requests.turn_away, again=again)
