"""Whoever does not see a connection's segments can neither end it nor add to it.

RFC 5961 for resets, SYNs, text and ACKs; RFC 5927 for ICMP; and no count that an attacker shares
with his victim (CVE-2016-5696).
"""

import itertools
import random
import struct

import pytest

from crowd import ACK, FIN, GUEST, PSH, RST, SYN, Client, Crowd, connect, icmp_frame, parse
from peer import MOD

TEXT = b"only this is in the stream"
WINDOW = 60000      # the guest's receive window is a little larger

_hosts = itertools.count(1)


def victim(crowd, dport=7, options=b""):
    """An established connection over the gateway, with an address that nobody had before."""
    client = Client(7000, dport, src=bytes((203, 0, 113, next(_hosts))))
    connect(crowd, [client], options)
    return client


def to_victim(client):
    return lambda s: s.dst == client.src and s.dport == client.sport


def echo(crowd, client):
    """The connection works, and nothing but TEXT is in its stream."""
    crowd.send(client.frame(ACK | PSH, TEXT))
    client.seq += len(TEXT)
    answer = crowd.until(lambda s: to_victim(client)(s) and s.data, 1)[0]
    assert answer.data == TEXT and answer.seq == client.ack % MOD
    client.ack += len(TEXT)
    crowd.send(client.frame(ACK))


def end(crowd, client):
    """An exact reset: the guest answers the next segment as one that it does not know."""
    crowd.send(client.frame(RST))
    crowd.send(client.frame(ACK | PSH, TEXT))
    assert crowd.until(to_victim(client), 1)[0].flags == RST


def attack(peer, crowd, client, frames, counters):
    """What comes to client while frames arrive, how the counters grew, and the guest's seconds."""
    begin, before = peer.uptime(), peer.counters()
    answers = [s for s in filter(None, map(parse, crowd.send_all(frames))) if to_victim(client)(s)]
    after = peer.counters()
    return answers, [after[c] - before[c] for c in counters], peer.uptime() - begin


def few_challenges(client, answers, seconds):
    """Nothing but ACKs of what is known, one in half a second."""
    assert all(s.flags == ACK and s.ack == client.seq % MOD and not s.data for s in answers)
    assert len(answers) <= seconds / 0.5 + 1


def test_resets_in_the_window(peer):
    """RFC 5961 3.2: not exact, so there is a challenge ACK; rate-limited, and all are counted."""
    crowd = Crowd(peer)
    client, rng = victim(crowd), random.Random(1)
    frames = (client.frame(RST, seq=client.seq + rng.randrange(1, WINDOW)) for _ in range(500))
    answers, (sent, skipped), seconds = attack(
        peer, crowd, client, frames, ("TcpExt.TCPChallengeACK", "TcpExt.TCPACKSkippedChallenge"))
    assert answers and sent == len(answers) and sent + skipped == 500
    few_challenges(client, answers, seconds)
    echo(crowd, client)
    end(crowd, client)


@pytest.mark.parametrize("flags", [RST, RST | ACK, SYN, SYN | ACK, FIN | ACK, FIN, ACK, PSH, 0, 63])
def test_blind(peer, flags):
    """Random numbers, 5,000 times: one that hits window and ACK would be a wonder."""
    crowd = Crowd(peer)
    client, rng = victim(crowd), random.Random(flags)
    frames = (client.frame(flags, b"injected", seq=rng.getrandbits(32), ack=rng.getrandbits(32))
              for _ in range(5000))
    answers, _, _ = attack(peer, crowd, client, frames, ())
    assert not any(s.flags & (RST | FIN | SYN) or s.data for s in answers)
    echo(crowd, client)
    end(crowd, client)


@pytest.mark.parametrize("flags", [SYN, SYN | ACK])
def test_syns_in_the_window(peer, flags):
    """RFC 5961 4.2: whatever its number, a SYN gets a challenge ACK at most."""
    crowd = Crowd(peer)
    client, rng = victim(crowd), random.Random(3)
    frames = (client.frame(flags, seq=client.seq + rng.choice((0, 1, -1, rng.randrange(WINDOW))))
              for _ in range(500))
    answers, (noticed, sent, skipped), seconds = attack(
        peer, crowd, client, frames, ("TcpExt.TCPSYNChallenge", "TcpExt.TCPChallengeACK",
                                      "TcpExt.TCPACKSkippedChallenge"))
    assert answers and sent == len(answers) and noticed == sent + skipped == 500
    few_challenges(client, answers, seconds)
    echo(crowd, client)
    end(crowd, client)


