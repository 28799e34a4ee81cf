"""The standalone server: granian with the application in each worker process."""

import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from copy import deepcopy
from types import FrameType
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LOGGING_CONFIG, LogLevels

from profilegate import configuration
from profilegate.configuration import FILE_VARIABLE
from profilegate.crew import VARIABLE, Crew
from profilegate.errors import InvalidConfiguration
from profilegate.observability import JSONFormatter, TextFormatter, configure_logging
from profilegate.settings import ServerSettings, Settings

if sys.platform != "win32":
    import resource

log = logging.getLogger("profilegate.serving")

CONNECTIONS = 16_384
"""Of one worker, most of them idle or slow. Beyond it granian stops accepting, whatever those that it has are doing."""

FILES_BESIDE = 256
"""Files that a worker has open beside its clients' connections: to the database, the providers, of bulks."""

# A head holds a token, a proof and a certificate at the most. Granian's own limit is six times as much, of each client.
HTTP1 = HTTP1Settings(header_read_timeout=30_000, max_buffer_size=65_536)


def serve(settings: Settings, path: str | None) -> None:
    """Serve until SIGTERM or SIGINT; requests under way then get `server.stop_timeout` seconds.

    The workers read the same settings again, from `path` and the environment.
    """
    if path is not None:
        os.environ[FILE_VARIABLE] = path
    server = settings.server
    configure_logging(server)
    with tempfile.TemporaryDirectory(prefix="profilegate-") as folder:
        os.environ[VARIABLE] = folder
        granian = _granian(server)
        granian.on_startup(_answer_hangup)
        granian.on_startup(lambda: _leave_slowly(Crew(folder), server.stop_delay))
        granian.serve()


def _granian(server: ServerSettings) -> Any:
    return Granian(
        "profilegate.app:from_environment",
        factory=True,
        address=server.host,
        port=server.port,
        workers=server.workers,
        interface=Interfaces.ASGI,
        websockets=False,
        http=HTTPModes.http1,  # while granian finds out which version it is, a client may say nothing for ever
        http1_settings=HTTP1,
        backpressure=connections(),
        respawn_failed_workers=True,
        workers_kill_timeout=server.stop_timeout,
        log_level=LogLevels(server.log_level),
        log_dictconfig=_logging(server),
    )


def _leave_slowly(crew: Crew, delay: float) -> None:
    """Have SIGTERM say at /ready that the service stops, and stop it after the delay; a second one stops it at once.

    Balancers look at /ready every few seconds, and until they have looked they send requests.
    """
    stop = signal.getsignal(signal.SIGTERM)

    def leave(number: int, frame: FrameType | None) -> None:
        crew.leave()
        signal.signal(signal.SIGTERM, stop)
        later = threading.Timer(delay, os.kill, (os.getpid(), number))
        later.daemon = True
        later.start()

    if delay:
        signal.signal(signal.SIGTERM, leave)


def connections() -> int:
    """CONNECTIONS, or as many as the system lets a worker have; the workers inherit the limit that is raised here."""
    if sys.platform == "win32":
        return CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + FILES_BESIDE
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - FILES_BESIDE, FILES_BESIDE)


def _answer_hangup() -> None:
    """Have SIGHUP check the settings and say what becomes of them.

    The workers look at the file themselves, and granian's own answer, new workers, would end the service when the
    file has a mistake.
    """
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _check_settings)


def _check_settings(*_: object) -> None:
    try:
        configuration.load()
    except InvalidConfiguration as error:
        for problem in error.problems:
            log.error("SIGHUP: the settings are not used, the old ones stay: %s", problem)
    else:
        log.info("SIGHUP: the settings are valid; changed issuers are taken over within seconds")


def refuse_taken(server: ServerSettings) -> None:
    """Raise InvalidConfiguration when the address cannot be listened on. Somebody may take it the next moment."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((server.host, server.port))
        except OSError as error:
            problem = f"server.port: cannot listen on {server.host} port {server.port}: {error.strerror}"
            raise InvalidConfiguration([problem]) from error


def _logging(server: ServerSettings) -> dict[str, Any]:
    """Granian's own lines, in the format of ours and where ours go."""
    config: dict[str, Any] = deepcopy(LOGGING_CONFIG)
    for handler in config["handlers"].values():
        handler["stream"] = "ext://sys.stderr"
    for name, formatter in config["formatters"].items():
        kind = {"()": JSONFormatter} if server.log_format == "json" else {**formatter, "()": TextFormatter}
        config["formatters"][name] = kind
    return config
