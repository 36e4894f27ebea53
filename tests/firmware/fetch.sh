#!/bin/sh
# The sources that firmware is built with, which are never part of this tree.
#
#	sh tests/firmware/fetch.sh DIR
#
# DIR/lwip and DIR/mbedtls then hold lwIP 2.2 and mbedTLS 3.6, from the source
# packages of the Debian release that has both, with the patches of these.
# Needs apt and dpkg-source, not root.
set -eu
suite=trixie
dir=${1:?usage: fetch.sh DIR}

if [ -f "$dir/lwip/src/core/tcp.c" ] &&
	[ -f "$dir/mbedtls/library/ssl_tls.c" ]; then
	exit 0
fi
if [ "${DEPS:-yes}" = no ]; then
	echo "fetch: no sources in $dir (DEPS=no, nothing is fetched)" >&2
	exit 1
fi
rm -rf "$dir"
mkdir -p "$dir/apt"
here=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(cd "$dir" && pwd)
echo "fetch: the sources of lwip and mbedtls of $suite into $dir"
{
	sh "$here/tools/apt-suite.sh" "$dir/apt" $suite deb-src update &&
		cd "$dir/apt" &&
		sh "$here/tools/apt-suite.sh" "$dir/apt" $suite deb-src \
			--download-only source lwip mbedtls &&
		dpkg-source --no-check -x lwip_*.dsc lwip &&
		dpkg-source --no-check -x mbedtls_*.dsc mbedtls
} >"$dir/log" 2>&1 || {
	cat "$dir/log" >&2
	exit 1
}
mv "$dir/apt/lwip" "$dir/apt/mbedtls" "$dir/"
rm -rf "$dir/apt"
