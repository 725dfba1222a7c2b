"""Many connections and strangers at once: frames as octets, where scapy would be too slow.

Nothing is lost between a test and the guest: QEMU and the socket pass on what they can and make
the sender wait. Crowd.settle() is the pace: it waits for the answer to a ping, so whatever was sent
before it has been looked at, and its answers are here.
"""

import struct
import time
from collections import namedtuple

from peer import GUEST_IP, GUEST_MAC, MOD, PEER_IP, PEER_MAC

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
BATCH = 64          # frames between two pings
ANSWER_S = 60       # the generous end of a hang
RING_SLOTS = 256
FEW = 8             # objects of a cache that may be in use at one moment and not at another


def packed_ip(text):
    return bytes(map(int, text.split(".")))


HEADER = bytes.fromhex((GUEST_MAC + PEER_MAC).replace(":", "")) + b"\x08\x00"
GUEST, PEER = packed_ip(GUEST_IP), packed_ip(PEER_IP)


def checksum(data):
    """RFC 1071, by one big number: 2^16 is 1 modulo 2^16 - 1. Of an even number of octets."""
    return 0xFFFF - int.from_bytes(data, "big") % 0xFFFF


def ip_frame(proto, payload, src=PEER, ident=0, frag=0):
    """frag is the header's field: flags and offset in units of 8 octets."""
    head = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(payload), ident, frag, 64, proto)
    return HEADER + head + checksum(head + src + GUEST).to_bytes(2, "big") + src + GUEST + payload


