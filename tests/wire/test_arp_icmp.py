"""ARP, ICMP, IPv4 and UDP, seen from the wire."""

import random

import pytest
from scapy.layers.inet import ICMP, IP, UDP, IPOption_LSRR, fragment
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from peer import BROADCAST, GUEST_IP, GUEST_MAC, PEER_IP, PEER_MAC, payload


def is_arp_reply(frame):
    return ARP in frame and frame[ARP].op == 2


def is_echo_reply(frame):
    return ICMP in frame and frame[ICMP].type == 0


def is_icmp_error(frame):
    return ICMP in frame and frame[ICMP].type in (3, 11, 12)


def whole_reply(peer, ident):
    """The octets after the IP header of a possibly fragmented echo reply."""
    parts, total = {}, None
    while total is None or sum(map(len, parts.values())) < total:
        frame = peer.expect(lambda f: IP in f and f[IP].src == GUEST_IP and f[IP].proto == 1,
                            "(fragment of an) echo reply")
        ip = frame[IP]
        parts[ip.frag * 8] = bytes(ip)[ip.ihl * 4:ip.len]
        if not ip.flags.MF:
            total = ip.frag * 8 + len(parts[ip.frag * 8])
    data = b"".join(parts[at] for at in sorted(parts))
    assert data[0] == 0 and int.from_bytes(data[4:6], "big") == ident
    return data


# --- ARP ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dst", [BROADCAST, GUEST_MAC])
def test_arp_request(peer, dst):
    peer.send(ARP(op=1, hwsrc=PEER_MAC, psrc=PEER_IP, pdst=GUEST_IP), dst=dst)
    reply = peer.expect(is_arp_reply, "ARP reply")
    assert reply.dst == PEER_MAC and reply.src == GUEST_MAC
    assert (reply[ARP].psrc, reply[ARP].hwsrc) == (GUEST_IP, GUEST_MAC)
    assert (reply[ARP].pdst, reply[ARP].hwdst) == (PEER_IP, PEER_MAC)


@pytest.mark.parametrize("fields", [
    {"pdst": "10.0.2.99"}, {"op": 3}, {"op": 0}, {"hwtype": 7}, {"ptype": 0x86DD},
    {"hwlen": 5}, {"plen": 16}, {"psrc": "255.255.255.255"}, {"psrc": "224.0.0.1"},
    {"psrc": "127.0.0.1"}, {"pdst": "127.0.0.1"},
])
def test_arp_not_answered(peer, fields):
    values = {"op": 1, "hwsrc": PEER_MAC, "psrc": PEER_IP, "pdst": GUEST_IP, "hwlen": 6, "plen": 4}
    values.update(fields)
    # Built as octets: with wrong lengths scapy would lay the message out differently.
    good = bytearray(bytes(ARP(**{**values, "hwlen": 6, "plen": 4})))
    good[4], good[5] = values["hwlen"], values["plen"]
    peer.send(Ether(src=PEER_MAC, dst=BROADCAST, type=0x0806) / Raw(bytes(good)))
    peer.expect_quiet(is_arp_reply, "ARP reply")


def test_arp_probe_is_answered(peer):
    """RFC 5227: who asks without an address of its own wants to know whether ours is taken."""
    peer.send(ARP(op=1, hwsrc=PEER_MAC, psrc="0.0.0.0", pdst=GUEST_IP), dst=BROADCAST)
    assert peer.expect(is_arp_reply, "ARP reply")[ARP].psrc == GUEST_IP


def test_arp_table_is_bounded(peer):
    """A thousand neighbours that never existed take no memory away from the real one."""
    for i in range(1000):
        peer.send(ARP(op=2, hwsrc=f"02:00:00:00:{i >> 8:02x}:{i & 255:02x}",
                      psrc=f"10.0.2.{i % 200 + 20}", hwdst=GUEST_MAC, pdst=GUEST_IP))
    for i in range(300):
        peer.send(IP(src=f"10.0.2.{i % 200 + 30}", dst=GUEST_IP) / UDP(sport=9, dport=7) / b"x")
    peer.wire.drain()
    peer.alive()


