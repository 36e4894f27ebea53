#!/bin/sh
# Compare what the tests proved with docs/conformance.md, which says why the
# rest is not.
#
#	BUILD=build sh tools/conformance.sh table    a table of the areas
#	BUILD=build sh tools/conformance.sh open     items nobody accounts for
#	BUILD=build sh tools/conformance.sh check    both ways; fails on a gap
#
# Proved are the items that tests/run.sh left in BUILD/test-run/items. In the
# page, the first cell of a table's row names items, the second says "not
# built" or "no row". An item must be proved or named there; one that is both
# has become stale, which is told and is no failure.
set -u
LC_ALL=C
export LC_ALL
BUILD=${BUILD:-build}
list=tests/requirements.txt
page=docs/conformance.md
proved=$BUILD/test-run/items
what=${1-}

case $what in
table | open | check) ;;
*)	echo "usage: conformance.sh table | open | check" >&2
	exit 64 ;;
esac
if [ ! -f "$proved" ]; then
	echo "$proved: missing; run the tests first" >&2
	exit 1
fi

awk -v what="$what" -v page="$page" '
function say(text) { if (what == "check") print text }
FILENAME == ARGV[1] && /^# [A-Z]\. / {
	area = substr($2, 1, 1)
	title[area] = substr($0, 6)
	order[++areas] = area
	next
}
FILENAME == ARGV[1] {
	if (/^#/ || NF == 0)
		next
	of[$1] = area
	must[$1] = $2 ~ /^MUST/
	item[++items] = $1
	next
}
FILENAME == ARGV[2] {
	proved[$1] = 1
	next
}
/^\| *`?(R[0-9]|[A-Z0-9]+-)/ {
	split($0, cell, "|")
	state = cell[3]
	gsub(/^ +| +$/, "", state)
	if (state != "not built" && state != "no row") {
		say(page ":" FNR ": state is \"" state "\"")
		faults++
	}
	n = split(cell[2], name, /[ ,`]+/)
	for (i = 1; i <= n; i++) {
		if (name[i] == "")
			continue
		if (!(name[i] in of)) {
			say(page ":" FNR ": unknown: " name[i])
			faults++
		} else if (name[i] in told) {
			say(page ":" FNR ": twice: " name[i])
			faults++
		} else if (name[i] in proved)
			say(page ":" FNR ": stale, it is proved: " name[i])
		told[name[i]] = state
	}
}
END {
	for (i = 1; i <= items; i++) {
		id = item[i]
		a = of[id]
		all[a]++
		musts[a] += must[id]
		if (id in proved) {
			good[a]++
			good_musts[a] += must[id]
		} else if (!(id in told)) {
			open[a]++
			if (what == "open")
				print a, id
			say("neither proved nor in " page ": " id)
			faults++
		} else if (told[id] == "no row")
			norow[a]++
		else
			notbuilt[a]++
	}
	if (what == "table") {
		print "| area | items | proved | of the MUST |" \
		    " no row | not built |"
		print "|---|--:|--:|--:|--:|--:|"
	}
	for (i = 1; i <= areas; i++) {
		a = order[i]
		if (what == "table")
			printf "| %s. %s | %d | %d | %d of %d | %d | %d |\n",
			    a, title[a], all[a], good[a], good_musts[a],
			    musts[a], norow[a], notbuilt[a]
		t += all[a]
		g += good[a]
		gm += good_musts[a]
		m += musts[a]
		nr += norow[a]
		nb += notbuilt[a]
	}
	if (what == "table")
		printf "| all | %d | %d | %d of %d | %d | %d |\n",
		    t, g, gm, m, nr, nb
	if (what == "check")
		printf "conformance: %d items, %d proved, %d no row, " \
		    "%d not built, %d faults\n", t, g, nr, nb, faults
	exit what == "check" && faults > 0
}' "$list" "$proved" "$page"