def tcp_segment(sport, dport, flags, seq, ack=0, window=65535, options=b"", data=b"", src=PEER):
    """The octets after the IPv4 header."""
    head = struct.pack("!HHIIBBH", sport, dport, seq % MOD, ack % MOD,
                       (20 + len(options)) // 4 << 4, flags, window)
    rest = options + data
    pad = b"\0" * (len(rest) % 2)
    total = checksum(src + GUEST + b"\0\x06" + (20 + len(rest)).to_bytes(2, "big") + head +
                     rest + pad)
    return head + total.to_bytes(2, "big") + b"\0\0" + rest


def tcp_frame(sport, dport, flags, seq, src=PEER, **fields):
    return ip_frame(6, tcp_segment(sport, dport, flags, seq, src=src, **fields), src)


def udp_frame(sport, dport, data=b"", src=PEER):
    """Without a checksum, as UDP allows."""
    return ip_frame(17, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data, src)


def icmp_frame(kind, code, rest, data, src=PEER):
    """rest is the second word of the header; data has an even length."""
    head = struct.pack("!BB", kind, code)
    rest = struct.pack("!I", rest)
    return ip_frame(1, head + checksum(head + rest + data).to_bytes(2, "big") + rest + data, src)


def stranger(rng):
    """An address of the wide world: an answer to it goes through the gateway."""
    return bytes((rng.randrange(11, 100), *rng.randbytes(2), rng.randrange(1, 255)))


Segment = namedtuple("Segment", "dst dport sport seq ack flags window data")


def parse(frame):
    """The TCP segment in a frame of the guest's, or None. dport is the port at our side."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return None
    at = 14 + (frame[14] & 15) * 4
    sport, dport, seq, ack, offset, flags, window = struct.unpack_from("!HHIIBBH", frame, at)
    data = frame[at + (offset >> 4) * 4:14 + int.from_bytes(frame[16:18], "big")]
    return Segment(frame[30:34], dport, sport, seq, ack, flags, window, data)


def is_icmp(frame, kind):
    return frame[12:14] == b"\x08\x00" and frame[23] == 1 and frame[34] == kind


class Crowd:
    """Whoever is on the guest's wire. What arrives is given back as raw frames."""

    def __init__(self, peer):
        self.peer = peer
        self.wire = peer.wire
        self.ident = 0

    def send(self, frame):
        self.wire.send(frame)

    def receive(self, timeout=ANSWER_S):
        """The next frame that is no ARP request; those are answered. None after timeout."""
        deadline = time.monotonic() + timeout
        while True:
            frame = self.wire.receive(deadline - time.monotonic())
            if frame is None:
                assert self.peer.guest.alive(), self.peer.guest.console()
                return None
            if frame[12:14] != b"\x08\x06":
                return frame
            if frame[20:22] == b"\0\x01" and frame[38:42] != GUEST:
                mac = HEADER[6:12]
                self.wire.send(HEADER[:12] + frame[12:20] + b"\0\x02" + mac + frame[38:42] +
                               frame[22:32])

    def settle(self):
        """The frames that come until a ping sent now is answered.

        A guest whose transmit ring is full drops the answer, so it is asked again.
        """
        self.ident = self.ident % 0xFFFF + 1
        word = self.ident << 16 | 0xC0DE
        frames = []
        for _ in range(ANSWER_S):
            self.send(icmp_frame(8, 0, word, b"are you there?"))
            while frame := self.receive(timeout=1):
                if is_icmp(frame, 0) and frame[38:42] == word.to_bytes(4, "big"):
                    return frames
                frames.append(frame)
        raise AssertionError("no answer to a ping")

    def send_all(self, frames, batch=BATCH):
        """Send frames at the guest's pace, and yield what comes back."""
        for i, frame in enumerate(frames):
            self.send(frame)
            if i % batch == batch - 1:
                yield from self.settle()
        yield from self.settle()

    def until(self, wanted, count):
        """Segments for which wanted() holds, until count of them are there."""
        found = []
        while len(found) < count:
            frame = self.receive()
            assert frame is not None, f"{len(found)} of {count} segments"
            segment = parse(frame)
            if segment and wanted(segment):
                found.append(segment)
        return found


class Client:
    """One connection of a crowd: numbers, and the frames that have them."""

    __slots__ = ("sport", "dport", "src", "seq", "ack", "window")

    def __init__(self, sport, dport, src=PEER, window=65535):
        self.sport, self.dport, self.src = sport, dport, src
        self.seq, self.ack, self.window = sport * 65537 % MOD, 0, window

    def frame(self, flags, data=b"", **fields):
        values = {"seq": self.seq, "ack": self.ack, "window": self.window}
        values.update(fields)
        return tcp_frame(self.sport, self.dport, flags, src=self.src, data=data, **values)


def connect(crowd, clients, options=b"", last_ack=b""):
    """Three-way handshakes; last_ack is text that goes with the third segment.

    Returns the segments that came beside the SYN-ACKs. A SYN that nobody answers is sent again.
    """
    others = []
    for at in range(0, len(clients), BATCH // 2):
        waiting = {c.sport: c for c in clients[at:at + BATCH // 2]}
        for _ in range(ANSWER_S):
            for c in waiting.values():
                crowd.send(c.frame(SYN, ack=0, options=options))
            others += finish(crowd, waiting, last_ack)
            if not waiting:
                break
        assert not waiting, f"no SYN|ACK for {len(waiting)}"
    return others + list(filter(None, map(parse, crowd.settle())))


def finish(crowd, waiting, last_ack):
    """Answer the SYN-ACKs, until all have come or there is a second of silence."""
    others = []
    while waiting and (frame := crowd.receive(timeout=1)):
        segment = parse(frame)
        if not segment or segment.flags != SYN | ACK or segment.dport not in waiting:
            others += [segment] if segment else []
            continue
        c = waiting.pop(segment.dport)
        assert segment.ack == (c.seq + 1) % MOD
        c.seq, c.ack = c.seq + 1, segment.seq + 1
        crowd.send(c.frame(ACK | PSH if last_ack else ACK, last_ack))
        c.seq += len(last_ack)
    return others


def memory_when(peer, wanted, timeout=180):
    """The guest's memory as soon as wanted(memory) holds. Asking leaves traces: ever less often."""
    deadline, pause = time.monotonic() + timeout, 0.25
    while True:
        memory = Memory(peer)
        if wanted(memory):
            return memory
        assert time.monotonic() < deadline, f"still {memory} after {timeout} s"
        time.sleep(pause)
        pause = min(pause * 1.5, 5)


class Memory:
    """What the guest has in use: objects by cache, free KiB, and /proc/net/sockstat's numbers."""

    def __init__(self, peer):
        self.objects = {}
        for line in peer.fetch("/proc/slabinfo").splitlines()[1:]:
            name, inuse, size = line.split()
            self.objects[name] = (int(inuse), int(size))
        self.free_kib = int(peer.fetch("/proc/meminfo").split("MemFree:")[1].split()[0])
        self.sockstat = {}
        for line in peer.fetch("/proc/net/sockstat").splitlines():
            group, *pairs = line.split()
            for name, number in zip(pairs[::2], pairs[1::2]):
                self.sockstat[group + name] = int(number)

    def inuse(self, cache):
        return self.objects.get(cache, (0, 0))[0]

    def grown(self, before):
        """The caches that hold more objects than before, and how many more; a few are chance.

        A slot of the transmit ring keeps the table of fragments that it once needed.
        """
        more = {name: self.inuse(name) - before.inuse(name) for name in self.objects}
        more["kmalloc-384"] -= RING_SLOTS
        return {name: n for name, n in more.items() if n > FEW}

    def lost_kib(self, before):
        return before.free_kib - self.free_kib

    def __str__(self):
        return f"{self.free_kib} KiB free, {self.sockstat}, " + \
            str({k: n for k, (n, _) in self.objects.items() if n})
