"""A browser at the account page, a provider that signs its people in, and what the page shows."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from tests.faces.running import TENANT, Service
from tests.minting import ISSUER

from profilegate.account_settings import AccountSettings
from profilegate.auth.discovery import ADDRESSES
from profilegate.profiles.record import Profile, ProfileKey

ACCOUNT = AccountSettings(client_id="account-page", client_secret="the secret", session_secret="s" * 32)
SESSION = "__Host-profilegate"
ATTEMPT = "__Host-profilegate-sign-in"
OURS = {"sec-fetch-site": "same-origin"}
HOME = "/account"
FORM = "application/x-www-form-urlencoded"


def provided(service: Service) -> Service:
    """The service, whose provider has every endpoint that a sign-in asks for."""
    names = (each for each in ADDRESSES if each.endswith("_endpoint"))
    service.provider.metadata |= {name: f"{ISSUER}/{name.removesuffix('_endpoint')}" for name in names}
    service.provider.odd["userinfo"] = lambda: httpx.Response(401)
    return service


class Browser:
    """Keeps cookies, follows no redirect, and says that its forms come from our own page."""

    def __init__(self, service: Service, headers: Mapping[str, str] | None = None) -> None:
        self.service = service
        self.http = service.stranger(headers)

    async def get(self, path: str = HOME, **options: Any) -> httpx.Response:
        return await self.http.get(path, **options)

    async def post(self, path: str, form: Mapping[str, Any] | None = None, **options: Any) -> httpx.Response:
        return await self.http.post(path, **{"data": form, "headers": OURS, **options})

    async def begin(self, to: str = "") -> dict[str, str]:
        """What the provider is asked at its door."""
        answer = await self.get("/account/sign-in", params={"to": to} if to else {})
        assert answer.status_code == 303, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    async def back(self, asked: Mapping[str, str], **answered: str) -> httpx.Response:
        """The provider sends the browser back, with a code."""
        return await self.get("/account/callback", params={"state": asked["state"], "code": "the code", **answered})

    async def signed_in(self, user_id: str, **claims: Any) -> "Browser":
        """The whole way of a sign-in."""
        asked = await self.begin()
        self.says(asked, user_id, **claims)
        answer = await self.back(asked)
        assert answer.status_code == 303, answer.text
        return self

    def says(self, asked: Mapping[str, str], user_id: str = "alice", **claims: Any) -> None:
        """What the provider will say of whoever comes with a code."""
        said = id_token(self.service, user_id, nonce=asked["nonce"], **claims)
        tokens = {"access_token": "at", "token_type": "Bearer", "id_token": said}
        self.service.provider.odd["token"] = lambda: httpx.Response(200, json=tokens)

    @property
    def cookie(self) -> str | None:
        return self.http.cookies.get(SESSION)

    async def saved(self, **typed: str) -> httpx.Response:
        """Type into the form as the page shows it, and save. `__` stands for a dot."""
        page = Page(await self.get())
        changes = {name.replace("__", "."): value for name, value in typed.items()}
        return await self.post("/account/profile", page.form("/account/profile") | changes)


def id_token(service: Service, user_id: str = "alice", header: dict[str, Any] | None = None, **claims: Any) -> str:
    """An ID token as the provider signs it for the page."""
    usual = {"aud": ACCOUNT.client_id, "tenant": TENANT, "client_id": None, "sid": "sid-1"}
    return service.token(user_id, header={"typ": "JWT", **(header or {})}, **{**usual, **claims})


class Page(HTMLParser):
    """What stands in an answer's HTML: its forms, its text, its links."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: dict[str, dict[str, str]] = {}
        self.inputs: dict[str, dict[str, str | None]] = {}
        self.links: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self._form: dict[str, str] = {}
        assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.headers
        self.feed(answer.text)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def form(self, action: str) -> dict[str, str]:
        """The names and values that a browser sends for the form."""
        return dict(self.forms[action])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.links += [str(given[name]) for name in ("href", "src", "action") if given.get(name)]
        if tag == "form":
            self._form = self.forms.setdefault(given["action"] or "", {})
        if tag == "input" and given.get("name"):
            name = given["name"] or ""
            self._form[name] = given.get("value") or ""
            self.inputs[name] = given

    def handle_data(self, data: str) -> None:
        self.words.append(data)


async def record(service: Service, user_id: str = "alice", tenant: str = TENANT) -> Profile:
    """The stored record."""
    found = await service.gate.repository.get(ProfileKey(tenant, user_id))
    assert isinstance(found, Profile)
    return found


def attributes(header: str) -> set[str]:
    """The attributes of a Set-Cookie header, in lower case."""
    return {part.strip().lower() for part in header.split(";")[1:]}


def set_cookies(answer: httpx.Response) -> dict[str, str]:
    """The Set-Cookie headers by the cookie's name."""
    return {each.partition("=")[0]: each for each in answer.headers.get_list("set-cookie")}
