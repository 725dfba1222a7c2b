"""TCP from the wire: segments made by hand, answers looked at one by one."""

import pytest
from scapy.layers.inet import IP, TCP

from peer import BROADCAST, GUEST_IP, MOD, PEER_IP, Conn, segment_data


def is_tcp_to(port):
    return lambda f: TCP in f and f[TCP].dport == port


# --- closed ports (RFC 9293 3.10.7.1) ---------------------------------------------------------


def test_syn_to_closed_port(peer):
    conn = Conn(peer, dport=9)
    conn.put("S", ack=0)
    rst = conn.expect("RA", "RST|ACK")[TCP]
    assert rst.seq == 0 and rst.ack == conn.seq + 1


def test_ack_to_closed_port(peer):
    conn = Conn(peer, dport=9)
    conn.put("A", ack=12345)
    rst = conn.expect("R", "RST")[TCP]
    assert rst.seq == 12345 and not rst.flags.A


def test_data_to_closed_port(peer):
    conn = Conn(peer, dport=9)
    conn.put("", b"seven b", ack=0)
    rst = conn.expect("RA", "RST|ACK")[TCP]
    assert rst.seq == 0 and rst.ack == conn.seq + 7


def test_rst_is_never_answered(peer):
    conn = Conn(peer, dport=9)
    conn.put("R", ack=0)
    conn.put("RA")
    peer.expect_quiet(conn.mine, "answer to a RST")


@pytest.mark.parametrize("src, dst, ether", [
    (PEER_IP, "10.0.2.255", BROADCAST), (PEER_IP, "255.255.255.255", BROADCAST),
    (PEER_IP, GUEST_IP, BROADCAST), ("255.255.255.255", GUEST_IP, None),
    ("224.0.0.1", GUEST_IP, None), ("0.0.0.0", GUEST_IP, None), (GUEST_IP, GUEST_IP, None),
])
@pytest.mark.parametrize("port", [7, 9])
def test_impossible_addresses(peer, src, dst, ether, port):
    """RFC 9293 MUST-57, MUST-63, and RFC 1122 4.2.3.10: silence."""
    packet = IP(src=src, dst=dst) / TCP(sport=5555, dport=port, flags="S", seq=1)
    if ether:
        peer.send(packet, dst=ether)
    else:
        peer.send(packet)
    peer.expect_quiet(is_tcp_to(5555), "answer")


# --- handshake, data, teardown ------------------------------------------------------------------


def test_handshake_echo_teardown(peer):
    conn = Conn(peer)
    conn.put("S", ack=0, options=[("MSS", 1460)])
    syn_ack = conn.expect("SA", "SYN|ACK")[TCP]
    assert syn_ack.ack == conn.seq + 1 and syn_ack.window > 0
    assert ("MSS", 1460) in syn_ack.options
    conn.seq, conn.ack = conn.seq + 1, syn_ack.seq + 1
    conn.put("A")
    conn.echo(b"a few octets")
    conn.close()
    peer.expect_quiet(conn.mine, "segment after the last ACK")


def test_initial_sequence_numbers_differ(peer):
    seen = set()
    for _ in range(8):
        conn = Conn(peer).connect()
        seen.add(conn.ack)
        conn.put("R")
    assert len(seen) == 8


