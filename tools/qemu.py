"""Skiff in QEMU: what may be asked for, the command line that does it, and a guest to test with.

`make run` (tools/run), the tests and the benchmarks all start QEMU through this module. Values
are checked here, before anything is started: Refused names the value and what is allowed.
"""

import atexit
import ctypes
import dataclasses
import errno
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import elf          # noqa: E402
import mkinitrd     # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build")
QEMU = "qemu-system-x86_64"
OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
MACHINES = ("q35", "pc", "microvm")
BOOTS = ("uefi", "pvh")
ACCELS = ("auto", "tcg", "kvm")
NETS = ("user", "tap")
MIN_MEM = {"pvh": 8, "uefi": 64}    # MiB; the firmware itself needs most of the latter
MAX_MEM = 3072                      # all of it lies below the PCI hole
MAC = "52:54:00:12:34:56"
NO_OFFLOADS = ",csum=off,guest_csum=off,host_tso4=off,guest_tso4=off,mrg_rxbuf=off"
EXIT_PORT = 0xF4
# Where microvm has the last of its eight virtio-mmio slots, which it fills first. QEMU would
# append these words itself, but behind the application's arguments.
MMIO_WORDS = ("virtio_mmio.device=512@0xfeb00e00:12", "virtio_mmio.device=512@0xfeb00c00:11")
STATIC_IP = "ip=10.0.2.15/24,gw=10.0.2.2"     # as QEMU's user network would give it


class Refused(Exception):
    """A value that cannot be used; the message names it and says what is allowed."""


# --- values -------------------------------------------------------------------------------


def one_of(name, value, allowed):
    if value not in allowed:
        raise Refused(f"{name}={value}: allowed are {', '.join(allowed)}")
    return value


def parse_mem(text, boot):
    least = MIN_MEM[boot]
    if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= MAX_MEM:
        raise Refused(f"MEM={text}: a number of MiB from {least} (with BOOT={boot}) to {MAX_MEM}")
    return int(text)


@dataclasses.dataclass(frozen=True)
class Forward:
    """A port of this machine's 127.0.0.1 that leads to a port of the guest."""
    proto: str
    host: int
    guest: int

    def __str__(self):
        return f"127.0.0.1:{self.host} -> guest port {self.guest} ({self.proto})"


def parse_ports(text):
    """`6379`, `8080:80`, `udp:53`, `udp:5353:53`, separated by commas or spaces."""
    forwards = []
    for word in text.replace(",", " ").split():
        m = re.fullmatch(r"(?:(tcp|udp):)?([0-9]{1,5})(?::([0-9]{1,5}))?", word)
        if not m or not all(1 <= int(p) <= 65535 for p in m.groups()[1:] if p):
            raise Refused(f"PORTS={word}: allowed are PORT, HOST:GUEST, udp:PORT and "
                          "udp:HOST:GUEST with numbers from 1 to 65535")
        forward = Forward(m[1] or "tcp", int(m[2]), int(m[3] or m[2]))
        if any((f.proto, f.host) == (forward.proto, forward.host) for f in forwards):
            raise Refused(f"PORTS={word}: {forward.proto} port {forward.host} is named twice")
        forwards.append(forward)
    return forwards


def check_port_free(forward):
    kind = socket.SOCK_DGRAM if forward.proto == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as s:
        if kind == socket.SOCK_STREAM:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", forward.host))
        except OSError as e:
            why = "is already in use" if e.errno == errno.EADDRINUSE else e.strerror.lower()
            raise Refused(f"PORTS: {forward.proto} port {forward.host} of this machine {why}; "
                          f"choose another, such as PORTS={_other_port(forward)}") from None


def _other_port(forward):
    udp = "udp:" if forward.proto == "udp" else ""
    return f"{udp}{forward.host + 1 if forward.host < 65535 else 1024}:{forward.guest}"