# --- ICMP -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 8, 56, 1000, 1472, 1473, 2960, 8000, 65507])
def test_ping(peer, size):
    data = random.Random(size).randbytes(size)
    request = IP(src=PEER_IP, dst=GUEST_IP, id=size & 0xFFFF) / ICMP(id=77, seq=size) / data
    for part in fragment(request, 1480):
        peer.send(part)
    assert whole_reply(peer, 77)[8:] == data


@pytest.mark.parametrize("seed", range(10))
def test_fragments_in_any_order(peer, seed):
    rng = random.Random(seed)
    data = rng.randbytes(20000)
    request = IP(src=PEER_IP, dst=GUEST_IP, id=3000 + seed) / ICMP(id=seed, seq=1) / data
    parts = fragment(request, rng.randrange(184, 1480, 8))
    parts += rng.sample(parts, len(parts) // 4)      # some arrive twice
    rng.shuffle(parts)
    for part in parts:
        peer.send(part)
    assert whole_reply(peer, seed)[8:] == data
    peer.ping_and_see(lambda f: True, "anything")    # duplicates that came late are digested


def test_overlapping_fragments_are_dropped(peer):
    request = bytes(IP(src=PEER_IP, dst=GUEST_IP) / ICMP(id=1, seq=1) / bytes(800))[20:]
    def piece(at, end, more):
        return IP(src=PEER_IP, dst=GUEST_IP, proto=1, id=4000, frag=at // 8,
                  flags="MF" if more else 0) / Raw(request[at:end])
    peer.send(piece(0, 400, True))
    peer.send(piece(200, 600, True))
    peer.send(piece(400, 808, False))
    peer.expect_quiet(lambda f: is_echo_reply(f) and f[ICMP].id == 1, "echo reply")


def test_fragment_beyond_64k(peer):
    peer.send(IP(src=PEER_IP, dst=GUEST_IP, proto=1, id=4001, frag=8189) / Raw(bytes(1000)))
    peer.alive()


def test_unfinished_reassembly_is_bounded(peer):
    for i in range(3000):
        peer.send(IP(src=PEER_IP, dst=GUEST_IP, proto=17, id=i, flags="MF",
                     frag=i % 7) / Raw(bytes(1024)))
    peer.wire.drain()
    peer.alive()


def test_ping_to_broadcast_is_ignored(peer):
    for address in ("255.255.255.255", "10.0.2.255"):
        peer.send(IP(src=PEER_IP, dst=address) / ICMP(id=5, seq=5), dst=BROADCAST)
    peer.expect_quiet(lambda f: is_echo_reply(f) and f[ICMP].id == 5, "echo reply")


def test_udp_to_closed_port(peer):
    packet = IP(src="10.0.2.50", dst=GUEST_IP) / UDP(sport=1234, dport=4321) / b"nobody home"
    peer.send(packet)
    error = peer.expect(lambda f: ICMP in f and f[ICMP].type == 3, "port unreachable")
    assert error[ICMP].code == 3 and error[IP].dst == "10.0.2.50"
    quoted = bytes(error[ICMP].payload)
    assert quoted[:20] == bytes(packet)[:20] and quoted[20:28] == bytes(packet)[20:28]


def test_unknown_protocol(peer):
    peer.send(IP(src="10.0.2.51", dst=GUEST_IP, proto=200) / Raw(b"12345678"))
    error = peer.expect(lambda f: ICMP in f and f[ICMP].type == 3, "protocol unreachable")
    assert error[ICMP].code == 2


@pytest.mark.parametrize("packet", [
    IP(src=PEER_IP, dst="10.0.2.255") / UDP(dport=4321) / b"to broadcast",
    IP(src="255.255.255.255", dst=GUEST_IP) / UDP(dport=4321) / b"from broadcast",
    IP(src="224.0.0.5", dst=GUEST_IP) / UDP(dport=4321) / b"from multicast",
    IP(src="0.0.0.0", dst=GUEST_IP) / UDP(dport=4321) / b"from nowhere",
    IP(src=PEER_IP, dst=GUEST_IP, frag=100) / UDP(dport=4321) / b"not the first fragment",
    IP(src=PEER_IP, dst=GUEST_IP) / ICMP(type=3, code=3) / b"error about nothing",
    IP(src=PEER_IP, dst="10.0.2.77") / UDP(dport=4321) / b"not for us",
], ids=lambda p: bytes(p.lastlayer()).decode())
def test_no_icmp_error_for(peer, packet):
    """RFC 1122 3.2.2: what must not be answered with an ICMP error."""
    peer.send(packet)
    peer.expect_quiet(is_icmp_error, "ICMP error")


def test_icmp_errors_are_rate_limited(peer):
    for _ in range(1000):
        peer.send(IP(src="10.0.2.52", dst=GUEST_IP) / UDP(dport=4321) / b"flood")
    count = 0
    while peer.receive(lambda f: ICMP in f and f[ICMP].type == 3, 0.5):
        count += 1
    assert 0 < count < 500


# --- IPv4 and UDP ---------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [
    {"chksum": 1}, {"version": 5}, {"ihl": 4}, {"ihl": 15}, {"len": 19}, {"len": 2000},
    {"src": "127.0.0.1"}, {"dst": "127.0.0.1"}, {"dst": "10.0.2.77"},
], ids=str)
def test_bad_ip_header(peer, fields):
    values = {"src": PEER_IP, "dst": GUEST_IP}
    values.update(fields)
    peer.send(IP(**values) / ICMP(id=6, seq=6) / b"data")
    peer.expect_quiet(lambda f: is_echo_reply(f) and f[ICMP].id == 6, "echo reply")


