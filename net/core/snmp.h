/*
 * The counters of /proc/net/snmp and /proc/net/netstat under their Linux names.
 * X(GROUP, Name): one list for the enum, the names and the files.
 *
 * Counters are per struct net and are plain additions: they are only touched in softirq
 * context or with bottom halves off.
 */
#ifndef NET_CORE_SNMP_H
#define NET_CORE_SNMP_H

#define SNMP_COUNTERS(X) \
	X(Ip, InReceives) X(Ip, InHdrErrors) X(Ip, InAddrErrors) X(Ip, ForwDatagrams) \
	X(Ip, InUnknownProtos) X(Ip, InDiscards) X(Ip, InDelivers) X(Ip, OutRequests) \
	X(Ip, OutDiscards) X(Ip, OutNoRoutes) X(Ip, ReasmTimeout) X(Ip, ReasmReqds) \
	X(Ip, ReasmOKs) X(Ip, ReasmFails) X(Ip, FragOKs) X(Ip, FragFails) X(Ip, FragCreates) \
	X(Icmp, InMsgs) X(Icmp, InErrors) X(Icmp, InCsumErrors) X(Icmp, InDestUnreachs) \
	X(Icmp, InTimeExcds) X(Icmp, InParmProbs) X(Icmp, InEchos) X(Icmp, InEchoReps) \
	X(Icmp, OutMsgs) X(Icmp, OutErrors) X(Icmp, OutRateLimitGlobal) \
	X(Icmp, OutRateLimitHost) X(Icmp, OutDestUnreachs) X(Icmp, OutTimeExcds) \
	X(Icmp, OutParmProbs) X(Icmp, OutEchoReps) \
	X(Tcp, RtoAlgorithm) X(Tcp, RtoMin) X(Tcp, RtoMax) X(Tcp, MaxConn) \
	X(Tcp, ActiveOpens) X(Tcp, PassiveOpens) X(Tcp, AttemptFails) X(Tcp, EstabResets) \
	X(Tcp, CurrEstab) X(Tcp, InSegs) X(Tcp, OutSegs) X(Tcp, RetransSegs) X(Tcp, InErrs) \
	X(Tcp, OutRsts) X(Tcp, InCsumErrors) \
	X(Udp, InDatagrams) X(Udp, NoPorts) X(Udp, InErrors) X(Udp, OutDatagrams) \
	X(Udp, RcvbufErrors) X(Udp, SndbufErrors) X(Udp, InCsumErrors) \
	X(TcpExt, SyncookiesSent) X(TcpExt, SyncookiesRecv) X(TcpExt, SyncookiesFailed) \
	X(TcpExt, EmbryonicRsts) X(TcpExt, PruneCalled) X(TcpExt, RcvPruned) \
	X(TcpExt, OfoPruned) X(TcpExt, OutOfWindowIcmps) X(TcpExt, LockDroppedIcmps) \
	X(TcpExt, TW) X(TcpExt, TWRecycled) X(TcpExt, TWKilled) X(TcpExt, PAWSActive) \
	X(TcpExt, PAWSEstab) X(TcpExt, PAWSTimewait) X(TcpExt, DelayedACKs) \
	X(TcpExt, DelayedACKLocked) X(TcpExt, DelayedACKLost) X(TcpExt, ListenOverflows) \
	X(TcpExt, ListenDrops) X(TcpExt, TCPHPHits) X(TcpExt, TCPPureAcks) X(TcpExt, TCPHPAcks) \
	X(TcpExt, TCPRenoRecovery) X(TcpExt, TCPSackRecovery) X(TcpExt, TCPSACKReneging) \
	X(TcpExt, TCPTSReorder) X(TcpExt, TCPSACKReorder) X(TcpExt, TCPRenoReorder) \
	X(TcpExt, TCPFullUndo) X(TcpExt, TCPPartialUndo) X(TcpExt, TCPDSACKUndo) \
	X(TcpExt, TCPLossUndo) X(TcpExt, TCPLostRetransmit) X(TcpExt, TCPRenoFailures) \
	X(TcpExt, TCPSackFailures) X(TcpExt, TCPLossFailures) X(TcpExt, TCPFastRetrans) \
	X(TcpExt, TCPSlowStartRetrans) X(TcpExt, TCPTimeouts) X(TcpExt, TCPLossProbes) \
	X(TcpExt, TCPLossProbeRecovery) X(TcpExt, TCPRenoRecoveryFail) \
	X(TcpExt, TCPSackRecoveryFail) X(TcpExt, TCPRcvCollapsed) X(TcpExt, TCPDSACKOldSent) \
	X(TcpExt, TCPDSACKOfoSent) X(TcpExt, TCPDSACKRecv) X(TcpExt, TCPDSACKRecvSegs) \
	X(TcpExt, TCPDSACKOfoRecv) X(TcpExt, TCPDSACKIgnoredOld) \
	X(TcpExt, TCPDSACKIgnoredNoUndo) X(TcpExt, TCPDSACKIgnoredDubious) \
	X(TcpExt, TCPAbortOnData) X(TcpExt, TCPAbortOnClose) X(TcpExt, TCPAbortOnMemory) \
	X(TcpExt, TCPAbortOnTimeout) X(TcpExt, TCPAbortOnLinger) X(TcpExt, TCPAbortFailed) \
	X(TcpExt, TCPMemoryPressures) X(TcpExt, TCPSACKDiscard) X(TcpExt, TCPSpuriousRTOs) \
	X(TcpExt, TCPMD5NotFound) X(TcpExt, TCPMD5Unexpected) X(TcpExt, TCPMD5Failure) \
	X(TcpExt, TCPBacklogDrop) X(TcpExt, TCPDeferAcceptDrop) X(TcpExt, TCPTimeWaitOverflow) \
	X(TcpExt, TCPReqQFullDoCookies) X(TcpExt, TCPReqQFullDrop) X(TcpExt, TCPRetransFail) \
	X(TcpExt, TCPRcvCoalesce) X(TcpExt, TCPOFOQueue) X(TcpExt, TCPOFODrop) \
	X(TcpExt, TCPOFOMerge) X(TcpExt, TCPChallengeACK) X(TcpExt, TCPSYNChallenge) \
	X(TcpExt, TCPFastOpenActive) X(TcpExt, TCPFastOpenActiveFail) \
	X(TcpExt, TCPFastOpenPassive) X(TcpExt, TCPFastOpenPassiveFail) \
	X(TcpExt, TCPFastOpenListenOverflow) X(TcpExt, TCPFastOpenCookieReqd) \
	X(TcpExt, TCPFromZeroWindowAdv) X(TcpExt, TCPToZeroWindowAdv) \
	X(TcpExt, TCPWantZeroWindowAdv) X(TcpExt, TCPSynRetrans) X(TcpExt, TCPOrigDataSent) \
	X(TcpExt, TCPHystartDelayDetect) X(TcpExt, TCPHystartDelayCwnd) \
	X(TcpExt, TCPACKSkippedSynRecv) X(TcpExt, TCPACKSkippedPAWS) X(TcpExt, TCPACKSkippedSeq) \
	X(TcpExt, TCPACKSkippedFinWait2) X(TcpExt, TCPACKSkippedTimeWait) \
	X(TcpExt, TCPACKSkippedChallenge) X(TcpExt, TCPWinProbe) X(TcpExt, TCPKeepAlive) \
	X(TcpExt, TCPDelivered) X(TcpExt, TCPDeliveredCE) X(TcpExt, TCPZeroWindowDrop) \
	X(TcpExt, TCPRcvQDrop) X(TcpExt, TCPWqueueTooBig) X(TcpExt, TCPFastOpenBlackhole) \
	X(TcpExt, TCPFastOpenPassiveAltKey) \
	X(IpExt, InNoECTPkts) X(IpExt, InECT1Pkts) X(IpExt, InECT0Pkts) X(IpExt, InCEPkts)

enum snmp_counter {
#define X(group, name) MIB_##group##_##name,
	SNMP_COUNTERS(X)
#undef X
	NR_SNMP_COUNTERS
};

/* Add to a counter of a struct net: NET_INC_STATS(net, Tcp_InSegs). */
#define NET_ADD_STATS(net, name, n)	((net)->mib[MIB_##name] += (n))
#define NET_INC_STATS(net, name)	NET_ADD_STATS(net, name, 1)

#endif
