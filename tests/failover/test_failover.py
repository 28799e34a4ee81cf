"""The drill counts what it says it counts, and finds its places in the files that it runs."""

import math
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.failover import findings, shipped
from tests.failover.cluster import Member, is_whole
from tests.failover.findings import Answer, Change, Stored
from tests.failover.load import number_of
from tests.failover.processes import Home

ACKNOWLEDGED = [Change(1, 1.0, 2), Change(2, 2.0, None), Change(3, 3.0, 3)]
WHOLE = [
    Member("pg1", "leader", "running", 2),
    Member("pg2", "sync_standby", "running", 2, 0),
    Member("pg3", "replica", "running", 2, 9),
]


def answer(began: float, status: int = 200, took: float = 0.5, later: bool = True) -> Answer:
    return Answer("write", began, began + took, status, later)


def test_an_outage_lasts_from_the_first_failed_request_to_the_next_good_answer() -> None:
    assert findings.outage([answer(1), answer(2, 503), answer(4, 503), answer(6), answer(8)]) == 4.5


def test_an_outage_that_never_ends_has_no_length_that_could_be_taken_for_one() -> None:
    assert findings.outage([answer(1), answer(2, 503)]) == math.inf


@pytest.mark.parametrize(
    ("each", "fault"),
    [
        (answer(1), ""),
        (answer(1, 503), ""),
        (answer(1, 503, later=False), "503 without Retry-After"),
        (answer(1, 500), "500"),
        (answer(1, 401), "401"),
        (answer(1, took=11), "over 10 s"),
        (Answer("read", 1, 2, 0, trouble="ReadError"), "ReadError"),
    ],
)
def test_only_200_and_a_503_that_says_when_to_come_again_are_no_fault(each: Answer, fault: str) -> None:
    assert each.fault == fault


def test_a_change_without_an_answer_may_have_been_made_or_not() -> None:
    for stored in (Stored(3, 3, [1, 2, 3]), Stored(3, 4, [1, 2, 3, 4])):
        assert not [*findings.losses(ACKNOWLEDGED, stored), *findings.miscounts(ACKNOWLEDGED, stored)]


@pytest.mark.parametrize(
    "stored", [Stored(1, 3, [1, 2, 3]), Stored(3, 3, [1, 3])], ids=["an older value", "no audit row"]
)
def test_an_acknowledged_change_that_is_not_there_is_lost(stored: Stored) -> None:
    assert [*findings.losses(ACKNOWLEDGED, stored)]


def test_a_version_that_is_given_twice_tells_of_a_loss() -> None:
    twice = [Change(1, 1.0, 2), Change(2, 2.0, 2)]
    assert [*findings.losses(twice, Stored(2, 2, [1, 2]))]


def test_more_versions_than_changes_are_a_miscount() -> None:
    assert [*findings.miscounts(ACKNOWLEDGED, Stored(3, 5, [1, 2, 3, 4, 5]))]


def test_a_read_is_outdated_when_it_does_not_show_what_was_acknowledged_more_than_a_second_before() -> None:
    def read(began: float, number: int) -> Answer:
        return Answer("read", began, began, 200, number=number)

    assert findings.outdated([read(3.9, 1), read(4.1, 1), read(4.1, 3)], ACKNOWLEDGED) == 1


def test_the_number_of_a_change_is_read_from_what_it_wrote() -> None:
    assert [number_of(text) for text in ("Name 00000012", "user_00000001_00000034", "Alice", None)] == [12, 34, 0, 0]


def test_a_cluster_is_whole_when_all_follow_one_leader_of_a_new_timeline() -> None:
    assert is_whole(WHOLE, after=1)
    assert not is_whole(WHOLE, after=2)


@pytest.mark.parametrize(
    ("place", "odd"),
    [(0, {"state": "starting"}), (1, {"role": "replica"}), (1, {"lag": "unknown"}), (2, {"timeline": 1})],
    ids=["no leader", "no synchronous standby", "out of reach", "left behind"],
)
def test_a_cluster_is_not_whole_while_one_of_it_is_odd(place: int, odd: dict[str, Any]) -> None:
    members = [replace(each, **odd) if n == place else each for n, each in enumerate(WHOLE)]
    assert not is_whole(members)


def test_the_shipped_files_have_every_place_that_is_filled_in(tmp_path: Path) -> None:
    home, nodes = Home(tmp_path), [shipped.Place(name, 1, 2) for name in ("pg1", "pg2", "pg3")]
    files = [
        shipped.patroni(home, nodes[1], 3, tmp_path),
        shipped.haproxy(home, nodes, 4),
        shipped.pgbouncer(home, 4, 5),
    ]
    assert not [file.name for file in files if "10.0.0." in file.read_text()]
