"""The alerts and the dashboard: Prometheus reads them, every alert is tried and explained, every metric is ours."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.deploy import metrics
from tests.deploy.shipped import DEPLOY, README, told
from tests.faces.running import Service

RULES: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text("utf-8"))
TRIED: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "alerts_test.yaml").read_text("utf-8"))
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "profilegate.json").read_text("utf-8"))
ALERTS = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"] if "alert" in rule}
RECORDED = {rule["record"] for group in RULES["groups"] for rule in group["rules"] if "record" in rule}


@pytest.fixture
async def shown(service: Service) -> set[str]:
    answer = await service.stranger().get("/metrics")
    return metrics.shown(answer.text)


def test_each_alert_fires_when_it_should_and_only_then() -> None:
    told("promtool", "test", "rules", DEPLOY / "prometheus" / "alerts_test.yaml")


def test_each_alert_is_tried_on_a_bad_day_and_on_an_ordinary_one() -> None:
    tries = [one for test in TRIED["tests"] for one in test["alert_rule_test"]]
    assert {each["alertname"] for each in tries if each.get("exp_alerts")} == set(ALERTS)
    assert {each["alertname"] for each in tries if not each.get("exp_alerts")} == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_says_what_it_is_and_what_to_do(name: str) -> None:
    annotations = ALERTS[name]["annotations"]
    assert set(annotations) == {"summary", "description", "runbook"}
    assert annotations["runbook"] == f"deploy/README.md, {name}"
    assert ALERTS[name]["labels"]["severity"] in ("critical", "warning")
    assert len(re.findall(rf"^\| {name} \| .{{20,}} \|$", README, re.MULTILINE)) == 1


def test_the_runbook_knows_no_alert_that_there_is_not() -> None:
    assert set(re.findall(r"^\| (Profilegate\w+) \|", README, re.MULTILINE)) == set(ALERTS)


@pytest.mark.parametrize(
    "expressions", [metrics.of_alerts(RULES), metrics.of_dashboard(DASHBOARD)], ids=["alerts", "dashboard"]
)
async def test_every_metric_is_one_that_the_service_shows(shown: set[str], expressions: list[str]) -> None:
    assert metrics.asked(expressions) - shown == set()


async def test_every_metric_that_the_service_shows_is_on_the_dashboard_or_watched(shown: set[str]) -> None:
    used = metrics.asked([*metrics.of_alerts(RULES), *metrics.of_dashboard(DASHBOARD)])
    assert {name for name in shown - used if not name.endswith(("_sum", "_created"))} == set()


def test_prometheus_understands_every_panel(tmp_path: Path) -> None:
    """Grafana's own variables stand for a process and for some minutes."""
    expressions = [each.replace("$__rate_interval", "5m") for each in metrics.of_dashboard(DASHBOARD)]
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(expressions)]
    (tmp_path / "panels.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in told("promtool", "check", "rules", tmp_path / "panels.yaml")


def test_what_the_dashboard_takes_from_the_rules_is_recorded() -> None:
    named = {name for each in metrics.of_dashboard(DASHBOARD) for name in re.findall(r"profilegate:[\w:]+", each)}
    assert named
    assert named <= RECORDED


def test_no_panel_lies_on_another() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [
        (x, y)
        for at in places
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]  # fmt: skip
    assert (len(cells), max(x for x, _ in cells)) == (len(set(cells)), 23)
