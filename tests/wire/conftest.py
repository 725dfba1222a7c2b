"""A guest for each file of wire tests, and its neighbour on the cable."""

import tempfile

import pytest

import peer as neighbour
import qemu
import wire


@pytest.fixture(scope="module", params=["q35", "microvm"])
def peer(app, request):
    """A Peer of a guest that runs `target`."""
    with tempfile.TemporaryDirectory(prefix="skiff-wire-") as folder:
        cable = wire.Wire(folder)
        with qemu.Guest(app("target"), netdev=cable.netdev(), machine=request.param,
                        cmdline=(qemu.STATIC_IP,)) as guest:
            guest.wait_for("target: ready")
            yield neighbour.Peer(cable, guest)
            assert guest.alive(), guest.console()
            assert "panic" not in guest.console()
        cable.close()
