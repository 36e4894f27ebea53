#!/bin/sh
# What docs/bindings.md promises about numbers and functions is what the
# headers have. Prints each fault, and how much was looked at.
#
#	sh tools/check-bindings.sh [PAGE [FOLDER [PROGRAMS]]]
#	sh tools/check-bindings.sh --table
#
# PAGE has a table row `| NAME | number |` for each constant that a call takes
# or returns; FOLDER holds smtp/*.h. engine.h is for those who compile it in,
# and not looked at. PROGRAMS is a folder whose files have no more lines than
# PAGE says. --table prints rows for all constants there are.
set -u
LC_ALL=C
export LC_ALL
CC=${CC:-cc}
table=no
if [ "${1-}" = --table ]; then
	table=yes
	shift
fi
page=${1:-docs/bindings.md}
include=${2:-include}
programs=${3:-examples/bindings}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
: >"$work/faults"

fault()
{
	cat >>"$work/faults"
}

for header in "$include"/smtp/*.h; do
	case ${header##*/} in
	engine.h | prefix.h) ;;
	*)	printf '#include <smtp/%s>\n' "${header##*/}" ;;
	esac
done >"$work/all.h"
$CC -std=c11 -I"$include" -E -dM -x c "$work/all.h" >"$work/macros" &&
	$CC -std=c11 -I"$include" -E -P -x c "$work/all.h" |
	tr '\n' ' ' | sed 's/visibility("default")/\
@/g' >"$work/text" || {
	echo 'check-bindings: the headers do not compile'
	exit 1
}

# ---- constants: enumerators, and macros that are numbers for a call

grep -o 'enum *[a-z_]* *{[^}]*}' "$work/text" | sed 's/^[^{]*{//; s/}//' |
	tr ',' '\n' | sed -n 's/^ *\(SMTP_[A-Z0-9_]*\).*/\1/p' >"$work/names"
sed -n 's/^#define \(SMTP_[A-Z0-9_]*\) .*/\1/p' "$work/macros" |
	grep -vE '_H$|^SMTP_(API|VERSION|OCTETS|SCRAM_TEXT)$' |
	grep -vE '^SMTP_(WITH_[A-Z0-9_]*|TLS_WITHOUT_DATE|PREFIX)$' \
	>>"$work/names"

if [ $table = yes ]; then
	{
		echo '#include <inttypes.h>'
		echo '#include <stdio.h>'
		cat "$work/all.h"
		echo 'int main(void) {'
		sed 's/.*/printf("| `&` | %" PRId64 " |\\n", (int64_t)&);/' \
			"$work/names"
		echo 'return 0; }'
	} >"$work/table.c"
	$CC -I"$include" -o "$work/table" "$work/table.c" && "$work/table"
	exit
fi

sed -n 's/^| `\(SMTP_[A-Z0-9_]*\)` | `*\([-0-9^ ]*\)`* |.*/\1 \2/p' "$page" |
	sed 's/ 2^64 - 1$/ UINT64_MAX/' >"$work/rows"
sort "$work/names" | uniq >"$work/have"
cut -d ' ' -f 1 "$work/rows" | sort >"$work/told"
uniq -d "$work/told" | sed "s|^|$page: twice: |" | fault
comm -23 "$work/have" "$work/told" | sed "s|^|$page: no row: |" | fault
comm -13 "$work/have" "$work/told" | sed "s|\$|: in $page only|" | fault
{
	echo '#include <stdint.h>'
	cat "$work/all.h"
	sed 's/^\([^ ]*\) \(.*\)/_Static_assert(\1 == \2, "&");/' "$work/rows"
} >"$work/numbers.c"
$CC -std=c11 -I"$include" -fsyntax-only "$work/numbers.c" 2>&1 |
	sed -n 's/.*error: //p' | sed "s|^|$page: |" | fault

# ---- functions: declared, without `...', no struct in or out by value

sed -n 's/^@[ )]*\(.*\)/\1/p' "$work/text" | sed 's/[;{].*//' |
	grep 'smtp_[a-z0-9_]* *(' >"$work/functions"
grep -F '...' "$work/functions" | sed 's/^/takes what is not named: /' | fault
grep -E '(^|[(,] *)(const )?(struct|union) [a-z_]+ +[a-z_]+ *[(,)]' \
	"$work/functions" | sed 's/^/a struct by value: /' | fault
sed -n 's/^#define \(smtp_[a-z0-9_]*\).*/a macro, no function: \1/p' \
	"$work/macros" | fault
grep -oE '(^| )(static|inline) [^;{]*smtp_[a-z0-9_]* *\(' "$work/text" |
	sed 's/^/is not in the library: /' | fault

# ---- programs: as short as the page says

most=$(sed -n 's/.*None has more than \([0-9]*\) lines.*/\1/p' "$page")
longest=0
for program in "$programs"/send*; do
	lines=$(wc -l <"$program")
	[ "$lines" -le "$longest" ] || longest=$lines
	[ "$lines" -le "${most:-0}" ] ||
		echo "$program: $lines lines, not ${most:-0}" | fault
done
[ "$longest" -eq "${most:-0}" ] ||
	echo "$page: the longest program has $longest lines" | fault

cat "$work/faults"
echo "check-bindings: $(wc -l <"$work/faults" | tr -d ' ') faults," \
	"$(wc -l <"$work/have" | tr -d ' ') numbers," \
	"$(wc -l <"$work/functions" | tr -d ' ') functions"
[ ! -s "$work/faults" ] && [ -s "$work/have" ] && [ -s "$work/functions" ]
