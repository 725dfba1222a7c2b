"""A guest for each file of wire tests, and its neighbour on the cable.

A file may say what it wants: MACHINES, CMDLINE (words for the kernel), ARGS (of `target`).
"""

import contextlib
import tempfile

import pytest

import peer as neighbour
import qemu
import wire


def pytest_generate_tests(metafunc):
    if "peer" in metafunc.fixturenames:
        machines = getattr(metafunc.module, "MACHINES", ("q35", "microvm"))
        metafunc.parametrize("peer", machines, indirect=True, scope="module")


@contextlib.contextmanager
def neighbour_of(target, machine, cmdline, args):
    with tempfile.TemporaryDirectory(prefix="skiff-wire-") as folder:
        cable = wire.Wire(folder)
        with qemu.Guest(target, netdev=cable.netdev(), machine=machine,
                        cmdline=(qemu.STATIC_IP, *cmdline), args=args) as guest:
            guest.wait_for("target: ready")
            yield neighbour.Peer(cable, guest)
            assert guest.alive(), guest.console()
            assert "panic" not in guest.console()
        cable.close()


@pytest.fixture(scope="module")
def peer(app, request):
    """A Peer of a guest that runs `target`."""
    with neighbour_of(app("target"), request.param, getattr(request.module, "CMDLINE", ()),
                      getattr(request.module, "ARGS", ())) as found:
        yield found


@pytest.fixture
def boot(app):
    """boot(word...) is a context: the Peer of another guest, with these words for its kernel."""
    return lambda *words: neighbour_of(app("target"), "microvm", words, ("16",))
