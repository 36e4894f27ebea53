#!/bin/sh
# Threads and forks, under tools that see what two threads do at once.
#
#	sh tools/threads.sh TSAN_BUILD HELGRIND_BUILD
#
# HELGRIND_BUILD has tests/support/helgrind in place of atomics, and gets a
# smaller dose: SMTP_TEST_THREADS and SMTP_TEST_ROUNDS make both larger. A race
# that is made on purpose has to be seen by both. The last line is "N passed, N
# failed".
set -u
LC_ALL=C
BUILD=${BUILD:-build}
export LC_ALL BUILD
work=$2/threads-log
rm -rf "$work"
mkdir -p "$work" || exit 1

# run LOG COMMAND...: with its status and its seconds
run()
{
	log=$work/$1
	shift
	start=$(date +%s)
	CMOCKA_MESSAGE_OUTPUT=TAP "$@" >"$log" 2>&1 </dev/null
	echo $? $(($(date +%s) - start)) >"$log.status"
}

helgrind()
{
	SMTP_TEST_THREADS=${SMTP_TEST_THREADS:-3} \
	SMTP_TEST_ROUNDS=${SMTP_TEST_ROUNDS:-1} \
		valgrind --tool=helgrind -q --error-exitcode=9 \
		--history-level=approx --suppressions=tests/threads.supp "$@"
}

passed=0
failed=0

# tell LOG NAME: the cases of a test program, none of them skipped
tell()
{
	status=1
	seconds=0
	[ ! -f "$work/$1.status" ] ||
		read -r status seconds <"$work/$1.status"
	good=$(grep -c '^ok ' "$work/$1")
	bad=$(grep -c '^not ok ' "$work/$1")
	if [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; then
		[ "$bad" -gt 0 ] || bad=1
		sed 's/^/      | /' "$work/$1"
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	printf '%-40s %3d passed  %3d failed  %4d s\n' "$2" "$good" "$bad" \
		"$seconds"
}

# tell_seen LOG NAME WORDS: it failed, and said these words
tell_seen()
{
	status=0
	[ ! -f "$work/$1.status" ] || read -r status rest <"$work/$1.status"
	if [ "$status" -ne 0 ] && grep -q "$3" "$work/$1"; then
		passed=$((passed + 1))
		echo "$2: seen, as it must be"
	else
		failed=$((failed + 1))
		echo "$2: NOT SEEN"
		sed 's/^/      | /' "$work/$1"
	fi
}

if ! command -v valgrind >/dev/null 2>&1; then
	echo 'threads: valgrind is missing'
	echo '0 passed, 1 failed'
	exit 1
fi
TSAN_OPTIONS="halt_on_error=1 exitcode=9 ${TSAN_OPTIONS-}"
export TSAN_OPTIONS

# Those of one lane wait much.
(
	run tsan-client_time "$1/tests/client_time"
	run tsan-pool "$1/tests/pool"
) &
(
	run fork "$BUILD/tests/fork"
	run tsan-fork "$1/tests/fork"
	run tsan-threads "$1/tests/threads"
	run helgrind helgrind "$2/tests/threads"
	SMTP_TEST_RACE=1
	export SMTP_TEST_RACE
	run tsan-race "$1/tests/threads"
	run helgrind-race helgrind "$2/tests/threads"
) &
wait

tell fork 'fork'
for program in fork threads pool client_time; do
	tell tsan-$program "ThreadSanitizer: $program"
done
tell helgrind 'helgrind: threads'
tell_seen tsan-race 'ThreadSanitizer: a race' 'data race'
tell_seen helgrind-race 'helgrind: a race' 'Possible data race'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
