/*
 * Loss recovery and what undoes it: RFC 2018, 2883, 3042, 3522, 5682, 6298, 6582, 6675, 6937, 8985.
 */
#include "net/core/snmp.h"
#include "net/core/sock.h"
#include "net/ipv4/tcp.h"
#include "tests/host/conv.h"

static struct conv *c;
static u32 peer_ts;			/* the peer's timestamp clock */

#define MSS		1000U
#define COUNT(name)	((u32)c->s->net->mib[MIB_TcpExt_##name])

enum { RENO, SACK, SACK_TS };

/* A connection of segments of MSS octets and a round trip of 100 ms; the peer's next is 1001. */
static int connection(int kind)
{
	bool ts = kind == SACK_TS;
	struct seg synack;
	int fd;

	c = conversation(1);
	peer_ts = 1;
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = (u16)(MSS + 12 * ts),
	   .sack_ok = kind != RENO, .ts = ts, .tsval = peer_ts);
	synack = OUT(.flags = S|A, .ack = 1001);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .ts = ts, .tsval = peer_ts,
	   .tsecr = synack.tsval);
	fd = w_accept(c);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_SNDBUF, 1 << 20), 0);
	return fd;
}

/* Segment number i (from 0) comes now; yields it. */
static struct seg segment(u32 i)
{
	return OUT(.flags = A, .seq = 1 + i * MSS, .ack = 1001, .len = MSS);
}

/* n segments are sent: numbers 0 to n - 1. */
static void send_segments(int fd, u32 n)
{
	w_send(c, fd, n * MSS);
	for (u32 i = 0; i < n; i++)
		segment(i);
}

/* The peer has the first n segments, and (if to) those from number from up to to. */
static void ack(u32 n, u32 from, u32 to)
{
	IN(.flags = A, .seq = 1001, .ack = 1 + n * MSS, .win = 65535,
	   .sack_from = to ? 1 + from * MSS : 0, .sack_to = to ? 1 + to * MSS : 0);
}

/* The same with a timestamp's echo and any blocks (pairs of segment numbers). */
static void ack_ts(u32 n, u32 tsecr)
{
	IN(.flags = A, .seq = 1001, .ack = 1 + n * MSS, .win = 65535, .ts = true,
	   .tsval = ++peer_ts, .tsecr = tsecr);
}

/* Two blocks. */
static void ack_blocks(u32 n, u32 from1, u32 to1, u32 from2, u32 to2)
{
	u32 isn = c->flow[0].isn;
	u8 opts[20] = { 1, 1, 5, 18 };

	put_unaligned_be32(isn + 1 + from1 * MSS, opts + 4);
	put_unaligned_be32(isn + 1 + to1 * MSS, opts + 8);
	put_unaligned_be32(isn + 1 + from2 * MSS, opts + 12);
	put_unaligned_be32(isn + 1 + to2 * MSS, opts + 16);
	IN(.flags = A, .seq = 1001, .ack = 1 + n * MSS, .win = 65535, .opts = opts, .optlen = 20);
}

static int ca_state(int fd)
{
	return w_info(c, fd).tcpi_ca_state;
}

/* --- duplicates, limited transmit, NewReno ----------------------------------------------- */

/* RFC 3042: the first two duplicate ACKs let one new segment out each. */
TEST(limited_transmit)
{
	int fd = connection(RENO);

	w_send(c, fd, 20 * MSS);
	for (u32 i = 0; i < 10; i++)
		segment(i);
	NOTHING();			/* cwnd is used up */
	ack(0, 0, 0);
	segment(10);
	ack(0, 0, 0);
	segment(11);
	NOTHING();
	ack(0, 0, 0);
	segment(0);			/* the third is a loss */
	assert_int_equal(ca_state(fd), TCP_CA_Recovery);
}

/* RFC 6582: without SACK a partial ACK shows the next hole, and it is repaired at once. */
TEST(newreno_repairs_hole_by_hole)
{
	int fd = connection(RENO);

	send_segments(fd, 10);
	for (int i = 0; i < 3; i++)
		ack(0, 0, 0);
	segment(0);
	NOTHING();
	ack(3, 0, 0);			/* number 3 is missing too */
	segment(3);
	NOTHING();
	ack(6, 0, 0);
	segment(6);
	assert_int_equal(ca_state(fd), TCP_CA_Recovery);
	ack(10, 0, 0);
	assert_int_equal(ca_state(fd), TCP_CA_Recovery);	/* late duplicates start no other */
	for (int i = 0; i < 3; i++)
		ack(10, 0, 0);
	w_send(c, fd, MSS);
	segment(10);
	ack(11, 0, 0);
	assert_int_equal(ca_state(fd), TCP_CA_Open);
	assert_int_equal(w_info(c, fd).tcpi_snd_cwnd, w_info(c, fd).tcpi_snd_ssthresh);
	assert_int_equal(COUNT(TCPRenoRecovery), 1);
	assert_int_equal(COUNT(TCPFastRetrans), 3);
	assert_int_equal(COUNT(TCPRenoReorder), 0);
	quiet_for(3000);
}

