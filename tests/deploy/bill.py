"""The bill of materials (CycloneDX, JSON): what is installed, and under which licences.

`python -m tests.deploy.bill SBOM SITE_PACKAGES` holds one to deploy/requirements.txt, and that to what is needed.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from packaging.utils import NormalizedName, canonicalize_name
from tests.deploy import needed
from tests.deploy.pins import Pin, shipped

Document = Mapping[str, Any]


class Component(msgspec.Struct, frozen=True):
    """One package. `licences` are its own words: SPDX identifiers and expressions, or classifiers."""

    name: NormalizedName
    version: str
    licences: frozenset[str]


def components(document: Document) -> list[Component]:
    """All that is installed, by name."""
    found = [
        Component(canonicalize_name(each["name"]), each["version"], frozenset(map(said, each.get("licenses", ()))))
        for each in document["components"]
    ]
    return sorted(found, key=lambda each: each.name)


def said(licence: Document) -> str:
    """What one entry of a component's licences says."""
    named = licence.get("license", {})
    return str(licence.get("expression") or named.get("id") or named.get("name"))


def problems(document: Document, pins: Mapping[NormalizedName, Pin]) -> list[str]:
    """How the listed packages differ from those that are pinned."""
    here = {name: each.version for name, each in pins.items() if each.is_here}
    listed = {each.name: each.version for each in components(document)}
    differing = sorted({name for name, _ in here.items() ^ listed.items()})
    return [f"{name}: pinned {here.get(name)}, installed {listed.get(name)}" for name in differing]


def main(path: str, site_packages: str) -> int:
    """Tell each problem; the exit code."""
    document = msgspec.json.decode(Path(path).read_bytes())
    found = problems(document, shipped()) + needed.problems(needed.installed(site_packages), needed.declared())
    for each in found:
        print(each, file=sys.stderr)
    print(f"{path}: {len(document['components'])} packages, {len(found)} problems")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
