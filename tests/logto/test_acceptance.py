"""Case by case what a running Logto answers, but for the differences that the contract makes on purpose."""

from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import pytest
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OPERATOR, OTHER_TENANT, Clock, Service, key
from tests.logto.asking import CLAIMS, EVERY_SCOPE, HERE, NEWER, refusal
from tests.store.databases import everything

from profilegate.settings import FieldSettings

AVATAR = "https://example.com/alice.png"
GIVEN = {"name": "Alice", "avatar": AVATAR, "username": "alice", "customData": {"plan": "free", "seats": 1}}
"""What alice's record says before each case; bob has the username "bob"."""

USUAL = "openid offline_access profile"
"""The scopes that Logto's SDKs ask for by default."""

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Case:
    """One request of alice's: what is sent, by whom with which scopes, and the answer.

    `effect` is what differs in the record afterwards; a refusal has none.
    """

    title: str
    sent: Any = None
    status: int = 200
    code: str | None = None
    effect: dict[str, Any] = field(default_factory=dict)
    scope: str = EVERY_SCOPE
    method: Literal["PATCH", "PUT", "POST", "DELETE"] = "PATCH"
    headers: dict[str, str] = field(default_factory=lambda: JSON)
    path: str = HERE

    def __str__(self) -> str:
        return self.title.replace(" ", "-")


def taken(title: str, sent: dict[str, Any], effect: dict[str, Any] | None = None, **other: Any) -> Case:
    return Case(title, sent, 200, None, sent if effect is None else effect, **other)


def refused(title: str, sent: Any, status: int = 400, code: str = "guard.invalid_input", **other: Any) -> Case:
    return Case(title, sent, status, code, **other)


TOO_LONG = "entity.value_too_long"
EMPTY = "entity.invalid_input"

NAMES = [
    taken("a name", {"name": "Alice Cooper"}),
    taken("a name of another script", {"name": "Zoë 🐯 陳"}),
    taken("a null name", {"name": None}),
    taken("an empty name", {"name": ""}, {"name": None}),
    taken("markup in a name", {"name": "<script>alert(1)</script>"}),
    taken("a name that could be SQL", {"name": "'; DROP TABLE profilegate_profile; --"}),
    taken("128 characters of a name", {"name": "x" * 128}),
    taken("128 emoji of a name", {"name": "🐯" * 128}),
    refused("129 characters of a name", {"name": "x" * 129}, 422, TOO_LONG),
    refused("129 emoji of a name", {"name": "🐯" * 129}, 422, TOO_LONG),
    refused("a name of white space", {"name": "   "}),
    refused("a newline in a name", {"name": "Alice\nBob"}),
    refused("a bidirectional control in a name", {"name": "Alice\u202eecilA"}),
    refused("NUL in a name", {"name": "Al\0ice"}),
    refused("half a character in a name", rb'{"name": "\ud800"}', code="guard.invalid_json"),
    refused("a number for a name", {"name": 5}),
    refused("a list for a name", {"name": ["Alice"]}),
    refused("an object for a name", {"name": {}}),
    refused("a boolean for a name", {"name": True}),
]

AVATARS = [
    taken("an avatar", {"avatar": "https://example.com/avatar.png"}),
    taken("an avatar by http", {"avatar": "http://example.com/avatar.png"}),
    taken("an avatar that nobody will fetch", {"avatar": "http://169.254.169.254/latest/meta-data"}),
    taken("an avatar of upper case", {"avatar": "HTTPS://EXAMPLE.com/A.png"}),
    taken("a null avatar", {"avatar": None}),
    taken("2048 characters of an avatar", {"avatar": "https://example.com/" + "x" * 2028}),
    refused("2049 characters of an avatar", {"avatar": "https://example.com/" + "x" * 2029}, 422, TOO_LONG),
    refused("a number for an avatar", {"avatar": 5}),
    *(
        refused(f"the avatar {n}", {"avatar": avatar})
        for n, avatar in enumerate(
            [
                "",
                "not a url",
                "/a.png",
                "example.com/a.png",
                "//example.com/a.png",
                "https://",
                "https://ex ample.com",
                "https://h:99999/",
                "javascript:alert(1)",
                "data:image/png;base64,AAAA",
                "ftp://example.com/a.png",
                "file:///etc/passwd",
                "blob:https://example.com/1",
                "https://user:password@example.com/a.png",
                " https://example.com/a.png",
                "https://example.com/a.png ",
                "https://example.com/a\n.png",
                "https://example.com/a\0.png",
                "https:\\\\example.com",
                "C:\\x.png",
                "http:///a",
            ]
        )
    ),
]

