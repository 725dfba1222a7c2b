"""Connections that want to use up memory or time: closed windows, tiny segments, gaps, SACKs.

In 64 MiB, all of TCP's queues together may hold tcp_mem pages, and a guest gives a connection up
after three retransmissions or unanswered probes.
"""

import itertools
import random
import struct

import pytest

from crowd import ACK, PSH, RST, Client, Crowd, Memory, connect, memory_when, parse
from peer import MOD

CMDLINE = ("net.ipv4.tcp_retries2=3", "net.ipv4.tcp_wmem=4096 16384 262144")
PUPPET = 100
PAGE = 4096

_hosts = itertools.count(1)


@pytest.fixture(scope="module", autouse=True)
def files_are_there(peer):
    """The entries of /proc/sys/net/ipv4 are made when the first is opened."""
    numbers(peer, "tcp_mem")


def everybody(count, window=65535):
    """Clients at an address that nobody had before."""
    src = bytes((198, 51, 100, next(_hosts)))
    return [Client(1024 + i, PUPPET, src, window) for i in range(count)]


def numbers(peer, name):
    return list(map(int, peer.fetch("/proc/sys/net/ipv4/" + name).split()))


def tcp_octets(memory):
    return memory.sockstat["TCP:mem"] * PAGE


def given_back(peer, calm, kib=1024):
    rest = memory_when(peer, lambda m: not m.grown(calm))
    assert rest.sockstat["TCP:mem"] == rest.sockstat["TCP:orphan"] == 0
    assert rest.lost_kib(calm) <= kib


def reset(crowd, clients):
    for _ in crowd.send_all(c.frame(RST) for c in clients):
        pass


# --- windows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [200, 1000])
def test_closed_windows(peer, count):
    """Each wants a MiB, takes nothing, and answers the probes; then they fall silent.

    While they answer they are not given up (RFC 9293 MUST-37): what bounds them is tcp_mem.
    """
    crowd, limit = Crowd(peer), numbers(peer, "tcp_mem")[2] * PAGE
    peer.alive()
    calm = Memory(peer)
    greedy = everybody(count, window=0)
    connect(crowd, greedy, last_ack=b"source 1000000\n")
    by_port = {c.sport: c for c in greedy}
    for _ in range(20):
        for segment in filter(None, map(parse, crowd.settle())):
            c = by_port.get(segment.dport)
            if c and segment.dst == c.src and not segment.flags & RST:
                crowd.send(c.frame(ACK))
    memory = Memory(peer)
    # over the limit each connection still gets tcp_wmem's least, in one segment
    assert tcp_octets(memory) <= limit + count * 2 * PAGE, memory
    peer.alive()
    given_back(peer, calm)


def test_tiny_windows(peer):
    """A window that opens octet by octet gets no segment for each (RFC 9293 3.8.6.2.1)."""
    crowd = Crowd(peer)
    client = everybody(1, window=0)[0]
    connect(crowd, [client], last_ack=b"source 100000\n")
    tiny, begin = 0, peer.uptime()
    for client.window in range(1, 500):
        crowd.send(client.frame(ACK))
        tiny += sum(s.dst == client.src and bool(s.data)
                    for s in filter(None, map(parse, crowd.settle())))
    # probes carry what fits, as their timer allows: at most five a second
    assert tiny <= (peer.uptime() - begin) / 0.2 + 2
    reset(crowd, [client])


@pytest.mark.parametrize("mss", [0, 1, 8, 47, 48])
def test_tiny_mss(peer, mss):
    """CVE-2019-11479: no segment is smaller than 48 octets, timestamps included."""
    crowd = Crowd(peer)
    client = everybody(1)[0]
    connect(crowd, [client], options=struct.pack("!BBH", 2, 4, mss), last_ack=b"source 480\n")
    wanted = 536 if not mss else 48
    first = crowd.until(lambda s: s.dst == client.src and s.data, 1)[0]
    assert len(first.data) == min(wanted, 480)
    reset(crowd, [client])


# --- SACKs --------------------------------------------------------------------------------------


