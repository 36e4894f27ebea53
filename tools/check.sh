#!/bin/sh
# All that a contribution must pass, in order; goes on after a failure, so
# that one run tells everything. `make check' calls it.
#
# The last line is "N passed, N failed": the cases of the test programs, and
# one for each other step.
set -u
LC_ALL=C
export LC_ALL
MAKE=${MAKE:-make}
BUILD=${BUILD:-build}
unset MAKEFLAGS MFLAGS
WERROR=yes
export WERROR
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
work=$BUILD/check
rm -rf "$work"
mkdir -p "$work" || exit 1
passed=0
failed=0
sanitize='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined'
sanitize="$sanitize -fno-sanitize-recover=all"

# step NAME COMMAND...: run it; its output is shown only when it failed
step()
{
	what=$1
	shift
	start=$(date +%s)
	if "$@" >"$work/log" 2>&1; then
		verdict=ok
		passed=$((passed + 1))
	else
		verdict=FAIL
		failed=$((failed + 1))
		sed 's/^/      | /' "$work/log"
	fi
	printf '%-5s %-46s %4d s\n' $verdict "$what" $(($(date +%s) - start))
}

# tests NAME BUILD: the test programs of a build; each case counts
tests()
{
	start=$(date +%s)
	echo "----  $1"
	BUILD=$2 sh tests/run.sh $(programs "$2") >"$work/log" 2>&1
	status=$?
	sed -e '/^$/d' -e 's/^/      /' "$work/log"
	last=$(tail -n 1 "$work/log")
	case $last in
	*' passed, '*' failed')
		p=${last%% *}
		f=${last#* passed, }
		f=${f%% *} ;;
	*)	p=0
		f=1 ;;
	esac
	[ $status -eq 0 ] || [ "$f" -gt 0 ] || f=1
	passed=$((passed + p))
	failed=$((failed + f))
	verdict=ok
	[ "$f" -eq 0 ] || verdict=FAIL
	printf '%-5s %-46s %4d s\n' $verdict \
		"$1: $p passed, $f failed" $(($(date +%s) - start))
}

programs()
{
	for source in tests/test_*.c; do
		program=${source#tests/test_}
		echo "$1/tests/${program%.c}"
	done
}

build()
{
	$MAKE --no-print-directory -k -j"$jobs" "$@" all tests
}

# Each public header by itself, in the dialects that a program may be in.
headers()
{
	for header in include/smtp/*.h; do
		one="#include <smtp/${header##*/}>
			extern int something;"
		for cc in gcc clang; do
			for std in c99 c11 c17; do
				echo "$one" | $cc -x c -std=$std $strict ||
					return 1
			done
		done
		for std in c++11 c++14 c++17 c++20; do
			echo "$one" | clang -x c++ -std=$std $strict ||
				return 1
		done
	done
}
strict='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Iinclude
	-fsyntax-only -'

# Every switch of config.h off by itself, and all of them, compiles; the
# client says what it needs of them. `make switches' runs what is left.
switches()
{
	all=
	for name in $(sed -n 's/^#define \(SMTP_WITH_[A-Z0-9_]*\) 1.*/\1/p' \
		include/smtp/config.h); do
		all="$all -D$name=0"
		if without "-D$name=0" lib/client.c >"$work/client"; then
			without "-D$name=0" $engine lib/*.c lib/net/*.c
		else
			grep -q 'the client needs' "$work/client" &&
				without "-D$name=0" $engine
		fi || return 1
	done
	without "$all" $engine
}
engine='lib/text/*.c lib/codec/*.c lib/crypto/*.c lib/sasl/*.c lib/proto/*.c'
without()
{
	switch=$1
	shift
	printf '%s\n' "$@" | xargs -n 8 -P "$jobs" gcc -std=c11 -Wall \
		-Wextra -Werror -Iinclude -Ilib \
		${MBEDTLS_PREFIX:+-isystem $MBEDTLS_PREFIX/include} \
		$switch -fsyntax-only 2>&1 || {
		echo "with $switch"
		return 1
	}
}

# All public names begin with the prefix given.
renamed()
{
	$MAKE --no-print-directory -j"$jobs" BUILD="$BUILD/renamed" \
		SMTP_PREFIX=acme_ CFLAGS=-O0 lib || return 1
	nm -D --defined-only "$BUILD/renamed/libsmtp.so" |
		awk '$2 != "A" { print $3 }' >"$work/renamed"
	grep -q '^acme_open@' "$work/renamed" &&
		! grep -v '^acme_' "$work/renamed"
}

again()
{
	$MAKE --no-print-directory -q BUILD="$BUILD/gcc" CC=gcc all tests
}

step 'build with gcc, warnings are errors' build BUILD="$BUILD/gcc" CC=gcc
step 'a second make does nothing' again
# With what is off by default, so that its tests run once, and with a `char`
# that has no sign, as on ARM.
step 'build with clang and sanitizers' build BUILD="$BUILD/sanitize" \
	CC=clang CFLAGS="$sanitize -funsigned-char" \
	CPPFLAGS=-DSMTP_WITH_NTLM=1
step 'headers as C99, C11, C17, C++' headers
step 'a program in C++ sends' \
	env BUILD="$BUILD/gcc" sh tools/check-cplusplus.sh
step 'each switch of config.h off' switches
step 'lint' env BUILD="$BUILD/gcc" sh tools/lint.sh
step 'manual' env BUILD="$BUILD" sh tools/check-man.sh
step 'public names under another prefix' renamed
step 'install, build against it, uninstall' \
	env BUILD="$BUILD/gcc" CC=gcc sh tools/check-install.sh
tests 'tests with sanitizers' "$BUILD/sanitize"
tests 'tests' "$BUILD/gcc"
step 'each requirement is proved, or docs/conformance.md says why' \
	env BUILD="$BUILD/gcc" sh tools/conformance.sh check
echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