USERNAMES = [
    taken("a username", {"username": "Alice_2"}),
    taken("one's own username", {"username": "alice"}),
    taken("one's own username in other letters", {"username": "ALICE"}),
    taken("one letter of a username", {"username": "a"}),
    taken("128 characters of a username", {"username": "x" * 128}),
    refused("129 characters of a username", {"username": "x" * 129}, 422, TOO_LONG),
    refused("a username that is taken", {"username": "bob"}, 422, "user.username_already_in_use"),
    refused("a username taken in other letters", {"username": "BOB"}, 422, "user.username_already_in_use"),
    refused("a name beside a taken username", {"name": "B", "username": "bob"}, 422, "user.username_already_in_use"),
    refused("a null username", {"username": None}),
    refused("a number for a username", {"username": 5}),
    *(
        refused(f"the username {n}", {"username": username})
        for n, username in enumerate(
            ["", "1bad", "a-b", "a b", "a.b", "ålice", "é", "alice\n", "\nalice", "alice٣", "al\0ice", "alice\u200b"]
        )
    ),
]


def nested(levels: int) -> dict[str, Any]:
    return {"a": nested(levels - 1)} if levels > 1 else {}


CUSTOM_DATA = [
    taken("custom data, which replaces what was there", {"customData": {"theme": "dark"}}),
    taken("empty custom data", {"customData": {}}),
    taken("any JSON in custom data", {"customData": {"a": [1, 2.5, None, True, {"é": "🐯"}], "b": {"c": {}}}}),
    taken("a null inside custom data", {"customData": {"plan": None}}),
    taken("custom data of 32 levels", {"customData": nested(32)}),
    taken("the largest integer", {"customData": {"a": 2**63 - 1, "b": 1 - 2**63}}),
    taken("numbers that are no integers", {"customData": {"a": 9.2e18, "b": -1.5, "c": 5e-324}}),
    refused("a number of more than 63 bits", {"customData": {"a": [1e300]}}),
    refused("custom data of 33 levels", {"customData": nested(33)}),
    refused("an integer of 64 bits", {"customData": {"a": 2**63}}),
    refused("a number beyond all doubles", b'{"customData": {"a": 1e999}}', code="guard.invalid_json"),
    refused("null custom data", {"customData": None}),
    refused("a list for custom data", {"customData": []}),
    refused("a text for custom data", {"customData": "dark"}),
    refused("NUL in custom data", {"customData": {"a": ["\0"]}}),
    refused("NUL in a key of custom data", {"customData": {"\0": 1}}),
]

TOGETHER = [
    taken("all of it", {"name": "A", "avatar": "https://a.example/", "username": "ann", "customData": {"a": 1}}),
    taken("what is there already", GIVEN, {}),
    taken("unknown keys beside a name", {"name": "Ann", "id": "bob", "isSuspended": True}, {"name": "Ann"}),
    taken("a key that only a provider sets", {"name": "Ann", "primaryEmail": "a@example.com"}, {"name": "Ann"}),
    taken("times, which nobody sets", {"name": "Ann", "createdAt": 1, "updatedAt": 1}, {"name": "Ann"}),
    Case("a key given twice", rb'{"name": "Ann", "name": "Zoe"}', effect={"name": "Zoe"}),
    refused("one bad field beside good ones", {"name": "Ann", "avatar": "nowhere"}),
    refused("three bad fields", {"name": 5, "avatar": "nowhere", "username": "1bad"}),
    refused("an empty object", {}, 422, EMPTY),
    refused("only unknown keys", {"nickname": "Al", "profile": {}}, 422, EMPTY),
    refused("only keys in other letters", {"Name": "Ann", "custom_data": {}}, 422, EMPTY),
    refused("no body", b"", 422, EMPTY),
    refused("no body and no type", b"", 422, EMPTY, headers={}),
]

NOT_JSON = {
    "a form": "application/x-www-form-urlencoded",
    "a multipart form": "multipart/form-data; boundary=x",
    "text": "text/plain",
    "XML": "application/xml",
    "another JSON": "application/vnd.api+json",
}


