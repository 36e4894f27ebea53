#!/bin/sh
# Is each function of lib/text, lib/codec and lib/proto proved? run.sh calls it.
#
#	sh tests/proofs/whole.sh DIR
#
# What there is says the compiler, static functions and those of headers too;
# what was proved say the harnesses that held, in DIR. What is left has its
# reason in tests/proofs/reasons.txt; one that is not needed is a failure, too.
set -u
LC_ALL=C
export LC_ALL
dir=$1
CC=${CC:-cc}
at=$dir/whole.d
rm -rf "$at"
mkdir -p "$at"
status=0

for f in lib/text/*.c lib/codec/*.c lib/proto/*.c; do
	b=${f##*/}
	$CC -std=gnu11 -w -O0 -fkeep-inline-functions -Iinclude -Ilib -c \
		-o "$at/object.o" "$f" || exit 1
	nm "$at/object.o" | awk -v file="$b" '
	$2 == "T" || ($2 == "t" && $3 ~ /^smtp__/) { print $3; next }
	$2 == "t" && $3 !~ /^_|[.]/ { print file ":" $3 }'
done >"$at/seen"
# A header's function shows in each file that includes it; some are not ours.
for h in lib/text/*.h lib/codec/*.h lib/proto/*.h; do
	sed -n 's/^\(smtp__[a-z0-9_]*\)(.*/\1/p' "$h"
done | sort -u >"$at/names"
awk 'NR == FNR { ours[$1] = 1; next }
	/:/ || /^smtp_[a-z]/ || $1 in ours' "$at/names" "$at/seen" |
	sort -u >"$at/there"
[ "$(wc -l <"$at/there")" -gt 100 ] || {
	echo 'FAIL the functions could not be listed'
	exit 1
}
for f in "$dir"/*.marks; do
	case $(cat "${f%.marks}.result") in
	ok*)	sed 's/^.*\.h://' "$f" ;;
	esac
done | sort -u >"$at/proved"
sed '/^#/d; /^$/d; s/	.*//' tests/proofs/reasons.txt | sort >"$at/excused"

comm -23 "$at/there" "$at/proved" >"$at/open"
for f in $(comm -23 "$at/open" "$at/excused"); do
	echo "FAIL nothing proves $f"
	status=1
done
for f in $(comm -13 "$at/open" "$at/excused"); do
	echo "FAIL needs no reason: $f"
	status=1
done
[ $status -ne 0 ] || printf 'ok   all %d functions: %d proved, %d left\n' \
	"$(wc -l <"$at/there")" \
	"$(comm -12 "$at/there" "$at/proved" | wc -l)" "$(wc -l <"$at/open")"
exit $status
