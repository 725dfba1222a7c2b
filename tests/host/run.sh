#!/bin/sh
# Run host test programs one after the other; add up their RESULT lines.
#
# usage: tests/host/run.sh PROGRAM...
# Prints the output of programs that fail, one line for each that passes, and a last line
# "RESULT passed=N failed=N". A program that ends without its RESULT line counts as one failure.
# Exit status: 0 when nothing failed.

passed=0
failed=0
out=$(mktemp) || exit 2
trap 'rm -f "$out"' EXIT

for program in "$@"; do
	timeout 300 "$program" >"$out" 2>&1
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
	if [ "$f" -eq 0 ]; then
		printf 'ok    %-28s %s passed\n' "$(basename "$program")" "$p"
	else
		cat "$out"
		printf 'FAIL  %-28s %s passed, %s failed (status %s): %s\n' \
			"$(basename "$program")" "$p" "$f" "$status" "$program"
	fi
done
echo "RESULT passed=$passed failed=$failed"
[ "$failed" -eq 0 ]
