"""A neighbour of the guest: speaks raw Ethernet to it, one hand-made packet at a time."""

import itertools
import time

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

import qemu

GUEST_MAC = qemu.MAC
GUEST_IP = "10.0.2.15"
PEER_MAC = "52:55:0a:00:02:02"
PEER_IP = "10.0.2.2"
BROADCAST = "ff:ff:ff:ff:ff:ff"
MOD = 1 << 32

_ports = itertools.count(20000)


class Peer:
    """The host at the other end of the cable. It answers ARP for every address but the guest's."""

    def __init__(self, wire, guest):
        self.wire = wire
        self.guest = guest

    def send(self, packet, dst=GUEST_MAC):
        """Send a packet: an Ethernet frame as it is, anything else in one."""
        if not isinstance(packet, (bytes, Ether)):
            packet = Ether(src=PEER_MAC, dst=dst) / packet
        self.wire.send(bytes(packet))

    def receive(self, wanted, timeout=10):
        """The next frame for which wanted(frame) holds, or None. Others are answered or dropped."""
        deadline = time.monotonic() + timeout
        while True:
            data = self.wire.receive(deadline - time.monotonic())
            if data is None:
                assert self.guest.alive(), self.guest.console()
                return None
            frame = Ether(data)
            if wanted(frame):
                return frame
            self._answer_arp(frame)

    def expect(self, wanted, what, timeout=10):
        frame = self.receive(wanted, timeout)
        assert frame is not None, f"no {what} within {timeout} s"
        return frame

    def expect_quiet(self, wanted, what, seconds=0.3):
        """Nothing for which wanted() holds arrives before an answer to something sent later."""
        self.ping_and_see(lambda f: not wanted(f), what)
        frame = self.receive(wanted, seconds)
        assert frame is None, f"unexpected {what}: {frame.summary()}"

    def ping_and_see(self, acceptable, what):
        """A ping there and back: whatever the guest did before, it is done with."""
        ident = next(_ports) & 0xFFFF
        self.send(IP(src=PEER_IP, dst=GUEST_IP) / ICMP(id=ident, seq=1) / b"are you there")

        def check(frame):
            assert acceptable(frame), f"unexpected {what}: {frame.summary()}"
            return ICMP in frame and frame[ICMP].type == 0 and frame[ICMP].id == ident
        self.expect(check, "answer to a ping")

    def _answer_arp(self, frame):
        if ARP in frame and frame[ARP].op == 1 and frame[ARP].pdst not in (GUEST_IP, "0.0.0.0") \
                and frame[ARP].psrc != frame[ARP].pdst:
            arp = frame[ARP]
            self.send(ARP(op=2, hwsrc=PEER_MAC, psrc=arp.pdst, hwdst=arp.hwsrc, pdst=arp.psrc))

    def alive(self):
        """The whole way up to the application still works, by UDP and by TCP."""
        port = next(_ports)
        for _ in range(15):     # what waits for other neighbours may fill the send buffer
            self.send(IP(src=PEER_IP, dst=GUEST_IP) / UDP(sport=port, dport=7) / b"alive?")
            got = self.receive(lambda f: UDP in f and f[UDP].dport == port, 1)
            if got:
                break
        assert got and payload(got[UDP]) == b"alive?"
        conn = Conn(self).connect()
        conn.echo(b"alive?")
        conn.close()

    def fetch(self, path):
        """The content of a file of the guest, through TCP port 79."""
        conn = Conn(self, 79).connect()
        conn.send(path.encode() + b"\n")
        content = conn.receive_to_end()
        conn.put("R", ack=0)    # it leaves no TIME-WAIT behind
        return content.decode()

    def uptime(self):
        """The guest's own clock, in seconds."""
        return float(self.fetch("/proc/uptime").split()[0])

    def counters(self):
        """/proc/net/snmp and /proc/net/netstat as {"Ip.InReceives": 17, ...}."""
        lines = (self.fetch("/proc/net/snmp") + self.fetch("/proc/net/netstat")).splitlines()
        values = {}
        for names, numbers in zip(lines[::2], lines[1::2]):
            group, *names = names.split()
            for name, number in zip(names, numbers.split()[1:]):
                values[group.rstrip(":") + "." + name] = int(number)
        return values


def payload(layer):
    """The application's octets in a TCP or UDP layer, without Ethernet's padding."""
    return bytes(layer.payload[Raw]) if Raw in layer.payload else b""


def segment_data(frame):
    """The application's octets in a TCP segment, by the lengths in its headers."""
    ip = frame[IP]
    start = ip.ihl * 4 + ip[TCP].dataofs * 4
    return bytes(ip)[start:ip.len]


class Conn:
    """A TCP connection to the guest, made by hand: nothing happens unless a test does it."""

    def __init__(self, peer, dport=7, sport=None, src=PEER_IP, seq=1000):
        self.peer = peer
        self.src, self.sport, self.dport = src, sport or next(_ports), dport
        self.seq = seq          # our next sequence number
        self.ack = 0            # the guest's next one
        self.window = 65535

    def mine(self, frame):
        return TCP in frame and frame[IP].src == GUEST_IP and frame[IP].dst == self.src and \
            frame[TCP].sport == self.dport and frame[TCP].dport == self.sport

    def segment(self, flags, data=b"", **fields):
        """A segment with our numbers, of which fields may replace any."""
        values = {"seq": self.seq % MOD, "ack": self.ack % MOD, "window": self.window}
        values.update(fields)
        return IP(src=self.src, dst=GUEST_IP) / TCP(sport=self.sport, dport=self.dport,
                                                    flags=flags, **values) / data

    def put(self, flags, data=b"", **fields):
        self.peer.send(self.segment(flags, data, **fields))

    def expect(self, flags, what, timeout=10):
        """The next segment that has all these flags."""
        wanted = set(flags)
        return self.peer.expect(lambda f: self.mine(f) and wanted <= set(str(f[TCP].flags)),
                                what, timeout)

    def connect(self, **syn):
        self.put("S", ack=0, **syn)
        syn_ack = self.expect("SA", "SYN|ACK")
        assert syn_ack[TCP].ack == (self.seq + 1) % MOD
        self.seq += 1
        self.ack = syn_ack[TCP].seq + 1
        self.put("A")
        return self

    def send(self, data):
        self.put("PA", data)
        self.seq += len(data)

    def receive(self, size, timeout=10):
        """size octets in order, each segment acknowledged; duplicates are dropped."""
        got = b""
        while len(got) < size:
            frame = self.expect("A", f"octet {len(got)} of {size}", timeout)
            data = segment_data(frame)
            if data and frame[TCP].seq == self.ack % MOD:
                got += data
                self.ack += len(data)
            if data:
                self.put("A")
        return got

    def receive_to_end(self, timeout=10):
        """Everything until the guest's FIN, which is answered with ours."""
        got = b""
        while True:
            frame = self.expect("A", "end of the stream", timeout)
            data = segment_data(frame)
            if frame[TCP].seq != self.ack % MOD:
                self.put("A")
                continue
            got += data
            self.ack += len(data)
            if frame[TCP].flags.F:
                self.ack += 1
                self.put("FA")
                self.seq += 1
                return got
            if data:
                self.put("A")

    def echo(self, data):
        self.send(data)
        assert self.receive(len(data)) == data

    def close(self):
        """FIN, FIN, ACK; the guest may acknowledge ours with its own or before it."""
        self.put("FA")
        self.seq += 1
        fin = self.expect("FA", "FIN of the guest")
        assert fin[TCP].ack == self.seq % MOD
        self.ack = fin[TCP].seq + len(segment_data(fin)) + 1
        self.put("A")
