"""Whether what we ship may be shipped: every package's licence is permissive, or was judged by itself.

`python -m tests.deploy.licences SBOM` lists them, and fails for any other.
"""

import sys
from pathlib import Path

import msgspec
from tests.deploy.bill import Component, components

PERMISSIVE = frozenset(
    {"MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "PSF-2.0", "Unlicense"}
    | {f"License :: OSI Approved :: {name}" for name in ("MIT License", "BSD License", "Apache Software License")}
)
"""SPDX identifiers, and the classifiers of those that have not come to them."""

MPL = "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)"

JUDGED = {
    "certifi": frozenset({"MPL-2.0", MPL}),  # a list of authorities, unchanged; the licence asks for its own files only
    "pathspec": frozenset({MPL}),  # unchanged too; it comes with black, which piccolo needs
    "protobuf": frozenset[str](),  # says "3-Clause BSD License" where no tool looks, and has its text
    "rich-click": frozenset[str](),  # its metadata has no name but the whole text, which is MIT's
}
"""Exactly what these packages say. Should they say anything else, they are to be judged again."""


def is_permitted(component: Component) -> bool:
    """Whether all that a package says of its licence permits us to ship it."""
    if component.licences == JUDGED.get(component.name):
        return True
    return bool(component.licences) and all(map(is_permissive, component.licences))


def is_permissive(expression: str) -> bool:
    """Whether an SPDX expression leaves us a permissive choice. One with brackets is for people to judge."""
    if "License ::" in expression:
        return expression in PERMISSIVE
    return any(PERMISSIVE.issuperset(choice.split(" AND ")) for choice in expression.split(" OR "))


def main(path: str) -> int:
    """List them, the refused ones last; the exit code."""
    found = components(msgspec.json.decode(Path(path).read_bytes()))
    for each in sorted(found, key=is_permitted, reverse=True):
        mark = " " if is_permitted(each) else "!"
        print(f"{mark} {each.name} {each.version}: {'; '.join(sorted(each.licences)) or 'says nothing'}")
    refused = [each.name for each in found if not is_permitted(each)]
    print(f"{len(found)} packages, judged by themselves: {', '.join(sorted(JUDGED))}; refused: {refused or 'none'}")
    return int(bool(refused))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
