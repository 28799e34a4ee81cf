"""The bench's identity provider on a port that it keeps while it is away."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Thread

from tests.bench.issuing import Answers, LocalProvider
from tests.drills.wire import HOST
from tests.minting import make_key
from tests.postgres import free_port


class Provider(LocalProvider):
    """Can be away: then nobody listens there, or somebody who says nothing."""

    def __init__(self) -> None:
        self.port = free_port()
        super().__init__(f"http://{HOST}:{self.port}")
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """A second call does nothing."""
        if self._server is not None:
            return
        Answers.provider = self
        self._server = ThreadingHTTPServer((HOST, self.port), Answers)
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Connections are taken by the kernel, and nobody ever answers."""
        with socket.create_server((HOST, self.port), backlog=1024):
            yield

    def another_key(self) -> str:
        """Publish one more key from now on; its id."""
        kid = f"key-{len(self.keys)}"
        self.keys.append(make_key("ES256", kid))
        return kid

    def signed_by(self, kid: str, user_id: str) -> str:
        """A token by the key of this id, whether or not anybody knows it."""
        key = next((each for each in self.keys if each.kid == kid), None) or make_key("ES256", kid)
        return self.token({"alg": "ES256"}, key, sub=user_id, scope="openid profile")
