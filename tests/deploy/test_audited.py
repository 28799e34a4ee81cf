"""What pip-audit reports is told apart: fine, vulnerable, or that nobody could be asked."""

from typing import Any

import msgspec
import pytest
from tests.deploy.audited import FINE, UNASKED, VULNERABLE, verdict

NAMES = {"jinja2", "markupsafe"}
FAULT = {"id": "PYSEC-2014-8", "fix_versions": ["2.7.2"], "aliases": [], "description": "..."}


def report(**packages: Any) -> bytes:
    """In pip-audit's shape: a list of vulnerabilities for each package, or why it was skipped."""
    listed = [
        {"name": name, **({"skip_reason": said} if isinstance(said, str) else {"version": "2.7", "vulns": said})}
        for name, said in packages.items()
    ]
    return msgspec.json.encode({"dependencies": listed, "fixes": []})


def test_all_known_and_none_vulnerable_is_fine() -> None:
    assert verdict(report(Jinja2=[], MarkupSafe=[]), NAMES).code == FINE


@pytest.mark.parametrize("other", [[], "not found"])
def test_a_vulnerability_is_told_whatever_became_of_the_others(other: Any) -> None:
    assert verdict(report(Jinja2=[FAULT], MarkupSafe=other), NAMES) == (
        VULNERABLE,
        ["jinja2: PYSEC-2014-8, fixed in 2.7.2"],
    )


def test_a_package_that_the_service_does_not_know_was_not_asked_about() -> None:
    found = verdict(report(Jinja2=[], MarkupSafe="not found"), NAMES)
    assert found == (UNASKED, ["1 of 2 packages could not be asked about: not found ..."])


def test_a_package_that_the_report_leaves_out_was_not_asked_about() -> None:
    assert verdict(report(Jinja2=[]), NAMES).code == UNASKED
    assert verdict(report(), NAMES).code == UNASKED


@pytest.mark.parametrize("ended", [b"", b"{", b"[]", b"{}", b"null", b'{"dependencies": [{}]}', b"\xff"])
def test_an_audit_that_did_not_end_asked_nobody(ended: bytes) -> None:
    assert verdict(ended, NAMES).code == UNASKED