def unsupported(title: str, headers: dict[str, str]) -> Case:
    return refused(title, b'{"name": "Ann"}', 415, "guard.unsupported_media_type", headers=headers)


BODIES = [
    taken("a merge patch", {"name": "Ann"}, headers={"content-type": "application/merge-patch+json"}),
    taken("no content type", {"name": "Ann"}, headers={}),
    taken("a charset", {"name": "Ann"}, headers={"content-type": "application/json; charset=utf-8"}),
    taken("a type in upper case", {"name": "Ann"}, headers={"content-type": "Application/JSON"}),
    refused("a list", b"[1]"),
    refused("null", b"null", code="guard.invalid_json"),
    refused("a text of JSON", b'"abc"', code="guard.invalid_json"),
    refused("a number of JSON", b"5", code="guard.invalid_json"),
    refused("half an object", b'{"name": "Ann"', code="guard.invalid_json"),
    refused("an object and more", b'{"name": "Ann"} {}', code="guard.invalid_json"),
    refused("single quotes", b"{'name': 'Ann'}", code="guard.invalid_json"),
    refused("NaN", b'{"customData": {"a": NaN}}', code="guard.invalid_json"),
    refused("Latin-1", b'{"name": "\xe9"}', code="guard.invalid_json"),
    *(unsupported(title, {"content-type": kind}) for title, kind in NOT_JSON.items()),
    unsupported("a compressed body", {**JSON, "content-encoding": "gzip"}),
    refused("two megabytes", b'{"name": "' + b"x" * 2_000_000 + b'"}', 413, "guard.body_too_large"),
]


def claimed(title: str, sent: dict[str, Any]) -> Case:
    return taken(title, sent, {"profile": sent}, path=CLAIMS)


SCOPES = [
    taken("a name by the usual scopes", {"name": "Ann"}, scope=USUAL),
    refused("a name without the scope", {"name": "Ann"}, 403, "auth.forbidden", scope="openid"),
    refused("a bad body without the scope", {"name": 5}, 403, "auth.forbidden", scope="openid"),
    refused("no scope at all", {"name": "Ann"}, 403, "auth.forbidden", scope=""),
    refused("custom data without its scope", {"customData": {}}, 403, "auth.forbidden", scope=USUAL),
    refused("a name beside such data", {"name": "A", "customData": {}}, 403, "auth.forbidden", scope=USUAL),
    taken("custom data by its scope", {"customData": {}}, scope=f"{USUAL} custom_data"),
    refused("claims without the scope", {"nickname": "Al"}, 403, "auth.forbidden", scope="openid", path=CLAIMS),
    refused("an address without its scope", {"address": {}}, 403, "auth.forbidden", scope=USUAL, path=CLAIMS),
    claimed("an address by its scope", {"address": {"country": "SE"}}),
    claimed("claims of any text", {"profile": "HI", "website": "HI"}),
    taken("no claim", {}, {}, path=CLAIMS),
]

CASES = [*NAMES, *AVATARS, *USERNAMES, *CUSTOM_DATA, *TOGETHER, *BODIES, *SCOPES]


async def given(service: Service) -> httpx.AsyncClient:
    """Alice, with every scope, and bob."""
    alice = service.client("alice", scope=EVERY_SCOPE)
    assert (await alice.patch(HERE, json=GIVEN)).status_code == 200
    assert (await service.client("bob", scope=USUAL).patch(HERE, json={"username": "bob"})).status_code == 200
    return alice


async def sent(service: Service, case: Case, path: str) -> httpx.Response:
    alice = service.client("alice", scope=case.scope)
    content = {"content": case.sent} if isinstance(case.sent, bytes) else {"json": case.sent}
    request = alice.build_request(case.method, path, **content)
    request.headers.pop("content-type", None)
    request.headers.update(case.headers)
    return await alice.send(request)


@pytest.mark.parametrize("case", CASES, ids=str)
@BOTH
async def test_the_case_is_answered_as_agreed(scoped: Service, clock: Clock, case: Case) -> None:
    alice = await given(scoped)
    before, stored = (await alice.get(HERE)).json(), await everything(scoped.gate.engine)
    clock.seconds += 1
    answer = await sent(scoped, case, case.path)
    after = (await alice.get(HERE)).json()
    assert answer.status_code == case.status, answer.text
    if case.status != 200:
        assert refusal(answer) == (case.status, case.code)
        assert await everything(scoped.gate.engine) == stored
    moved = {name: value for name, value in case.effect.items() if before[name] != value}
    assert after == before | moved | ({"updatedAt": before["updatedAt"] + 1000} if moved else {})


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_both_paths_answer_alike(scoped: Service, case: Case) -> None:
    await given(scoped)
    old = await sent(scoped, case, case.path)
    new = await sent(scoped, case, case.path.replace(HERE, NEWER))
    assert (new.status_code, new.content, new.headers) == (old.status_code, old.content, old.headers)


