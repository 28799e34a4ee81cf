"""Which metrics there are, and which the shipped files ask about."""

import re
from typing import Any

SUFFIXES = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("",), "gauge": ("",)}
TYPE = re.compile(r"^# TYPE (\w+) (\w+)$", re.MULTILINE)
NAME = re.compile(r"\bprofilegate_\w+")


def shown(text: str) -> set[str]:
    """The names that can be asked for, of what /metrics answers; also of those that have no value yet."""
    return {name + suffix for name, kind in TYPE.findall(text) for suffix in SUFFIXES[kind]}


def asked(expressions: list[str]) -> set[str]:
    return {name for each in expressions for name in NAME.findall(each)}


def of_alerts(rules: dict[str, Any]) -> list[str]:
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def of_dashboard(dashboard: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
