"""A person's sign-in without a browser: a real authorization code round trip with PKCE, over HTTP."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from profilegate.demo.tokens import ALGORITHM

CLIENT_ID = "demo-spa"
CALLBACK = "http://127.0.0.1/callback"


class SignInError(Exception):
    """The provider refused, or answered what a client must not accept."""


async def sign_in(issuer: str, person: str, client: httpx.AsyncClient, scope: str = "openid profile email") -> str:
    """Signs `person` (a username) in at the demo's provider and gives their access token.

    Checks what a client has to: issuer, state and, when scope has openid, the ID token with its nonce. Does not
    look into the access token, which is for the API to read. Raises SignInError, and lets httpx's and joserfc's pass.
    """
    provider = await _json(client, "GET", f"{issuer}/.well-known/openid-configuration")
    _require(provider["issuer"] == issuer, "the discovery document is somebody else's")
    verifier, state, nonce = (secrets.token_urlsafe(32) for _ in range(3))
    asked = {**_request(scope, verifier), "state": state, "nonce": nonce}
    code = await _choose(client, provider["authorization_endpoint"], asked, person)
    tokens = await _redeem(client, provider["token_endpoint"], code, verifier)
    if "openid" in scope.split():
        await _check_id_token(client, provider, tokens["id_token"], nonce)
    return str(tokens["access_token"])


def _request(scope: str, verifier: str) -> dict[str, str]:
    digest = hashlib.sha256(verifier.encode()).digest()
    return {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": scope,
        "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }


async def _choose(client: httpx.AsyncClient, endpoint: str, asked: dict[str, str], person: str) -> str:
    """Opens the page, presses the person's button, and reads the code from where the browser would be sent."""
    await _opened(client, "GET", endpoint, params=asked)
    answer = await client.post(endpoint, data={**asked, "person": person}, follow_redirects=False)
    location: str = answer.headers.get("Location", "")
    returned = parse_qs(urlsplit(location).query)
    _require(returned.get("state") == [asked["state"]], "the answer belongs to another request")
    _require("code" in returned, f"the provider refused: {returned.get('error_description')}")
    return returned["code"][0]


async def _redeem(client: httpx.AsyncClient, endpoint: str, code: str, verifier: str) -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "client_id": CLIENT_ID, "redirect_uri": CALLBACK}
    return await _json(client, "POST", endpoint, data={**form, "code": code, "code_verifier": verifier})


async def _check_id_token(client: httpx.AsyncClient, provider: dict[str, Any], id_token: str, nonce: str) -> None:
    """Signature, issuer, audience and nonce; not the expiry, because it was issued a moment ago."""
    keys = KeySet.import_key_set(await _json(client, "GET", provider["jwks_uri"]))  # type: ignore[arg-type]
    claims = jwt.decode(id_token, keys, [ALGORITHM]).claims
    expected = {"iss": provider["issuer"], "aud": CLIENT_ID, "nonce": nonce}
    _require(expected.items() <= claims.items(), "the ID token is not for this sign-in")


async def _json(client: httpx.AsyncClient, method: str, url: str, **content: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await _opened(client, method, url, **content)).json()
    return answer


async def _opened(client: httpx.AsyncClient, method: str, url: str, **content: Any) -> httpx.Response:
    answer = await client.request(method, url, **content)
    _require(answer.status_code == 200, f"{url} answered {answer.status_code}: {answer.text[:200]}")
    return answer


def _require(truth: bool, otherwise: str) -> None:
    if not truth:
        raise SignInError(otherwise)
