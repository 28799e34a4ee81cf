"""`profilegate webhook`: signs as a source would, delivers, and has stored deliveries applied again."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from tests.cli.conftest import Configured
from tests.cli.running import PATIENCE, PROGRAM, done, environment, errors, eventually, output, started
from tests.minting import NOW, make_key
from tests.postgres import free_port
from tests.store.databases import opened, rows
from tests.sync.verifying import BODY, SECRET, taken, verifier, whsec

from profilegate.cli import cli
from profilegate.configuration import load
from profilegate.errors import InvalidSignature
from profilegate.profiles.deliveries import Delivery
from profilegate.settings import DatabaseSettings
from profilegate.store.inbox import InboxRepository
from profilegate.store.tables import DeliveryRow

AT = int(NOW)
KEY = make_key("ES256", "mine")
PUBLIC = json.dumps(KEY.as_dict(private=False))
MAPPING = "mapping = { subject = '/id' }"

SOURCES = f"""
[[webhooks]]
source = "standard"
kind = "generic"
signature = "standard"
secrets = ["{whsec(bytes(24))}"]
{MAPPING}
[[webhooks]]
source = "clerk"
kind = "clerk"
secrets = ["{whsec(bytes(24))}"]
[[webhooks]]
source = "supabase"
kind = "supabase"
secrets = ["v1,{whsec(bytes(24))}|v1,{whsec(bytes(32))}"]
[[webhooks]]
source = "logto"
kind = "logto"
secrets = ["{SECRET}"]
[[webhooks]]
source = "zitadel"
kind = "zitadel"
secrets = ["{SECRET}"]
[[webhooks]]
source = "workos"
kind = "workos"
secrets = ["{SECRET}"]
[[webhooks]]
source = "auth0"
kind = "auth0"
secrets = ["{SECRET}"]
[[webhooks]]
source = "basic"
kind = "auth0"
secrets = ["user:pass"]
[[webhooks]]
source = "fusionauth"
kind = "fusionauth"
secrets = ["{SECRET}"]
[[webhooks]]
source = "kinde"
kind = "kinde"
secrets = ["{SECRET}"]
[[webhooks]]
source = "events"
kind = "security_events"
audiences = ["here"]
secrets = ["{SECRET}"]
[[webhooks]]
source = "logout"
kind = "logout"
audiences = ["here"]
secrets = ["{SECRET}"]
[[webhooks]]
source = "fusionauth-public"
kind = "fusionauth"
secrets = ['{PUBLIC}']
[[webhooks]]
source = "kinde-public"
kind = "kinde"
secrets = ['{PUBLIC}']
[[webhooks]]
source = "events-public"
kind = "security_events"
audiences = ["here"]
secrets = ['{PUBLIC}']
[[webhooks]]
source = "logout-public"
kind = "logout"
audiences = ["here"]
secrets = ['{PUBLIC}']
"""

BODIES = {
    "events": b'{"events":{"x":{}},"sub_id":{"format":"iss_sub","iss":"https://id.example","sub":"a"}}',
    "logout": b'{"sub":"a","events":{"http://schemas.openid.net/event/backchannel-logout":{}}}',
}
SHARED = [
    "standard",
    "clerk",
    "supabase",
    "logto",
    "zitadel",
    "workos",
    "auth0",
    "basic",
    "fusionauth",
    "kinde",
    "events",
    "logout",
]
WITH_KEY = ["fusionauth-public", "kinde-public", "events-public", "logout-public"]


@pytest.fixture
def config(configured: Configured) -> str:
    """A settings file with a source of every family."""
    path = configured()
    with Path(path).open("a") as file:
        file.write(SOURCES)
    return path


@pytest.fixture
def private(tmp_path: Path) -> str:
    file = tmp_path / "key.pem"
    file.write_bytes(KEY.as_pem(private=True))
    return str(file)


def run(*arguments: str, input: bytes = BODY) -> Result:
    """In this process; what is no exit of click's fails the test."""
    result = CliRunner().invoke(cli, ["webhook", *arguments], input=input, env={"PROFILEGATE_CONFIG": None})
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result


def signed(config: str, name: str, *options: str, input: bytes = BODY) -> dict[str, Any]:
    """What `sign` prints when it is piped."""
    result = run("sign", "--config", config, name, *options, input=input)
    assert (result.exit_code, result.stderr) == (0, "")
    return dict(json.loads(result.stdout))


async def accepted(config: str, name: str, delivery: dict[str, Any], now: float = NOW) -> Any:
    """The payload that the source's verifier finds in the delivery."""
    settings = next(each for each in load(config).webhooks if each.source == name)
    return (await taken(verifier(settings), delivery["headers"], delivery["body"].encode(), now)).payload


