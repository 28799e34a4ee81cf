"""The service is killed again and again while a provider delivers: nothing is lost and nothing is applied twice.

`python -m tests.bench.crash` does the same with as many kills and deliveries as one likes.
"""

from pathlib import Path

import pytest
from tests.e2e.crashing import Outcome, crashed
from tests.postgres import Postgres

from profilegate.settings import DatabaseSettings

KILLS = 6
DELIVERIES = 600
WORKERS = {"postgres": 2, "sqlite": 1}


@pytest.fixture(scope="module", params=WORKERS)
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What became of the deliveries on each kind of database."""
    folder: Path = tmp_path_factory.mktemp("crashed")
    if request.param == "sqlite":
        database = DatabaseSettings(path=str(folder / "profilegate.db"))
    else:
        server: Postgres = request.getfixturevalue("database_server")
        database = DatabaseSettings(url=server.fresh_database())
    return crashed(folder, database, WORKERS[request.param], KILLS, DELIVERIES)


def test_the_provider_is_told_202_or_nothing_at_all(outcome: Outcome) -> None:
    assert outcome.statuses == {202: DELIVERIES}


def test_the_kills_hit_requests_that_were_under_way(outcome: Outcome) -> None:
    assert outcome.cut_off > 0
    assert outcome.again > 0


def test_every_delivery_that_was_taken_is_there_once_and_done(outcome: Outcome) -> None:
    assert outcome.rows == {"done": DELIVERIES}
    assert outcome.attempts == 0


def test_every_delivery_was_marked_as_done_once(outcome: Outcome) -> None:
    assert (outcome.turns, outcome.most_turns) == (DELIVERIES, 1)


def test_every_delivery_was_applied_once(outcome: Outcome) -> None:
    assert outcome.audit_rows == DELIVERIES


def test_a_delivery_is_applied_and_marked_in_one_transaction(outcome: Outcome) -> None:
    assert outcome.together in (DELIVERIES, None)


def test_the_record_has_the_newest_of_each_user(outcome: Outcome) -> None:
    assert outcome.newest == outcome.users