def test_text_with_an_impossible_ack(peer):
    """RFC 5961 5.2: right in the window, but the ACK is too old or of what was never sent."""
    crowd = Crowd(peer)
    client, rng = victim(crowd), random.Random(4)
    for _ in range(3):
        echo(crowd, client)
    for flags, told in ((ACK | PSH, 3 * len(TEXT)), (ACK | FIN | PSH, 4 * len(TEXT))):
        # the guest has been told that so many octets have arrived: before that is too old
        wrong = (1, 2, 65536, MOD // 2 - 1, -told - 1, -told - 2, -70000, -MOD // 2 + 1)
        frames = (client.frame(flags, b"injected", ack=client.ack + rng.choice(wrong))
                  for _ in range(500))
        answers, (sent, skipped), seconds = attack(
            peer, crowd, client, frames, ("TcpExt.TCPChallengeACK",
                                          "TcpExt.TCPACKSkippedChallenge"))
        assert sent == len(answers) and sent + skipped == 500
        few_challenges(client, answers, seconds)
        echo(crowd, client)
    end(crowd, client)


def test_nobody_can_count_the_challenges_of_others(peer):
    """CVE-2016-5696: 2,000 challenges for one do not use up those of another."""
    assert peer.fetch("/proc/sys/net/ipv4/tcp_challenge_ack_limit").strip() == "2147483647"
    crowd, count = Crowd(peer), 2000
    attackers = [Client(1024 + i, 7, src=bytes((203, 0, 113, 254))) for i in range(count)]
    connect(crowd, attackers)
    challenged = [s.dport for s in filter(None, map(parse, crowd.send_all(
        c.frame(RST, seq=c.seq + 1) for c in attackers))) if s.dst == attackers[0].src]
    assert len(challenged) == len(set(challenged)) == count
    for _ in crowd.send_all(c.frame(RST) for c in attackers):
        pass


# --- ICMP ---------------------------------------------------------------------------------------


def quote(client, seq, sport=None, dport=None):
    """The start of a segment of the guest's to the client."""
    return struct.pack("!BBHIBBH", 0x45, 0, 1500, 0, 64, 6, 0) + GUEST + client.src + \
        struct.pack("!HHI", client.dport if sport is None else sport,
                    client.sport if dport is None else dport, seq % MOD)


def in_flight(crowd, client):
    """Have the guest send 3,000 octets, which are not acknowledged; their segments."""
    crowd.send(client.frame(ACK | PSH, b"source 3000\n"))
    client.seq += len(b"source 3000\n")
    found, seen = [], set()
    while sum(len(s.data) for s in found) < 3000:
        segment = crowd.until(lambda s: to_victim(client)(s) and s.data, 1)[0]
        if segment.seq not in seen:
            seen.add(segment.seq)
            found.append(segment)
    return found


ICMP_ERRORS = [(3, code, 0) for code in range(16) if code != 4] + \
    [(3, 4, mtu) for mtu in (0, 68, 296, 576)] + [(4, 0, 0), (11, 0, 0), (11, 1, 0), (12, 0, 0)]


def test_icmp_about_other_numbers(peer):
    """RFC 5927 4.1: what quotes no number in flight is counted and does nothing."""
    crowd = Crowd(peer)
    client, rng = victim(crowd, dport=100), random.Random(6)
    frames = []
    for _ in range(20):
        for kind, code, rest in ICMP_ERRORS:
            seq = client.ack + 4000 + rng.getrandbits(30)
            frames.append(icmp_frame(kind, code, rest, quote(client, seq), src=client.src))
            frames.append(icmp_frame(kind, code, rest, quote(client, client.ack, dport=9),
                                     src=client.src))
    answers, (ignored,), _ = attack(peer, crowd, client, frames, ("TcpExt.OutOfWindowIcmps",))
    unknown = 2     # code 5 (source route) and type 4 (source quench) are heard by nobody
    assert not answers and ignored == 20 * (len(ICMP_ERRORS) - unknown)
    assert {len(s.data) for s in in_flight(crowd, client)} <= {536, 3000 - 5 * 536}
    crowd.send(client.frame(RST))


@pytest.mark.parametrize("kind, code", [(3, 0), (3, 1), (3, 2), (3, 3), (3, 13), (11, 0), (12, 0)])
def test_icmp_error_is_a_hint_only(peer, kind, code):
    """RFC 5927 5.2: once established, no error ends a connection, be the number right."""
    crowd = Crowd(peer)
    client = victim(crowd, dport=100)
    first = in_flight(crowd, client)[0]
    crowd.send(icmp_frame(kind, code, 0, quote(client, first.seq), src=client.src))
    crowd.settle()
    client.ack += 3000
    crowd.send(client.frame(ACK))
    assert len(in_flight(crowd, client)) > 1
    crowd.send(client.frame(RST))


def test_path_mtu_has_a_floor(peer):
    """An MTU of 68 that quotes the right number: segments of 512 octets, not of 28."""
    crowd = Crowd(peer)
    client = victim(crowd, dport=100, options=b"\x02\x04\x05\xb4")
    first = in_flight(crowd, client)[0]
    assert len(first.data) == 1460
    crowd.send(icmp_frame(3, 4, 68, quote(client, first.seq), src=client.src))
    again = crowd.until(lambda s: to_victim(client)(s) and s.data, 1)[0]
    assert again.seq == first.seq and len(again.data) == 512
    client.ack += 3000
    crowd.send(client.frame(ACK))
    assert {len(s.data) for s in in_flight(crowd, client)} <= {512, 3000 % 512}
    crowd.send(client.frame(RST))
