"""The standalone server: granian with the application in each worker process."""

import os

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from profilegate.configuration import FILE_VARIABLE
from profilegate.settings import Settings

# Requests at work and waiting in one worker. Beyond it granian stops accepting, and clients wait in the
# kernel's queue instead of in our memory.
BACKPRESSURE = 512


def serve(settings: Settings, path: str | None) -> None:
    """Serve until SIGTERM or SIGINT; requests under way then get `server.stop_timeout` seconds.

    The workers read the same settings again, from `path` and the environment.
    """
    if path is not None:
        os.environ[FILE_VARIABLE] = path
    server = settings.server
    Granian(
        "profilegate.app:from_environment",
        factory=True,
        address=server.host,
        port=server.port,
        workers=server.workers,
        interface=Interfaces.ASGI,
        websockets=False,
        backpressure=BACKPRESSURE,
        respawn_failed_workers=True,
        workers_kill_timeout=server.stop_timeout,
        log_level=LogLevels(server.log_level),
        process_name=None,
    ).serve()
