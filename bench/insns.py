#!/usr/bin/python3
"""Guest instructions per operation, counted exactly, beside figures of a tuned Linux guest.

    bench/insns.py [-m MACHINE] [-n TAP] [-t TOP] [-k KERNEL] [OPERATION...]

QEMU counts through bench/plugin/insn.c: a guest is warmed up, a snapshot taken, the operation
repeated, and another snapshot taken. Time does not enter, so figures of one build repeat to a
fraction of a percent. The Linux figures are constants of another measurement, under other
conditions: a Linux 6.1 guest on tap with checksum and segmentation offload. Here it is the user
network, which offers neither, unless -n names a tap interface (as NET=tap takes it), and each
repetition of a string instruction counts. So the streamed KiB only compares on tap, and the other
rows do so roughly. With -t the functions that an operation spends most in are listed too.
"""

import argparse
import bisect
import collections
import os
import socket
import struct
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import qemu     # noqa: E402
import wire     # noqa: E402

APPS = os.path.join(qemu.BUILD, "apps")
PLUGIN = os.path.join(qemu.BUILD, "bench/insn.so")
KERNEL = os.path.join(qemu.BUILD, "skiff.elf")
KERNEL_SPACE = 1 << 63
GUEST_IP, OUR_IP = "10.0.2.15", "10.0.2.2"
GUEST_MAC, OUR_MAC = bytes.fromhex(qemu.MAC.replace(":", "")), bytes.fromhex("525500000001")
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


def address(guest, proto="tcp"):
    """Where the guest's port 7 is found: on a tap of its own, or forwarded."""
    return (GUEST_IP, 7) if guest.machine.netdev else ("127.0.0.1", guest.host_port(7, proto))


def connect(guest):
    s = socket.create_connection(address(guest), 60)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def udp_echo(guest, _cable):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect(address(guest, "udp"))

    def operation():
        s.send(b"x" * 64)
        assert len(s.recv(100)) == 64
    return operation


def tcp_echo(guest, _cable, connections=1):
    """On several connections all ask before the first answer is read."""
    clients = [connect(guest) for _ in range(connections)]

    def operation():
        for s in clients:
            s.sendall(b"x" * 64)
        for s in clients:
            exactly(s, 64)
    return operation


def tcp_echo_16(guest, cable):
    return tcp_echo(guest, cable, 16)


def tcp_connect(guest, _cable):
    def operation():
        with connect(guest) as s:
            s.sendall(b"x")
            exactly(s, 1)
    return operation


