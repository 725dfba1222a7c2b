#!/usr/bin/python3
"""Guest instructions per operation, counted exactly, beside figures of a tuned Linux guest.

    bench/insns.py [-m MACHINE] [-t TOP] [-k KERNEL] [OPERATION...]

QEMU counts through bench/plugin/insn.c: a guest is warmed up, a snapshot taken, the operation
repeated, and another snapshot taken. Time does not enter, so figures of one build repeat to a
fraction of a percent. The Linux figures are constants of another measurement, under other
conditions: a Linux 6.1 guest on tap with checksum and segmentation offload. Here it is the user
network, which offers neither, and each repetition of a string instruction counts, so that the
streamed KiB does not compare and the other rows do so only roughly. With -t the functions that an operation spends most in are listed too.
"""

import argparse
import bisect
import collections
import os
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import qemu     # noqa: E402

APPS = os.path.join(qemu.BUILD, "apps")
PLUGIN = os.path.join(qemu.BUILD, "bench/insn.so")
KERNEL = os.path.join(qemu.BUILD, "skiff.elf")
KERNEL_SPACE = 1 << 63
FIRMWARE = "(firmware)"


# --- counts -------------------------------------------------------------------------------


class Symbols:
    """Names for addresses: the kernel's, and below them the application's."""

    def __init__(self, *files):
        found = []
        for file in files:
            out = subprocess.run(["nm", "-n", file], capture_output=True, text=True,
                                 check=True).stdout
            found += [(int(a, 16), name) for a, kind, name in map(str.split, out.splitlines())
                      if kind in "tTwW"]
        self.table = sorted(found)
        self.addresses = [a for a, _ in self.table]
        self.exact = set(self.addresses)
        self.app_begin = min(a for a in self.addresses if 0x400000 <= a < KERNEL_SPACE)
        self.app_end = max(a for a in self.addresses if a < KERNEL_SPACE) + 0x1000

    def space(self, address):
        if address >= KERNEL_SPACE:
            return "kernel"
        return "application" if self.app_begin <= address < self.app_end else FIRMWARE

    def name(self, address):
        if self.space(address) == FIRMWARE:
            return FIRMWARE
        return self.table[bisect.bisect_right(self.addresses, address) - 1][1]


class Counts:
    """What was executed: per block {(address, instructions): times}, per device {name: times}."""

    def __init__(self, text=""):
        self.blocks = collections.Counter()
        self.devices = collections.Counter()
        for line in text.splitlines():
            kind, *words = line.split(None, 3 if line[0] == "b" else 2)
            if kind == "b":
                self.blocks[int(words[0], 16), int(words[1])] = int(words[2])
            else:
                name = "a nameless device" if words[1].startswith("anon") else words[1]
                self.devices[name] += int(words[0])

    def __sub__(self, earlier):
        diff = Counts()
        diff.blocks = self.blocks - earlier.blocks
        diff.devices = self.devices - earlier.devices
        return diff

    def by(self, naming):
        """Instructions summed up by naming(address)."""
        total = collections.Counter()
        for (address, insns), times in self.blocks.items():
            total[naming(address)] += insns * times
        return total

    def calls(self, symbols):
        """How often each function's first instruction was executed."""
        entered = collections.Counter()
        for (address, _), times in self.blocks.items():
            if address in symbols.exact:
                entered[symbols.name(address)] += times
        return entered


# --- operations ---------------------------------------------------------------------------


def exactly(s, size):
    while size:
        data = s.recv(size)
        assert data, "the guest closed the connection"
        size -= len(data)


def udp_echo(guest):
    s = guest.udp(7)

    def operation():
        s.send(b"x" * 64)
        assert len(s.recv(100)) == 64
    return operation


def tcp_echo(guest):
    s = guest.connect(7)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def operation():
        s.sendall(b"x" * 64)
        exactly(s, 64)
    return operation


def tcp_connect(guest):
    def operation():
        with guest.connect(7) as s:
            s.sendall(b"x")
            exactly(s, 1)
    return operation


