#!/bin/sh
# One file, compiled as its first comment says: all that the map exports is
# there, and without TLS and digests it needs no other library.
set -u
build=${BUILD:-build}
cc=${CC:-cc}
work=$build/test-run/amalgamation
mkdir -p "$work"

n=0
check()
{
	what=$1
	shift
	n=$((n + 1))
	if "$@" >"$work/log" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		sed 's/^/# /' "$work/log"
	fi
}

# From a folder where nothing else can be found.
compile()
{
	(cd "$work" && $cc ${MBEDTLS_PREFIX:+-isystem "$tls/include"} \
		-Wall -Wextra -Werror "$@")
}
tls=${MBEDTLS_PREFIX:+$(cd "$MBEDTLS_PREFIX" && pwd)}

exports_all()
{
	nm -g "$work/smtp.o" | awk '$2 ~ /[TR]/ { print $3 }' |
		grep '^smtp_[a-z0-9]' | sort >"$work/defined"
	sed -n 's/^	\(smtp_[a-z0-9_]*\);/\1/p' lib/libsmtp.map |
		sort >"$work/map"
	[ -s "$work/map" ] && diff "$work/map" "$work/defined"
}

needs_no_library()
{
	nm -u "$work/alone.o" >"$work/unknown"
	[ -s "$work/unknown" ] && ! grep -i mbedtls "$work/unknown"
}

off='-DSMTP_WITH_TLS=0 -DSMTP_WITH_HASH=0 -DSMTP_WITH_CRAM_MD5=0
	-DSMTP_WITH_DKIM=0'
check 'it is written' sh tools/amalgamation.sh "$work"
check 'it compiles by itself' compile -c smtp.c
check 'all public names are there' exports_all
check 'it compiles as ISO C' compile -std=c11 -Wpedantic -c -o iso.o smtp.c
check 'it compiles with what is off by default' compile -DSMTP_WITH_NTLM=1 \
	-c -o more.o smtp.c
check 'it compiles without TLS and digests' compile $off -c -o alone.o smtp.c
check 'and then needs no TLS library' needs_no_library
echo 1..$n
