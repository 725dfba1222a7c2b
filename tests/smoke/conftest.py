"""The doors and machines that the smoke tests go through, and guests behind them."""

import resource

import pytest

import qemu

DOORS = [("pvh", "pc"), ("pvh", "q35"), ("pvh", "microvm"), ("uefi", "q35"), ("uefi", "pc")]


def pytest_configure():
    """A thousand connections take as many descriptors, here and in QEMU."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.fixture(scope="module", params=DOORS, ids="-".join)
def door(request):
    """The arguments that choose a door: boot and machine."""
    boot, machine = request.param
    return {"boot": boot, "machine": machine, "mem": 128 if boot == "uefi" else 64}


@pytest.fixture(scope="module")
def echo_epoll(app, door):
    """A guest behind this door with the concurrent echo server, on addresses from DHCP."""
    with qemu.Guest(app("echo_epoll"), ports=("7", "9"), args=("-p", "7"), **door) as guest:
        guest.wait_for("listening on port 7")
        yield guest
        assert guest.alive(), guest.console()


@pytest.fixture
def run_app(app):
    """run_app("show", args=(...)) runs a program to its end: (exit status, console)."""
    def run(name, timeout=60, **machine):
        machine.setdefault("cmdline", (qemu.STATIC_IP,))
        with qemu.Guest(app(name), **machine) as guest:
            status = guest.wait_exit(timeout)
            console = guest.console()
        return qemu.application_status(status, console.encode()), console
    return run
