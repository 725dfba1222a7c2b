"""Clients of an echo server: what the smoke tests do to a guest from outside."""

import hashlib
import select
import socket
import struct
import threading

PATIENCE = 60       # seconds without any progress before a client calls it a hang


def pattern(size, seed=1):
    """size octets that repeat nowhere soon and are the same in every run."""
    block = b"".join(hashlib.sha256(b"%d %d" % (seed, i)).digest() for i in range(2048))
    # The length of the block is prime to nothing in particular, so number the copies.
    parts = []
    for n in range(size // len(block) + 1):
        parts.append(struct.pack("<Q", n) + block[8:])
    return b"".join(parts)[:size]


def receive(sock, size):
    """Exactly size octets, or what came before the end of the stream."""
    parts = []
    while size > 0:
        data = sock.recv(min(size, 1 << 18))
        if not data:
            break
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


def receive_all(sock):
    return receive(sock, 1 << 62)


def echo(sock, data):
    """Send data and assert that the same comes back; any size."""
    failed = []

    def send():
        try:
            sock.sendall(data)
        except OSError as e:
            failed.append(e)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    got = receive(sock, len(data))
    sender.join(PATIENCE)
    assert not failed, f"sending failed: {failed[0]}"
    assert len(got) == len(data), f"{len(got)} of {len(data)} octets came back"
    if got != data:
        at = next(i for i, (a, b) in enumerate(zip(got, data)) if a != b)
        raise AssertionError(f"octet {at} of {len(data)} came back as "
                             f"{got[at:at + 8].hex()}, sent {data[at:at + 8].hex()}")


def reset(sock):
    """Close with a RST instead of a FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def fill(sock, limit=64 << 20, quiet=1.0):
    """Send without ever reading until nothing more is taken for a while. Returns the octets."""
    sock.setblocking(False)
    block = bytes(65536)
    sent = 0
    while sent < limit:
        if not select.select([], [sock], [], quiet)[1]:
            break
        sent += sock.send(block)
    return sent


def many_at_once(connect, count):
    """Open count connections, speak on all of them, then hear all of them.

    Each is tried before the next is opened: QEMU listens with a backlog of one, and a connection
    that does not fit is tried again by this machine's kernel only after a second.
    """
    socks = []
    try:
        for _ in range(count):
            socks.append(connect())
            echo_small(socks[-1], b"first words")
        for i, s in enumerate(socks):
            s.sendall(b"connection %d\n" % i)
        for i, s in enumerate(socks):
            want = b"connection %d\n" % i
            assert receive(s, len(want)) == want, f"connection {i}"
    finally:
        for s in socks:
            s.close()


def echo_small(sock, data):
    """Like echo(), for what surely fits into the buffers on the way."""
    sock.sendall(data)
    got = receive(sock, len(data))
    assert got == data, f"sent {data!r}, got {got!r}"


def udp_echo(sock, data, tries=5):
    """A datagram there and back. A lost one is sent again, as UDP's users do."""
    for _ in range(tries):
        sock.send(data)
        try:
            while True:
                got = sock.recv(65536)
                if got == data:
                    return
        except TimeoutError:
            continue
    raise AssertionError(f"no answer to {len(data)} octets in {tries} tries")


def in_thread(fn):
    thread = threading.Thread(target=fn, daemon=True)
    thread.start()
    return thread


def fill_patiently(sock, limit, quiet):
    """fill(), but a connection that the guest gives up is an answer too."""
    try:
        return fill(sock, limit, quiet)
    except (ConnectionResetError, BrokenPipeError):
        return 0