@pytest.mark.parametrize("seq", [0, 1, MOD - 1, MOD - 2, MOD - 5000, MOD // 2 - 1])
def test_sequence_numbers_wrap(peer, seq):
    conn = Conn(peer, seq=seq).connect()
    for i in range(10):
        conn.echo(bytes([i]) * 1000)
    conn.close()


def test_syn_ack_is_repeated(peer):
    """RFC 6298: no ACK for our SYN|ACK, so it comes again, unchanged."""
    conn = Conn(peer)
    conn.put("S", ack=0)
    first = conn.expect("SA", "SYN|ACK")[TCP]
    again = conn.expect("SA", "second SYN|ACK")[TCP]
    assert (first.seq, first.ack) == (again.seq, again.ack)
    conn.put("R", ack=0, seq=conn.seq + 1)


def test_lost_echo_is_repeated(peer):
    conn = Conn(peer).connect()
    conn.send(b"lost on the way back")
    frames = []
    while len(frames) < 2:
        frame = conn.expect("A", "echo")
        if segment_data(frame):
            frames.append(frame)
    assert segment_data(frames[0]) == segment_data(frames[1])
    assert frames[0][TCP].seq == frames[1][TCP].seq
    conn.ack += 20
    conn.close()


def test_segments_out_of_order(peer):
    data = bytes(range(250)) * 12
    conn = Conn(peer).connect()
    for at in (2000, 1000, 2500, 500, 1500, 0):
        conn.put("PA", data[at:at + 500], seq=conn.seq + at)
    conn.seq += len(data)
    assert conn.receive(len(data)) == data
    conn.close()


def test_overlapping_segments(peer):
    data = bytes(range(200))
    conn = Conn(peer).connect()
    for begin, end in ((100, 200), (50, 150), (0, 20), (10, 120)):
        conn.put("PA", data[begin:end], seq=conn.seq + begin)
    conn.seq += len(data)
    assert conn.receive(len(data)) == data
    conn.close()


def test_data_with_fin(peer):
    conn = Conn(peer).connect()
    conn.put("FPA", b"last words")
    conn.seq += 11
    assert conn.receive_to_end() == b"last words"


def test_half_close_by_us(peer):
    conn = Conn(peer).connect()
    data = bytes(5000)
    for at in range(0, 5000, 1000):
        conn.put("PA", data[at:at + 1000], seq=conn.seq + at)
    conn.put("FA", seq=conn.seq + 5000)
    conn.seq += 5001
    assert conn.receive_to_end() == data


def test_zero_window_is_probed(peer):
    """RFC 9293 3.8.6.1: nothing is sent into a closed window but probes, until it opens."""
    conn = Conn(peer).connect()
    conn.put("PA", b"0123456789", window=0)
    conn.seq += 10
    probe = conn.expect("A", "acknowledgement")
    assert not segment_data(probe)
    probe = conn.expect("A", "window probe", timeout=20)
    assert len(segment_data(probe)) <= 1
    conn.put("A", window=65535)
    assert conn.receive(10) == b"0123456789"
    conn.close()


def test_small_mss_is_kept(peer):
    conn = Conn(peer).connect(options=[("MSS", 200)])
    data = bytes(range(200)) * 5
    conn.send(data)
    got = b""
    while len(got) < len(data):
        frame = conn.expect("A", "data")
        part = segment_data(frame)
        assert len(part) <= 200
        if frame[TCP].seq == conn.ack % MOD:
            got += part
            conn.ack += len(part)
        conn.put("A")
    assert got == data
    conn.close()


# --- what must not have an effect --------------------------------------------------------------


@pytest.mark.parametrize("flags, data, fields", [
    ("PA", b"bad checksum", {"chksum": 1}),
    ("PA", b"no checksum", {"chksum": 0}),
    ("PA", b"header too short", {"dataofs": 4}),
    ("PA", b"header too long", {"dataofs": 15}),
    ("P", b"no ACK", {}),
], ids=["bad checksum", "no checksum", "dataofs 4", "dataofs 15", "no ACK"])
def test_ignored_segment(peer, flags, data, fields):
    conn = Conn(peer).connect()
    conn.put(flags, data, **fields)
    peer.expect_quiet(lambda f: conn.mine(f) and (segment_data(f) or f[TCP].flags.R), "echo")
    conn.echo(b"and it goes on")
    conn.close()


@pytest.mark.parametrize("offset", [-1, 1, 70000, -70000, MOD // 2])
def test_blind_reset(peer, offset):
    """RFC 5961 3.2: only a RST at exactly the next sequence number ends a connection."""
    conn = Conn(peer).connect()
    conn.put("R", ack=0, seq=(conn.seq + offset) % MOD)
    conn.echo(b"still connected")
    conn.close()


def test_reset(peer):
    conn = Conn(peer).connect()
    conn.put("R", ack=0)
    peer.ping_and_see(lambda f: not conn.mine(f), "answer to a RST")
    conn.put("PA", b"anyone?")
    conn.expect("R", "RST: the connection is gone")


def test_syn_on_a_connection(peer):
    """RFC 5961 4.2: a challenge ACK, and the connection lives."""
    conn = Conn(peer).connect()
    conn.put("S", ack=0)
    answer = conn.expect("A", "challenge ACK")[TCP]
    assert not answer.flags.S and answer.ack == conn.seq % MOD
    conn.echo(b"still connected")
    conn.close()


@pytest.mark.parametrize("offset", [-200000, 1, 200000])
def test_ack_for_what_was_never_sent(peer, offset):
    conn = Conn(peer).connect()
    conn.put("A", ack=conn.ack + offset)
    conn.echo(b"still connected")
    conn.close()


def test_data_outside_the_window(peer):
    conn = Conn(peer).connect()
    conn.put("PA", b"far away", seq=conn.seq + (1 << 30))
    answer = conn.expect("A", "duplicate ACK")
    assert answer[TCP].ack == conn.seq and not segment_data(answer)
    conn.echo(b"still connected")
    conn.close()


@pytest.mark.parametrize("flags", ["SR", "SFR", "SRA", "FSRPAU", "", "F", "U"])
def test_odd_flags_to_a_listener(peer, flags):
    """RFC 9293 3.10.7.2: neither a reset nor a segment without SYN and ACK has an answer."""
    conn = Conn(peer)
    conn.put(flags, ack=0)
    peer.expect_quiet(conn.mine, "answer")


@pytest.mark.parametrize("options", [
    b"\x02\x04\x05\xb4",            # MSS
    b"\x01\x01\x01\x01",            # no operation
    b"\x00\xff\xff\xff",            # end, and rubbish after it
    b"\xfd\x04\x01\x02",            # unknown
    b"\x01\x02\x04\x05\xb4\x01\x01\x00",
    b"\x03\x03\xff\x01",            # an absurd window scale
    b"\x02\x02\x05\xb4",            # MSS too short
    b"\x02\x04\x00\x00",            # MSS of nothing
    b"\xfd\x00\x01\x01",            # length 0
    b"\xfd\x01\x01\x01",            # length 1
    b"\xfd\x28\x01\x01",            # beyond the header
    b"\x08\x0a\x00\x00\x00\x01\x00\x00\x00\x00\x01\x01",
    b"\x05\x0a" + bytes(8) + b"\x01\x01",
    b"\x01\x01\x01\x02",            # a kind without its length
], ids=bytes.hex)
def test_options_of_a_syn(peer, options):
    """RFC 9293 MUST-5 to 7, MUST-68: any option at any place, and never a crash."""
    conn = Conn(peer)
    header = bytearray(bytes(TCP(sport=conn.sport, dport=7, flags="S", seq=conn.seq)))
    header[12] = (20 + len(options)) // 4 << 4
    packet = IP(src=PEER_IP, dst=GUEST_IP, proto=6) / (bytes(header) + options)
    packet = bytearray(bytes(packet))
    packet[36:38] = bytes(2)
    packet[36:38] = _tcp_checksum(bytes(packet)).to_bytes(2, "big")
    peer.send(IP(bytes(packet)))
    answer = conn.expect("SA", "SYN|ACK")[TCP]
    conn.seq, conn.ack = conn.seq + 1, answer.seq + 1
    conn.put("R", ack=0)


def _tcp_checksum(packet):
    """Of an IPv4 packet with a 20-octet IP header and a zero checksum field."""
    data = packet[12:20] + b"\0\x06" + (len(packet) - 20).to_bytes(2, "big") + packet[20:]
    data += b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def test_many_half_open_connections(peer):
    """A thousand strangers that never finish their handshake; a friend still gets in."""
    for i in range(1000):
        peer.send(IP(src=f"10.0.2.{50 + i % 100}", dst=GUEST_IP) /
                  TCP(sport=30000 + i, dport=7, flags="S", seq=i))
        if i % 50 == 0:
            peer.wire.drain()
    peer.wire.drain()
    peer.alive()


def test_counters_count(peer):
    before = peer.counters()
    conn = Conn(peer).connect()
    conn.put("PA", b"x", chksum=1)
    conn.echo(b"x")
    conn.close()
    after = peer.counters()
    assert after["Tcp.InCsumErrors"] == before["Tcp.InCsumErrors"] + 1
    assert after["Tcp.InErrs"] >= before["Tcp.InErrs"] + 1
    assert after["Tcp.PassiveOpens"] >= before["Tcp.PassiveOpens"] + 2
    assert after["Tcp.InSegs"] > before["Tcp.InSegs"]
