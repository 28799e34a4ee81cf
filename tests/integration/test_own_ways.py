"""What is each host's own: its people, its guards, its tables, its documents, its sockets, its optional callers."""

import json
from uuid import uuid4

import httpx
import pytest
from tests.integration.hosting import Process, raw
from tests.integration.world import World

CLIENT = """
import sys
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

try:
    with connect(sys.argv[1], additional_headers=dict([sys.argv[2:]] if sys.argv[2:] else []), proxy=None) as socket:
        who = socket.recv()
        socket.send("hello")
        print(who, socket.recv())
except InvalidStatus as error:
    print(error.response.status_code)
"""


@pytest.fixture
def shop(hosts: World) -> Process:
    return hosts.host("litestar")


@pytest.fixture
def library(hosts: World) -> Process:
    return hosts.host("fastapi")


@pytest.fixture
def strangers(hosts: World) -> Process:
    """Where who sends no token at all gets in too."""
    return hosts.host("around")


@pytest.fixture
def token(hosts: World) -> str:
    return hosts.provider.sign_in("caller")


def staffed(shop: Process, path: str, token: str | None = None) -> httpx.Response:
    return shop.call(token, path, headers={"x-staff": "eve"})


def socket(hosts: World, url: str, token: str | None = None) -> str:
    """What a client of a WebSocket sees: who it is there and an echo, or the status of the refusal."""
    said = () if token is None else ("authorization", f"Bearer {token}")
    return hosts.installed.run("-c", CLIENT, url.replace("http:", "ws:"), *said).stdout.strip()


def test_the_shops_people_need_no_token_of_ours(shop: Process) -> None:
    assert staffed(shop, "/staff").json() == {"staff": "eve", "currency": "EUR"}


def test_a_good_token_makes_nobody_a_member_of_the_staff(shop: Process, token: str) -> None:
    answer = shop.call(token, "/staff")
    assert (answer.status_code, answer.text) == (401, "shop: 401")
    assert "www-authenticate" not in answer.headers


def test_the_shops_own_user_and_our_caller_stand_side_by_side(shop: Process, token: str) -> None:
    assert staffed(shop, "/both", token).json() == {"staff": "eve", "caller": "caller"}
    assert staffed(shop, "/both").status_code == 401
    assert staffed(shop, "/identity/api/profile", token).json()["id"] == "caller"
    assert staffed(shop, "/identity/api/profile").status_code == 401


def test_the_shop_words_the_refusals_of_our_guard_and_keeps_their_challenge(shop: Process) -> None:
    answer = shop.call("made-up", "/me")
    assert (answer.status_code, answer.text) == (401, "shop: 401")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_the_shops_tables_are_in_its_own_database(shop: Process, hosts: World, token: str) -> None:
    name = uuid4().hex
    headers = {"x-staff": "eve"}
    assert shop.call(token, "/me").status_code == 200
    assert name in shop.http.post("/wares", json={"name": name}, headers=headers).json()
    assert (hosts.folder / "litestar" / "shop.db").is_file()


def test_the_shops_document_is_its_own_and_tells_of_our_faces(shop: Process) -> None:
    document = shop.http.get("/schema/openapi.json").json()
    assert document["info"] == {"title": "The Shop", "version": "7"}
    assert {"/me", "/staff", "/identity/api/profile"} <= document["paths"].keys()
    assert document["components"]["securitySchemes"].keys() == {"oidc"}


def test_only_the_chosen_faces_are_in_the_shop(shop: Process, token: str) -> None:
    for path in ("/identity/auth/forward", "/identity/oidc/userinfo", "/identity/app/all", "/auth/forward"):
        answer = shop.call(token, path)
        assert (answer.status_code, answer.text) == (404, "shop: 404")


def test_the_librarys_lifespan_and_its_state_are_its_own(library: Process) -> None:
    assert library.http.get("/open").json() == {"librarian": "Ada", "opened": True}


def test_the_librarys_readers_need_no_token_of_ours(library: Process, token: str) -> None:
    assert library.http.get("/desk", headers={"x-reader": "kim"}).json() == {"reader": "kim"}
    answer = library.call(token, "/desk")
    assert (answer.status_code, answer.text, answer.headers["www-authenticate"]) == (401, "library: 401", "Reader")


def test_the_librarys_document_knows_nothing_of_ours_which_has_its_own(library: Process) -> None:
    theirs, ours = (library.http.get(f"{at}/openapi.json").json() for at in ("", "/identity/schema"))
    assert theirs["info"]["title"] == "The Library"
    assert not [path for path in theirs["paths"] if path.startswith("/identity")]
    assert ours["info"]["title"] == "profilegate"


def test_our_refusal_in_front_of_the_library_is_problem_details(library: Process) -> None:
    answer = library.call("made-up", "/me")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code == 401


def test_a_socket_knows_who_is_calling(hosts: World, token: str) -> None:
    assert socket(hosts, hosts.host("starlette").url + "/echo", token) == "caller hello"


def test_a_socket_without_a_good_token_is_not_opened(hosts: World, token: str) -> None:
    url = hosts.host("starlette").url + "/echo"
    for bad in (None, "made-up", token[:-8], hosts.elsewhere.sign_in("caller")):
        assert socket(hosts, url, bad) == "403"


def test_a_socket_for_strangers_takes_nobody_and_no_bad_token(hosts: World, strangers: Process, token: str) -> None:
    url = strangers.url + "/strangers/echo"
    assert [socket(hosts, url, each) for each in (None, token, "made-up")] == ["nobody hello", "caller hello", "403"]


def test_where_strangers_may_come_who_sends_nothing_is_nobody(strangers: Process, token: str) -> None:
    assert strangers.call(None, "/strangers/me").text == "null"
    assert strangers.call(token, "/strangers/me").json()["user"] == "caller"


@pytest.mark.parametrize(
    "sent", ["Bearer made-up", "Bearer", "Basic abc", ""], ids=["made up", "empty", "basic", "none"]
)
def test_where_strangers_may_come_a_bad_credential_is_refused_all_the_same(strangers: Process, sent: str) -> None:
    assert raw(strangers, "/strangers/me", authorization=sent) == 401


def test_no_user_of_one_request_is_there_in_the_next(strangers: Process, token: str) -> None:
    with httpx.Client(base_url=strangers.url, trust_env=False) as client:
        for _ in range(5):
            assert client.get("/strangers/me", headers={"authorization": f"Bearer {token}"}).json() is not None
            assert json.loads(client.get("/strangers/me").text) is None
