"""The unit: systemd reads it, finds it closed, and the service works inside its filters."""

import os
import re
import signal
import sys
from pathlib import Path

from tests.cli.conftest import Configured
from tests.cli.running import done, errors, eventually
from tests.cli.test_serve import url
from tests.deploy.running import demo, running, serving, smoke
from tests.deploy.shipped import DEPLOY, put_in, run, told

from profilegate.settings import ServerSettings

UNIT = DEPLOY / "systemd" / "profilegate.service"
TEXT = UNIT.read_text("utf-8")
EXPOSURE = 1.2
"""Of 10, by systemd 252. What is left is the network, which a service needs."""

SANDBOX = [sys.executable, str(Path(__file__).with_name("sandbox.py")), str(UNIT)]


def test_systemd_reads_it_without_a_word(tmp_path: Path) -> None:
    """Of keys that it does not know it only warns."""
    here = tmp_path / UNIT.name
    here.write_text(put_in(TEXT, ("/opt/profilegate/bin/profilegate", sys.executable)))
    done = run("systemd-analyze", "verify", "--man=no", here)
    assert (done.returncode, [line for line in done.stderr.splitlines() if UNIT.name in line]) == (0, [])


def test_it_is_closed_as_far_as_systemd_knows() -> None:
    report = told("systemd-analyze", "security", "--offline=true", "--no-pager", UNIT)
    found = re.search(r"Overall exposure level for profilegate.service: ([\d.]+)", report)
    assert found, report
    assert float(found[1]) <= EXPOSURE, report


def test_a_stop_is_as_patient_as_the_service() -> None:
    (patience,) = re.findall(r"^TimeoutStopSec=(\d+)$", TEXT, re.MULTILINE)
    assert int(patience) > ServerSettings().stop_timeout


def test_inside_its_filters_a_user_gets_a_profile(tmp_path: Path) -> None:
    with demo(tmp_path, *SANDBOX) as shown:
        answer = smoke(shown["url"], shown["token"])
    assert answer.returncode == 0, answer.stdout


def test_inside_its_filters_the_service_serves_hears_and_stops(configured: Configured, tmp_path: Path) -> None:
    config = configured(public_url="https://profiles.example/identity")
    assert done("migrate", "--config", config).returncode == 0
    with serving(tmp_path, config, url(config), *SANDBOX) as process:
        assert smoke(url(config)).returncode == 0
        os.kill(process.pid, signal.SIGHUP)
        eventually(lambda: "the settings are valid" in errors(tmp_path), lambda: errors(tmp_path))
        process.terminate()
        assert process.wait(20) == 0, errors(tmp_path)
    assert "Traceback" not in errors(tmp_path)


def test_the_filters_hold(tmp_path: Path) -> None:
    """Else the tests above would say nothing."""
    script = "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)"
    with running(tmp_path, *SANDBOX, sys.executable, "-c", script) as process:
        assert process.wait(20) == 1
    assert "PermissionError" in errors(tmp_path)