class Reader:
    """A client that acknowledges the highest octet, gaps or not: what is in flight grows fast."""

    def __init__(self, crowd, client):
        self.crowd, self.client = crowd, client
        self.high = 0       # octets in flight that have come, up to the highest one

    def hear(self, timeout):
        """Whether a frame came."""
        frame = self.crowd.receive(timeout)
        segment = frame and parse(frame)
        if segment and segment.dst == self.client.src and segment.data:
            end = (segment.seq - self.client.ack + MOD // 2) % MOD - MOD // 2 + len(segment.data)
            self.high = max(self.high, end)
        return frame is not None

    def read(self, octets):
        """Acknowledge so much, and then nothing more."""
        heard = 0
        while octets > 0:
            came = self.hear(0.05)
            heard += came
            if self.high and (not came or heard % 64 == 0):
                self.client.ack += self.high
                octets -= self.high
                self.high = 0
                self.crowd.send(self.client.frame(ACK))
        while self.hear(0.1):
            pass


def sack(blocks):
    return b"\x01\x01\x05" + bytes((2 + 8 * len(blocks),)) + b"".join(
        struct.pack("!II", a % MOD, b % MOD) for a, b in blocks)


def test_sacks_of_every_other_segment(boot):
    """CVE-2019-11478: what was sent in large pieces is not cut to many small ones without end."""
    most, mss = 65536, 48
    with boot(f"net.ipv4.tcp_wmem=4096 16384 {most}") as peer:
        crowd, calm = Crowd(peer), Memory(peer)
        client = everybody(1)[0]
        connect(crowd, [client], last_ack=b"source 8000000\n",
                options=struct.pack("!BBHBBBBBBBB", 2, 4, mss, 1, 3, 3, 8, 4, 2, 1, 1))
        reader = Reader(crowd, client)
        reader.read(1500000)
        holes = list(range(mss, reader.high - mss, 2 * mss))
        random.Random(1).shuffle(holes)
        acks = (client.frame(ACK, options=sack([(client.ack + h, client.ack + h + mss)
                                                for h in holes[i:i + 4]]))
                for i in range(0, len(holes), 4))
        for _ in crowd.send_all(acks):
            pass
        memory = Memory(peer)
        # the queue may be twice its size in pieces, and two packets of 64 KiB more
        assert tcp_octets(memory) <= 2 * (most + 2 * 66000) + 10 * PAGE, memory
        peer.alive()
        reset(crowd, [client])
        given_back(peer, calm)


# --- gaps ---------------------------------------------------------------------------------------


def test_octets_with_gaps(peer):
    """CVE-2018-5390: each second octet of a window in random order, then all of it."""
    crowd, rng = Crowd(peer), random.Random(2)
    client = Client(1024, 7, bytes((198, 51, 100, next(_hosts))))
    calm = Memory(peer)
    connect(crowd, [client], options=b"\x02\x04\x05\xb4\x01\x01\x04\x02")
    text = rng.randbytes(60000)
    gaps = list(range(1, len(text), 2))
    rng.shuffle(gaps)
    for _ in crowd.send_all(client.frame(ACK | PSH, text[i:i + 1], seq=client.seq + i)
                            for i in gaps):
        pass
    memory = Memory(peer)
    assert tcp_octets(memory) <= numbers(peer, "tcp_rmem")[2] + 10 * PAGE, memory
    peer.alive()
    reset(crowd, [client])
    given_back(peer, calm)


def test_gaps_of_many(peer):
    """100 connections with a MiB each behind a gap: all together stay within tcp_mem."""
    crowd = Crowd(peer)
    calm, limit = Memory(peer), numbers(peer, "tcp_mem")[2] * PAGE
    greedy = everybody(300)
    connect(crowd, greedy, options=b"\x02\x04\x05\xb4\x01\x01\x04\x02", last_ack=b"hold\n")
    for at in range(1, 60000, 1440):
        for _ in crowd.send_all(c.frame(ACK | PSH, bytes(1400), seq=c.seq + at) for c in greedy):
            pass
    memory = Memory(peer)
    assert tcp_octets(memory) <= limit + 10 * PAGE, memory
    peer.alive()
    reset(crowd, greedy)
    given_back(peer, calm)
