#!/bin/sh
# The table of all runs so far, into the section Fuzzing of docs/testing.md.
#
#	sh tests/fuzz/table.sh BUILD/fuzz [--write]
#
# Without --write it is only printed. The figures are those of the fuzzer,
# added up over BUILD/fuzz/runs (tests/fuzz/run.sh writes them); a run that
# found something counts as far as it came.
set -eu
LC_ALL=C
export LC_ALL
runs=$1/runs
page=docs/testing.md

table()
{
	awk '
	# 1234567 as 1 234 567
	function spaced(n,    s)
	{
		n = sprintf("%.0f", n)
		for (s = ""; length(n) > 3; n = substr(n, 1, length(n) - 3))
			s = " " substr(n, length(n) - 2) s
		return n s
	}
	{
		runs[$1] += $2
		seconds[$1] += $3
		edges[$1] = $4 > edges[$1] ? $4 : edges[$1]
		rss[$1] = $6 > rss[$1] ? $6 : rss[$1]
		all += $2
		time += $3
	}
	END {
		print "| harness | runs | seconds | edges | peak MB |"
		print "|---|--:|--:|--:|--:|"
		sort = "sort"
		for (name in runs)
			print "| " name " | " spaced(runs[name]) " | " \
			    spaced(seconds[name]) " | " edges[name] " | " \
			    rss[name] " |" | sort
		close(sort)
		print "| all | " spaced(all) " | " spaced(time) " | | |"
	}' "$runs"
}

if [ "${2:-}" != --write ]; then
	table
	exit
fi
table >"$1/table"
awk -v table="$1/table" '
/^<!-- fuzzing/ {
	print
	while ((getline line <table) > 0)
		print line
	skip = 1
}
/^<!-- end of fuzzing/ { skip = 0 }
!skip' "$page" >"$1/page"
cat "$1/page" >"$page"
