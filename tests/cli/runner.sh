#!/bin/sh
# The runner counts honestly: programs that only pretend are seen through.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# fake NAME: a test program from stdin
fake()
{
	{
		echo '#!/bin/sh'
		cat
	} >"$work/$1"
	chmod +x "$work/$1"
}

# claim WHAT WANT PROGRAM...: what the runner's last line must be
claim()
{
	what=$1
	want=$2
	shift 2
	got=$(cd "$(dirname "$0")/../.." && BUILD=$work/build \
		SMTP_TEST_SECONDS=2 sh tests/run.sh --only "$@" 2>&1)
	status=$?
	case $want in *', 0 failed') good=0 ;; *) good=1 ;; esac
	if [ "$(echo "$got" | tail -n 1)" = "$want" ] &&
	    [ $((status != 0)) -eq $good ]; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		echo "$got"
	fi
}

fake good <<'!'
echo 1..2
echo 'ok 1 - a'
echo 'ok 2 - b'
echo R5321-4.2-1 R5321-4.2-2 >>"$SMTP_PROVED"
!
fake bad <<'!'
echo 1..2
echo 'ok 1 - a'
echo 'not ok 2 - b'
exit 1
!
fake skipped <<'!'
echo 1..2
echo 'ok 1 - a'
echo 'ok 2 # SKIP b'
!
fake unreached <<'!'
echo 1..3
echo 'ok 1 - a'
!
fake crashed <<'!'
echo 1..1
echo 'ok 1 - a'
kill -SEGV $$
!
fake silent <<'!'
exit 0
!
fake hanging <<'!'
echo 1..1
echo 'ok 1 - a'
exec sleep 60
!
fake unknown <<'!'
echo 1..1
echo 'ok 1 - a'
echo R0-0-0 >>"$SMTP_PROVED"
!

claim 'cases that pass are counted' '2 passed, 0 failed' "$work/good"
claim 'a case that fails fails' '1 passed, 1 failed' "$work/bad"
claim 'a case that was skipped did not pass' '1 passed, 1 failed' \
	"$work/skipped"
claim 'a case that was not reached did not pass' '1 passed, 2 failed' \
	"$work/unreached"
claim 'a crash after the last case fails' '1 passed, 1 failed' \
	"$work/crashed"
claim 'a program without cases fails' '0 passed, 1 failed' "$work/silent"
claim 'a program that hangs is ended and fails' '1 passed, 1 failed' \
	"$work/hanging"
claim 'an item that the list does not have fails' '1 passed, 1 failed' \
	"$work/unknown"
claim 'a program that is not there fails' '2 passed, 1 failed' \
	"$work/good" "$work/absent"
