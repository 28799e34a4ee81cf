"""The compose file: valid by the compose specification, and every image pinned."""

import re
from typing import Any

import pytest
import yaml
from tests.deploy.shipped import DEPLOY, told

from profilegate.settings import ServerSettings

SERVICES: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
OURS = ["profilegate", "migrate"]


def test_it_is_what_the_specification_says() -> None:
    told("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - OURS))
def test_images_of_others_are_pinned(name: str) -> None:
    assert re.search(r":\d+[\w.-]*$", SERVICES[name]["image"])


@pytest.mark.parametrize("name", OURS)
def test_our_processes_can_change_nothing_of_the_image(name: str) -> None:
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_bulks_have_a_place_to_wait() -> None:
    assert SERVICES["profilegate"]["tmpfs"] == ["/tmp"]


def test_a_stop_is_as_patient_as_the_service() -> None:
    assert int(SERVICES["profilegate"]["stop_grace_period"].removesuffix("s")) > ServerSettings().stop_timeout


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_open_to_this_machine_only(name: str) -> None:
    assert [port for port in SERVICES[name].get("ports", []) if not port.startswith("127.0.0.1:")] == []
