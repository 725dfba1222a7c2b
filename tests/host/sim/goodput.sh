#!/bin/sh
# Compare the goodput grid with the table that it must be. A difference is shown; when it is wanted,
# `make goodput` writes the new table.
#
# usage: tests/host/sim/goodput.sh SIM [write]
# The last line is "RESULT passed=N failed=N".

golden=$(dirname "$0")/goodput.txt
now=$(mktemp) || exit 2
trap 'rm -f "$now"' EXIT

if ! "$1" -g >"$now"; then
	cat "$now"
	echo "RESULT passed=0 failed=1"
	exit 1
fi
if [ "$2" = write ]; then
	cp "$now" "$golden"
	cat "$golden"
	exit
fi
if diff -u "$golden" "$now"; then
	echo "RESULT passed=1 failed=0"
else
	echo "goodput changed: make goodput accepts it"
	echo "RESULT passed=0 failed=1"
	exit 1
fi
