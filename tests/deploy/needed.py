"""What the installed packages need of one another, by their own metadata: from what pyproject.toml asks for onwards."""

import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from tests.deploy.pins import ROOT

Installed = Mapping[NormalizedName, Distribution]


def installed(site_packages: str) -> Installed:
    """The packages in this folder, by name."""
    return {canonicalize_name(each.metadata["Name"]): each for each in distributions(path=[site_packages])}


def declared() -> list[Requirement]:
    """What pyproject.toml asks for, for the service and for its traces: the image has both."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [Requirement(each) for each in (*project["dependencies"], *project["optional-dependencies"]["otel"])]


def asked(packages: Installed, by: Iterable[Requirement]) -> list[Requirement]:
    """All that is asked for in the end: by these, by what is installed for them, and so on."""
    found: list[Requirement] = []
    waiting = [each for each in by if holds(each)]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.append(one)
            waiting += further(packages.get(canonicalize_name(one.name)), one.extras)
    return found


def further(package: Distribution | None, extras: Iterable[str]) -> list[Requirement]:
    """What a package asks for, here and with these extras; nothing when it is not there."""
    said = [Requirement(each) for each in (package.requires or () if package is not None else ())]
    return [each for each in said if any(holds(each, extra) for extra in ("", *extras))]


def holds(requirement: Requirement, extra: str = "") -> bool:
    """Whether a requirement is meant for this platform and for this extra."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def is_met(requirement: Requirement, packages: Installed) -> bool:
    """Whether a version is installed that will do."""
    package = packages.get(canonicalize_name(requirement.name))
    return package is not None and requirement.specifier.contains(package.version, prereleases=True)


def problems(packages: Installed, by: Iterable[Requirement]) -> list[str]:
    """What is missing or of a version that somebody refuses, and what nobody needs."""
    wanted = asked(packages, by)
    idle = packages.keys() - {canonicalize_name(each.name) for each in wanted}
    unmet = [f"{each}: not met" for each in wanted if not is_met(each, packages)]
    return unmet + [f"{name}: nothing needs it" for name in sorted(idle)]
