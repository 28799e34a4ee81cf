"""A provider's endpoints as a transport that answers by hand, and remembers what it was asked."""

from typing import Any
from urllib.parse import parse_qs

import httpx
from tests.minting import ISSUER

METADATA: dict[str, Any] = {
    "issuer": ISSUER,
    "jwks_uri": f"{ISSUER}/jwks",
    "introspection_endpoint": f"{ISSUER}/introspect",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
}


class Endpoints:
    """Answers each path with its answers in turn, the last of them for ever after."""

    def __init__(self, **answers: Any) -> None:
        self.requests: list[httpx.Request] = []
        self.metadata = dict(METADATA)
        self._answers = {name: list(each) if isinstance(each, list) else [each] for name, each in answers.items()}
        self.transport = httpx.MockTransport(self._answer)
        self.client = httpx.AsyncClient(transport=self.transport)

    def asked(self, name: str) -> list[httpx.Request]:
        """The requests to the path whose last part this is."""
        return [each for each in self.requests if each.url.path.rpartition("/")[2] == name]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        name = request.url.path.rpartition("/")[2]
        if name == "openid-configuration" and name not in self._answers:
            return httpx.Response(200, json=self.metadata)
        answers = self._answers[name]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer() if callable(answer) else httpx.Response(200, json=answer)


def form(request: httpx.Request) -> dict[str, str]:
    """The members of a request's form, each of which stands there once."""
    found = parse_qs(request.content.decode(), keep_blank_values=True, strict_parsing=True)
    assert all(len(each) == 1 for each in found.values())
    return {name: each[0] for name, each in found.items()}
