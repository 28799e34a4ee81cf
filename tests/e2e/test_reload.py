"""A running service takes over the issuers of its changed configuration file, and keeps the old ones for a bad one."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e.conftest import Serve
from tests.e2e.provider import Provider
from tests.e2e.served import Served, eventually, issuer_table

from profilegate import configuration
from profilegate.errors import InvalidConfiguration

SOON = 30
"""Seconds in which a change must be taken over."""

WORKERS = 2

LOOKS = 3
"""Seconds in which the file is looked at several times."""

AFTER_A_SIGNAL = 5
"""Seconds in which a server that cannot start its workers again gives up."""


def issuers_of(settings: str) -> str:
    """The tables of the issuers, which stand last."""
    return settings[settings.index("[[issuers]]") :]


BROKEN: dict[str, Callable[[Served, Provider], str]] = {
    "a syntax error": lambda server, other: f"{server.settings}\n[[issuers\n",
    "an unknown key": lambda server, other: f"{server.settings}\nissuer_of_all_evil = 1\n",
    "a value of another type": lambda server, other: f'{server.settings}\nleeway = "much"\n',
    "colliding issuers": lambda server, other: server.settings + issuer_table(other),
    "the same issuer twice": lambda server, other: (
        f"{server.settings}[[issuers]]{server.settings.partition('[[issuers]]')[2]}"
    ),
    "no issuer": lambda server, other: server.settings.removesuffix(issuers_of(server.settings)),
    "nothing": lambda server, other: "",
}


@pytest.fixture(scope="module")
def other() -> Iterator[Provider]:
    with Provider("ES256") as running:
        yield running


@pytest.fixture(scope="module")
def running(serve: Serve, provider: Provider) -> Served:
    """Two workers, both of which must follow."""
    return serve(provider, workers=WORKERS)


@pytest.fixture
def server(running: Served, theirs: str) -> Served:
    """With the settings that it was started with."""
    running.configure(running.settings)
    becomes(running, theirs, 401)
    return running


@pytest.fixture
def grown(running: Served, other: Provider, theirs: str) -> Served:
    """With one more issuer than it was started with."""
    running.configure(with_other(running, other))
    becomes(running, theirs, 200)
    return running


@pytest.fixture
def ours(provider: Provider) -> str:
    return provider.sign_in("ours")


@pytest.fixture
def theirs(other: Provider) -> str:
    return other.sign_in("theirs")


def with_other(server: Served, other: Provider) -> str:
    """The settings with one more issuer, whose people are another tenant's."""
    return f'{server.settings}\n{issuer_table(other)}tenant = "other"\n'


def statuses(server: Served, token: str) -> set[int]:
    """Asked often enough that each worker is among those who answer."""
    return {server.call(token).status_code for _ in range(8)}


def becomes(server: Served, token: str, status: int) -> None:
    eventually(lambda: statuses(server, token) == {status}, lambda: server.log[-2000:], SOON)


def problem_of(settings: str, folder: Path) -> str:
    """How `profilegate check-config` words what is wrong, without the place."""
    path = folder / "broken.toml"
    path.write_text(settings)
    with pytest.raises(InvalidConfiguration) as caught:
        configuration.load(str(path))
    return caught.value.problems[0].rpartition(": ")[2]


@pytest.mark.parametrize("write", [Served.configure, Served.replace_configuration], ids=["in place", "replaced"])
def test_an_issuer_that_is_added_is_believed_and_one_that_is_removed_is_not(
    server: Served, other: Provider, ours: str, theirs: str, write: Callable[[Served, str], None]
) -> None:
    assert statuses(server, theirs) == {401}
    write(server, with_other(server, other))
    becomes(server, theirs, 200)
    assert statuses(server, ours) == {200}
    write(server, server.settings)
    becomes(server, theirs, 401)
    assert statuses(server, ours) == {200}


def test_the_settings_of_an_issuer_that_stays_are_taken_over_too(server: Served, provider: Provider, ours: str) -> None:
    opaque = provider.sign_in("ours", resource=None)
    assert statuses(server, opaque) == {401}
    server.configure(f"{server.settings}\nuserinfo = true\n")
    becomes(server, opaque, 200)
    server.configure(f'{server.settings}\nalgorithms = ["ES256"]\n')
    becomes(server, ours, 401)
    assert statuses(server, opaque) == {401}
    server.configure(server.settings)
    becomes(server, ours, 200)


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_file_with_a_mistake_changes_nothing_and_is_told_in_the_log(
    grown: Served, other: Provider, ours: str, theirs: str, tmp_path: Path, broken: Callable[[Served, Provider], str]
) -> None:
    before = len(grown.log)
    settings = broken(grown, other)
    grown.configure(settings)
    told = problem_of(settings, tmp_path)
    eventually(lambda: grown.log[before:].count(told) >= WORKERS, lambda: f"{told}\n{grown.log[before:]}", SOON)
    assert statuses(grown, ours) == statuses(grown, theirs) == {200}


def test_a_file_that_is_gone_changes_nothing(grown: Served, ours: str, theirs: str) -> None:
    before = len(grown.log)
    grown.remove_configuration()
    eventually(lambda: grown.log[before:].count("No such file") >= WORKERS, lambda: grown.log[before:], SOON)
    assert statuses(grown, ours) == statuses(grown, theirs) == {200}


def test_a_mistake_is_told_once_and_what_mends_it_is_taken_over(
    grown: Served, other: Provider, ours: str, theirs: str
) -> None:
    before = len(grown.log)
    grown.configure(BROKEN["an unknown key"](grown, other))
    eventually(lambda: grown.log[before:].count("issuer_of_all_evil") >= WORKERS, lambda: grown.log[before:], SOON)
    time.sleep(LOOKS)
    assert grown.log[before:].count("issuer_of_all_evil") == WORKERS
    grown.configure(grown.settings)
    becomes(grown, theirs, 401)
    assert statuses(grown, ours) == {200}


def test_requests_under_way_never_fail_while_the_file_is_rewritten(
    server: Served, other: Provider, ours: str, theirs: str
) -> None:
    with calling(server, ours) as seen:
        for n in range(10):
            server.configure(with_other(server, other) if n % 2 == 0 else server.settings)
            becomes(server, theirs, 200 if n % 2 == 0 else 401)
    assert set(seen) == {200}
    assert seen.total() > 100


@pytest.mark.parametrize("broken", [False, True], ids=["with a good file", "with a broken file"])
def test_a_hang_up_does_not_end_the_service(
    serve: Serve, provider: Provider, other: Provider, ours: str, theirs: str, broken: bool
) -> None:
    server = serve(provider)
    assert statuses(server, ours) == {200}
    server.configure(BROKEN["a syntax error"](server, other) if broken else with_other(server, other))
    server.hang_up()
    end = time.monotonic() + AFTER_A_SIGNAL
    while time.monotonic() < end:
        assert server.is_running, server.log
        assert server.call(ours).status_code == 200
    server.configure(with_other(server, other))
    becomes(server, theirs, 200)
    assert server.is_running


@contextmanager
def calling(server: Served, token: str) -> Iterator[Counter[int | str]]:
    """One caller who calls all the time; what the answers were."""
    seen: Counter[int | str] = Counter()
    done = threading.Event()

    def call() -> None:
        while not done.is_set():
            try:
                seen[server.call(token).status_code] += 1
            except Exception as error:
                seen[repr(error)] += 1

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()