def body_of(name: str) -> bytes:
    return BODIES.get(name.removesuffix("-public"), BODY)


# sign


@pytest.mark.parametrize("name", SHARED)
async def test_what_is_signed_with_the_secret_verifies(config: str, name: str) -> None:
    delivery = signed(config, name, "--at", str(AT), input=body_of(name))
    assert (await accepted(config, name, delivery)).items() >= json.loads(body_of(name)).items()


@pytest.mark.parametrize("name", WITH_KEY)
async def test_what_is_signed_with_a_private_key_verifies(config: str, private: str, name: str) -> None:
    delivery = signed(config, name, "--key", private, "--at", str(AT), input=body_of(name))
    assert (await accepted(config, name, delivery)).items() >= json.loads(body_of(name)).items()


async def test_a_private_key_may_be_a_jwk(config: str, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(KEY.as_dict(private=True)))
    assert await accepted(config, "kinde-public", signed(config, "kinde-public", "--key", str(file), "--at", str(AT)))


@pytest.mark.parametrize("name", ["clerk", "zitadel", "workos"])
async def test_a_delivery_is_signed_now_unless_a_time_is_given(config: str, name: str) -> None:
    with pytest.raises(InvalidSignature):
        await accepted(config, name, signed(config, name))
    with pytest.raises(InvalidSignature):
        await accepted(config, name, signed(config, name, "--at", str(AT - 301)))


def test_the_id_is_the_one_that_is_given_or_a_new_one(config: str) -> None:
    ids = [signed(config, "clerk", *option)["headers"]["svix-id"] for option in ([], [], ["--id", "msg_7"])]
    assert (ids[2], len(set(ids))) == ("msg_7", 3)


