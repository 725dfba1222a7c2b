#!/bin/sh
# Settings named by their files: /proc/sys/net/ipv4/name=value. There is nothing to restore: each
# script has a stack of its own.
for word; do
	printf '%s\n' "${word#/proc/sys/}" >>"$SKIFF_STATE/sysctl"
done
