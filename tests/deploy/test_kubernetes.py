"""The manifests, as kustomize puts them together: valid, locked down, and fitting the service's own settings."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from tests.deploy.shipped import DEPLOY, put_in, told

from profilegate import configuration

FOLDER = DEPLOY / "kubernetes"
VERSIONS = ["1.34", "1.37"]
POSTGRES_CONNECTIONS = 100 - 3
"""What PostgreSQL's own defaults leave to others than superusers."""


@pytest.fixture(scope="module")
def built() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(told("kubectl", "kustomize", FOLDER)))


def one(built: list[dict[str, Any]], kind: str) -> Any:
    (found,) = (each for each in built if each["kind"] == kind)
    return found


def pods(built: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one(built, kind)["spec"]["template"]["spec"] for kind in ("Deployment", "Job")]


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    """Those of the ConfigMap, with a password where the Secret has it."""
    (tmp_path / "database-url").write_text("postgresql://profilegate:secret@database/profilegate\n")
    text = (FOLDER / "profilegate.toml").read_text("utf-8")
    file = tmp_path / "profilegate.toml"
    file.write_text(put_in(text, ("/etc/profilegate/secrets", str(tmp_path))))
    return configuration.load(str(file), {})


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_field(built: list[dict[str, Any]], version: str) -> None:
    for each in built:
        kubernetes_validate.validate(each, version, strict=True)


def test_every_file_is_part_of_it() -> None:
    named = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))["resources"]
    assert {each.name for each in FOLDER.glob("*.yaml")} == {*named, "kustomization.yaml"}


def test_no_secret_is_in_it(built: list[dict[str, Any]]) -> None:
    assert [each for each in built if each["kind"] == "Secret"] == []


def test_everything_runs_as_the_restricted_standard_asks(built: list[dict[str, Any]]) -> None:
    for pod in pods(built):
        (container,) = pod["containers"]
        assert pod["securityContext"].items() >= {"runAsNonRoot": True, "runAsUser": 10001}.items()
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_nothing_may_speak_to_kubernetes(built: list[dict[str, Any]]) -> None:
    account = one(built, "ServiceAccount")
    assert {each["automountServiceAccountToken"] for each in [account, *pods(built)]} == {False}


def test_the_user_is_the_images(built: list[dict[str, Any]]) -> None:
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    assert {f"USER {pod['securityContext']['runAsUser']}" for pod in pods(built)} <= set(lines)


def test_a_rollout_takes_nothing_away_before_there_is_something_new(built: list[dict[str, Any]]) -> None:
    assert one(built, "Deployment")["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_a_stop_is_as_patient_as_the_service(built: list[dict[str, Any]], settings: Any) -> None:
    pod = one(built, "Deployment")["spec"]["template"]["spec"]
    _, pause = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert pod["terminationGracePeriodSeconds"] > int(pause) + settings.server.stop_timeout


def test_a_pod_is_one_worker_and_answers_probes_where_it_listens(built: list[dict[str, Any]], settings: Any) -> None:
    (container,) = one(built, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": settings.server.port}]
    assert (settings.server.workers, settings.server.host) == (1, "0.0.0.0")
    asked = {container[name]["httpGet"]["path"] for name in ("livenessProbe", "startupProbe")}
    assert (asked, container["readinessProbe"]["httpGet"]["path"]) == ({"/health"}, "/ready")


def test_all_pods_together_fit_postgresql(built: list[dict[str, Any]], settings: Any) -> None:
    surge = one(built, "Deployment")["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
    most = one(built, "HorizontalPodAutoscaler")["spec"]["maxReplicas"] + surge
    assert most * (settings.database.pool_max + 1) + 1 <= POSTGRES_CONNECTIONS


def test_each_selector_finds_the_pods_of_the_service(built: list[dict[str, Any]]) -> None:
    deployment, budget = one(built, "Deployment")["spec"], one(built, "PodDisruptionBudget")["spec"]
    policies = [each["spec"]["podSelector"] for each in built if each["kind"] == "NetworkPolicy"]
    matching = [each["matchLabels"] for each in (deployment["selector"], budget["selector"], *policies)]
    labels = deployment["template"]["metadata"]["labels"].items()
    assert all(each.items() <= labels for each in [*matching, one(built, "Service")["spec"]["selector"]])


def test_only_what_serves_waits_for_the_migration(built: list[dict[str, Any]]) -> None:
    later = {each["kind"] for each in built if component(each) == "server"}
    assert later == {"Deployment", "HorizontalPodAutoscaler"}


def component(resource: dict[str, Any]) -> str | None:
    labels: dict[str, str] = resource["metadata"].get("labels", {})
    return labels.get("app.kubernetes.io/component")
