/*
 * Which counters (net/core/snmp.h) and drop reasons ever happened, over all programs of a test
 * run: each adds the names to the file that SKIFF_SEEN names; tests/host/seen.py reads it.
 */
#ifndef TESTS_HOST_SEEN_H
#define TESTS_HOST_SEEN_H

struct net;

/* Note what net has counted. Nothing without SKIFF_SEEN. */
void seen_note(const struct net *net);

#endif
