#!/bin/sh
# Lint finds what it is there for: each rule, broken once in a tree of its own.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

tree=$work/tree
mkdir -p "$tree"
cp -R "$(dirname "$0")/../../tools" "$tree/tools"
cp -R "$(dirname "$0")/../../include" "$tree/include"
mkdir -p "$tree/lib/proto" "$tree/lib/mime" "$tree/build/obj/lib/proto"
sed 's/@$/ /' >"$tree/lib/proto/broken.c" <<'!'
#include "mime/part.h"
#include <mbedtls/ssl.h>
#include <time.h>
#include <sys/socket.h>
int smtp__count;
int broken(char *s)
{
        sprintf(s, "x");
	if(strcasecmp(s, "/* \" strcpy( */") == 0)@
		return atoi(s);
	return 0;
}
!
printf 'LIBSMTP_0.1 {\n\tsmtp_gone;\n};\n' >"$tree/lib/libsmtp.map"
echo 'int smtp__count; int smtp_stray(void) { return 0; }' |
	${CC:-cc} -shared -fPIC -x c - -o "$tree/build/libsmtp.so"
echo 'int smtp__count = 1;' | ${CC:-cc} -c -x c - \
	-o "$tree/build/obj/lib/proto/broken.o"
(cd "$tree" && BUILD=build sh tools/lint.sh) >"$work/faults" 2>&1 &&
	echo 'not ok - lint takes the broken tree'
while read -r fault; do
	if grep -qF "$fault" "$work/faults"; then
		echo "ok - lint finds: $fault"
	else
		echo "not ok - lint finds: $fault"
		cat "$work/faults"
	fi
done <<'!'
lib/proto may not include mime/part.h
mbedtls/ssl.h belongs to *_mbedtls.c
only the client has a clock
sys/socket.h belongs to lib/net
writes without a bound
depends on the locale
cannot report an error
can be written: smtp__count
smtp_gone: in lib/libsmtp.map, not in a header
smtp_open: in a header, not in lib/libsmtp.map
smtp_stray: exported, not in a header
smtp_open: in a header, not exported
smtp_open: has no manual page
broken.c:8: indented with spaces, not tabs
broken.c:9: blank at the end of the line
broken.c:9: no blank after the word
broken.c:6: the return type belongs on a line of its own
broken.c:1: no SPDX-License-Identifier
!
if grep -q 'broken.c:9:.*without a bound' "$work/faults"; then
	echo 'not ok - lint takes a string for code'
else
	echo 'ok - lint does not take a string for code'
fi