/* More duplicate ACKs than segments under way: some were repeated by the network, not lost. */
TEST(too_many_duplicates_are_reordering)
{
	int fd = connection(RENO);

	send_segments(fd, 4);
	for (int i = 0; i < 8; i++)
		ack(0, 0, 0);
	segment(0);
	assert_true(w_info(c, fd).tcpi_reordering > 3);
	assert_int_not_equal(COUNT(TCPRenoReorder), 0);
	assert_int_equal(w_info(c, fd).tcpi_sacked, 3);
}

/* --- SACK, RFC 6675 and PRR -------------------------------------------------------------- */

/* RFC 2018: what was SACKed is not sent again. */
TEST(sacked_segments_are_not_repeated)
{
	int fd = connection(SACK);

	send_segments(fd, 10);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	ack_blocks(0, 1, 3, 4, 10);
	segment(0);
	segment(3);
	NOTHING();
	assert_int_equal(COUNT(TCPSackRecovery), 1);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	ack(10, 0, 0);
	quiet_for(3000);
	assert_int_equal(ca_state(fd), TCP_CA_Open);
}

/* Without RACK (tcp_recovery=0): three segments SACKed above a hole make it a loss (RFC 6675). */
TEST(three_sacked_segments_are_a_loss)
{
	int fd = connection(SACK);

	c->s->net->tcp.sysctl_tcp_recovery = 0;
	send_segments(fd, 10);
	ack(0, 1, 2);
	ack(0, 1, 3);
	NOTHING();
	ack(0, 1, 4);
	segment(0);
	assert_int_equal(ca_state(fd), TCP_CA_Recovery);
}

/* RFC 6937: in recovery about beta segments leave for each one that arrives, down to ssthresh. */
TEST(proportional_rate_reduction)
{
	u32 sent = 0, ssthresh;
	int fd = connection(SACK);

	w_send(c, fd, 100 * MSS);
	for (u32 i = 0; i < 10; i++)
		segment(i);
	for (u32 i = 1; i <= 10; i++)		/* slow start up to 20 under way */
		ack(i, 0, 0);
	for (u32 i = 10; i < 30; i++)
		segment(i);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	for (u32 i = 1; i < 20; i++) {		/* number 10 is lost, the other 19 arrive */
		ack(10, 11, 11 + i);
		sent += c->nr_caught - c->next;
		conv_drain(c);
		assert_in_range(sent, i * 7 / 10, i * 7 / 10 + 2);	/* from the first one on */
	}
	ssthresh = w_info(c, fd).tcpi_snd_ssthresh;
	assert_int_equal(ca_state(fd), TCP_CA_Recovery);
	assert_int_equal(ssthresh, 14);		/* CUBIC's beta of 0.7 */
	assert_in_range(sent, ssthresh - 2, ssthresh);
	ack(30, 0, 0);
	assert_in_range(w_info(c, fd).tcpi_snd_cwnd, ssthresh, ssthresh + 1);
}

/* RFC 2018 4, RFC 2883: the newest block first, the oldest ones repeated behind it. */
TEST(blocks_that_are_sent)
{
	struct seg seg;

	connection(SACK);
	for (u32 i = 0; i < 4; i++) {
		IN(.flags = A, .seq = 1101 + i * 200, .ack = 1, .win = 65535, .len = 100);
		seg = OUT(.flags = A, .seq = 1, .ack = 1001, .sack_from = 1101 + i * 200,
			  .sack_to = 1201 + i * 200);
		assert_int_equal(seg.optlen, 4 + 8 * (i + 1));
	}
	IN(.flags = A, .seq = 1901, .ack = 1, .win = 65535, .len = 100);	/* a fifth gap */
	seg = OUT(.flags = A, .seq = 1, .ack = 1001, .sack_from = 1901, .sack_to = 2001);
	assert_int_equal(seg.optlen, 4 + 8 * 4);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .len = 900);	/* all but one */
	OUT(.flags = A, .seq = 1, .ack = 2001, .sack_from = 1101, .sack_to = 1201);
}

