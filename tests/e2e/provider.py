"""The OpenID provider of the end-to-end tests: npm's certified `oidc-provider`, in a node process of its own.

`sign_in` is a whole authorization code sign-in with PKCE, over HTTP, without a browser. Nothing here reads
or checks a token: that is the business of the service under test.
"""

import fcntl
import json
import os
import secrets
import select
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NoReturn, Self
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey
from tests.e2e.proofs import Prover, digest

HERE = Path(__file__).parent
RESOURCE = "https://profiles.example"
OPAQUE = f"{RESOURCE}/opaque"  # the same service's audience, in a token that only the provider can read
OPERATOR_SCOPE = "profile:operator"  # granted to login ids that start with `operator-`, and to the machine
INTROSPECTION_SECRET = "gate secret: 50% & more"  # of the clients `gate-basic` and `gate-post`
REDIRECT = "http://127.0.0.1/callback"
START_SECONDS = 30

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For plain http: reading the machine's certificates would take longer than most requests."""


class Provider:
    """A running provider. Ends with `stop()` or as a context manager; ends by itself when the tests die."""

    def __init__(self, alg: str = "RS256", *, port: int = 0, resource: str = RESOURCE, **environment: str) -> None:
        install()
        self.alg, self.resource = alg, resource
        self.client_key = ECKey.generate_key("P-256")
        """What the client `gate-key` signs with."""
        client_key = json.dumps(self.client_key.as_dict(private=False))
        settings = {"PROVIDER_ALG": alg, "PROVIDER_RESOURCE": resource, "PROVIDER_CLIENT_KEY": client_key}
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by stop()
        self._process = subprocess.Popen(
            [program("node"), "provider.mjs", str(port)],
            cwd=HERE,
            env=os.environ | settings | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self.issuer, self.port = self._listening()
        self._http = httpx.Client(base_url=self.issuer, trust_env=False, verify=NO_TLS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _listening(self) -> tuple[str, int]:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], START_SECONDS)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            self._fail_to_start()
        told = json.loads(line)
        return told["issuer"], told["port"]

    def _fail_to_start(self) -> NoReturn:
        self._end_process()
        self._errors.seek(0)
        reason = self._errors.read()
        self._errors.close()
        pytest.fail(f"the OpenID provider did not start:\n{reason}")

    def sign_in(self, login_id: str, scope: str = "openid profile email", **options: Any) -> str:
        """The access token of a person whose `sub` is the login id. The options are those of `tokens`."""
        return str(self.tokens(login_id, scope, **options)["access_token"])

    def tokens(
        self,
        login_id: str,
        scope: str = "openid profile email",
        *,
        resource: str | None = RESOURCE,
        prover: Prover | None = None,
    ) -> dict[str, Any]:
        """The whole answer of the token endpoint, with the ID token and, for `offline_access`, a refresh token.

        With a prover the tokens are bound to its key. Without a resource the access token is opaque and for nobody
        in particular; for OPAQUE it is opaque and for the service.
        """
        verifier = secrets.token_urlsafe(48)
        return self._token(
            {"grant_type": "authorization_code", "code": self.code(login_id, scope, verifier, resource),
             "client_id": "spa", "redirect_uri": REDIRECT, "code_verifier": verifier},
            prover,
        )  # fmt: skip

    def code(self, login_id: str, scope: str = "openid", verifier: str = "", resource: str | None = RESOURCE) -> str:
        """An authorization code that nobody has used yet."""
        request = {"client_id": "spa", "response_type": "code", "redirect_uri": REDIRECT, "scope": scope,
                   "login_hint": login_id, "prompt": "consent", "code_challenge": digest(verifier),
                   "code_challenge_method": "S256"} | _resource(resource)  # fmt: skip
        with httpx.Client(base_url=self.issuer, trust_env=False, verify=NO_TLS) as browser:
            answer = browser.get("/auth", params=request)
            while answer.is_redirect and "/callback?" not in answer.headers["location"]:
                answer = browser.get(answer.headers["location"])
        returned = parse_qs(urlsplit(answer.headers.get("location", "")).query)
        if "code" not in returned:
            pytest.fail(f"the provider did not sign {login_id} in: {answer.status_code} {returned} {answer.text[:500]}")
        return str(returned["code"][0])

    def machine_token(self, scope: str = "", *, resource: str | None = RESOURCE) -> str:
        """The access token of the confidential client itself; in a JWT its `sub` is the client id."""
        form = {"grant_type": "client_credentials", "scope": scope} | _resource(resource)
        return str(self._token(form, auth=("service", "service-secret"))["access_token"])

    def revoke(self, token: str) -> None:
        self._http.post("/token/revocation", data={"token": token, "client_id": "spa"}).raise_for_status()

    def introspected(self, token: str) -> dict[str, Any]:
        """What the provider itself says of an opaque token, asked as the client `gate-post`."""
        asking = {"client_id": "gate-post", "client_secret": INTROSPECTION_SECRET}
        return dict(self._http.post("/token/introspection", data={"token": token, **asking}).raise_for_status().json())

    def published_keys(self) -> list[dict[str, Any]]:
        return list(self._http.get("/jwks").raise_for_status().json()["keys"])

    def rotate(self, *, keep: bool = False) -> list[str]:
        """Signs with new keys from now on and returns the published key ids, newest first."""
        answer = self._http.post("/__rotate", params={"keep": int(keep)}).raise_for_status()
        return list(answer.json()["kids"])

    def stop(self) -> None:
        self._http.close()
        self._end_process()
        self._errors.close()

    def _end_process(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _token(self, form: dict[str, str], prover: Prover | None = None, **options: Any) -> dict[str, Any]:
        headers = {} if prover is None else {"dpop": prover.proof("POST", f"{self.issuer}/token")}
        answer = self._http.post("/token", data=form, headers=headers, **options)
        if answer.is_error:
            pytest.fail(f"the provider gave no token: {answer.status_code} {answer.text}")
        return dict(answer.json())


def _resource(resource: str | None) -> dict[str, str]:
    return {} if resource is None else {"resource": resource}


def program(name: str) -> str:
    """Never skips: without node the end-to-end tests would pass by not running."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"the end-to-end tests need {name} (Node.js 20 or newer) on PATH")
    return found


def install() -> None:
    """npm's packages exactly as pinned in package.json; nothing to do where they are there already.

    One process at a time: another's half-written package looks like a whole one.
    """
    with (HERE / ".installing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
        if all(installed_version(name) == version for name, version in wanted.items()):
            return
        command = [program("npm"), "install", "--no-audit", "--no-fund", "--no-package-lock"]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
        if done.returncode:
            pytest.fail(f"npm install failed:\n{done.stdout}{done.stderr}")


def installed_version(name: str) -> str | None:
    manifest = HERE / "node_modules" / name / "package.json"
    return json.loads(manifest.read_text())["version"] if manifest.is_file() else None