SAYS = {
    "unauthorized": '{"message":"Unauthorized. Please check credentials and its scope.","code":"auth.unauthorized"}',
    "missing": '{"message":"Authorization header is missing.","code":"auth.authorization_header_missing"}',
    "scheme": '{"message":"Authorization type is not supported.",'
    '"code":"auth.authorization_token_type_not_supported","data":{"supportedTypes":["Bearer"]}}',
    "forbidden": '{"message":"Forbidden. Please check your user roles and permissions.","code":"auth.forbidden"}',
}


def invalid(issues: str, details: str) -> str:
    return (
        '{"message":"The request body is invalid.","code":"guard.invalid_input",'
        f'"data":{{"issues":[{issues}],"name":"ZodError"}},"details":"{details}"}}'
    )


ISSUES = {
    "name": '{"code":"invalid_type","expected":"string","received":"number","path":["name"],'
    '"message":"Expected string, received number"}',
    "avatar": '{"validation":"url","code":"invalid_string","message":"Invalid url","path":["avatar"]}',
    "username": '{"validation":"regex","code":"invalid_string","message":"Invalid","path":["username"]}',
    "null": '{"code":"invalid_type","expected":"string","received":"null","path":["username"],'
    '"message":"Expected string, received null"}',
    "list": '{"code":"invalid_type","expected":"object","received":"array","path":[],'
    '"message":"Expected object, received array"}',
    "customData": '{"code":"invalid_type","expected":"object","received":"array","path":["customData"],'
    '"message":"Expected object, received array"}',
}
DETAILS = {
    "name": r"Error in key path \"name\": (invalid_type) Expected string but received number.",
    "avatar": r"Error in key path \"avatar\": (invalid_string) Invalid url",
    "username": r"Error in key path \"username\": (invalid_string) Invalid",
    "null": r"Error in key path \"username\": (invalid_type) Expected string but received null.",
    "list": r"Error in key path \"\": (invalid_type) Expected object but received array.",
    "customData": r"Error in key path \"customData\": (invalid_type) Expected object but received array.",
}
ALL_THREE = ("name", "avatar", "username")

IN_USE = '{"message":"This username is already in use.","code":"user.username_already_in_use"}'

TO_THE_LETTER = [
    (b'{"name":42}', 400, invalid(ISSUES["name"], DETAILS["name"])),
    (b'{"avatar":"nowhere"}', 400, invalid(ISSUES["avatar"], DETAILS["avatar"])),
    (b'{"username":"1bad"}', 400, invalid(ISSUES["username"], DETAILS["username"])),
    (b'{"username":null}', 400, invalid(ISSUES["null"], DETAILS["null"])),
    (b'{"customData":[]}', 400, invalid(ISSUES["customData"], DETAILS["customData"])),
    (b"[1]", 400, invalid(ISSUES["list"], DETAILS["list"])),
    (
        b'{"username":"1bad","name":42,"avatar":"nowhere"}',
        400,
        invalid(",".join(map(ISSUES.__getitem__, ALL_THREE)), r"\n".join(map(DETAILS.__getitem__, ALL_THREE))),
    ),
    (b"{}", 422, '{"message":"Invalid input. Value list must not be empty.","code":"entity.invalid_input"}'),
    (b'{"username":"bob"}', 422, IN_USE),
]


@pytest.mark.parametrize(("body", "status", "text"), TO_THE_LETTER, ids=lambda each: repr(each)[:40])
async def test_a_refused_body_is_answered_in_logtos_words(scoped: Service, body: bytes, status: int, text: str) -> None:
    answer = await (await given(scoped)).patch(HERE, content=body, headers=JSON)
    assert (answer.status_code, answer.text) == (status, text)


