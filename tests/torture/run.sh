#!/bin/sh
# Torture in two processes, their figures added up.
#
#	sh tests/torture/run.sh PROGRAM EVERY
#
# EVERY is `all', or about how many points inside TLS and RSA stand for one
# that is tried. SEED chooses which. Ends with "N passed, N failed".
set -u
LC_ALL=C
export LC_ALL
program=$1
every=$2
[ "$every" != all ] || every=1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"$program" -k -e "$every" -s "${SEED:-1}" -w 0/2 >"$work/0" 2>"$work/0.err" &
"$program" -k -e "$every" -s "${SEED:-1}" -w 1/2 >"$work/1" 2>"$work/1.err"
echo $? >>"$work/1"
wait $!
echo $? >>"$work/0"
cat "$work/0.err" "$work/1.err"
awk '
/^[0-9]+$/ && NF == 1 { ended++; bad += $1 != 0; next }
/ points/ && NF > 2 {
	name = substr($0, 1, 30)
	if (!(name in points))
		order[++n] = name
	points[name] += substr($0, 31) + 0
	if (/ s$/)
		seconds[name] += $(NF - 1)
	next
}
/ points$/ { total += $1 }
/ passed, / { passed += $1; failed += $3 }
END {
	for (i = 1; i <= n; i++)
		if (order[i] in seconds)
			printf "%s %8d points %8.1f s\n", order[i],
			    points[order[i]], seconds[order[i]]
		else
			printf "%s %8d points\n", order[i], points[order[i]]
	printf "%d points\n", total
	if (ended != 2 || (bad > 0 && failed == 0))
		failed++
	printf "%d passed, %d failed\n", passed, failed
	exit failed > 0
}' "$work/0" "$work/1"
