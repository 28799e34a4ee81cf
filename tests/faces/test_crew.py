"""The workers of one server tell the same numbers, whichever is asked, and stop being ready together."""

import os
import tempfile
from collections import Counter as Counted
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import Metric
from tests.faces.fixtures import Serve
from tests.faces.running import TENANT

from profilegate.crew import ALONE, Crew, numbers
from profilegate.metrics import Requests

GONE = 2**22 + 1
"""No process of Linux has this number."""


def families(answered: int, waiting: float = 0, source: str = "logto") -> list[Metric]:
    """Numbers of one worker."""
    registry = CollectorRegistry()
    Counter("profilegate_sync_received", "Requests.", ["source"], registry=registry).labels(source).inc(answered)
    Gauge("profilegate_database_waiting", "Statements.", registry=registry).set(waiting)
    Gauge("profilegate_database_up", "Up.", registry=registry).set(1)
    requests = Requests()
    for _ in range(answered):
        requests.took("logto", "GET", 200, 0.003)
    return [*registry.collect(), requests.family()]


def told(folder: Path, mine: Iterable[Metric], pid: int) -> None:
    """Another worker has told its numbers."""
    Crew(str(folder), pid).publish([numbers(each) for each in mine])


def text(crew: Crew, mine: Iterable[Metric]) -> list[str]:
    lines = generate_latest(crew.added_up(mine)).decode().splitlines()
    return [each for each in lines if not each.startswith("#") and "_created" not in each]


def test_counters_of_all_workers_are_added_also_of_those_that_are_gone(tmp_path: Path) -> None:
    told(tmp_path, families(2), os.getppid())
    told(tmp_path, families(3), GONE)
    found = text(Crew(str(tmp_path)), families(1))
    assert 'profilegate_sync_received_total{source="logto"} 6.0' in found
    assert 'profilegate_request_seconds_count{face="logto",method="GET",status="200"} 6.0' in found
    assert 'profilegate_request_seconds_bucket{face="logto",le="0.005",method="GET",status="200"} 6.0' in found


def test_gauges_are_of_those_that_are_alive_and_what_all_know_is_told_once(tmp_path: Path) -> None:
    told(tmp_path, families(0, 5), os.getppid())
    told(tmp_path, families(0, 7), GONE)
    found = text(Crew(str(tmp_path)), families(0, 1))
    assert "profilegate_database_waiting 6.0" in found
    assert "profilegate_database_up 1.0" in found


def test_what_only_others_have_counted_is_there(tmp_path: Path) -> None:
    told(tmp_path, families(2, source="okta"), GONE)
    found = text(Crew(str(tmp_path)), families(1))
    assert 'profilegate_sync_received_total{source="okta"} 2.0' in found
    assert 'profilegate_sync_received_total{source="logto"} 1.0' in found


def test_a_worker_alone_tells_what_it_has() -> None:
    assert text(ALONE, families(1, 2)) == text(Crew(None), families(1, 2))
    assert "profilegate_database_waiting 2.0" in text(ALONE, families(1, 2))


def test_a_file_that_is_torn_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_bytes(b"[[")
    assert 'profilegate_sync_received_total{source="logto"} 1.0' in text(Crew(str(tmp_path)), families(1))


@settings(deadline=None)
@given(asked=st.lists(st.tuples(st.sampled_from([os.getpid(), os.getppid()]), st.integers(0, 5)), max_size=12))
def test_whoever_is_asked_next_never_tells_less(asked: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        counts, last = Counted[int](), 0.0
        for pid, more in asked:
            counts[pid] += more
            (line,) = [each for each in text(Crew(folder, pid), families(counts[pid])) if each.startswith(RECEIVED)]
            assert last <= float(line.split()[-1]) <= counts.total()
            last = float(line.split()[-1])


RECEIVED = "profilegate_sync_received_total"


async def test_a_server_that_stops_in_a_moment_is_not_ready_and_still_answers(serve: Serve, tmp_path: Path) -> None:
    crew = Crew(str(tmp_path))
    service = await serve(crew=crew)
    assert (await service.stranger().get("/ready")).status_code == 200
    crew.leave()
    answer = await service.stranger().get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "stopping", "database": "connected"})
    assert (await service.client("alice", tenant=TENANT).get("/api/profile")).status_code == 200


@pytest.mark.parametrize("crew", [ALONE, Crew("/nowhere")])
def test_without_a_folder_nobody_leaves(crew: Crew) -> None:
    assert not crew.is_leaving()