/* RFC 2883: what came twice is told first, old or out of order. */
TEST(duplicates_are_told)
{
	int fd = connection(SACK);

	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .len = 100);
	conv_drain(c);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1101, .sack_from = 1001, .sack_to = 1101);
	assert_int_equal(COUNT(TCPDSACKOldSent), 1);
	IN(.flags = A, .seq = 1201, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1101, .sack_from = 1201, .sack_to = 1301);
	IN(.flags = A, .seq = 1201, .ack = 1, .win = 65535, .len = 50);
	OUT(.flags = A, .seq = 1, .ack = 1101, .sack_from = 1201, .sack_to = 1251);
	assert_int_equal(COUNT(TCPDSACKOfoSent), 1);
	c->s->net->tcp.sysctl_tcp_dsack = 0;
	IN(.flags = A, .seq = 1201, .ack = 1, .win = 65535, .len = 50);
	OUT(.flags = A, .seq = 1, .ack = 1101, .sack_from = 1201, .sack_to = 1301);
	w_recv(c, fd, 1001, 100);
}

/* Text behind a gap that is there already, inside a longer segment: told, and counted. */
TEST(longer_duplicates_are_told)
{
	connection(SACK);
	IN(.flags = A, .seq = 1201, .ack = 1, .win = 65535, .len = 50);
	OUT(.flags = A, .seq = 1, .ack = 1001, .sack_from = 1201, .sack_to = 1251);
	IN(.flags = A, .seq = 1201, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1001, .sack_from = 1201, .sack_to = 1251);
	assert_int_equal(COUNT(TCPDSACKOfoSent), 1);
	assert_int_equal(COUNT(TCPOFOMerge), 1);
	IN(.flags = A, .seq = 1151, .ack = 1, .win = 65535, .len = 200);
	OUT(.flags = A, .seq = 1, .ack = 1001, .sack_from = 1201, .sack_to = 1301);
	assert_int_equal(COUNT(TCPOFOMerge), 2);
}

/* Blocks that cannot be: beyond what was sent, upside down, before what is acknowledged. */
TEST(impossible_blocks_are_ignored)
{
	int fd = connection(SACK);

	send_segments(fd, 5);
	ack(0, 3, 9);
	ack(0, 3, 2);
	assert_int_equal(COUNT(TCPSACKDiscard), 2);
	assert_int_equal(w_info(c, fd).tcpi_sacked, 0);
	NOTHING();
	ack(5, 0, 0);
	quiet_for(3000);
}

/* RFC 2018 8: a peer that throws away what it had SACKed gets it again. */
TEST(reneged_segments_are_sent_again)
{
	int fd = connection(SACK);

	send_segments(fd, 5);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	ack(0, 1, 5);
	segment(0);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	ack(1, 0, 0);			/* ... and nothing of the others */
	for (u32 i = 1; i < 5; i++) {
		OUT_WITHIN(500, .flags = A, .seq = 1 + i * MSS, .ack = 1001, .len = MSS);
		ack(i + 1, 0, 0);
	}
	assert_int_equal(COUNT(TCPSACKReneging), 1);
	assert_int_equal(ca_state(fd), TCP_CA_Open);
}

/* --- RACK-TLP ---------------------------------------------------------------------------- */

/* RFC 8985 7: two round trips of silence, and the last segment asks; one reduction repairs it. */
TEST(a_tail_loss_is_probed)
{
	u32 cwnd;
	int fd = connection(SACK);

	send_segments(fd, 5);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	ack(4, 0, 0);
	cwnd = w_info(c, fd).tcpi_snd_cwnd;
	OUT_WITHIN(420, .flags = A, .seq = 1 + 4 * MSS, .ack = 1001, .len = MSS);
	assert_int_equal(COUNT(TCPLossProbes), 1);
	assert_int_equal(ca_state(fd), TCP_CA_Open);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	ack(5, 0, 0);
	assert_int_equal(COUNT(TCPTimeouts), 0);
	w_send(c, fd, MSS);
	segment(5);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	ack(6, 0, 0);
	assert_int_equal(COUNT(TCPLossProbeRecovery), 1);
	assert_true(w_info(c, fd).tcpi_snd_cwnd < cwnd);
}

