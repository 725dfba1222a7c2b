"""Bad input from the wire: truncated, mutated and random frames, then a look whether all is well.

Frames are made as octets beforehand, so that they are sent as fast as QEMU takes them.
"""

import random

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.l2 import ARP, Ether

from peer import BROADCAST, GUEST_IP, GUEST_MAC, PEER_IP, PEER_MAC, Conn

FRAMES = 1000000
CHECK_EVERY = 10000


def framed(packet, dst=GUEST_MAC):
    return bytes(Ether(src=PEER_MAC, dst=dst) / packet)


def good_frames(conn=None):
    """One of every kind; those of an established connection are what it expects next."""
    ip = IP(src=PEER_IP, dst=GUEST_IP)
    options = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None),
               ("WScale", 7)]
    frames = [
        framed(ARP(op=1, hwsrc=PEER_MAC, psrc=PEER_IP, pdst=GUEST_IP), BROADCAST),
        framed(ARP(op=2, hwsrc=PEER_MAC, psrc=PEER_IP, hwdst=GUEST_MAC, pdst=GUEST_IP)),
        framed(ip / ICMP(id=1, seq=1) / bytes(32)),
        framed(ip / ICMP(type=3, code=4, nexthopmtu=600) / bytes(
            IP(src=GUEST_IP, dst=PEER_IP) / TCP(sport=7, dport=1111))),
        framed(ip / ICMP(type=11) / bytes(IP(src=GUEST_IP, dst=PEER_IP) / UDP(sport=7))),
        framed(ip / UDP(sport=1111, dport=7) / bytes(32)),
        framed(ip / UDP(sport=1111, dport=9) / bytes(32)),
        framed(ip / TCP(sport=1112, dport=7, flags="S", seq=1, options=options)),
        framed(ip / TCP(sport=1113, dport=7, flags="A", seq=1, ack=1)),
        framed(ip / TCP(sport=1114, dport=9, flags="S", seq=1)),
        framed(IP(src=PEER_IP, dst=GUEST_IP, options=b"\x07\x07\x04\0\0\0\0\0") /
               ICMP(id=2, seq=2) / bytes(8)),
        *(framed(p) for p in fragment(ip / UDP(sport=1111, dport=7) / bytes(3000), 1000)),
    ]
    if conn:
        frames += [framed(conn.segment("PA", b"data of a connection")),
                   framed(conn.segment("A")), framed(conn.segment("FA")),
                   framed(conn.segment("PA", b"ahead", seq=conn.seq + 100)),
                   framed(conn.segment("PA", b"ts", options=[("Timestamp", (9, 9)),
                                                             ("NOP", None), ("NOP", None)])),
                   framed(conn.segment("A", options=[("SAck", (1, 2, 3, 4))]))]
    return frames


def fix_checksums(frame):
    """Make an IPv4 frame's checksums right, so that it gets past them; in place."""
    if len(frame) < 34 or frame[12:14] != b"\x08\x00" or frame[14] != 0x45:
        return
    frame[24:26] = bytes(2)
    frame[24:26] = checksum(frame[14:34]).to_bytes(2, "big")
    at = {1: 2, 6: 16, 17: 6}.get(frame[23])
    if at is None or len(frame) < 34 + at + 2:
        return
    end = min(len(frame), 14 + int.from_bytes(frame[16:18], "big"))
    body = frame[34:end]
    if len(body) < at + 2:
        return
    body[at:at + 2] = bytes(2)
    pseudo = b"" if frame[23] == 1 else bytes(frame[26:34]) + bytes((0, frame[23])) + \
        len(body).to_bytes(2, "big")
    frame[34 + at:36 + at] = checksum(pseudo + body).to_bytes(2, "big")


def checksum(data):
    """RFC 1071, by one big number: 2^16 is 1 modulo 2^16 - 1."""
    data = bytes(data) + b"\0" * (len(data) % 2)
    return 0xFFFF - (int.from_bytes(data, "big") % 0xFFFF)


def mutate(rng, frame):
    frame = bytearray(frame)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        if len(frame) < 13:
            break
        # The addresses stay, or almost everything would end in the first comparison.
        at = rng.randrange(12, len(frame))
        how = rng.randrange(5)
        if how == 0:
            frame[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            frame[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF))
        elif how == 2:
            frame[at] = rng.randrange(256)
        elif how == 3:
            del frame[at:at + rng.randrange(1, 20)]
        else:
            frame[at:at] = rng.randbytes(rng.randrange(1, 20))
    if rng.random() < 0.8:
        fix_checksums(frame)
    return bytes(frame[:1514])


def test_every_truncation(peer):
    """Each good frame at each length, with the checksums of what is left made right as well."""
    conn = Conn(peer).connect()
    for frame in good_frames(conn):
        for length in range(1, len(frame)):
            short = bytearray(frame[:length])
            peer.send(bytes(short))
            fix_checksums(short)
            peer.send(bytes(short))
        peer.wire.drain()
    conn.put("R", ack=0)
    peer.alive()


@pytest.mark.parametrize("seed", [1])
def test_mutated_frames(peer, seed):
    rng = random.Random(seed)
    for part in range(FRAMES // CHECK_EVERY):
        conn = Conn(peer).connect()
        good = good_frames(conn)
        for i in range(CHECK_EVERY):
            peer.send(mutate(rng, rng.choice(good)))
            if i % 100 == 0:
                peer.wire.drain()
        peer.wire.drain()
        peer.alive()
        conn.put("R", ack=0)
    assert peer.counters()["Ip.InReceives"] > FRAMES // 2


def test_random_frames(peer):
    rng = random.Random(7)
    head = bytes.fromhex((GUEST_MAC + PEER_MAC).replace(":", ""))
    for i in range(5000):
        kind = rng.choice((b"\x08\x00", b"\x08\x06", b"\x86\xdd", rng.randbytes(2)))
        peer.send(head + kind + rng.randbytes(rng.randrange(0, 1500)))
        if i % 100 == 0:
            peer.wire.drain()
    peer.alive()