def test_the_body_may_be_a_file(config: str, tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_bytes(BODY)
    assert signed(config, "logto", str(file), input=b"")["body"] == BODY.decode()


def test_the_body_is_signed_as_it_is(config: str) -> None:
    for body in (b"", b"no json", b' { "a" : 1 }\r\n'):
        assert signed(config, "logto", input=body)["body"].encode() == body


def test_on_a_terminal_it_is_for_people(config: str) -> None:
    terminal, program = os.openpty()
    command = [*PROGRAM, "webhook", "sign", "--config", config, "logto"]
    subprocess.run(command, input=b'{"a":1}', stdout=program, env=environment(), timeout=PATIENCE, check=True)
    os.close(program)
    lines = os.read(terminal, 65_536).decode().splitlines()
    os.close(terminal)
    assert lines[0] == "content-type: application/json"
    assert lines[1].startswith("logto-signature-sha-256: ")
    assert lines[2:] == ["", '{"a":1}']


@pytest.mark.parametrize("command", ["sign", "send", "replay"])
def test_an_unknown_source_is_told(config: str, command: str) -> None:
    result = run(command, "--config", config, "nothing")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "profilegate: There is no source 'nothing' in webhooks.\n"


@pytest.mark.parametrize("command", ["sign", "send", "replay"])
def test_unusable_settings_are_told(command: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text("[sync]\nmax_attempts = 0\n")
    result = run(command, "--config", str(file), "logto")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "sync.max_attempts" in result.stderr


@pytest.mark.parametrize("name", WITH_KEY)
def test_without_a_secret_a_key_is_asked_for(config: str, name: str) -> None:
    result = run("sign", "--config", config, name, input=body_of(name))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "private key" in result.stderr


def test_a_key_that_is_none_is_told_and_not_shown(config: str, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("canary-key")
    result = run("sign", "--config", config, "kinde-public", "--key", str(file))
    assert (result.exit_code, result.stdout, "canary" in result.stderr) == (2, "", False)
    assert result.stderr == "profilegate: kinde-public: not a private key that signs\n"


@pytest.mark.parametrize("name", ["kinde", "events", "logout"])
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_claims_that_are_no_json_object_are_told(config: str, name: str, body: bytes) -> None:
    result = run("sign", "--config", config, name, input=body)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"profilegate: {name}: not a JSON object\n"


def test_a_body_that_is_no_text_is_told_instead_of_a_trace(config: str) -> None:
    result = run("sign", "--config", config, "logto", input=b"\xff\xfe")
    assert result.exit_code in (0, 1, 2)
    assert "Traceback" not in result.output


def test_a_secret_is_not_shown(config: str) -> None:
    for name in ("logto", "zitadel", "clerk", "kinde"):
        assert SECRET not in run("sign", "--config", config, name).output


# send and replay


@pytest.fixture
def served(config: str, tmp_path: Path) -> Iterator[str]:
    """The address of a service with these sources."""
    assert done("migrate", "--config", config).returncode == 0
    with started(tmp_path, "serve", "--config", config):
        url = f"http://127.0.0.1:{load(config).server.port}"
        eventually(lambda: is_ready(url), lambda: output(tmp_path) + errors(tmp_path))
        yield url


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def send(config: str, url: str, name: str, body: bytes, *options: str) -> tuple[int, str]:
    result = run("send", "--config", config, "--url", url, name, *options, input=body)
    return result.exit_code, result.stdout


LOGTO_USER = b'{"event":"User.Created","data":{"id":"alice","name":"Alice"}}'
CLERK_USER = b'{"type":"user.deleted","data":{"id":"alice"}}'


def test_a_delivery_is_sent_and_its_answer_told(served: str, config: str) -> None:
    assert send(config, served, "logto", LOGTO_USER) == (0, "202 stored\n")
    assert send(config, served, "clerk", CLERK_USER, "--id", "msg_1") == (0, "202 stored\n")
    assert send(config, served, "logto", b'{"event":"Role.Created"}') == (0, "200 accepted, and nothing to do\n")
    assert send(config, served, "logout", BODIES["logout"])[0] == 0


def test_a_delivery_that_is_not_accepted_is_a_failure(served: str, config: str) -> None:
    status, said = send(config, served, "clerk", CLERK_USER, "--at", str(AT))
    assert (status, said.startswith("401 "), "Traceback" in said) == (1, True, False)
    status, said = send(config, served, "logto", b"[]")
    assert (status, said.startswith("400 ")) == (1, True)


def test_a_service_that_does_not_answer_is_told(config: str) -> None:
    result = run("send", "--config", config, "--url", f"http://127.0.0.1:{free_port()}", "logto")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "does not answer: ConnectError" in result.stderr


STATES = [("dead", "one"), ("done", "two"), ("waiting", "three")]


async def stored(config: str) -> None:
    """A delivery in each state."""
    async with opened(DatabaseSettings(path=load(config).database.path)) as engine:
        inbox = InboxRepository(engine, str, 14)
        for state, name in STATES:
            await inbox.add(Delivery(source="logto", delivery_id=name, received_at=AT * 1000, body=b"{}"))
            if state == "done":
                async with inbox.work(1, AT * 1000) as work:
                    await work.done(AT * 1000)
            if state == "dead":
                async with inbox.work(1, AT * 1000) as work:
                    delivery = work.deliveries[0]
                await inbox.failed(delivery, "ValueError", None)


async def waiting(config: str) -> set[str]:
    async with opened(DatabaseSettings(path=load(config).database.path)) as engine:
        return {row["delivery_id"] for row in await rows(engine, DeliveryRow) if row["state"] == "waiting"}


@pytest.mark.parametrize(
    ("name", "since", "count", "then"),
    [
        ("logto", [], 1, {"one", "three"}),
        ("logto", ["--since", "2026-01-28T10:00:00"], 2, {"one", "two", "three"}),
        ("logto", ["--since", "2026-01-28T10:00:01"], 1, {"one", "three"}),
        ("clerk", ["--since", "2026-01-01"], 0, {"three"}),
    ],
)
def test_dead_letters_and_what_came_since_are_replayed(
    config: str, name: str, since: list[str], count: int, then: set[str]
) -> None:
    assert done("migrate", "--config", config).returncode == 0
    asyncio.run(stored(config))
    answer = done("webhook", "replay", "--config", config, name, *since)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == f"Waiting again: {count}\n"
    assert asyncio.run(waiting(config)) == then


def test_a_time_that_is_none_is_told(config: str) -> None:
    result = run("replay", "--config", config, "logto", "--since", "yesterday")
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_database_that_does_not_answer_is_told(tmp_path: Path) -> None:
    file = tmp_path / "profilegate.toml"
    file.write_text(
        "[database]\nurl = 'postgresql://nobody@127.0.0.1:1/nothing'\nconnect_timeout = 0.5\n"
        "[[issuers]]\nissuer = 'https://id.example'\naudiences = ['x']\n"
        f"[[webhooks]]\nsource = 'logto'\nkind = 'logto'\nsecrets = ['{SECRET}']\n"
    )
    answer = done("webhook", "replay", "--config", str(file), "logto")
    assert (answer.returncode, answer.stdout, "Traceback" in answer.stderr) == (1, "", False)
    assert answer.stderr.startswith("profilegate: ")