async def test_json_that_is_no_object_is_told_so(client: httpx.AsyncClient) -> None:
    answer = await client.patch(HERE, content=b"null")
    assert answer.json()["message"] == "invalid JSON, only supports object and array"


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        (None, 401, "missing"),
        ("Basic YTpi", 401, "scheme"),
        ("dummy x", 401, "scheme"),
        ("Bearer", 401, "unauthorized"),
        ("Bearer unknown", 401, "unauthorized"),
        ("Bearer " + "x" * 43, 401, "unauthorized"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_a_stranger_is_answered_in_logtos_words(
    service: Service, method: str, given: str | None, status: int, says: str
) -> None:
    stranger = service.stranger({} if given is None else {"authorization": given})
    answer = await stranger.request(method, HERE)
    assert refusal(answer)[0] == status
    assert answer.text == SAYS[says]


@pytest.mark.parametrize(
    "wrong",
    [
        {"header": {"typ": "JWT"}},
        {"exp": 1},
        {"sub": None},
        {"aud": "https://other.example"},
        {"tenant": "somebody_elses"},
    ],
    ids=str,
)
async def test_a_token_that_is_none_of_ours_is_unauthorized(service: Service, wrong: dict[str, Any]) -> None:
    answer = await service.client("alice", **wrong).patch(HERE, json={"name": 5})
    assert (refusal(answer)[0], answer.text) == (401, SAYS["unauthorized"])
    assert await everything(service.gate.engine) == ([], [])


async def test_lower_case_bearer_works(service: Service) -> None:
    stranger = service.stranger({"authorization": f"bearer {service.token()}"})
    assert (await stranger.get(HERE)).status_code == 200


async def test_two_credentials_are_one_too_many(service: Service) -> None:
    twice = [("authorization", f"Bearer {service.token()}")] * 2
    assert refusal(await service.stranger().get(HERE, headers=twice)) == (400, "auth.invalid_request")


@pytest.mark.parametrize("method", ["PUT", "POST", "PROPFIND"])
@pytest.mark.parametrize("path", [HERE, NEWER])
async def test_other_methods_are_not_allowed(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH"}


@BOTH
async def test_the_suspended_are_told_so(client: httpx.AsyncClient, service: Service, clock: Clock) -> None:
    await client.get(HERE)
    await service.gate.repository.suspend(key("alice"), OPERATOR, clock.milliseconds)
    for answer in (await client.get(HERE), await client.patch(HERE, json={"name": "Ann"})):
        assert refusal(answer) == (403, "user.suspended")


@BOTH
async def test_the_erased_are_unauthorized(client: httpx.AsyncClient, service: Service, clock: Clock) -> None:
    await client.get(HERE)
    await service.gate.repository.erase(key("alice"), OPERATOR, clock.milliseconds)
    for answer in (await client.get(HERE), await client.patch(HERE, json={"name": "Ann"})):
        assert refusal(answer) == (401, "auth.unauthorized")


@BOTH
async def test_an_uneditable_field_is_refused(serve: Serve) -> None:
    service = await serve(fields=FieldSettings(name="read_only"))
    answer = await service.client().patch(HERE, json={"name": "Ann"})
    assert answer.text == '{"message":"Field is not editable.","code":"account_center.field_not_editable"}'
    assert refusal(answer)[0] == 400


@BOTH
async def test_two_tenants_may_use_one_username(service: Service) -> None:
    for tenant in ("your_tenant", OTHER_TENANT):
        answer = await service.client("alice", tenant=tenant).patch(HERE, json={"username": "alice"})
        assert answer.status_code == 200


@BOTH
async def test_a_username_given_up_is_free_at_once(service: Service) -> None:
    alice, bob = service.client("alice"), service.client("bob")
    await alice.patch(HERE, json={"username": "popular"})
    await alice.patch(HERE, json={"username": "alice"})
    assert (await bob.patch(HERE, json={"username": "popular"})).status_code == 200


@pytest.mark.parametrize("body", [{"name": "Ann"}, {"avatar": None}, GIVEN])
async def test_a_change_answers_what_reading_answers(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    changed, read = await client.patch(HERE, json=body), await client.get(HERE)
    assert (changed.content, changed.headers["etag"]) == (read.content, read.headers["etag"])


async def test_the_issues_stand_in_the_order_of_the_schema(scoped: Service) -> None:
    alice = await given(scoped)
    answer = await alice.patch(HERE, json={"customData": 1, "username": "", "avatar": 2, "name": []})
    paths = [each["path"] for each in answer.json()["data"]["issues"]]
    assert paths == [["name"], ["avatar"], ["username"], ["customData"]]
