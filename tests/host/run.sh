#!/bin/sh
# Run host test programs one after the other; add up their RESULT lines.
#
# usage: tests/host/run.sh 'PROGRAM ARGUMENTS'...
# Prints the output of programs that fail, one line for each that passes, and a last line
# "RESULT passed=N failed=N". A program that ends without its RESULT line counts as one failure.
# Exit status: 0 when nothing failed.

passed=0
failed=0
out=$(mktemp) || exit 2
trap 'rm -f "$out"' EXIT

for program in "$@"; do
	timeout 600 $program >"$out" 2>&1	# split into words on purpose
	status=$?
	result=$(grep '^RESULT ' "$out" | tail -n 1)
	p=$(echo "$result" | sed -n 's/.*passed=\([0-9]*\).*/\1/p')
	f=$(echo "$result" | sed -n 's/.*failed=\([0-9]*\).*/\1/p')
	if [ -z "$p" ] || { [ "$status" -ne 0 ] && [ "${f:-0}" -eq 0 ]; }; then
		p=${p:-0}
		f=$((${f:-0} + 1))
	fi
	passed=$((passed + p))
	failed=$((failed + f))
	name=$(echo "$program" | sed 's|^[^ ]*/||')
	if [ "$f" -eq 0 ]; then
		printf 'ok    %-40s %s passed\n' "$name" "$p"
	else
		cat "$out"
		printf 'FAIL  %-40s %s passed, %s failed (status %s): %s\n' \
			"$name" "$p" "$f" "$status" "$program"
	fi
done
echo "RESULT passed=$passed failed=$failed"
[ "$failed" -eq 0 ]
