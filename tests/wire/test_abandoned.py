"""A thousand connections abandoned by their peer, in every state: all memory comes back.

The guest's patience is short here, so that a test can wait for its end. Whatever state a connection
is left in, some limit ends it, and the program (port 100) closes what the stack reports as failed:

	SYN-RECV		tcp_synack_retries
	ESTABLISHED, CLOSE-WAIT	keepalive; with unacknowledged text or into a closed window tcp_retries2
	FIN-WAIT-1, CLOSING, LAST-ACK	tcp_orphan_retries
	FIN-WAIT-2		tcp_fin_timeout
	TIME-WAIT		60 s, as in Linux
"""

import pytest

from crowd import ACK, FEW, FIN, PSH, SYN, Client, Crowd, Memory, connect, memory_when

MACHINES = ("microvm",)
CMDLINE = ("net.ipv4.tcp_synack_retries=1", "net.ipv4.tcp_retries2=3",
           "net.ipv4.tcp_orphan_retries=2", "net.ipv4.tcp_fin_timeout=2",
           "net.ipv4.tcp_keepalive_time=1", "net.ipv4.tcp_keepalive_intvl=1",
           "net.ipv4.tcp_keepalive_probes=2", "net.ipv4.tcp_max_syn_backlog=4096")
COUNT, GROUP = 1000, 50
PUPPET = 100

# What may stay: hash tables that grew for COUNT connections, a table of COUNT descriptors, and a
# few objects in front of each cache. One of COUNT's sockets more than that would be 1 MiB.
KEPT_KIB = 512


def everybody(state, window=65535):
    """COUNT clients, at an address for each state: what TIME-WAIT holds is in nobody's way."""
    src = bytes((198, 51, 100, 1 + list(STATES).index(state)))
    return [Client(1024 + i, PUPPET, src, window) for i in range(COUNT)]


def answer_fins(crowd, clients, heard, how):
    """Wait for the guest's FIN to each client; how(client, segment) is the frame that answers."""
    waiting, heard = {c.sport: c for c in clients}, list(heard)
    while waiting:
        segment = heard.pop(0) if heard else crowd.until(lambda s: s.flags & FIN, 1)[0]
        if segment.flags & FIN and segment.dport in waiting:
            crowd.send(how(waiting.pop(segment.dport), segment))


def close_and_answer(crowd, clients, how):
    """In small groups, so that no FIN waits long."""
    for at in range(0, COUNT, GROUP):
        group = clients[at:at + GROUP]
        answer_fins(crowd, group, connect(crowd, group, last_ack=b"close\n"), how)


def each(crowd, clients, frame_of):
    """frame_of(client) of everybody."""
    for _ in crowd.send_all(map(frame_of, clients)):
        pass


# --- the states: what the peer does before it is gone --------------------------------------


def syn_recv(crowd, clients):
    each(crowd, clients, lambda c: c.frame(SYN, ack=0))


def established(crowd, clients):
    connect(crowd, clients, last_ack=b"hold\n")


def established_with_unread_text(crowd, clients):
    connect(crowd, clients, last_ack=b"hold\n")
    each(crowd, clients, lambda c: c.frame(ACK | PSH, bytes(1000)))


def established_with_a_gap(crowd, clients):
    connect(crowd, clients, last_ack=b"hold\n")
    each(crowd, clients, lambda c: c.frame(ACK | PSH, b"ahead", seq=c.seq + 100))


def established_with_text_in_flight(crowd, clients):
    connect(crowd, clients, last_ack=b"source 5000\n")


def established_with_a_closed_window(crowd, clients):
    for c in clients:
        c.window = 0
    connect(crowd, clients, last_ack=b"source 5000\n")


def close_wait(crowd, clients):
    connect(crowd, clients, last_ack=b"hold\n")
    each(crowd, clients, lambda c: c.frame(ACK | FIN))


def fin_wait_1(crowd, clients):
    connect(crowd, clients, last_ack=b"close\n")


def fin_wait_1_with_text(crowd, clients):
    connect(crowd, clients, last_ack=b"source 5000\nclose\n")


def fin_wait_2(crowd, clients):
    close_and_answer(crowd, clients, lambda c, s: c.frame(ACK, ack=s.seq + 1))


def closing(crowd, clients):
    close_and_answer(crowd, clients, lambda c, s: c.frame(FIN | ACK, ack=s.seq))


def last_ack(crowd, clients):
    connect(crowd, clients)
    each(crowd, clients, lambda c: c.frame(FIN | ACK))


def time_wait(crowd, clients):
    close_and_answer(crowd, clients, lambda c, s: c.frame(FIN | ACK, ack=s.seq + 1))


# How each of them ends: what then has counted COUNT or more.
STATES = {
    syn_recv: "Tcp.AttemptFails",
    established: "TcpExt.TCPAbortOnTimeout",
    established_with_unread_text: "TcpExt.TCPAbortOnTimeout",
    established_with_a_gap: "TcpExt.TCPAbortOnTimeout",
    established_with_text_in_flight: "TcpExt.TCPAbortOnTimeout",
    established_with_a_closed_window: "TcpExt.TCPAbortOnTimeout",
    close_wait: "TcpExt.TCPAbortOnTimeout",
    fin_wait_1: "TcpExt.TCPAbortOnTimeout",
    fin_wait_1_with_text: "TcpExt.TCPAbortOnTimeout",
    fin_wait_2: "TcpExt.TWKilled",  # of less than 4 s
    closing: "TcpExt.TCPAbortOnTimeout",
    last_ack: "TcpExt.TCPAbortOnTimeout",
    time_wait: "TcpExt.TW",
}


@pytest.fixture(scope="module", autouse=True)
def calm(peer):
    """The guest's memory at first; then COUNT connections are left in TIME-WAIT, to wait there."""
    peer.alive()
    memory, before = Memory(peer), peer.counters()
    time_wait(Crowd(peer), everybody(time_wait))
    assert peer.counters()[STATES[time_wait]] - before[STATES[time_wait]] >= COUNT
    return memory


@pytest.mark.parametrize("state", list(STATES)[:-1], ids=lambda state: state.__name__)
def test_abandoned(peer, state):
    crowd, begin, before = Crowd(peer), Memory(peer), peer.counters()
    state(crowd, everybody(state))
    rest = memory_when(peer, lambda m: not m.grown(begin))
    counter = STATES[state]
    assert peer.counters()[counter] - before[counter] >= COUNT
    assert rest.sockstat["TCP:orphan"] == rest.sockstat["TCP:mem"] == 0
    assert rest.sockstat["TCP:inuse"] == begin.sockstat["TCP:inuse"]
    assert rest.lost_kib(begin) <= KEPT_KIB
    peer.alive()


def test_everything_is_back(peer, calm):
    rest = memory_when(peer, lambda m: not m.grown(calm))
    assert rest.sockstat["TCP:tw"] <= FEW
    assert rest.lost_kib(calm) <= KEPT_KIB
