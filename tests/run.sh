#!/bin/sh
# Run the test programs named, then the scripts of tests/cli/, and count.
#
#	BUILD=build sh tests/run.sh [--only] program...
#
# With --only the scripts are left out. A case counts as passed when it ran
# and said so. Failed are: a case that says so, one that was skipped, one that
# the program announced and never reached, and a program that crashed, ran out
# of time (SMTP_TEST_SECONDS, 300 each) or ended badly without naming a case.
#
# A script prints "ok - what", "not ok - what" and "proves ID...", one a line.
# Items that rows have proved are checked against tests/requirements.txt: an
# unknown name is a failure. The last line is "N passed, N failed".
# Several run at a time, one more than there are processors since many of them
# wait (SMTP_TEST_JOBS), each by the emulator SMTP_TEST_WITH, where that is set.
set -u
LC_ALL=C
export LC_ALL

BUILD=${BUILD:-build}
seconds=${SMTP_TEST_SECONDS:-300}
work=$BUILD/test-run

# A program that hangs is ended, and its children are not waited for.
if command -v timeout >/dev/null 2>&1; then
	bounded() { timeout -k 5 "$seconds" "$@"; }
else
	bounded() {
		"$@" &
		child=$!
		(
			sleep "$seconds"
			kill -9 $child
		) >/dev/null 2>&1 &
		guard=$!
		wait $child
		status=$?
		kill $guard 2>/dev/null
		return $status
	}
fi

# One program or script of the list, for the list below.
if [ "${1-}" = --one ]; then
	case $2 in
	*.sh)	set -- "$2" sh "$2" ;;
	*)	set -- "$2" ${SMTP_TEST_WITH-} "$2" ;;
	esac
	name=${1##*/}
	shift
	start=$(date +%s)
	bounded "$@" >"$work/$name.log" 2>&1 </dev/null
	echo $? $(($(date +%s) - start)) >"$work/$name.status"
	exit 0
fi

scripts=yes
if [ "${1-}" = --only ]; then
	scripts=no
	shift
fi
rm -rf "$work"
mkdir -p "$work" || exit 1
SMTP_PROVED=$(cd "$work" && pwd)/proved
CMOCKA_MESSAGE_OUTPUT=TAP
export SMTP_PROVED CMOCKA_MESSAGE_OUTPUT BUILD
: >"$SMTP_PROVED"
passed=0
failed=0

# count NAME STATUS SECONDS LOG: add up what a run said, and show what went
# wrong.
count()
{
	result=$(awk -v status="$2" '
	/^1\.\.[0-9]+$/         { plan += substr($0, 4); next }
	/^(not )?ok .*# *SKIP/  { bad++; next }
	/^ok( |$)/              { good++; next }
	/^not ok( |$)/          { bad++; next }
	END {
		if (plan > good + bad)
			bad = plan - good
		if (status != 0 && bad == 0)
			bad = 1
		if (good + bad == 0)
			bad = 1
		print good + 0, bad + 0
	}' "$4")
	good=${result% *}
	bad=${result#* }
	passed=$((passed + good))
	failed=$((failed + bad))
	if [ "$bad" -eq 0 ]; then
		printf 'ok    %-28s %5d passed  %4d s\n' "$1" "$good" "$3"
		return
	fi
	printf 'FAIL  %-28s %5d passed  %4d s  %d failed, status %d\n' \
		"$1" "$good" "$3" "$bad" "$2"
	grep -v -e '^ok' -e '^1\.\.' "$4" | tail -n 60 | sed 's/^/      | /'
}

if [ $scripts = yes ]; then
	for script in tests/cli/*.sh; do
		[ ! -f "$script" ] || set -- "$@" "$script"
	done
fi
processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
jobs=${SMTP_TEST_JOBS:-$((processors + 1))}
printf '%s\n' "$@" | xargs -n 1 -P "$jobs" sh "$0" --one

for program; do
	name=${program##*/}
	status=1
	took=0
	[ ! -f "$work/$name.status" ] ||
		read -r status took <"$work/$name.status"
	[ -f "$work/$name.log" ] || : >"$work/$name.log"
	count "$name" "$status" "$took" "$work/$name.log"
	sed -n 's/^proves //p' "$work/$name.log" >>"$SMTP_PROVED"
done

# Requirements: what was proved, by area.
tr -s ' \t' '\n\n' <"$SMTP_PROVED" | sed '/^$/d' | sort -u >"$work/items"
awk -v unknown="$work/unknown" '
FNR == NR && /^# [A-Z]\. / {
	area = substr($2, 1, 1)
	title[area] = substr($0, 6)
	order[++areas] = area
	next
}
FNR == NR {
	if (/^#/ || NF == 0)
		next
	if ($1 in of)
		print "requirements.txt: twice: " $1
	of[$1] = area
	must[$1] = $2 ~ /^MUST/
	all[area]++
	if (must[$1])
		musts[area]++
	next
}
!($1 in of) { print $1 >unknown; next }
{
	proved[of[$1]]++
	if (must[$1])
		proved_musts[of[$1]]++
}
END {
	printf "\nRequirements proved by rows that ran:\n"
	for (i = 1; i <= areas; i++) {
		a = order[i]
		printf "  %s  %3d of %3d  (MUST %3d of %3d)  %s\n", a,
		    proved[a], all[a], proved_musts[a], musts[a], title[a]
		p += proved[a]
		n += all[a]
		pm += proved_musts[a]
		nm += musts[a]
	}
	printf "     %3d of %3d  (MUST %3d of %3d)\n\n", p, n, pm, nm
}' tests/requirements.txt "$work/items" || failed=$((failed + 1))

if [ -s "$work/unknown" ]; then
	while read -r item; do
		echo "FAIL  $item is not in tests/requirements.txt"
		failed=$((failed + 1))
	done <"$work/unknown"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