def tcp_stream(guest):
    """One operation is a MiB to the guest and back, 256 KiB of it on their way."""
    s = guest.connect(7)
    ahead = 256 << 10

    def operation():
        s.sendall(bytes(ahead))
        for _ in range((1 << 20) // 65536 - ahead // 65536):
            exactly(s, 65536)
            s.sendall(bytes(65536))
        exactly(s, ahead)
    return operation


def idle(_guest):
    return lambda: time.sleep(1)


# name: (what is counted, application, its guest port, client, times, units in one, Linux's figure)
OPERATIONS = {
    "tcp": ("64-octet TCP echo", "echo_epoll", "7", tcp_echo, 1000, 1, 14731),
    "udp": ("64-octet UDP echo", "echo_udp", "udp:7", udp_echo, 1000, 1, 14155),
    "connect": ("connect, echo, close", "echo_epoll", "7", tcp_connect, 300, 1, 61549),
    "stream": ("KiB streamed there and back", "echo_epoll", "7", tcp_stream, 16, 1024, 785),
    "idle": ("idle second", "echo_udp", "udp:7", idle, 5, 1, 66700),
    "boot": ("boot to a listening server", "echo_udp", "udp:7", None, 1, 1, 30100000),
}


def snapshot(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.connect(path)
        with s.makefile() as f:
            return Counts(f.read())


def count(name, machine, kernel, io=False):
    """Counts of one operation's repetitions, and how many units those were."""
    _, app, port, client, times, units, _ = OPERATIONS[name]
    args = ("-p", "7") if app == "echo_epoll" else ("7",)
    guest = qemu.Guest(os.path.join(APPS, app), ports=(port,), args=args, machine=machine,
                       kernel=kernel, cmdline=(qemu.STATIC_IP,))
    counter = os.path.join(guest.folder, "counts")
    guest.machine.extra = ("-plugin", f"{PLUGIN},socket={counter}" + (",io=on" if io else ""))
    with guest:
        guest.wait_for("listening")
        if client is None:
            return snapshot(counter), 1
        operation = client(guest)
        for _ in range(max(2, times // 5)):
            operation()
        before = snapshot(counter)
        for _ in range(times):
            operation()
        return snapshot(counter) - before, times * units


def total(counts, symbols):
    """Instructions without the firmware's, which are not the guest's doing."""
    spaces = counts.by(symbols.space)
    return spaces["kernel"] + spaces["application"], spaces["kernel"]


def report(name, machine, kernel, top):
    what, app, *_, linux = OPERATIONS[name]
    symbols = Symbols(kernel, os.path.join(APPS, app))
    counts, units = count(name, machine, kernel)
    both, kernel_only = total(counts, symbols)
    print(f"  {what:<30} {both / units:12,.0f} {kernel_only / units:12,.0f} {linux:12,} "
          f"{both / units / linux:8.1%}", flush=True)
    if not top:
        return
    print(f"    {'instructions':>12} {'calls':>8}")
    calls = counts.calls(symbols)
    for function, insns in counts.by(symbols.name).most_common(top):
        print(f"    {insns / units:12,.1f} {calls[function] / units:8,.2f}  {function}")
    for function in ("syscall_entry", "irq_dispatch", "switch_stack"):
        print(f"    {'':12} {calls[function] / units:8,.2f}  {function}")
    counts, units = count(name, machine, kernel, io=True)
    for device, accesses in counts.devices.most_common():
        print(f"    {'':12} {accesses / units:8,.2f}  accesses of {device}'s registers in memory")


def head(machine):
    print(f"Guest instructions per operation (pvh on {machine}, user network; they repeat):")
    print("  Linux: not measured here; constants of a 6.1 guest on tap with offloads, so the")
    print("  streamed KiB does not compare")
    print(f"  {'':<30} {'Skiff':>12} {'its kernel':>12} {'Linux':>12}")


def main():
    parser = argparse.ArgumentParser(prog="bench/insns.py")
    parser.add_argument("-m", dest="machine", choices=qemu.MACHINES, default="microvm")
    parser.add_argument("-t", dest="top", type=int, default=0, help="functions to list")
    parser.add_argument("-k", dest="kernel", default=KERNEL, help="a kernel with symbols")
    parser.add_argument("names", nargs="*", metavar="OPERATION",
                        help=f"{', '.join(OPERATIONS)}; all when none is named")
    o = parser.parse_args()
    for name in o.names:
        if name not in OPERATIONS:
            parser.error(f"no operation {name}")
    head(o.machine)
    for name in o.names or OPERATIONS:
        report(name, o.machine, o.kernel, o.top)


if __name__ == "__main__":
    main()
