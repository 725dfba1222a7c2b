"""Floods from random addresses: SYNs, forged cookies, and packets for closed ports.

Port 7 listens with a backlog of 16, and a request is forgotten after two SYN-ACKs more.
"""

import random
from collections import deque

from crowd import ACK, PEER, PSH, RST, SYN, Client, Crowd, Memory, is_icmp, memory_when, \
    parse, stranger, tcp_frame, udp_frame
from peer import Conn

ARGS = ("16",)
CMDLINE = ("net.ipv4.tcp_synack_retries=2",)
BACKLOG = 16
FLOOD = 100000
FRIENDS = 50

# What a SYN flood may cost: the requests of one SYN queue, of 384 octets at most, and a page or two
# for each cache that it makes busy.
FLOOD_KIB = BACKLOG * 384 // 1024 + 128

TEXT = b"is anybody there?"
MSS = b"\x02\x04\x05\xb4"


def syns(rng, port, count):
    for _ in range(count):
        yield tcp_frame(rng.randrange(1024, 65536), port, SYN, rng.getrandbits(32),
                        src=stranger(rng), options=MSS)


class Friends:
    """Real clients among the strangers: each connects, has a text echoed, and resets.

    What is not answered is sent again.
    """

    def __init__(self, count):
        self.clients = {40000 + i: Client(40000 + i, 7) for i in range(count)}
        self.waiting = deque(self.clients.values())
        self.unserved = []
        self.to_send = deque()
        self.syns = 0

    def among(self, frames, every):
        """frames, with ours in between."""
        for i, frame in enumerate(frames):
            if i % every == every // 2:
                self.begin()
            while self.to_send:
                yield self.to_send.popleft()
            yield frame

    def begin(self):
        """One more begins, and the others try again."""
        if self.waiting:
            self.unserved.append(self.waiting.popleft())
        for c in self.unserved:
            if c.ack:
                self.to_send.append(c.frame(ACK | PSH, TEXT))
            else:
                self.to_send.append(c.frame(SYN, ack=0, options=MSS))
                self.syns += 1

    def hear(self, segment):
        c = self.clients.get(segment.dport)
        if not c:
            return
        if segment.flags == SYN | ACK and not c.ack:
            c.seq, c.ack = c.seq + 1, segment.seq + 1
            self.to_send.append(c.frame(ACK))
            self.to_send.append(c.frame(ACK | PSH, TEXT))
        elif segment.data and c in self.unserved:
            assert segment.data == TEXT
            self.unserved.remove(c)
            self.to_send.append(c.frame(RST, seq=c.seq + len(TEXT)))

    def finish(self, crowd):
        """Until everybody is served."""
        for _ in range(1000):
            while self.to_send:
                crowd.send(self.to_send.popleft())
            for segment in filter(None, map(parse, crowd.settle())):
                self.hear(segment)
            if not self.waiting and not self.unserved and not self.to_send:
                return
            if not self.to_send:
                self.begin()
        raise AssertionError(f"{len(self.waiting) + len(self.unserved)} friends are not served")


def change(before, after, *names):
    return [after[name] - before[name] for name in names]


