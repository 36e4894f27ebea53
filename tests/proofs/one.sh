#!/bin/sh
# Prove one harness; run.sh calls it.
#
#	CBMC=dir sh tests/proofs/one.sh DIR FILE NAME [SOURCE-FOLDER]
#
# FILE is tests/proofs/FILE.c, compiled and linked with what it names in
# DIR/FILE.gb; NAME is the harness without proof_; DIR/FILE.NAME.head has the
# words of its comment. Prints one line, and with a failure what failed; the
# properties are in DIR/FILE.NAME.log. The status tells. Seconds are those of
# the processor.
set -u
LC_ALL=C
export LC_ALL
dir=$1 file=$2 name=$3
it=$dir/$file.$name

word()
{
	sed -n "s/^$1: *//p" "$it.head"
}
# Of "7, 20" the first, or with PROOFS=all the second where there is one.
setting()
{
	value=$(word "$1")
	case ${PROOFS:-usual}:$value in
	all:*,*) echo "${value##*, }" ;;
	*)	echo "${value%%,*}" ;;
	esac
}
exec 3>&1
bad()
{
	printf 'FAIL %-40s %s\n' "$file $name" "$1" >&3
	[ $# -lt 2 ] || printf '%s\n' "$2" | grep -v ': UNKNOWN$' |
		head -n 12 | sed 's/^/     | /' >&3
	exit 1
}

unwind=$(setting Unwind)
seconds=$(setting Seconds)
loops=$(setting Loops | tr -s ' ' ,)
seconds=${seconds:-30}
bits=$(word Objects)
bits=${bits:-10}
[ -n "$unwind" ] || bad 'has no bound of loops'

"$CBMC/goto-cc" "$dir/$file.gb" -o "$it.0.gb" --function "proof_$name" \
	>"$it.log" 2>&1 || bad 'cannot be linked' "$(tail -n 20 "$it.log")"
"$CBMC/goto-instrument" --list-goto-functions "$it.0.gb" 2>/dev/null |
	sed -n '/body not available/d; s|^\([^ ]*\) /\* \([^ ,]*\).*|\2|p' \
	>"$it.functions"

# real NAME: what CBMC calls a function, static ones too
real()
{
	case $1 in
	*:*)	f=$(printf '%s' "${1%%:*}" | tr . _)
		set -- "__CPROVER_file_local_${f}_${1##*:}"
		grep -xE "$1([$]link[0-9]+)?" "$it.functions" ;;
	*)	f="__CPROVER_file_local_[a-z0-9_]+_[ch]_$1"
		grep -x "$1" "$it.functions" ||
			grep -xE "$f([$]link[0-9]+)?" "$it.functions" ;;
	esac
}

# shown MANGLED: as its properties have it, FILE.c:NAME or NAME
shown()
{
	local='^__CPROVER_file_local_([a-z0-9_]+)_([ch])_([^$]*).*'
	printf '%s\n' "$1" | sed -E "s/$local/\1.\2:\3/"
}

# What a pointer to a function may be, where CBMC does not see it.
for pair in $(word Calls); do
	options=
	for f in $(printf '%s' "${pair#*=}" | tr , ' '); do
		r=$(real "$f") || bad "calls what is not there: $f"
		options=$options,$r
	done
	r=$(real "${pair%%=*}") || bad "there is no ${pair%%=*} that calls"
	"$CBMC/goto-instrument" --restrict-function-pointer \
		"$r.function_pointer_call.1/${options#,}" "$it.0.gb" \
		"$it.1.gb" >"$it.log" 2>&1 && mv "$it.1.gb" "$it.0.gb" ||
		bad "cannot restrict $pair" "$(tail -n 5 "$it.log")"
done

options=
for pair in $(word Replaces); do
	f=$(real "${pair%=*}") || bad "replaces what is not there: $pair"
	ours=$(real "${pair##*=}") || bad "replaces by what is not there: $pair"
	options="$options --replace-calls '$f:$ours'"
done
cp "$it.0.gb" "$it.gb"
if [ -n "$options" ]; then
	# shellcheck disable=SC2086
	eval "'$CBMC/goto-instrument' $options" "$it.0.gb" "$it.gb" \
		>"$it.log" 2>&1 ||
		bad 'cannot replace' "$(tail -n 5 "$it.log")"
