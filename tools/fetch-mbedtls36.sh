#!/bin/sh
# Unpack mbedTLS 3.6 beside the system's own, to build and test with both.
#
#	sh tools/fetch-mbedtls36.sh build/mbedtls36
#	make MBEDTLS_PREFIX=build/mbedtls36 BUILD=build/m36
#
# It comes from the Debian release that has it, from the mirror and with the
# keys that this system's package sources name, through a package state of
# its own: the system's lists and packages stay as they are. Needs apt, not
# root. The folder then holds include/ and lib/ with static libraries.
set -eu
suite=trixie
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:?usage: fetch-mbedtls36.sh DIR}

if [ -f "$dir/lib/libmbedtls.a" ] && [ -f "$dir/include/mbedtls/ssl.h" ]; then
	exit 0
fi
if [ "${DEPS:-yes}" = no ]; then
	echo "fetch: no mbedTLS 3.6 in $dir (DEPS=no, nothing is fetched)" >&2
	exit 1
fi
for tool in apt-get dpkg-deb awk; do
	command -v $tool >/dev/null 2>&1 || {
		echo "fetch: missing: $tool" >&2
		exit 1
	}
done

mkdir -p "$dir/apt"
dir=$(cd "$dir" && pwd)
state=$dir/apt
suite()
{
	sh "$here/apt-suite.sh" "$state" $suite deb "$@"
}
echo "fetch: libmbedtls-dev of $suite into $dir"
suite update >"$state/log" 2>&1 &&
	(cd "$state" && suite download libmbedtls-dev) >>"$state/log" 2>&1 ||
{
	cat "$state/log" >&2
	exit 1
}
dpkg-deb -x "$state"/libmbedtls-dev_*.deb "$state/root"
mkdir -p "$dir/lib"
rm -rf "$dir/include"
mv "$state/root/usr/include" "$dir/include"
find "$state/root" -name 'lib*.a' -exec mv {} "$dir/lib/" \;
rm -rf "$state"
ls "$dir/lib/libmbedtls.a" "$dir/lib/libmbedx509.a" "$dir/lib/libmbedcrypto.a"
