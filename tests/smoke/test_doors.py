"""Every door, every machine: real clients get their octets back."""

import socket
import subprocess

import clients
import qemu


def test_nc(echo_epoll):
    text = "all these words\ncome back\n"
    got = subprocess.run(["nc", "-N", "127.0.0.1", str(echo_epoll.host_port(7))], input=text,
                         capture_output=True, text=True, timeout=60, check=True)
    assert got.stdout == text


def test_telnet(echo_epoll):
    command = ["telnet", "127.0.0.1", str(echo_epoll.host_port(7))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as telnet:
        telnet.stdin.write(b"typed words\n")
        telnet.stdin.flush()
        said = b""
        while b"typed words" not in said:
            octet = telnet.stdout.read(1)
            assert octet, said
            said += octet
        telnet.kill()


def test_1000_one_after_the_other(echo_epoll):
    for i in range(1000):
        with echo_epoll.connect(7) as s:
            clients.echo_small(s, b"connection %d" % i)


def test_1000_at_once(echo_epoll):
    clients.many_at_once(lambda: echo_epoll.connect(7), 1000)


def test_reset(echo_epoll):
    for _ in range(50):
        s = echo_epoll.connect(7)
        clients.echo_small(s, b"before")
        s.sendall(bytes(10000))
        clients.reset(s)
    with echo_epoll.connect(7) as s:
        clients.echo(s, b"still here")


def test_half_close(echo_epoll):
    data = clients.pattern(2 << 20)
    with echo_epoll.connect(7) as s:
        got = []
        reader = clients.in_thread(lambda: got.append(clients.receive_all(s)))
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        reader.join(clients.PATIENCE)
        assert got and got[0] == data


def test_never_reads(echo_epoll):
    with echo_epoll.connect(7) as deaf:
        assert clients.fill(deaf) > 0
        with echo_epoll.connect(7) as s:
            clients.echo(s, clients.pattern(100000))


def test_closed_port(echo_epoll):
    with echo_epoll.connect(9) as s:
        try:
            assert s.recv(1) == b""     # QEMU accepted; the guest's refusal ends it at once
        except ConnectionResetError:
            pass


def test_100_mb(echo_epoll):
    data = clients.pattern(100 << 20)
    with echo_epoll.connect(7) as s:
        clients.echo(s, data)


def test_sequential_server(app, door):
    with qemu.Guest(app("echo"), ports=("12345",), cmdline=(qemu.STATIC_IP,), **door) as guest:
        guest.wait_for("listening on port 12345")
        for i in range(20):
            with guest.connect(12345) as s:
                clients.echo(s, clients.pattern(10000, seed=i))


def test_udp(app, door):
    with qemu.Guest(app("echo_udp"), ports=("udp:7",), args=("7",), cmdline=(qemu.STATIC_IP,),
                    **door) as guest:
        guest.wait_for("listening on port 7")
        with guest.udp(7) as s:
            for size in (1, 2, 100, 1472, 1473, 4000, 8000):
                clients.udp_echo(s, clients.pattern(size, seed=size))