fi
for f in $(word Proves); do
	r=$(real "$f") || bad "proves what is not there: $f"
	# Each file that includes a header has its own copy.
	[ "$(shown "$r" | sort -u | wc -l)" -eq 1 ] ||
		bad "there is more than one $f"
	shown "$r" | sort -u
	for r in $r; do
		"$CBMC/goto-instrument" --insert-final-assert-false "$r" \
			"$it.gb" "$it.1.gb" >"$it.log" 2>&1 &&
			mv "$it.1.gb" "$it.gb" ||
			bad "cannot mark the end of $f" \
			"$(tail -n 5 "$it.log")"
	done
done >"$it.marks"
: >"$it.wraps"
for f in $(word Wraps); do
	r=$(real "$f") || bad "wraps what is not there: $f"
	shown "$r" >>"$it.wraps"
done

(
	ulimit -v 6000000
	ulimit -t "$seconds"
	exec timeout -k 5 $((seconds * 40)) "$CBMC/cbmc" "$it.gb" \
		--function "proof_$name" --unwind "$unwind" \
		${loops:+--unwindset "$loops"} \
		--unwinding-assertions --object-bits $bits \
		--no-malloc-may-fail \
		--pointer-overflow-check --unsigned-overflow-check \
		$(word Options) --drop-unused-functions --slice-formula
) >"$it.log" 2>&1
status=$?
[ $status -lt 124 ] || bad "out of time: $seconds s"
[ $status -eq 0 ] || [ $status -eq 10 ] ||
	bad "CBMC ended with $status" "$(tail -n 8 "$it.log")"

# What must hold and does not, what must be reached and is not.
awk -v marks="$it.marks" -v wraps="$it.wraps" '
BEGIN {
	while ((getline line <marks) > 0)
		mark[line] = 1
	while ((getline line <wraps) > 0)
		wrap[line] = 1
}
# The head of what follows: its file and function.
/ function [a-zA-Z0-9_$]+$/ && !/^\[/ {
	where = $1
	sub(/.*\//, "", where)
}
/^\[.*: (SUCCESS|FAILURE|UNKNOWN|ERROR)$/ {
	id = $1
	gsub(/[\[\]]/, "", id)
	split(id, part, ".")
	verdict = $NF
	of = part[1]
	if ((where ":" of) in mark || (where ":" of) in wrap)
		of = where ":" of
	if (/insert-final-assert-false/) {
		if (verdict == "FAILURE" && of in mark) {
			reached++
			delete mark[of]
		}
	} else if (/ reached: /) {
		if (verdict != "FAILURE")
			print "not reached: " $0
		else
			reached++
	} else if (/arithmetic overflow on unsigned/ && of in wrap) {
		;
	} else {
		if (verdict != "SUCCESS")
			print $0
		kind = part[2]
		if (/unwinding/)
			kind = "loop"
		else if (kind ~ /^pointer|^precondition/)
			kind = "pointer"
		else if (kind ~ /bounds/)
			kind = "bounds"
		else if (kind == "assertion")
			kind = "own"
		else if (kind !~ /^(overflow|loop)$/)
			kind = "other"
		count[kind]++
		all++
	}
}
END {
	for (f in mark)
		print "never entered and left: " f
	if (all == 0)
		print "nothing was checked"
	print "COUNT", all + 0, count["pointer"] + 0, count["bounds"] + 0, \
		count["overflow"] + 0, count["loop"] + 0, count["own"] + 0, \
		reached + 0
}' "$it.log" >"$it.verdict"
failures=$(sed '/^COUNT/d' "$it.verdict")
[ -z "$failures" ] || bad 'does not hold' "$failures"
set -- $(sed -n 's/^COUNT//p' "$it.verdict")
times >"$it.times"
rm -f "$it.gb" "$it.0.gb"
printf 'ok   %-32s %5d properties: %d pointer, %d bounds, %d overflow, ' \
	"$file $name" "$1" "$2" "$3" "$4"
printf '%d loop, %d own; %d reached, %s s\n' "$5" "$6" "$7" \
	"$(awk 'NR == 2 { split($1, t, /[ms]/); print t[1] * 60 + t[2] }' \
	"$it.times")"
