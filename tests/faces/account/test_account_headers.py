"""What every answer of the page tells browsers, and which files there are."""

import re

import httpx
import pytest
from litestar import HttpMethod
from tests.faces.account.browsing import ACCOUNT, Browser, provided
from tests.faces.fixtures import Serve
from tests.faces.running import Service
from tests.minting import ISSUER

from profilegate.account_settings import AccountSettings, BrandingSettings
from profilegate.faces.account import router
from profilegate.settings import ServerSettings

SHOWN = {
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000",
    "vary": "Cookie, Accept-Language",
}
GETS = sorted(
    "/account" + path.replace("{app_id:str}", "5")
    for handler in router.PAGES
    if HttpMethod.GET in handler.http_methods
    for path in handler.paths
)
QUERIES = {"/account/operator/user": {"user_id": "root"}, "/account/username": {"username": "root"}}


@pytest.mark.parametrize("who", ["stranger", "user", "operator"])
async def test_nobody_keeps_frames_or_sniffs_an_answer(service: Service, who: str) -> None:
    browser = Browser(service)
    if who != "stranger":
        await browser.signed_in("root", operator=who == "operator" or None)
    for path in GETS:
        check(await browser.get(path, params=QUERIES.get(path)))


def check(answer: httpx.Response) -> None:
    assert answer.status_code in (200, 303, 401, 403, 404)
    assert answer.headers["cache-control"] == "no-store"
    if answer.headers["content-type"].startswith("text/html"):
        assert {name: answer.headers.get(name) for name in SHOWN} == SHOWN
    elif answer.status_code != 303:
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_page_loads_and_sends_nothing_elsewhere_but_pictures_and_sign_outs(alice: Browser) -> None:
    policy = dict(
        part.strip().partition(" ")[::2] for part in (await alice.get()).headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == f"'self' {ISSUER}"
    assert "unsafe" not in str(policy)


async def test_no_page_needs_what_its_policy_forbids(root: Browser) -> None:
    for path in ("/account", "/account/operator", "/account/operator/user?user_id=root", "/account/signed-out"):
        text = (await root.get(path)).text
        assert not re.search(r"<style|<script(?![^>]*src=)|\son\w+=|\sstyle=|javascript:", text)


async def test_on_loopback_nothing_is_said_of_https(serve: Serve) -> None:
    service = provided(await serve(account=ACCOUNT, server=ServerSettings(public_url="http://localhost:8000")))
    assert "strict-transport-security" not in (await Browser(service).get()).headers


# Files


@pytest.mark.parametrize("name", sorted(router.FILES))
async def test_every_file_says_what_it_is(browser: Browser, name: str) -> None:
    answer = await browser.get(f"/account/static/{name}")
    kind = router.TYPES["." + name.rpartition(".")[2]]
    assert answer.status_code == 200
    assert answer.content == router.FILES[name]
    assert answer.headers["content-type"] in (kind, f"{kind}; charset=utf-8")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "nope.css",
        "..%2frouter.py",
        "%2e%2e%2frouter.py",
        "../router.py",
        "..%5crouter.py",
        "%2fetc%2fpasswd",
        "account.css%00",
        "account.css%00.js",
        "ACCOUNT.CSS",
        "%c0%ae%c0%ae%2frouter.py",
        "static",
        "__pycache__",
        ".",
        "",
        "x" * 5000,
    ],
)
async def test_nothing_but_the_files_of_the_list_is_served(browser: Browser, path: str) -> None:
    answer = await browser.get(f"/account/static/{path}")
    assert answer.status_code == 404
    assert b"import" not in answer.content


async def test_the_colour_and_the_logo_are_those_of_the_settings(serve: Serve, tmp_path: object) -> None:
    logo = f"{tmp_path}/logo.svg"
    with open(logo, "w") as file:  # noqa: ASYNC230
        file.write("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    branding = BrandingSettings(name="<Acme & Sons>", accent="#112233", logo=logo)
    account = AccountSettings(client_id="c", session_secret="s" * 32, branding=branding)
    browser = Browser(provided(await serve(account=account)))
    assert "--accent: #112233" in (await browser.get("/account/theme.css")).text
    answer = await browser.get("/account/logo")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["content-security-policy"]
    page = await browser.get()
    assert "&lt;Acme &amp; Sons&gt;" in page.text
    assert "<Acme" not in page.text


async def test_without_a_logo_there_is_none(browser: Browser) -> None:
    assert (await browser.get("/account/logo")).status_code == 404


async def test_without_the_section_there_is_no_page(serve: Serve) -> None:
    service = await serve()
    for path in ("/account", "/account/sign-in", "/account/static/account.css"):
        assert (await service.stranger().get(path)).status_code == 404