def read_app(path):
    """The program's octets, if Skiff can run it."""
    try:
        with open(path, "rb") as f:
            data = f.read()
    except OSError as e:
        raise Refused(f"APP={path}: {e.strerror.lower()}") from None
    why = elf.refusal(data)
    if why:
        raise Refused(f"APP={path}: {why}; a static Linux ELF for x86-64 is wanted")
    return data


def split_words(name, text):
    """A value as the shell would split it."""
    try:
        words = shlex.split(text)
    except ValueError as e:
        raise Refused(f"{name}={text}: {str(e).lower()}") from None
    for word in words:
        if '"' in word or "\n" in word:
            raise Refused(f"{name}={text}: a word may hold spaces, but no double quote "
                          "and no new line (the kernel command line cannot carry them)")
    return words


def quoted(word):
    """A word as the kernel command line wants it."""
    return f'"{word}"' if not word or re.search(r"\s", word) else word


def parse_files(text):
    """`host-file` or `host-file:/path/in/guest`, separated by spaces."""
    files = {}
    for word in split_words("FILES", text):
        source, _, path = word.partition(":")
        path = path or "/" + os.path.basename(source)
        if not path.startswith("/"):
            raise Refused(f"FILES={word}: the path in the guest begins with /")
        try:
            with open(source, "rb") as f:
                files[path] = (f.read(), os.access(source, os.X_OK))
        except OSError as e:
            raise Refused(f"FILES={word}: {e.strerror.lower()}") from None
    return files


def _cpu_flags():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith("flags"):
                return line.split()
    return []


def kvm_obstacle():
    """Why KVM cannot be used here, or None. A /dev/kvm that opens is not proof by itself."""
    if not {"vmx", "svm"} & set(_cpu_flags()):
        return "/proc/cpuinfo shows neither vmx nor svm"
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as e:
        return f"/dev/kvm: {e.strerror.lower()}"
    return None


def choose_accel(wanted):
    one_of("ACCEL", wanted, ACCELS)
    if wanted == "tcg":
        return "tcg"
    obstacle = kvm_obstacle()
    if wanted == "kvm" and obstacle:
        raise Refused(f"ACCEL=kvm: {obstacle}; allowed here are auto and tcg")
    return "tcg" if obstacle else "kvm"


def check_tap(name):
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,15}", name):
        raise Refused(f"TAP={name}: the name of a network interface, at most 15 characters")
    if not os.path.exists(f"/sys/class/net/{name}"):
        raise Refused(f"NET=tap: there is no interface {name}. To make one: sudo ip tuntap add "
                      f"{name} mode tap user $USER && sudo ip addr add 10.0.2.2/24 dev {name} "
                      f"&& sudo ip link set {name} up")


# --- the machine --------------------------------------------------------------------------


@dataclasses.dataclass
class Machine:
    """Everything about a guest that has been checked and is ready to start."""
    app: bytes
    app_name: str = "app"
    args: tuple = ()
    forwards: tuple = ()
    mem: int = 64
    boot: str = "pvh"
    machine: str = "q35"
    accel: str = "tcg"
    cmdline: tuple = ()             # words for the kernel
    files: dict = dataclasses.field(default_factory=dict)
    netdev: str = ""                # QEMU's -netdev value; empty: user network with forwards
    offloads: bool = True           # offer what the backend can; False: checksum and TSO off
    smp: str = "1,maxcpus=2"        # one CPU, but QEMU 7.2 keeps the memory barriers
    extra: tuple = ()               # more arguments for QEMU
    kernel: str = os.path.join(BUILD, "skiff.stripped.elf")
    loader: str = os.path.join(BUILD, "boot/BOOTX64.EFI")

    def __post_init__(self):
        one_of("BOOT", self.boot, BOOTS)
        one_of("MACHINE", self.machine, MACHINES)
        if self.machine == "microvm" and self.boot == "uefi":
            raise Refused("BOOT=uefi: MACHINE=microvm has no UEFI firmware; "
                          "allowed with it is BOOT=pvh")

    def command_line(self):
        """What the kernel gets to read: its words, then the application's after --."""
        words = [f"app=/bin/{self.app_name}", *self.cmdline]
        if self.machine == "microvm":
            words += MMIO_WORDS
        if self.args:
            words += ["--", *self.args]
        return " ".join(quoted(w) for w in words)

    def initrd(self):
        files = dict(self.files)
        files[f"/bin/{self.app_name}"] = (self.app, True)
        return mkinitrd.build(files)