def tcp_stream(guest, _cable):
    """One operation is a MiB to the guest and back, 256 KiB of it on their way."""
    s = connect(guest)
    ahead = 256 << 10

    def operation():
        s.sendall(bytes(ahead))
        for _ in range((1 << 20) // 65536 - ahead // 65536):
            exactly(s, 65536)
            s.sendall(bytes(65536))
        exactly(s, ahead)
    return operation


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def checked(layout, *fields, at):
    """A header with its checksum, which is the field at index `at`."""
    fields = list(fields)
    fields[at] = checksum(struct.pack(layout, *fields))
    return struct.pack(layout, *fields)


def icmp_echo(_guest, cable):
    """On a bare cable: the user network passes no echo requests to the guest."""
    ips = socket.inet_aton(OUR_IP), socket.inet_aton(GUEST_IP)
    arp = struct.pack("!6s6sHHHBBH6s4s6s4s", b"\xff" * 6, OUR_MAC, 0x806, 1, 0x800, 6, 4, 1,
                      OUR_MAC, ips[0], bytes(6), ips[1])
    ip = checked("!BBHHHBBH4s4s", 0x45, 0, 20 + 8 + 56, 1, 0, 64, 1, 0, *ips, at=7)
    icmp = checked("!BBHHH56s", 8, 0, 0, 1, 1, b"x" * 56, at=2)
    frame = struct.pack("!6s6sH", GUEST_MAC, OUR_MAC, 0x800) + ip + icmp
    cable.send(arp)

    def operation():
        cable.send(frame)
        while True:     # answers to ARP come in between
            got = cable.receive()
            assert got, "no echo reply"
            if got[12:14] == b"\x08\x00" and got[23] == 1 and got[34] == 0:
                return
    return operation


def idle(_guest, _cable):
    return lambda: time.sleep(1)


# name: (what is counted, application, its guest port, client, times, units in one, Linux's figure)
OPERATIONS = {
    "tcp": ("64-octet TCP echo", "echo_epoll", "7", tcp_echo, 1000, 1, 14731),
    "tcp16": ("the same, 16 connections", "echo_epoll", "7", tcp_echo_16, 100, 16, 11607),
    "udp": ("64-octet UDP echo", "echo_udp", "udp:7", udp_echo, 1000, 1, 14155),
    "icmp": ("64-octet ICMP echo", "echo_udp", "udp:7", icmp_echo, 1000, 1, 8630),
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


def make_guest(name, setup, io):
    """The guest for an operation, not started, and the path of its counter."""
    _, app, port, client, *_ = OPERATIONS[name]
    guest = qemu.Guest(os.path.join(APPS, app), ports=(port,), machine=setup.machine,
                       args=("-p", "7") if app == "echo_epoll" else ("7",),
                       kernel=setup.kernel, cmdline=(qemu.STATIC_IP,))
    if setup.tap and client is not icmp_echo:
        guest.machine.netdev = f"tap,id=n0,ifname={setup.tap},script=no,downscript=no"
    counter = os.path.join(guest.folder, "counts")
    guest.machine.extra = ("-plugin", f"{PLUGIN},socket={counter}" + (",io=on" if io else ""))
    return guest, counter


def count(name, setup, io=False):
    """Counts of one operation's repetitions, and how many units those were."""
    _, _, _, client, times, units, _ = OPERATIONS[name]
    guest, counter = make_guest(name, setup, io)
    cable = None
    if client is icmp_echo:
        cable = wire.Wire(guest.folder)
        guest.machine.netdev = cable.netdev()
    with guest:
        guest.wait_for("listening")
        if client is None:
            return snapshot(counter), 1
        operation = client(guest, cable)
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


def report(name, setup):
    what, app, *_, linux = OPERATIONS[name]
    symbols = Symbols(setup.kernel, os.path.join(APPS, app))
    counts, units = count(name, setup)
    both, kernel_only = total(counts, symbols)
    print(f"  {what:<30} {both / units:12,.0f} {kernel_only / units:12,.0f} {linux:12,} "
          f"{both / units / linux:8.1%}", flush=True)
    if not setup.top:
        return
    print(f"    {'instructions':>12} {'calls':>8}")
    calls = counts.calls(symbols)
    for function, insns in counts.by(symbols.name).most_common(setup.top):
        print(f"    {insns / units:12,.1f} {calls[function] / units:8,.2f}  {function}")
    for function in ("syscall_entry", "irq_dispatch", "switch_stack"):
        print(f"    {'':12} {calls[function] / units:8,.2f}  {function}")
    counts, units = count(name, setup, io=True)
    for device, accesses in counts.devices.most_common():
        print(f"    {'':12} {accesses / units:8,.2f}  accesses of {device}'s registers in memory")


def parse(arguments=()):
    parser = argparse.ArgumentParser(prog="bench/insns.py")
    parser.add_argument("-m", dest="machine", choices=qemu.MACHINES, default="microvm")
    parser.add_argument("-n", dest="tap", default="", help="a tap interface with " + OUR_IP)
    parser.add_argument("-t", dest="top", type=int, default=0, help="functions to list")
    parser.add_argument("-k", dest="kernel", default=KERNEL, help="a kernel with symbols")
    parser.add_argument("names", nargs="*", metavar="OPERATION",
                        help=f"{', '.join(OPERATIONS)}; all when none is named")
    setup = parser.parse_args(arguments)
    for name in setup.names:
        if name not in OPERATIONS:
            parser.error(f"no operation {name}")
    return setup


def report_all(setup):
    net = setup.tap or "user network"
    print(f"Guest instructions per operation (pvh on {setup.machine}, {net}; they repeat):")
    print("  Linux: not measured here; constants of a 6.1 guest on tap with offloads")
    print(f"  {'':<30} {'Skiff':>12} {'its kernel':>12} {'Linux':>12}")
    for name in setup.names or OPERATIONS:
        report(name, setup)


if __name__ == "__main__":
    report_all(parse(sys.argv[1:]))
