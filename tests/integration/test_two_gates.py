"""Two gates in one process: each knows its own provider, its own people and its own database, whoever comes first."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.integration.hosting import BY_SIGNAL, Process
from tests.integration.world import ELSEWHERE, World

NAMES = ("one", "other")


@pytest.fixture(scope="module")
def two(hosts: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("two")
    for name in NAMES:
        hosts.sqlite(folder / f"{name}.db")
    with hosts.process("two", folder, HOST_AUDIENCE=ELSEWHERE) as process:
        yield process.ready("/one/me")
        assert process.stop() in BY_SIGNAL
        assert "Traceback" not in process.log


@pytest.fixture(scope="module")
def tokens(hosts: World) -> dict[str, str]:
    """Of a user who has the same name at both providers."""
    return {"one": hosts.provider.sign_in("twin"), "other": hosts.elsewhere.sign_in("twin")}


def test_each_gate_takes_the_tokens_of_its_own_provider_only(two: Process, tokens: dict[str, str]) -> None:
    for at in NAMES:
        statuses = {name: two.call(token, f"/{at}/me").status_code for name, token in tokens.items()}
        assert statuses == {name: 200 if name == at else 401 for name in NAMES}


def test_what_is_changed_behind_one_gate_is_not_seen_behind_the_other(two: Process, tokens: dict[str, str]) -> None:
    for at in NAMES:
        changed = two.call(tokens[at], f"/{at}/identity/api/profile", "PATCH", json={"name": f"Twin at {at}"})
        assert changed.status_code == 200, changed.text
    assert {at: two.call(tokens[at], f"/{at}/me").json()["name"] for at in NAMES} == {
        "one": "Twin at one",
        "other": "Twin at other",
    }


def test_requests_to_both_at_once_end_each_in_its_own_database(
    two: Process, hosts: World, tokens: dict[str, str]
) -> None:
    def renamed(number: int) -> bool:
        at = NAMES[number % 2]
        name = f"{number} at {at}"
        two.call(tokens[at], f"/{at}/identity/api/profile", "PATCH", json={"name": name})
        return bool(two.call(tokens[at], f"/{at}/me").json()["name"].endswith(f" at {at}"))

    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(renamed, range(40)))
