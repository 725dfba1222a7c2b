#!/bin/sh
# Print the line coverage of every kernel source in a --coverage build, and TCP's altogether.
#
# usage: tests/host/coverage.sh build/host/cov

cd "$(dirname "$0")/../.." || exit 2
find "$1/net" "$1/lib" "$1/kernel" -name '*.gcda' | while read -r data; do
	gcov -n -o "$(dirname "$data")" "$data" 2>/dev/null
done | awk '
	/^File /  { gsub(/[\x27]/, "", $2); file = $2 }
	/^Lines executed:/ && file ~ /\.c$/ && file !~ /^\// {
		split($0, part, /[:% ]+/)
		percent = part[3]; lines = part[5]
		printf "%6.1f %% of %5d  %s\n", percent, lines, file
		covered += percent * lines / 100; all += lines
		if (file ~ /net\/ipv4\/tcp/) { tcp += percent * lines / 100; tcp_all += lines }
		file = ""
	}
	END {
		if (tcp_all) printf "%6.1f %% of %5d  net/ipv4/tcp*.c\n", 100 * tcp / tcp_all, tcp_all
		if (all) printf "%6.1f %% of %5d  everything\n", 100 * covered / all, all
	}'