/* RFC 8985 7.4: a probe whose original had arrived is reported twice; that is no loss. */
TEST(a_needless_probe_reduces_nothing)
{
	u32 cwnd;
	int fd = connection(SACK);

	send_segments(fd, 5);
	cwnd = w_info(c, fd).tcpi_snd_cwnd;
	OUT_WITHIN(420, .flags = A, .seq = 1 + 4 * MSS, .ack = 1001, .len = MSS);
	ack(5, 0, 0);
	ack(5, 4, 5);			/* D-SACK */
	assert_true(w_info(c, fd).tcpi_snd_cwnd >= cwnd);
	assert_int_equal(COUNT(TCPLossProbeRecovery), 0);
	assert_int_equal(COUNT(TCPDSACKRecv), 1);
	assert_int_equal(COUNT(TCPDSACKRecvSegs), 1);
	assert_int_equal(COUNT(TCPDSACKIgnoredNoUndo), 1);
	ack(5, 0, 9);			/* as if there had been more */
	assert_int_equal(COUNT(TCPDSACKRecv), 2);
	assert_int_equal(COUNT(TCPDSACKIgnoredDubious), 1);
	quiet_for(3000);
}

/* What came twice before the reduction says nothing about it. */
TEST(an_old_duplicate_undoes_nothing)
{
	int fd = connection(SACK);

	send_segments(fd, 5);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	ack(2, 0, 0);
	world_run_for(c->w, 1500 * NSEC_PER_MSEC);	/* probe, timeout */
	conv_drain(c);
	assert_int_equal(ca_state(fd), TCP_CA_Loss);
	ack(2, 0, 1);
	assert_int_equal(COUNT(TCPDSACKIgnoredOld), 1);
	assert_int_equal(ca_state(fd), TCP_CA_Loss);
}

/* New text is the better probe: it needs no reduction. */
TEST(a_probe_with_new_text)
{
	int fd = connection(SACK);

	w_send(c, fd, 11 * MSS);
	for (u32 i = 0; i < 10; i++)
		segment(i);
	NOTHING();
	OUT_WITHIN(420, .flags = A, .seq = 1 + 10 * MSS, .ack = 1001, .len = MSS);
	ack(11, 0, 0);
	quiet_for(3000);
	assert_int_equal(COUNT(TCPLossProbes), 1);
}

/* Segments that arrive late, not lost: RACK widens its window, and counts. */
TEST(late_segments_are_reordering)
{
	int fd = connection(SACK);

	send_segments(fd, 10);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	ack(0, 1, 2);
	ack(2, 0, 0);			/* number 0 came after number 1 */
	NOTHING();
	assert_int_equal(COUNT(TCPSACKReorder), 1);
	assert_int_equal(w_info(c, fd).tcpi_reord_seen, 1);
	ack(10, 0, 0);
	quiet_for(3000);
}

/* One ACK with a late segment in a block and a retransmission below it: reordered once. */
TEST(what_a_block_tells_is_reordering_once)
{
	int fd = connection(SACK);

	c->s->net->tcp.sysctl_tcp_recovery = 0;
	send_segments(fd, 10);
	ack(0, 5, 8);
	segment(0);
	conv_drain(c);
	ack(1, 4, 5);
	assert_int_equal(COUNT(TCPSACKReorder), 1);
	assert_int_equal(w_info(c, fd).tcpi_reord_seen, 1);
}

/* --- undo -------------------------------------------------------------------------------- */

/* RFC 3522 (Eifel): the ACK echoes the original's timestamp; the retransmission was needless. */
TEST(eifel_undoes_a_recovery)
{
	u32 cwnd, ts;
	int fd = connection(SACK_TS);
	struct seg seg;

	w_send(c, fd, 10 * MSS);
	seg = segment(0);
	ts = seg.tsval;
	for (u32 i = 1; i < 10; i++)
		segment(i);
	cwnd = w_info(c, fd).tcpi_snd_cwnd;
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	for (u32 i = 2; i < 5; i++)
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .sack_from = 1 + MSS,
		   .sack_to = 1 + i * MSS, .ts = true, .tsval = ++peer_ts, .tsecr = ts);
	segment(0);
	assert_int_equal(ca_state(fd), TCP_CA_Recovery);
	world_run_for(c->w, 10 * NSEC_PER_MSEC);
	ack_ts(10, ts);
	assert_int_equal(COUNT(TCPFullUndo), 1);
	assert_true(w_info(c, fd).tcpi_snd_cwnd >= cwnd);
	assert_int_equal(ca_state(fd), TCP_CA_Open);
}