def test_syn_flood(peer):
    """100,000 SYNs: the SYN queue stays at 16, every real client gets in, nothing stays."""
    crowd, friends = Crowd(peer), Friends(FRIENDS)
    peer.alive()
    calm, before = Memory(peer), peer.counters()
    rng, answers = random.Random(1), 0
    for _ in range(4):
        flood = friends.among(syns(rng, 7, FLOOD // 4), FLOOD // (FRIENDS + 10))
        for segment in filter(None, map(parse, crowd.send_all(flood))):
            if segment.dst == PEER:
                friends.hear(segment)
            else:
                assert segment.flags == SYN | ACK
                answers += 1
        memory = Memory(peer)
        assert memory.inuse("request_sock_TCP") <= BACKLOG
        assert memory.lost_kib(calm) <= FLOOD_KIB, memory
    friends.finish(crowd)
    requests, after = Memory(peer).inuse("request_sock_TCP"), peer.counters()
    full, sent, back, again, expired, lost = change(
        before, after, "TcpExt.TCPReqQFullDoCookies", "TcpExt.SyncookiesSent",
        "TcpExt.SyncookiesRecv", "TcpExt.TCPSynRetrans", "Tcp.AttemptFails",
        "TcpExt.TCPBacklogDrop")
    # each SYN got a SYN-ACK: of a cookie or of a request, unless too many waited for the listener
    queued = requests + expired + FRIENDS - back
    assert full == sent and 0 < back <= FRIENDS
    assert abs(sent + queued - FLOOD - friends.syns) <= BACKLOG + lost
    assert abs(FLOOD + again - answers) <= BACKLOG + lost
    rest = memory_when(peer, lambda m: not m.inuse("request_sock_TCP"))
    assert not rest.grown(calm) and rest.lost_kib(calm) <= FLOOD_KIB, rest
    peer.alive()


def test_forged_cookies(peer):
    """100,000 random ACKs while cookies are taken: a reset for each, and no connection.

    One in 500 million random numbers is a cookie, so one connection would be chance, two not.
    """
    crowd, rng = Crowd(peer), random.Random(2)
    for _ in crowd.send_all(syns(rng, 7, 2 * BACKLOG)):
        pass
    calm, before = Memory(peer), peer.counters()
    forged = (tcp_frame(rng.randrange(1024, 65536), 7, ACK, rng.getrandbits(32),
                        ack=rng.getrandbits(32), src=stranger(rng)) for _ in range(FLOOD))
    resets = sum(segment.flags == RST for segment in
                 filter(None, map(parse, crowd.send_all(forged))))
    memory, after = Memory(peer), peer.counters()
    failed, received, opened = change(before, after, "TcpExt.SyncookiesFailed",
                                      "TcpExt.SyncookiesRecv", "Tcp.PassiveOpens")
    assert received <= 1 and failed + received == FLOOD and resets >= FLOOD - 1
    fetches = 5
    assert opened <= fetches + received
    assert not memory.grown(calm) and memory.lost_kib(calm) <= FLOOD_KIB, memory
    peer.alive()


def test_cookie_is_for_one_connection(peer):
    """What a SYN-ACK gave to one address and port is worth nothing to another."""
    crowd, rng = Crowd(peer), random.Random(3)
    for _ in crowd.send_all(syns(rng, 7, 2 * BACKLOG)):
        pass
    honest = Client(30000, 7, src=bytes((10, 0, 2, 77)))
    crowd.send(honest.frame(SYN, ack=0, options=MSS))
    answer = crowd.until(lambda s: s.dport == honest.sport, 1)[0]
    honest.seq, honest.ack = honest.seq + 1, answer.seq + 1
    thief = Client(30000, 7, src=bytes((10, 0, 2, 78)))
    thief.seq, thief.ack = honest.seq, honest.ack
    other_port = Client(30001, 7, src=honest.src)
    other_port.seq, other_port.ack = honest.seq, honest.ack
    for frame in (thief.frame(ACK), other_port.frame(ACK), honest.frame(ACK, seq=honest.seq + 1),
                  honest.frame(ACK, ack=honest.ack + 1)):
        crowd.send(frame)
        refused = crowd.until(lambda s: s.dport in (30000, 30001), 1)[0]
        assert refused.flags == RST
    crowd.send(honest.frame(ACK | PSH, TEXT))
    assert crowd.until(lambda s: s.dport == honest.sport and s.data, 1)[0].data == TEXT
    crowd.send(honest.frame(RST, seq=honest.seq + len(TEXT)))


def test_syn_flood_without_cookies(boot):
    """The queue of 16 is all that strangers get; whoever is connected notices nothing."""
    with boot("net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_synack_retries=1") as peer:
        crowd, rng = Crowd(peer), random.Random(4)
        friend = Conn(peer).connect()
        calm, before = Memory(peer), peer.counters()
        for _ in range(4):
            for _ in crowd.send_all(syns(rng, 7, 5000)):
                pass
            friend.echo(TEXT)
            memory = Memory(peer)
            assert memory.inuse("request_sock_TCP") <= BACKLOG
            assert memory.lost_kib(calm) <= FLOOD_KIB, memory
        requests, after = memory.inuse("request_sock_TCP"), peer.counters()
        dropped, cookies, expired = change(before, after, "TcpExt.TCPReqQFullDrop",
                                           "TcpExt.SyncookiesSent", "Tcp.AttemptFails")
        assert not cookies
        assert abs(dropped + requests + expired - 20000) <= BACKLOG
        rest = memory_when(peer, lambda m: not m.inuse("request_sock_TCP"))
        assert not rest.grown(calm) and rest.lost_kib(calm) <= FLOOD_KIB, rest
        friend.close()
        peer.alive()


def test_syn_flood_to_closed_port(peer):
    """A reset for each and nothing kept."""
    crowd = Crowd(peer)
    calm = Memory(peer)
    frames = syns(random.Random(5), 9, FLOOD // 5)
    resets = sum(segment.flags == RST | ACK for segment in
                 filter(None, map(parse, crowd.send_all(frames))))
    assert resets == FLOOD // 5
    memory = Memory(peer)
    assert not memory.grown(calm) and memory.lost_kib(calm) <= FLOOD_KIB, memory


def test_icmp_errors_are_limited(peer):
    """Datagrams to a closed port: 6 errors at once and one a second to one host, 50 and 1,000 to
    all, by the guest's own clock; the rest is counted."""
    crowd, rng = Crowd(peer), random.Random(6)
    for count, burst, rate, source in (
            (2000, 6, 1, lambda: bytes((10, 0, 2, 99))),
            (20000, 50, 1000, lambda: stranger(rng))):
        begin, before = peer.uptime(), peer.counters()
        frames = (udp_frame(1234, 9999, b"hello", src=source()) for _ in range(count))
        errors = sum(is_icmp(frame, 3) for frame in crowd.send_all(frames))
        elapsed = peer.uptime() - begin
        after = peer.counters()
        sent, everyone, host = change(before, after, "Icmp.OutDestUnreachs",
                                      "Icmp.OutRateLimitGlobal", "Icmp.OutRateLimitHost")
        assert errors == sent and sent + everyone + host == count
        assert 0 < sent <= burst + rate * (elapsed + 1)
