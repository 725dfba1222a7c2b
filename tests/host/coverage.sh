#!/bin/sh
# Print the line coverage of every kernel source in a --coverage build, the least covered first,
# and in one line TCP's altogether. Fails when that is below a threshold.
#
# usage: tests/host/coverage.sh build/host/cov [PERCENT]

cd "$(dirname "$0")/../.." || exit 2
find "$1/net" "$1/lib" "$1/kernel" -name '*.gcda' | while read -r data; do
	gcov -n -o "$(dirname "$data")" "$data" 2>/dev/null
done | awk '
	/^File /  { gsub(/[\x27]/, "", $2); file = $2 }
	/^Lines executed:/ && file ~ /\.c$/ && file !~ /^\// {
		split($0, part, /[:% ]+/)
		print part[3], part[5], file
		file = ""
	}' | sort -n | awk -v least="${2:-0}" '
	{
		printf "%6.1f %% of %5d  %s\n", $1, $2, $3
		covered += $1 * $2 / 100; all += $2
		if ($3 ~ /net\/ipv4\/tcp/) { tcp += $1 * $2 / 100; tcp_all += $2 }
	}
	END {
		if (!tcp_all) exit 2
		printf "%6.1f %% of %5d  everything\n", 100 * covered / all, all
		printf "%6.1f %% of %5d  net/ipv4/tcp*.c, which must reach %d %%\n",
			100 * tcp / tcp_all, tcp_all, least
		exit 100 * tcp < least * tcp_all
	}'
