"""make run's front: what it refuses, and with which words."""

import os
import socket
import subprocess

import pytest

import qemu

RUN = os.path.join(qemu.ROOT, "tools/run")


def run(*options):
    return subprocess.run([RUN, *options], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, check=False)


@pytest.mark.parametrize("text, forwards", [
    ("6379", [("tcp", 6379, 6379)]),
    ("8080:80", [("tcp", 8080, 80)]),
    ("udp:53", [("udp", 53, 53)]),
    ("udp:5353:53", [("udp", 5353, 53)]),
    ("1, 2:3 udp:1", [("tcp", 1, 1), ("tcp", 2, 3), ("udp", 1, 1)]),
    ("", []),
])
def test_ports(text, forwards):
    assert [(f.proto, f.host, f.guest) for f in qemu.parse_ports(text)] == forwards


@pytest.mark.parametrize("options, words", [
    (["--ports=0"], "PORTS=0"),
    (["--ports=65536"], "PORTS=65536"),
    (["--ports=80:"], "PORTS=80:"),
    (["--ports=sctp:80"], "PORTS=sctp:80"),
    (["--ports=7 7:8"], "named twice"),
    (["--mem=7", "--boot=pvh"], "MEM=7: a number of MiB from 8"),
    (["--mem=lots"], "MEM=lots"),
    (["--boot=bios"], "BOOT=bios: allowed are uefi, pvh"),
    (["--machine=isapc"], "MACHINE=isapc: allowed are q35, pc, microvm"),
    (["--machine=microvm"], "MACHINE=microvm has no UEFI firmware"),
    (["--accel=hax"], "ACCEL=hax: allowed are auto, tcg, kvm"),
    (["--net=bridge"], "NET=bridge: allowed are user, tap"),
    (["--net=tap", "--tap=nosuch0"], "no interface nosuch0"),
    (["--args='open"], "no closing quotation"),
    (["--files=/no/such/file"], "FILES=/no/such/file: no such file"),
])
def test_refused(app, options, words):
    got = run(f"--app={app('echo')}", *options)
    assert got.returncode == 1 and words in got.stderr, got.stderr


def test_missing_app():
    got = run("--app=/no/such/app")
    assert got.returncode == 1 and "APP=/no/such/app: no such file" in got.stderr


def test_app_that_is_no_program():
    got = run(f"--app={RUN}")
    assert got.returncode == 1 and "it is a script" in got.stderr


def test_dynamic_app():
    got = run("--app=/usr/bin/env")
    assert got.returncode == 1 and "dynamically linked" in got.stderr


def test_object_file(tmp_path):
    data = bytearray(open("/usr/bin/env", "rb").read())
    for at, value, words in ((18, 183, "not for x86-64"), (16, 1, "object file"), (4, 1, "64-bit")):
        wrong = bytearray(data)
        wrong[at] = value
        path = tmp_path / "wrong"
        path.write_bytes(wrong)
        got = run(f"--app={path}")
        assert got.returncode == 1 and words in got.stderr, got.stderr


@pytest.mark.parametrize("kind, proto", [(socket.SOCK_STREAM, ""), (socket.SOCK_DGRAM, "udp:")])
def test_port_in_use(app, kind, proto):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            s.listen()
        port = s.getsockname()[1]
        got = run(f"--app={app('echo')}", f"--ports={proto}{port}")
        assert got.returncode == 1 and f"port {port} of this machine is already in use" \
            in got.stderr


@pytest.mark.parametrize("status", [0, 7, 200])
def test_exit_status_is_the_applications(app, status):
    got = run(f"--app={app('exit')}", f"--args={status}", "--boot=pvh", "--mem=32")
    assert got.returncode == status, got.stdout + got.stderr


def test_console_says_what_to_type(app):
    port = qemu.free_port("tcp")
    with subprocess.Popen([RUN, f"--app={app('echo')}", f"--ports={port}:12345", "--boot=pvh"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        said = ""
        while "listening on port 12345" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        assert f"nc 127.0.0.1 {port}" in said
        with socket.create_connection(("127.0.0.1", port), 60) as s:
            s.sendall(b"x")
            assert s.recv(1) == b"x"
        process.stdin.write("\x01x")      # Ctrl-A X
        process.stdin.flush()
        assert process.wait(60) == 0