def test_source_route_is_refused(peer):
    peer.send(IP(src=PEER_IP, dst=GUEST_IP, options=[IPOption_LSRR(routers=["10.0.2.9"])]) /
              ICMP(id=6, seq=6))
    peer.expect_quiet(lambda f: is_echo_reply(f) and f[ICMP].id == 6, "echo reply")


@pytest.mark.parametrize("size", [0, 1, 2, 1472, 1473, 9000, 40000])
def test_udp_echo(peer, size):
    data = random.Random(size).randbytes(size)
    for part in fragment(IP(src=PEER_IP, dst=GUEST_IP, id=5000 + size % 1000) /
                         UDP(sport=6000, dport=7) / data, 1480):
        peer.send(part)
    got, total = {}, None
    while total is None or sum(map(len, got.values())) < total:
        ip = peer.expect(lambda f: IP in f and f[IP].src == GUEST_IP and f[IP].proto == 17,
                         "UDP echo")[IP]
        got[ip.frag * 8] = bytes(ip)[ip.ihl * 4:ip.len]
        if not ip.flags.MF:
            total = ip.frag * 8 + len(got[ip.frag * 8])
    whole = b"".join(got[at] for at in sorted(got))
    assert whole[8:] == data
    checked = IP(bytes(IP(src=GUEST_IP, dst=PEER_IP) / UDP(sport=7, dport=6000) / data))
    assert int.from_bytes(whole[6:8], "big") in (checked[UDP].chksum, 0xFFFF)


@pytest.mark.parametrize("fields", [{"chksum": 1}, {"len": 7}, {"len": 100}], ids=str)
def test_bad_udp_header(peer, fields):
    peer.send(IP(src=PEER_IP, dst=GUEST_IP) / UDP(sport=6001, dport=7, **fields) / b"data")
    peer.expect_quiet(lambda f: UDP in f and f[UDP].dport == 6001, "UDP echo")


def test_udp_without_checksum(peer):
    peer.send(IP(src=PEER_IP, dst=GUEST_IP) / UDP(sport=6002, dport=7, chksum=0) / b"data")
    got = peer.expect(lambda f: UDP in f and f[UDP].dport == 6002, "UDP echo")
    assert payload(got[UDP]) == b"data"


def test_other_ethernet_types(peer):
    for ethertype in (0x86DD, 0x88CC, 0x8100, 46, 1500):
        peer.send(Ether(src=PEER_MAC, dst=GUEST_MAC, type=ethertype) / Raw(bytes(60)))
    peer.alive()


def test_frame_for_another_station(peer):
    peer.send(IP(src=PEER_IP, dst=GUEST_IP) / ICMP(id=8, seq=8), dst="52:54:00:99:99:99")
    peer.expect_quiet(lambda f: is_echo_reply(f) and f[ICMP].id == 8, "echo reply")
