"""What every pytest run here does: find the built files, and end with a RESULT line."""

import os

import pytest

import qemu


def app_path(name):
    """A built application: of apps/ or of a test's own."""
    for folder in ("apps", "tests/smoke/apps", "tests/wire/apps"):
        path = os.path.join(qemu.BUILD, folder, name)
        if os.path.exists(path):
            return path
    raise FileNotFoundError(f"build/.../{name}: make test builds it")


@pytest.fixture(scope="session")
def app():
    """app("echo") is the path of that program."""
    return app_path


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """The last line, in the words of the host tests, for tests/run to add up."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    count = {k: len(reporter.stats.get(k, [])) for k in ("passed", "failed", "error", "skipped")}
    failed = count["failed"] + count["error"]
    print(f"RESULT passed={count['passed']} failed={failed}")
