"""What is under the service, alone, on the same server: `python -m tests.bench.bare asgi|litestar PORT`."""

import sys
from typing import Any

import msgspec
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from litestar import Litestar, get

from profilegate.faces.phoenix.wire import PhoenixProfile
from profilegate.serving import HTTP1, connections

AVATAR = "https://api.dicebear.com/9.x/adventurer/svg?seed=default_user-00000000"
MOMENT = "2026-01-28T10:00:00Z"
PROFILE = PhoenixProfile("default", "user-00000000", "Name 00000000", AVATAR, MOMENT, MOMENT)
BODY = msgspec.json.encode(PROFILE)


HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
START = {"type": "http.response.start", "status": 200, "headers": HEADERS}
END = {"type": "http.response.body", "body": BODY, "more_body": False}


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """The same bytes for every request."""
    if scope["type"] == "http":
        await send(START)
        await send(END)


@get("/v1/profiles/user/{user_id:str}")
async def profile(user_id: str) -> PhoenixProfile:
    """The same record for every user."""
    return PROFILE


litestar = Litestar([profile], openapi_config=None, logging_config=None)


def serve(application: str, port: int) -> None:
    """As `profilegate serve` does it, with one worker."""
    Granian(
        f"tests.bench.bare:{application}",
        address="127.0.0.1",
        port=port,
        workers=1,
        interface=Interfaces.ASGI,
        websockets=False,
        http=HTTPModes.http1,
        http1_settings=HTTP1,
        backpressure=connections(),
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
