"""For all tests: in CI a skipped test is a failed run, because nobody reads what was not run."""

import gc
import os

import pytest

SELDOM = (20_000, 10, 10)
"""New objects, and then collections of the younger ones, before a generation is looked at. Some 20 applications."""


def pytest_collection_finish() -> None:
    """The many thousand tests stay until the end, so the garbage collector need not look at them again and again:
    a tenth of the time of all of them. And it need not look at each application that is made for one test several
    times: another tenth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("CI") and terminalreporter.stats.get("skipped"):
        terminalreporter.section("skipped tests fail this run, because CI is set", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == 0 and os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
