"""A drill finds what is lost and what is wrong, and lets pass what is right."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.drills.__main__ import arguments, chosen
from tests.drills.catalogue import DRILLS
from tests.drills.ledger import Ledger
from tests.drills.load import Load
from tests.drills.outcome import Outcome
from tests.drills.probes import Probe
from tests.drills.report import markdown
from tests.drills.wire import Answer

ANN = "user-1"


@pytest.fixture
def ledger() -> Ledger:
    """Ann asked for three names; the second is not known to have been written."""
    made = Ledger()
    for name in ("first", "second", "third"):
        made.asks(ANN, name)
    made.is_told(ANN, "first")
    made.is_told(ANN, "third")
    return made


@pytest.mark.parametrize(("version", "audits"), [(3, 2), (4, 3)])
def test_all_is_well_when_the_last_acknowledged_name_is_there(ledger: Ledger, version: int, audits: int) -> None:
    assert ledger.compared({ANN: (ANN, "third", version, audits)}).lost == ()


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({ANN: (ANN, "first", 3, 2)}, id="an older name"),
        pytest.param({ANN: (ANN, "Name 1", 3, 2)}, id="the name from before"),
        pytest.param({ANN: (ANN, "third", 2, 1)}, id="too few audit rows"),
        pytest.param({ANN: (ANN, "third", 5, 4)}, id="too many audit rows"),
        pytest.param({ANN: (ANN, "third", 4, 2)}, id="a version without an audit row"),
        pytest.param({}, id="no row"),
    ],
)
def test_a_lost_change_is_found(ledger: Ledger, row: dict[str, tuple[str, str, int, int]]) -> None:
    assert len(ledger.compared(row).lost) == 1


def test_an_unacknowledged_change_that_comes_late_is_told_and_not_called_lost(ledger: Ledger) -> None:
    balance = ledger.compared({ANN: (ANN, "second", 4, 3)})
    assert (balance.lost, balance.overtaken) == ((), 1)


@pytest.mark.parametrize(
    ("status", "headers", "is_good"),
    [(200, {}, True), (503, {"retry-after": "1"}, True), (503, {}, False), (500, {}, False), (401, {}, False)],
)
async def test_only_good_answers_and_503_with_retry_after_are_right(
    status: int, headers: dict[str, str], is_good: bool
) -> None:
    load, outcome = Load(1, []), Outcome("x")
    load.seen["read"].note(Answer(status, headers, b"", 0.1))
    outcome.of(load, allowed=())
    assert outcome.is_good is is_good


def test_an_answer_that_took_too_long_is_wrong() -> None:
    load, outcome = Load(1, []), Outcome("x")
    load.seen["write"].note(Answer(200, {}, b"", 20))
    outcome.of(load, allowed=())
    assert not outcome.is_good


@pytest.mark.parametrize(
    ("statuses", "legal", "is_right"),
    [
        ([], False, True),
        ([400], False, True),
        ([501], False, True),
        ([200], False, False),
        ([200], True, True),
        ([500], True, False),
        ([400, 400], False, False),
        ([200, 200], True, False),
    ],
)
def test_a_probe_is_refused_once_or_not_answered(statuses: list[int], legal: bool, is_right: bool) -> None:
    assert (Probe("x", [], legal).wrong(statuses) is None) is is_right


def test_a_wrong_answer_is_in_the_table() -> None:
    assert "| x | 1 x 500 |" in markdown([Outcome("x", kinds=Outcome("").kinds.__class__({"500": 1}))])
    assert "WRONG: it hangs" in markdown([Outcome("x", wrong=["it hangs"])])


def test_patterns_choose_drills() -> None:
    assert list(chosen(["database-*"])) == ["database-stopped", "database-absent"]
    assert chosen(arguments([]).only) == DRILLS


def test_a_pattern_that_names_no_drill_ends_the_command() -> None:
    command = [sys.executable, "-m", "tests.drills", "--only", "nothing"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=60)
    assert (done.returncode, "names nobody" in done.stderr) == (1, True)
