#!/bin/bash
# The tests on other C libraries and machines, cross-built:
#
#	BUILD=build bash tests/platforms/run.sh [NAME...]
#
#	musl	the other C library of Linux: the whole suite
#	i386	32 bits: each test program
#	s390x	64 bits, the big end first, in an emulator: each program that
#		starts no other
#
# mbedTLS and cmocka are built for each from their source packages, which are
# fetched, and not part of this tree. The last line is "N passed, N failed".
set -u
LC_ALL=C
export LC_ALL
BUILD=${BUILD:-build}
MAKE=${MAKE:-make}
unset MAKEFLAGS MFLAGS
work=$BUILD/platforms
mkdir -p "$work"
work=$(cd "$work" && pwd)
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
[ $# -gt 0 ] || set -- musl i386 s390x
passed=0
failed=0

# The sources of mbedTLS 3.6 and cmocka.
sources()
{
	local from=$work/sources
	[ ! -d "$from/cmocka/src" ] || [ ! -d "$from/mbedtls/library" ] ||
		return 0
	sh tools/fetch.sh "$from" deb-src mbedtls cmocka
}

# needs NAME CC: mbedTLS and cmocka for it, as NAME/prefix. mbedTLS has threads,
# as those of distributions do: sessions of several share what is in it.
needs()
{
	local prefix=$work/$1/prefix cc=$2 from=$work/sources
	[ ! -f "$prefix/lib/libcmocka.a" ] || return 0
	mkdir -p "$prefix/lib" "$work/$1/obj"
	cp -r "$from/mbedtls/include" "$prefix/" &&
	cp "$from"/cmocka/include/cmocka*.h "$prefix/include" &&
	sed -i 's,^//\(#define MBEDTLS_THREADING_\(C\|PTHREAD\)\)$,\1,' \
		"$prefix/include/mbedtls/mbedtls_config.h" || return 1
	cat >"$work/$1/rules" <<-'!'
	OBJ := $(patsubst $(FROM)/%.c,%.o,$(wildcard $(FROM)/*.c))
	libmbed.a: $(OBJ) ; $(AR) rcs $@ $(OBJ)
	%.o: $(FROM)/%.c ; $(CC) -O1 -I$(FROM) -I$(TO)/include -c -o $@ $<
	!
	$MAKE -s -j"$jobs" -C "$work/$1/obj" -f "$work/$1/rules" CC="$cc" \
		AR="$ar" FROM="$from/mbedtls/library" TO="$prefix" libmbed.a &&
	for lib in mbedtls mbedx509 mbedcrypto; do
		cp "$work/$1/obj/libmbed.a" "$prefix/lib/lib$lib.a"
	done &&
	$cc -O1 -I"$from/cmocka/include" -DHAVE_INTTYPES_H -DHAVE_MALLOC_H \
		-DHAVE_SIGNAL_H -DHAVE_STRINGS_H -DHAVE_UNISTD_H \
		-DHAVE_STDLIB_H -DHAVE_STRUCT_TIMESPEC -DHAVE_CLOCK_GETTIME \
		-DHAVE_CLOCK_REALTIME -DHAVE_GCC_THREAD_LOCAL_STORAGE \
		-c -o "$work/$1/obj/cmocka.o" "$from/cmocka/src/cmocka.c" &&
	$ar rcs "$prefix/lib/libcmocka.a" "$work/$1/obj/cmocka.o"
}

others='support/(session|server|outside|count)\.h|demo-server'
# programs BUILD: each test, but those that start other programs, which an
# emulator does not run
programs()
{
	local source name
	for source in tests/test_*.c; do
		[ -z "$emulator" ] || ! grep -qE "$others" "$source" ||
			continue
		name=${source#tests/test_}
		echo "$1/tests/${name%.c}"
	done
}

# platform NAME CC AR LDFLAGS EMULATOR TARGET...
platform()
{
	local name=$1 cc=$2 ar=$3 link=$4 emulator=$5 start=$SECONDS
	local last p f only=
	shift 5
	if ! needs "$name" "$cc" >"$work/$name.log" 2>&1 ||
		! $MAKE --no-print-directory -s -j"$jobs" \
		BUILD="$work/$name/build" CC="$cc" AR="$ar" \
		PKG_CONFIG=false MBEDTLS_PREFIX="$work/$name/prefix" \
		CFLAGS='-O1 -g1' LDFLAGS="$link" WERROR=yes "$@" \
		>>"$work/$name.log" 2>&1
	then
		tail -n 40 "$work/$name.log" | sed 's/^/      | /'
		failed=$((failed + 1))
		printf 'FAIL  %-10s is not built, %d s\n' "$name" \
			$((SECONDS - start))
		return
	fi
	[ "$name" = musl ] || only=--only
	SMTP_TEST_WITH=$emulator BUILD=$work/$name/build sh tests/run.sh \
		$only $(programs "$work/$name/build") >"$work/$name.log" 2>&1
	last=$(tail -n 1 "$work/$name.log")
	p=0 f=1
	if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		p=${BASH_REMATCH[1]} f=${BASH_REMATCH[2]}
	fi
	[ "$f" -eq 0 ] || sed 's/^/      | /' "$work/$name.log"
	passed=$((passed + p))
	failed=$((failed + f))
	printf '%-5s %-10s %5d passed, %d failed, %d s\n' \
		"$([ "$f" -eq 0 ] && echo ok || echo FAIL)" "$name" "$p" "$f" \
		$((SECONDS - start))
}


sources >"$work/log" 2>&1 || {
	tail -n 20 "$work/log"
	echo '0 passed, 1 failed'
	exit 1
}
# cross NAME MACHINE LOADER EMULATOR: with the C library of its packages
cross()
{
	platform "$1" "$2-gcc" "$2-ar" \
		"-Wl,--dynamic-linker=/usr/$2/lib/$3 -Wl,-rpath,/usr/$2/lib" \
		"$4" tests
}

for name; do
	case $name in
	musl)	platform musl musl-gcc ar -static '' all tests ;;
	i386)	cross i386 i686-linux-gnu ld-linux.so.2 '' ;;
	s390x)	cross s390x s390x-linux-gnu ld64.so.1 qemu-s390x-static ;;
	*)	echo "platforms: no such one: $name" >&2
		exit 64 ;;
	esac
done
echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