/* The same by a partial ACK, before high_seq: the rest is not sent again at all. */
TEST(eifel_undoes_a_part)
{
	u32 ts;
	int fd = connection(SACK_TS);

	c->s->net->tcp.sysctl_tcp_recovery = 0;
	w_send(c, fd, 10 * MSS);
	ts = segment(0).tsval;
	for (u32 i = 1; i < 10; i++)
		segment(i);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	for (u32 i = 2; i < 5; i++)
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .sack_from = 1 + MSS,
		   .sack_to = 1 + i * MSS, .ts = true, .tsval = ++peer_ts, .tsecr = ts);
	segment(0);
	world_run_for(c->w, 10 * NSEC_PER_MSEC);
	ack_ts(5, ts);
	assert_int_equal(COUNT(TCPPartialUndo), 1);
	assert_int_equal(COUNT(TCPTSReorder), 1);
	assert_int_not_equal(ca_state(fd), TCP_CA_Recovery);
	NOTHING();
	ack_ts(10, ts);
	quiet_for(3000);
}

/* RFC 2883: every retransmission was reported as a duplicate; nothing was lost at all. */
TEST(duplicates_undo_a_recovery)
{
	u32 cwnd;
	int fd = connection(SACK);

	send_segments(fd, 10);
	cwnd = w_info(c, fd).tcpi_snd_cwnd;
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	ack(0, 1, 10);
	segment(0);
	ack(10, 0, 0);
	assert_true(w_info(c, fd).tcpi_snd_cwnd < cwnd);
	ack(10, 0, 1);			/* number 0 came twice */
	assert_int_equal(COUNT(TCPDSACKUndo), 1);
	assert_true(w_info(c, fd).tcpi_snd_cwnd >= cwnd);
	assert_int_equal(ca_state(fd), TCP_CA_Open);
	quiet_for(3000);
}

/* A duplicate of something beyond a hole is counted apart. */
TEST(duplicates_beyond_a_hole)
{
	int fd = connection(SACK);

	send_segments(fd, 10);
	ack_blocks(0, 2, 3, 2, 4);
	assert_int_equal(COUNT(TCPDSACKOfoRecv), 1);
	assert_int_equal(w_info(c, fd).tcpi_sacked, 2);
	assert_int_equal(w_info(c, fd).tcpi_dsack_dups, 1);
}

/* --- retransmission timeouts ------------------------------------------------------------- */

/* RFC 5681 5: after a timeout one segment, then slow start; all of it is sent again. */
TEST(a_timeout_restarts_from_one)
{
	int fd = connection(RENO);

	c->s->net->tcp.sysctl_tcp_frto = 0;
	send_segments(fd, 10);
	OUT_WITHIN(1100, .flags = A, .seq = 1, .ack = 1001, .len = MSS);
	NOTHING();
	assert_int_equal(ca_state(fd), TCP_CA_Loss);
	assert_int_equal(w_info(c, fd).tcpi_snd_cwnd, 1);
	ack(1, 0, 0);
	segment(1);
	segment(2);
	NOTHING();
	ack(3, 0, 0);
	for (u32 i = 3; i < 7; i++)
		segment(i);
	ack(10, 0, 0);
	assert_int_equal(COUNT(TCPSlowStartRetrans), 6);
	assert_int_equal(COUNT(TCPTimeouts), 1);
	quiet_for(3000);
	w_send(c, fd, MSS);
	segment(10);
	ack(11, 0, 0);
	assert_int_equal(ca_state(fd), TCP_CA_Open);
}

/* Karn: what arrived behind a hole was sent once, but its ACK waited for the repair. */
TEST(a_hole_gives_no_sample)
{
	u32 rtt;
	int fd = connection(RENO);

	send_segments(fd, 5);
	rtt = w_info(c, fd).tcpi_rtt;
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	for (int i = 0; i < 3; i++)
		ack(0, 0, 0);
	segment(0);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	ack(5, 0, 0);
	assert_int_equal(w_info(c, fd).tcpi_rtt, rtt);
}

