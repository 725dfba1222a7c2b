"""The same programs on this machine's Linux and in Skiff: what they print must be the same."""

import difflib
import os
import subprocess

import pytest

import qemu

PROGRAMS = sorted(name[:-2] for name in os.listdir(os.path.join(os.path.dirname(__file__), "apps"))
                  if name.endswith(".c"))


def program(name):
    return os.path.join(qemu.BUILD, "tests/abi/apps", name)


def said(output):
    """The program's own lines; the kernel's log may stand between them."""
    return [line for line in output.splitlines() if line.startswith("abi: ")]


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_as_linux(name):
    here = subprocess.run([program(name)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=30, check=True)
    with qemu.Guest(program(name), machine="microvm", cmdline=(qemu.STATIC_IP,)) as guest:
        guest.wait_exit(60)
        console = guest.console()
    linux, skiff = said(here.stdout), said(console)
    assert linux and linux[-1] == "abi: end"
    difference = difflib.unified_diff(linux, skiff, "linux", "skiff", n=0, lineterm="")
    assert linux == skiff, "\n".join([*difference, *console.splitlines()[-3:]])
