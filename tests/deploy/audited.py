"""What pip-audit found out. Its own exit code says 1 for a vulnerability and for an error of its own, and 0 even when
the service knew none of the packages that it was asked about.

`python -m tests.deploy.audited REPORT SBOM` says which it was: 0 fine, 1 vulnerable, 3 nobody could be asked.
"""

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from packaging.utils import canonicalize_name
from tests.deploy.bill import components

FINE, VULNERABLE, UNASKED = 0, 1, 3


class Verdict(NamedTuple):
    """The exit code, and why."""

    code: int
    lines: list[str]


def verdict(report: bytes, expected: Collection[str]) -> Verdict:
    """What a report in pip-audit's JSON says of these packages; an empty one is of an audit that did not end."""
    try:
        asked = {canonicalize_name(each["name"]): each for each in msgspec.json.decode(report)["dependencies"]}
    except (msgspec.DecodeError, KeyError, TypeError):
        return Verdict(UNASKED, ["the audit did not end: the vulnerability service could not be asked"])
    known = {name: each["vulns"] for name, each in asked.items() if "vulns" in each}
    if found := [line for name, each in known.items() for line in told(name, each)]:
        return Verdict(VULNERABLE, found)
    if unknown := sorted(set(expected) - known.keys()):
        why = asked.get(unknown[0], {}).get("skip_reason", "it is not in the report")
        return Verdict(UNASKED, [f"{len(unknown)} of {len(expected)} packages could not be asked about: {why} ..."])
    return Verdict(FINE, [f"{len(known)} packages, no known vulnerability"])


def told(name: str, vulnerabilities: list[dict[str, Any]]) -> list[str]:
    """A line for each."""
    return [
        f"{name}: {each['id']}, fixed in {', '.join(each['fix_versions']) or 'no version yet'}"
        for each in vulnerabilities
    ]


def main(report: str, bill: str) -> int:
    """Tell it; the exit code."""
    expected = {each.name for each in components(msgspec.json.decode(Path(bill).read_bytes()))}
    found = verdict(Path(report).read_bytes() if Path(report).exists() else b"", expected)
    print(*found.lines, sep="\n", file=sys.stderr if found.code else sys.stdout)
    return found.code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