/* RFC 5682 (F-RTO): ACKs of what was sent before the timeout; new text, and all is undone. */
TEST(a_spurious_timeout_is_undone)
{
	u32 cwnd;
	int fd = connection(RENO);

	w_send(c, fd, 30 * MSS);
	for (u32 i = 0; i < 10; i++)
		segment(i);
	cwnd = w_info(c, fd).tcpi_snd_cwnd;
	OUT_WITHIN(1100, .flags = A, .seq = 1, .ack = 1001, .len = MSS);
	ack(2, 0, 0);			/* the originals were only late: step 2.b, new text */
	segment(10);
	segment(11);
	ack(4, 0, 0);			/* step 3.b */
	assert_int_equal(COUNT(TCPSpuriousRTOs), 1);
	assert_int_equal(COUNT(TCPLossUndo), 1);
	assert_true(w_info(c, fd).tcpi_snd_cwnd >= cwnd);
	assert_int_equal(ca_state(fd), TCP_CA_Open);
}

/* ... while duplicate ACKs after the new text say that the timeout was right. */
TEST(a_true_timeout_is_not_undone)
{
	int fd = connection(RENO);

	w_send(c, fd, 30 * MSS);
	for (u32 i = 0; i < 10; i++)
		segment(i);
	OUT_WITHIN(1100, .flags = A, .seq = 1, .ack = 1001, .len = MSS);
	ack(1, 0, 0);
	segment(10);
	segment(11);
	ack(1, 0, 0);
	segment(1);			/* step 3.a: the conventional way */
	assert_int_equal(COUNT(TCPSpuriousRTOs), 0);
	assert_int_equal(ca_state(fd), TCP_CA_Loss);
}

/* RFC 3522 for a timeout: the echo is older than the retransmission. */
TEST(eifel_undoes_a_timeout)
{
	u32 ts, cwnd;
	int fd = connection(SACK_TS);

	c->s->net->tcp.sysctl_tcp_frto = 0;
	c->s->net->tcp.sysctl_tcp_early_retrans = 0;
	w_send(c, fd, 5 * MSS);
	ts = segment(0).tsval;
	for (u32 i = 1; i < 5; i++)
		segment(i);
	cwnd = w_info(c, fd).tcpi_snd_cwnd;
	OUT_WITHIN(1100, .flags = A, .seq = 1, .ack = 1001, .len = MSS);
	assert_int_equal(ca_state(fd), TCP_CA_Loss);
	ack_ts(2, ts);
	assert_int_equal(COUNT(TCPLossUndo), 1);
	assert_true(w_info(c, fd).tcpi_snd_cwnd >= cwnd);
}

/* RFC 7323 3.2: a timestamp that was not negotiated is ignored; it undoes nothing either. */
TEST(a_timestamp_that_was_not_negotiated_undoes_nothing)
{
	int fd = connection(SACK);
	u32 ts = tcp_sk(w_sock(c, fd))->tsoffset + tcp_clock_ms();

	c->s->net->tcp.sysctl_tcp_frto = 0;
	c->s->net->tcp.sysctl_tcp_early_retrans = 0;
	send_segments(fd, 5);
	OUT_WITHIN(1100, .flags = A, .seq = 1, .ack = 1001, .len = MSS);
	ack_ts(2, ts);
	assert_int_equal(COUNT(TCPLossUndo), 0);
	assert_int_equal(ca_state(fd), TCP_CA_Loss);
}

/* What the timeout found: nothing, duplicates, a recovery, an earlier timeout (netstat -s). */
TEST(timeouts_are_counted_by_what_failed)
{
	int fd = connection(RENO);

	send_segments(fd, 5);
	ack(0, 0, 0);
	OUT_WITHIN(1100, .flags = A, .seq = 1, .ack = 1001, .len = MSS);
	assert_int_equal(COUNT(TCPRenoFailures), 1);
	ack(1, 0, 0);
	conv_drain(c);
	world_run_for(c->w, 3 * NSEC_PER_SEC);
	assert_int_equal(COUNT(TCPLossFailures), 1);
	fd = connection(RENO);
	send_segments(fd, 5);
	for (int i = 0; i < 3; i++)
		ack(0, 0, 0);
	world_run_for(c->w, 3 * NSEC_PER_SEC);
	assert_int_equal(COUNT(TCPRenoRecoveryFail), 1);
	fd = connection(SACK);
	send_segments(fd, 10);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	ack(0, 1, 5);
	world_run_for(c->w, 3 * NSEC_PER_SEC);
	assert_int_equal(COUNT(TCPSackRecoveryFail), 1);
	fd = connection(SACK);
	c->s->net->tcp.sysctl_tcp_recovery = 0;
	c->s->net->tcp.sysctl_tcp_early_retrans = 0;
	send_segments(fd, 10);
	ack(0, 1, 2);
	world_run_for(c->w, 3 * NSEC_PER_SEC);
	assert_int_equal(COUNT(TCPSackFailures), 1);
}
