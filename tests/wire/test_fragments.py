"""Fragments made by an attacker: overlapping, tiny, too long.

A host has no filter to be deceived by a TCP header in pieces (RFC 1858, RFC 3128): it puts together
what fits exactly, and drops everything of a packet in which anything overlaps.
"""

import itertools
import random

import pytest

from crowd import ACK, PEER, PSH, RST, SYN, Client, Crowd, Memory, connect, ip_frame, parse, \
    tcp_segment

MORE = 0x2000
TEXT = bytes(range(200))

_idents = itertools.count(1)


def pieces(octets, cuts, proto=6, src=PEER, ident=None):
    """Fragments [a, b) of a packet's payload, as frames; the last one is that which ends it."""
    ident = next(_idents) if ident is None else ident
    return [ip_frame(proto, octets[a:b], src, ident, a // 8 | (MORE if b < len(octets) else 0))
            for a, b in cuts]


def tiny(length, step=8):
    return [(at, min(at + step, length)) for at in range(0, length, step)]


def drops(peer, name):
    lines = peer.fetch("/proc/net/drops").splitlines()
    return next(int(line.split()[1]) for line in lines if line.split()[0] == name)


def fragments_in_use(peer):
    sockstat = Memory(peer).sockstat
    return sockstat["FRAG:inuse"], sockstat["FRAG:memory"]


@pytest.fixture
def client(peer):
    """A connection to port 7."""
    found = Client(9000 + next(_idents), 7)
    connect(Crowd(peer), [found], options=b"\x02\x04\x05\xb4")
    yield found
    peer.wire.send(found.frame(RST))


def text_segment(client, text=TEXT):
    return tcp_segment(client.sport, client.dport, ACK | PSH, client.seq, ack=client.ack,
                       data=text)


def echoed(crowd, client, text=TEXT):
    answer = crowd.until(lambda s: s.dport == client.sport and s.data, 1)[0]
    client.seq += len(text)
    client.ack += len(text)
    crowd.send(client.frame(ACK))
    return answer.data == text


# --- tiny ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_header_in_pieces(peer, seed):
    """A SYN in fragments of 8 octets, its flags in the second, in any order: a connection."""
    crowd, rng = Crowd(peer), random.Random(seed)
    stranger_to_be = Client(10000 + seed, 7)
    segment = tcp_segment(stranger_to_be.sport, 7, SYN, stranger_to_be.seq,
                          options=b"\x02\x04\x05\xb4")
    frames = pieces(segment, tiny(len(segment)))
    rng.shuffle(frames)
    for frame in frames:
        crowd.send(frame)
    answer = crowd.until(lambda s: s.dport == stranger_to_be.sport, 1)[0]
    assert answer.flags == SYN | ACK
    crowd.send(stranger_to_be.frame(RST, seq=stranger_to_be.seq + 1))


@pytest.mark.parametrize("seed", range(5))
def test_text_in_pieces(peer, client, seed):
    crowd = Crowd(peer)
    frames = pieces(text_segment(client), tiny(20 + len(TEXT)))
    random.Random(seed).shuffle(frames)
    for frame in frames:
        crowd.send(frame)
    assert echoed(crowd, client)


def test_too_many_pieces(peer, client):
    """More than 128 fragments are no honest packet; the connection goes on with the next."""
    crowd, text = Crowd(peer), bytes(1200)
    segment = text_segment(client, text)
    for _ in crowd.send_all(pieces(segment, tiny(len(segment)))):
        pass
    for frame in pieces(segment, tiny(len(segment), 16)):
        crowd.send(frame)
    assert echoed(crowd, client, text)


# --- overlapping --------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", [
    (0, 8), (0, 24), (8, 16), (8, 24), (16, 40), (24, 48), (0, 96), (40, 200), (88, 104), (96, 104),
    (200, 216),
], ids=str)
@pytest.mark.parametrize("first", [True, False])
def test_overlap_condemns_the_packet(peer, client, extra, first):
    """Fragments that would be a good segment, and one more that repeats a part with other octets
    (a forged header, for example), before or among them."""
    crowd = Crowd(peer)
    segment = text_segment(client)
    cuts = [(0, 32), (32, 96), (96, 160), (160, len(segment))]
    ident = next(_idents)
    good = pieces(segment, cuts, ident=ident)
    a, b = extra
    forged = ip_frame(6, bytes(b - a), PEER, ident, a // 8 | MORE)
    for frame in [forged, *good] if first else [*good[:3], forged, good[3]]:
        crowd.send(frame)
    assert not [s for s in map(parse, crowd.settle())
                if s and s.dport == client.sport and (s.data or s.flags & RST)]
    # what came after the packet was condemned begins another, which is never whole
    for frame in pieces(segment, cuts):
        crowd.send(frame)
    assert echoed(crowd, client)


def test_overlap_at_the_end(peer, client):
    """Two ends of a packet, or octets behind its end."""
    crowd = Crowd(peer)
    segment = text_segment(client)
    for cuts, extra in (([(0, 96)], (96, 160, 0)), ([(0, 96)], (224, 232, MORE))):
        ident = next(_idents)
        a, b, more = extra
        for frame in (*pieces(segment, cuts, ident=ident),
                      ip_frame(6, bytes(b - a), PEER, ident, a // 8 | more),
                      *pieces(segment, [(96, len(segment))], ident=ident)):
            crowd.send(frame)
        assert not [s for s in map(parse, crowd.settle())
                    if s and s.dport == client.sport and (s.data or s.flags & RST)]
    for frame in pieces(segment, [(0, 96), (96, len(segment))]):
        crowd.send(frame)
    assert echoed(crowd, client)


# --- too long -----------------------------------------------------------------------------------


@pytest.mark.parametrize("proto", [1, 6, 17])
@pytest.mark.parametrize("at, length", [(65528, 8), (65512, 24), (65504, 1400), (64120, 1400)])
def test_beyond_64k(peer, proto, at, length):
    """The ping of death: an end behind the longest packet."""
    crowd = Crowd(peer)
    before, invalid = fragments_in_use(peer), drops(peer, "IP_FRAG_INVALID")
    ident = next(_idents)
    for frame in (ip_frame(proto, bytes(1400), PEER, ident, MORE),
                  ip_frame(proto, bytes(length), PEER, ident, at // 8)):
        crowd.send(frame)
    crowd.settle()
    # both are gone; what other tests left may go as well
    assert fragments_in_use(peer) <= before
    assert drops(peer, "IP_FRAG_INVALID") == invalid + 2
    peer.alive()
