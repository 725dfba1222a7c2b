#!/bin/sh
# The simulation's own promises: a seed gives the same packets at the same times whenever it is run,
# and one that fails says how to run it again, with its packets recorded.
#
# usage: tests/host/sim/repeat.sh SIM
# The last line is "RESULT passed=N failed=N".

sim=$1
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0

holds()
{
	if "$@" >"$dir/out" 2>&1; then
		passed=$((passed + 1))
	else
		echo "FAIL  $*"
		cat "$dir/out"
		failed=$((failed + 1))
	fi
}

same_packets()
{
	"$sim" -s "$1" -f "$2" -n 1 -p "$dir/a.pcap" && "$sim" -s "$1" -f "$2" -n 1 -p "$dir/b.pcap" &&
		cmp "$dir/a.pcap" "$dir/b.pcap"
}

# The canary fails; the command that it prints fails in the same way and leaves a trace.
canary_is_reported()
{
	ln -sf "$(realpath "$sim")" "$dir/sim"
	"$dir/sim" -s canary -f 7 -n 1 >"$dir/first"
	[ $? -eq 1 ] || return 1
	cat "$dir/first"
	grep -q 'panic: the canary' "$dir/first" || return 1
	command=$(sed -n 's/.*repeat it with *//p' "$dir/first")
	pcap=${command##* }
	[ -s "$pcap" ] && rm "$pcap" || return 1
	$command >"$dir/second"
	[ $? -eq 1 ] && [ "$(head -c 4 "$pcap" | od -An -tx4)" = " a1b2c3d4" ]
}

for seed in 1 2 3 4 5; do
	holds same_packets swarm $seed
done
holds same_packets bulk 2
holds canary_is_reported
echo "RESULT passed=$passed failed=$failed"
[ "$failed" -eq 0 ]