def write_boot_files(m, folder):
    """Write what QEMU boots from into folder, and return the arguments that name it."""
    initrd = os.path.join(folder, "initrd.img")
    with open(initrd, "wb") as f:
        f.write(m.initrd())
    if m.boot == "pvh":
        return ["-kernel", m.kernel, "-initrd", initrd, "-append", m.command_line()]
    cmdline = os.path.join(folder, "cmdline")
    with open(cmdline, "w", encoding="utf-8") as f:
        f.write(m.command_line() + "\n")
    disk = os.path.join(folder, "disk.img")
    make_fat(disk, {"EFI/BOOT/BOOTX64.EFI": m.loader, "skiff/kernel.elf": m.kernel,
                    "skiff/initrd": initrd, "skiff/cmdline": cmdline})
    variables = os.path.join(folder, "vars.fd")
    shutil.copyfile(OVMF_VARS, variables)
    return ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF_CODE}",
            "-drive", f"if=pflash,format=raw,file={variables}",
            "-drive", f"if=none,id=esp,format=raw,file={disk}",
            "-device", ("ide-hd" if m.machine == "pc" else "ide-hd,bus=ide.0")
            + ",drive=esp,bootindex=0"]


def make_fat(image, files):
    """A FAT volume with files: path on the volume -> file here. Needs mtools, and no root."""
    size = sum(os.path.getsize(f) for f in files.values())
    sectors = (size + (2 << 20)) // 512
    with open(image, "wb") as f:
        f.truncate(sectors * 512)
    run = {"check": True, "stdin": subprocess.DEVNULL}
    subprocess.run(["mformat", "-i", image, "-T", str(sectors), "-h", "16", "-s", "63", "::"],
                   **run)
    dirs = sorted({d for path in files for d in mkinitrd.parents("/" + path)})
    if dirs:
        subprocess.run(["mmd", "-i", image, *("::" + d for d in dirs)], **run)
    for path, source in files.items():
        subprocess.run(["mcopy", "-i", image, source, "::/" + path], **run)


def _netdev(m):
    if m.netdev:
        return m.netdev
    rules = "".join(f",hostfwd={f.proto}:127.0.0.1:{f.host}-:{f.guest}" for f in m.forwards)
    return "user,id=n0" + rules


def qemu_args(m, boot_args):
    """QEMU's arguments without console: the machine, its devices, and what it boots."""
    mmio = m.machine == "microvm"
    off = "" if m.offloads else NO_OFFLOADS
    if mmio:
        machine = "microvm,acpi=off,auto-kernel-cmdline=off,rtc=on"
        devices = ["-global", "virtio-mmio.force-legacy=false",
                   "-device", f"virtio-net-device,netdev=n0,mac={MAC}{off}",
                   "-device", "virtio-rng-device"]
    else:
        machine = m.machine
        devices = ["-device", f"virtio-net-pci,netdev=n0,mac={MAC},disable-legacy=on,romfile={off}",
                   "-device", "virtio-rng-pci,disable-legacy=on"]
    return [QEMU, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            "-machine", f"{machine},accel={m.accel}", "-cpu", "max", "-smp", m.smp,
            "-m", f"{m.mem}M", "-netdev", _netdev(m), *devices,
            "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=0x4", *boot_args,
            *m.extra]


# --- the end ------------------------------------------------------------------------------

STATUS_LINE = re.compile(rb"exited with status (\d+)|was ended by SIG(\w+)")


def application_status(qemu_status, console=b""):
    """The application's exit status, or None when QEMU ended for another reason.

    isa-debug-exit makes (status << 1) | 1 of it, which loses the top bit of eight; the
    kernel's last words on the console have all of them.
    """
    if qemu_status < 0 or not qemu_status & 1:
        return None
    status = qemu_status >> 1
    said = list(STATUS_LINE.finditer(console[-4096:]))
    if not said:
        return status
    whole = int(said[-1][1]) if said[-1][1] else 128 | status
    return whole if whole & 0x7F == status else status


