#!/bin/sh
# The engine needs nothing of the platform but mem*() and str*(): no heap, no
# clock, no I/O. What a compiler adds for checks of its own begins with "__",
# and bcmp is what clang makes of memcmp.
set -u
build=${BUILD:-build}
work=$build/test-run/engine
set -- "$build"/obj/lib/proto/*.o "$build"/obj/lib/sasl/*.o \
	"$build"/obj/lib/codec/line.o "$build"/obj/lib/codec/base64.o
# A build of one file has the engine as one file, too.
if [ ! -f "$1" ]; then
	mkdir -p "$work"
	sh tools/amalgamation.sh "$work" engine &&
		${CC:-cc} -O2 -c -o "$work/smtp.o" "$work/smtp.c"
	set -- "$work/smtp.o"
fi
found=$(for o; do
	nm -u "$o" || echo "U nm-failed"
done | awk '$1 == "U" { print $2 }' | sort -u)
others=$(echo "$found" | grep -vxE -e '_?mem(cpy|move|set|cmp|chr)' -e bcmp \
	-e '_?str(len|cmp)' -e '_?smtp__[a-z0-9_]*' -e '_GLOBAL_.*' -e '__.*')

if echo "$found" | grep -q strlen && [ -z "$others" ]; then
	echo "ok - the engine needs only mem* and str*"
	echo "proves LIB-K-6"
else
	echo "not ok - the engine needs" $others
fi
echo 1..1
