"""Fragments of packets that never end: what waits for reassembly is bounded, and forgotten."""

import random

import pytest

from crowd import PEER, Crowd, Memory, ip_frame, is_icmp, memory_when, stranger

MACHINES = ("microvm",)
LIMIT = 512 * 1024      # FRAG_MEM_LIMIT: octets that wait for reassembly, with their bookkeeping
MORE = 0x2000


@pytest.fixture(scope="module")
def flooded(peer):
    """The memory before a flood of 50,000 first fragments, and the most that waited."""
    peer.alive()
    calm, rng, most = Memory(peer), random.Random(7), 0
    crowd = Crowd(peer)
    for _ in range(10):
        frames = (ip_frame(rng.choice((1, 6, 17)), bytes(rng.choice((8, 64, 1400))), stranger(rng),
                           rng.getrandbits(16), MORE) for _ in range(5000))
        for _ in crowd.send_all(frames):
            pass
        memory = Memory(peer)
        most = max(most, memory.sockstat["FRAG:memory"])
        assert memory.lost_kib(calm) <= 2 * LIMIT // 1024, memory
    return calm, most


def test_flood_of_first_fragments(peer, flooded):
    """What waits stays within its limit, and a whole packet still gets through."""
    assert LIMIT // 2 < flooded[1] <= LIMIT
    crowd = Crowd(peer)
    ping = b"\x08\0" + (0xF7FF - 7 - 5).to_bytes(2, "big") + b"\0\7\0\5" + bytes(56)
    for at in range(0, len(ping), 16):
        more = MORE if at + 16 < len(ping) else 0
        crowd.send(ip_frame(1, ping[at:at + 16], PEER, 5, at // 8 | more))
    assert any(is_icmp(frame, 0) and frame[38:42] == b"\0\7\0\5" for frame in crowd.settle())


def test_flood_is_forgotten(peer, flooded):
    """After 30 s nothing of it is left."""
    calm, _ = flooded
    rest = memory_when(peer, lambda m: not m.sockstat["FRAG:inuse"])
    assert rest.sockstat["FRAG:memory"] == 0
    assert not rest.grown(calm) and rest.lost_kib(calm) <= 256
