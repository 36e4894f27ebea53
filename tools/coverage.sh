#!/bin/sh
# Which lines and branches of lib/ the tests run. `make coverage' calls it.
#
#	BUILD=build sh tools/coverage.sh
#
# Builds with gcc --coverage into BUILD/coverage, runs the unit tests, the
# dialogues, the hostile servers and the sessions of tests/torture. What only
# mbedTLS 3.6 has is built with it into BUILD/coverage/tls36, where the tests of
# TLS and of keys run; a line counts where one of both took it. Prints a row for
# each file. What no test reached stands in
# BUILD/coverage/missed.txt, as file:line. tools/coverage.py says what counts
# and how much must be reached; docs/testing.md says why.
#
# The last line is "N passed, N failed": the run of the tests, and one for
# each floor.
set -u
LC_ALL=C
export LC_ALL
MAKE=${MAKE:-make}
unset MAKEFLAGS MFLAGS
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# With what is off by default, where its tests run here.
what="CC=gcc WITH_SODIUM=yes"
work=${BUILD:-build}/coverage
BUILD=$work
export BUILD

build()
{
	$MAKE --no-print-directory -s -j"$jobs" $what LDFLAGS= \
		CPPFLAGS=-DSMTP_WITH_NTLM=1 \
		CFLAGS='-O0 -g --coverage -fprofile-update=atomic' "$@"
}
newer=
for source in tests/test_tls*.c tests/test_client_openssl.c \
    tests/test_dkim.c; do
	program=${source#tests/test_}
	newer="$newer $work/tls36/tests/${program%.c}"
done
build BUILD="$work" all tests "$work/tests/torture/torture" || exit 1
sh tools/fetch-mbedtls36.sh build/mbedtls36 || exit 1
build BUILD="$work/tls36" MBEDTLS_PREFIX=build/mbedtls36 \
	"$work/tls36/tools/demo-server" $newer || exit 1
find "$work" -name '*.gcda' -exec rm -f '{}' +

programs=
for source in tests/test_*.c; do
	program=${source#tests/test_}
	programs="$programs $work/tests/${program%.c}"
done
tests=1
SMTP_TEST_SECONDS=1200 sh tests/run.sh $programs >"$work/tests.log" 2>&1 ||
	tests=0
BUILD=$work/tls36 sh tests/run.sh --only $newer >>"$work/tests.log" 2>&1 ||
	tests=0
[ $tests -eq 1 ] || grep -v '^ok' "$work/tests.log"
# Of the points inside TLS and RSA, which are none of lib/, only few.
sh tests/torture/run.sh "$work/tests/torture/torture" 20000 \
	>"$work/torture.log" 2>&1 || {
	cat "$work/torture.log"
	tests=0
}

# What is inline in a header of lib/ is run by the tests themselves, too. One
# way of an assertion is never taken.
rm -f "$work/gcovr.json"
gcovr -r . --gcov-executable gcov -j"$jobs" --filter 'lib/' \
	--exclude-unreachable-branches --exclude-throw-branches \
	--exclude-branches-by-pattern '^\s*(assert|static_assert)\(' \
	--json "$work/gcovr.json" "$work" >"$work/gcovr.log" 2>&1 || {
	cat "$work/gcovr.log"
	exit 1
}
python3 tools/coverage.py "$work/gcovr.json" "$work/missed.txt" $tests
