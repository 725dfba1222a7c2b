"""What one door is enough for: programs and their ends, serial ports, little memory."""

import time

import pytest

import clients
import qemu


@pytest.mark.parametrize("status", [0, 1, 3, 127, 128, 255])
def test_exit_status(run_app, status):
    assert run_app("exit", args=(str(status),), machine="pc")[0] == status


@pytest.mark.parametrize("machine", ["q35", "microvm"])
def test_exit_status_on(run_app, machine):
    assert run_app("exit", args=("42",), machine=machine)[0] == 42


def test_exit_status_by_uefi(run_app):
    assert run_app("exit", args=("42",), boot="uefi", mem=128)[0] == 42


def test_argv_and_environment(run_app):
    status, console = run_app("show", args=("one", "two words", "--three=3"),
                              cmdline=("env.COLOUR=blue", qemu.STATIC_IP))
    assert status == 0
    for line in ("argv[0]=</bin/show>", "argv[1]=<one>", "argv[2]=<two words>",
                 "argv[3]=<--three=3>", "env <COLOUR=blue>", "pagesize 4096 4096",
                 "random yes, phdr yes"):
        assert line in console, console


def test_files(run_app):
    status, console = run_app("cat", args=("/etc/hosts", "/data/x", "/proc/net/snmp"),
                              files={"/data/x": (b"some data\n", False)})
    assert status == 0, console
    assert "localhost" in console and "some data" in console and "Tcp: " in console


def test_missing_file_is_said(run_app):
    status, console = run_app("cat", args=("/nowhere",))
    assert status == 1 and "No such file or directory" in console


def test_bad_pointers(run_app):
    status, console = run_app("badptr")
    assert status == 0 and "all answered with EFAULT" in console, console


@pytest.mark.parametrize("address", ["0x10", "0x800000000000", "0xffffffff80100000"])
def test_own_bad_pointer_is_sigsegv(run_app, address):
    status, console = run_app("badptr", args=(address,))
    assert status == 128 + 11, console


def test_loopback(run_app):
    status, console = run_app("loop")
    assert status == 0 and "all well" in console, console


@pytest.mark.parametrize("mem", [8, 64])
def test_out_of_memory_is_an_error(run_app, mem):
    status, console = run_app("hungry", mem=mem, timeout=120)
    assert status == 0 and "every end was an honest one" in console, console


def test_8_mib_serve(app):
    with qemu.Guest(app("echo"), ports=("7",), args=("7",), mem=8) as guest:
        guest.wait_for("listening on port 7")
        for i in range(100):
            with guest.connect(7) as s:
                clients.echo(s, clients.pattern(20000, seed=i))


def test_8_mib_and_clients_that_never_read(app):
    """Memory for everybody's octets there is not; whoever comes afterwards is served."""
    with qemu.Guest(app("echo_epoll"), ports=("7",), args=("-p", "7"), mem=8) as guest:
        guest.wait_for("listening on port 7")
        deaf = []
        for _ in range(40):
            deaf.append(guest.connect(7))
            clients.fill_patiently(deaf[-1], limit=1 << 20, quiet=0.2)
        for s in deaf:
            clients.reset(s)
        with guest.connect(7) as s:
            clients.echo(s, b"still here")
        assert "panic" not in guest.console()


def test_idle_guest_sleeps(app):
    """Nothing to do, so nothing is done: QEMU's own CPU time hardly grows."""
    with qemu.Guest(app("echo_epoll"), args=("-p", "7")) as guest:
        guest.wait_for("listening on port 7")
        time.sleep(1)
        before = guest.cpu_seconds()
        time.sleep(3)
        assert guest.cpu_seconds() - before < 1


def test_edge_triggered(app):
    with qemu.Guest(app("echo_epoll"), ports=("7",), args=("-e", "-p", "7")) as guest:
        guest.wait_for("listening on port 7")
        clients.many_at_once(lambda: guest.connect(7), 200)
        with guest.connect(7) as s:
            clients.echo(s, clients.pattern(5 << 20))


def test_plain_smp_1_does_not_hang(app):
    """QEMU 7.2 loses memory barriers there, and with them now and then a kick."""
    with qemu.Guest(app("echo_epoll"), ports=("7",), args=("-p", "7"), smp="1") as guest:
        guest.wait_for("listening on port 7")
        for i in range(4):
            with guest.connect(7) as s:
                clients.echo(s, clients.pattern(10 << 20, seed=i))


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_serial_both_ways(app, machine):
    with qemu.Guest(app("serial"), serials=1, machine=machine) as guest:
        with guest.serial(1) as s:
            greeting = b"hello on ttyS1\n"
            assert clients.receive(s, len(greeting)) == greeting
            data = bytes(range(255)) * 8
            for at in range(0, len(data), 15):
                s.sendall(data[at:at + 15])
                assert clients.receive(s, 15) == bytes(b + 1 for b in data[at:at + 15])
            s.sendall(b"\xff")
            assert qemu.application_status(guest.wait_exit()) == 0
