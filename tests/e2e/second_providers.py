"""Two more OpenID providers, written independently of the first: PyPI's `canaille` and `oidc-provider-mock`.

Each is installed, as pinned in its requirements file, into a virtual environment of its own that is kept for
the next run. `tokens` is a whole sign-in by HTTP, with the provider's own forms.
"""

import os
import re
import secrets
import subprocess
import tempfile
import venv
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.e2e.proofs import digest
from tests.e2e.provider import HERE, NO_TLS, REDIRECT
from tests.e2e.served import eventually
from tests.postgres import free_port

PERSON, PASSWORD = "ann", "correct horse battery staple"


class SecondProvider:
    """A running provider with one person and one client. It ends with the block that it is used in."""

    package: str
    token_path: str

    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.client_id, self.client_secret = "app", "app-secret"
        self.http = httpx.Client(base_url=self.issuer, trust_env=False, verify=NO_TLS)

    def __enter__(self) -> Self:
        self._output = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            self.command(environment(self.package)),
            cwd=HERE,
            env=os.environ | {"AUTHLIB_INSECURE_TRANSPORT": "1"},
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        eventually(self._answers, self._told)
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        finally:
            self._process.kill()
            self._output.close()

    def command(self, programs: Path) -> list[str]:
        raise NotImplementedError

    def code(self, scope: str, verifier: str) -> str:
        raise NotImplementedError

    def tokens(self, scope: str = "openid profile email") -> dict[str, Any]:
        """The whole answer of the token endpoint to the person's authorization code."""
        verifier = secrets.token_urlsafe(48)
        form = {"grant_type": "authorization_code", "code": self.code(scope, verifier), "redirect_uri": REDIRECT}
        return self._token(form | {"code_verifier": verifier})

    def _token(self, form: dict[str, str]) -> dict[str, Any]:
        answer = self.http.post(self.token_path, data=form, auth=(self.client_id, self.client_secret))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def _request(self, scope: str, verifier: str) -> dict[str, str]:
        return {"client_id": self.client_id, "response_type": "code", "redirect_uri": REDIRECT, "scope": scope,
                "code_challenge": digest(verifier), "code_challenge_method": "S256",
                "nonce": secrets.token_urlsafe(8)}  # fmt: skip

    def _answers(self) -> bool:
        assert self._process.poll() is None, self._told()
        try:
            return self.http.get("/.well-known/openid-configuration").status_code == 200
        except httpx.TransportError:
            return False

    def _told(self) -> str:
        self._output.seek(0)
        return self._output.read()


class Mock(SecondProvider):
    """`oidc-provider-mock`: opaque access tokens, no introspection, and userinfo."""

    package, token_path = "oidc-provider-mock", "/oauth2/token"

    def command(self, programs: Path) -> list[str]:
        claims = f'{{"sub": "{PERSON}", "name": "Ann Example", "email": "{PERSON}@people.example"}}'
        return [str(programs / "oidc-provider-mock"), "--port", str(self.port), "--user-claims", claims]

    def code(self, scope: str, verifier: str) -> str:
        answer = self.http.post("/oauth2/authorize", params=self._request(scope, verifier), data={"sub": PERSON})
        return code_of(answer)

    def revoke_all(self) -> None:
        self.http.post(f"/users/{PERSON}/revoke-tokens").raise_for_status()


class Canaille(SecondProvider):
    """`canaille`: JWTs of the older kind, whose audience is the client, and introspection."""

    package, token_path = "canaille", "/oauth/token"

    def __enter__(self) -> Self:
        super().__enter__()
        self._register()
        return self

    def command(self, programs: Path) -> list[str]:
        return [str(programs / "python"), "canaille_server.py", str(self.port), PERSON, PASSWORD]

    def code(self, scope: str, verifier: str) -> str:
        with httpx.Client(base_url=self.issuer, trust_env=False, verify=NO_TLS) as browser:
            answer = browser.get("/oauth/authorize", params=self._request(scope, verifier))
            while "/callback?" not in answer.headers.get("location", ""):
                answer = browser.get(answer.headers["location"]) if answer.is_redirect else fill_in(browser, answer)
        return code_of(answer)

    def machine_token(self) -> str:
        return str(self._token({"grant_type": "client_credentials", "scope": "profile"})["access_token"])

    def introspected(self, token: str, **hint: str) -> dict[str, Any]:
        asking = (self.client_id, self.client_secret)
        return dict(self.http.post("/oauth/introspect", data={"token": token, **hint}, auth=asking).json())

    def revoke(self, token: str) -> None:
        asking = (self.client_id, self.client_secret)
        self.http.post("/oauth/revoke", data={"token": token}, auth=asking).raise_for_status()

    def _register(self) -> None:
        """A client by dynamic registration (RFC 7591)."""
        wanted = {"redirect_uris": [REDIRECT], "response_types": ["code"], "scope": "openid profile email",
                  "grant_types": ["authorization_code", "refresh_token", "client_credentials"]}  # fmt: skip
        told = self.http.post("/oauth/register", json=wanted | {"client_name": "app"}).raise_for_status().json()
        self.client_id, self.client_secret = told["client_id"], told["client_secret"]
        self.registration_token = str(told["registration_access_token"])


def fill_in(browser: httpx.Client, page: httpx.Response) -> httpx.Response:
    """Sends the form on this page of canaille's: who it is, the password, or the consent."""
    assert page.status_code == 200, page.text
    known = {"login": PERSON, "password": PASSWORD, "answer": "accept"}
    asked = re.findall(r'<(?:input|button)[^>]*? name="(\w+)"', page.text)
    wanted = next(name for name in ("password", "login", "answer") if name in asked)
    hidden = re.findall(r'name="(csrf_token)"[^>]*? value="([^"]+)"', page.text)
    return browser.post(page.request.url, data=dict(hidden) | {wanted: known[wanted]})


def code_of(answer: httpx.Response) -> str:
    returned = parse_qs(urlsplit(answer.headers.get("location", "")).query)
    assert "code" in returned, answer.text
    return str(returned["code"][0])


def environment(package: str) -> Path:
    """Where the programs of the package are; installed unless exactly this was installed before."""
    wanted = (HERE / f"requirements-{package}.txt").read_text()
    home = HERE / ".venv" / package
    done = home / "installed.txt"
    if not done.is_file() or done.read_text() != wanted:
        venv.create(home, clear=True, with_pip=True)
        install(home / "bin" / "python", package)
        done.write_text(wanted)
    return home / "bin"


def install(python: Path, package: str) -> None:
    requirements = str(HERE / f"requirements-{package}.txt")
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run([*command, "-r", requirements], capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"pip could not install {package}:\n{done.stdout}{done.stderr}")
