#!/bin/sh
# mbedTLS and cmocka for Windows, static, built with the cross compiler from
# the sources of a distribution, which are fetched and not kept.
#
#	sh tools/windows-deps.sh build/windows/deps
#	make CC=x86_64-w64-mingw32-gcc MBEDTLS_PREFIX=build/windows/deps ...
#
# The folder then has include/ and lib/. mbedTLS has threads, by those of
# winpthreads, which is linked statically.
set -eu
dir=${1:?usage: windows-deps.sh DIR}
host=${2:-x86_64-w64-mingw32}
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)

if [ -f "$dir/lib/libcmocka.a" ]; then
	exit 0
fi
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$dir"
mkdir -p "$dir/include" "$dir/lib" "$dir/obj"
dir=$(cd "$dir" && pwd)
sh "$here/fetch.sh" "$dir/src" deb-src mbedtls cmocka
mbedtls=$dir/src/mbedtls
cmocka=$dir/src/cmocka

sed -i 's,^//\(#define MBEDTLS_THREADING_\(C\|PTHREAD\)\)$,\1,' \
	"$mbedtls/include/mbedtls/mbedtls_config.h"

# A folder's *.c, each to an object of its name.
compile()
{
	find "$1" -maxdepth 1 -name '*.c' | sort -r | xargs -P "$jobs" -I {} \
		sh -c 'host=$1 obj=$2 c=$3; shift 3
		o=${c##*/}
		"$host-gcc" -O2 "$@" -c -o "$obj/${o%.c}.o" "$c"' \
		sh "$host" "$dir/obj" {} -I "$mbedtls/include" -I "$1"
}
compile "$mbedtls/library"
archive()
{
	name=$1
	shift
	"$host-ar" qcs "$dir/lib/$name.a" "$@"
	rm -f "$@"
}
archive libmbedx509 "$dir"/obj/x509*.o "$dir/obj/pkcs7.o"
archive libmbedtls "$dir"/obj/ssl_*.o "$dir"/obj/mps_*.o \
	"$dir/obj/debug.o" "$dir/obj/net_sockets.o"
archive libmbedcrypto "$dir"/obj/*.o
cp -R "$mbedtls/include/mbedtls" "$mbedtls/include/psa" "$dir/include/"

"$host-gcc" -O2 -I "$cmocka/include" -DHAVE_STRUCT_TIMESPEC=1 \
	-DHAVE_STDINT_H=1 -DHAVE_TIME_H=1 -DHAVE_STDIO_H=1 -DHAVE_IO_H=1 \
	-DHAVE_GCC_THREAD_LOCAL_STORAGE=1 -D__USE_MINGW_ANSI_STDIO=1 \
	-c -o "$dir/obj/cmocka.o" "$cmocka/src/cmocka.c"
cp "$cmocka"/include/cmocka*.h "$dir/include/"
archive libcmocka "$dir/obj/cmocka.o"
rm -rf "$dir/src" "$dir/obj"
ls "$dir"/lib/*.a