def die_with_parent():
    """In the child, between fork and exec: no QEMU outlives whoever started it."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


# --- a guest for tests and benchmarks -----------------------------------------------------


def free_port(proto):
    kind = socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Guest:
    """A running guest; use it in a `with`. Its console goes to a file and can be waited for.

    ports: guest ports that get an ephemeral port here, such as ("tcp:7", "udp:7").
    serials: how many more serial ports (ttyS1 ...) to give it, as Unix sockets; QEMU waits for
    serial() to connect to each of them before it starts the machine.
    """

    def __init__(self, app, ports=(), serials=0, **machine):
        self.folder = tempfile.mkdtemp(prefix="skiff-")
        self.forwards = []
        for port in ports:
            proto, _, number = port.rpartition(":")
            proto = proto or "tcp"
            self.forwards.append(Forward(proto, free_port(proto), int(number)))
        with open(app, "rb") as f:
            data = f.read()
        machine.setdefault("app_name", os.path.basename(app))
        self.machine = Machine(app=data, forwards=tuple(self.forwards), **machine)
        self.serial_paths = [os.path.join(self.folder, f"ttyS{i + 1}") for i in range(serials)]
        self.console_path = os.path.join(self.folder, "console")
        self.process = None
        self.started = None
        atexit.register(self.stop)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def start(self):
        args = qemu_args(self.machine, write_boot_files(self.machine, self.folder))
        args += ["-chardev", f"stdio,id=con,signal=off,logfile={self.console_path}",
                 "-serial", "chardev:con"]
        for path in self.serial_paths:
            args += ["-serial", f"unix:{path},server=on,wait=on"]
        self.started = time.monotonic()
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, preexec_fn=die_with_parent)
        return self

    def stop(self):
        """End QEMU if it still runs, and remove its files."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process:
            self.process.stdin.close()
            self.process.stderr.close()
        self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.stop)

    def console(self):
        try:
            with open(self.console_path, "rb") as f:
                return f.read().replace(b"\r", b"").decode(errors="replace")
        except FileNotFoundError:
            return ""

    def wait_for(self, text, timeout=60, since=0):
        """Wait until text stands on the console (after its first `since` characters)."""
        deadline = time.monotonic() + timeout
        while True:
            ended = self.process.poll()
            said = self.console()
            if text in said[since:]:
                return said
            if ended is not None:
                err = self.process.stderr.read().decode(errors="replace")
                raise AssertionError(f"QEMU ended with {ended} before it said {text!r}.\n"
                                     f"{err}\n{said}")
            if time.monotonic() > deadline:
                raise AssertionError(f"no {text!r} on the console in {timeout} s:\n{said}")
            time.sleep(0.005)

    def type(self, data):
        """Type octets on the console."""
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def host_port(self, guest_port, proto="tcp"):
        return next(f.host for f in self.forwards if (f.proto, f.guest) == (proto, guest_port))

    def connect(self, guest_port, timeout=60):
        """A TCP connection to a port of the guest."""
        return socket.create_connection(("127.0.0.1", self.host_port(guest_port)), timeout)

    def udp(self, guest_port, timeout=5):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(timeout)
        s.connect(("127.0.0.1", self.host_port(guest_port, "udp")))
        return s

    def serial(self, n, timeout=30):
        """The other end of ttyS<n>."""
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.settimeout(timeout)
        deadline = time.monotonic() + timeout
        while True:
            try:
                s.connect(self.serial_paths[n - 1])
                return s
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > deadline or not self.alive():
                    raise
                time.sleep(0.005)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def cpu_seconds(self):
        """How long QEMU has kept a CPU of this machine busy."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            user, system = f.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def wait_exit(self, timeout=60):
        """Wait for QEMU's end and return its own exit status."""
        return self.process.wait(timeout)
