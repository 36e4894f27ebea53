#!/bin/sh
# Unpack mbedTLS 3.6 beside the system's own, to build and test with both.
#
#	sh tools/fetch-mbedtls36.sh build/mbedtls36
#	make MBEDTLS_PREFIX=build/mbedtls36 BUILD=build/m36
#
# The folder then holds include/ and lib/ with static libraries.
set -eu
dir=${1:?usage: fetch-mbedtls36.sh DIR}

if [ -f "$dir/lib/libmbedtls.a" ] && [ -f "$dir/include/mbedtls/ssl.h" ]; then
	exit 0
fi
sh "$(dirname "$0")/fetch.sh" "$dir" deb libmbedtls-dev
mkdir "$dir/lib"
mv "$dir/root/usr/include" "$dir/include"
find "$dir/root" -name 'lib*.a' -exec mv {} "$dir/lib/" \;
rm -rf "$dir/root"
ls "$dir/lib/libmbedtls.a" "$dir/lib/libmbedx509.a" "$dir/lib/libmbedcrypto.a"
