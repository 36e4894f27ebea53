#!/bin/sh
# What a build cannot do stops the compiler, with words that say what to set.
# Ports that have a platform of their own are asked by make ports.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cc=${CC:-cc}
bad=0

# stub NAME... : headers of a platform, from standard input
stub()
{
	cat >"$work/stub"
	for name; do
		mkdir -p "$work/include/$(dirname "$name")"
		cp "$work/stub" "$work/include/$name"
	done
}

# says WHAT WORDS FLAG... : the preprocessor stops at a line of ours
says()
{
	what=$1
	words=$2
	shift 2
	if $cc -std=c11 -E "$@" -Iinclude -Ilib >/dev/null 2>"$work/log"; then
		echo "not ok - $what"
		bad=1
	elif grep -q "#error.*$words" "$work/log"; then
		echo "ok - $what"
	else
		echo "not ok - $what: other words"
		cat "$work/log"
		bad=1
	fi
}

# passes WHAT FLAG... : so that what stops is not a header that is missing
passes()
{
	what=$1
	shift
	if $cc -std=c11 -E "$@" -Iinclude -Ilib >/dev/null 2>"$work/log"; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		cat "$work/log"
		bad=1
	fi
}

for name in SIZE TEXT REUSE COMMAND INSPECT STEPPED; do
	says "the client without $name" "the client needs .*SMTP_WITH_$name" \
		-DSMTP_WITH_$name=0 lib/client.c
done

stub mbedtls/base64.h mbedtls/constant_time.h mbedtls/md.h \
	mbedtls/version.h mbedtls/x509_crt.h mbedtls/oid.h mbedtls/ssl.h \
	mbedtls/ctr_drbg.h mbedtls/entropy.h mbedtls/platform.h \
	mbedtls/memory_buffer_alloc.h mbedtls/error.h mbedtls/x509.h \
	mbedtls/platform_time.h psa/crypto.h lwip/tcp.h lwip/opt.h \
	lwip/pbuf.h lwip/ip_addr.h lwip/err.h </dev/null
tls="-I$work/include lib/net/tls_judge_mbedtls.c"
says 'TLS that knows no dates' SMTP_TLS_WITHOUT_DATE=1 $tls
passes 'TLS that does' -DMBEDTLS_HAVE_TIME_DATE $tls
passes 'TLS without, if that is meant' -DSMTP_TLS_WITHOUT_DATE=1 $tls

glue="-Iports/mbedtls -I$work/include ports/mbedtls/smtp_mbedtls.c"
new=-DMBEDTLS_VERSION_NUMBER=0x03060000
says 'TLS for a device, over 2.28' 'for mbedTLS 3.6' \
	-DMBEDTLS_VERSION_NUMBER=0x021c0000 -DMBEDTLS_HAVE_TIME_DATE $glue
says 'TLS for a device that knows no dates' SMTP_TLS_WITHOUT_DATE=1 $new $glue
passes 'TLS for a device, over 3.6' $new -DMBEDTLS_HAVE_TIME_DATE $glue

lwip="-Iports/lwip -I$work/include ports/lwip/smtp_lwip.c"
says 'lwIP without TCP' LWIP_TCP -DLWIP_CALLBACK_API=1 $lwip
says 'lwIP without the raw API' LWIP_CALLBACK_API -DLWIP_TCP=1 $lwip
passes 'lwIP with both' -DLWIP_TCP=1 -DLWIP_CALLBACK_API=1 $lwip

echo '#undef MSG_NOSIGNAL
#undef SO_NOSIGPIPE' | stub net/net.h
says 'sockets that raise SIGPIPE' SIGPIPE "-I$work/include" \
	lib/net/socket_posix.c
exit $bad
