#!/bin/sh
# The figures of SIZES.md: one part for each command that prints them.
#
#	sh tools/sizes.sh NAME FILE [doc]
#
# FILE is the part NAME as it came out now. With `doc' it is put into SIZES.md;
# without, what stands there may be off by 10 % (or 32) in each number, and in
# nothing else. The first line of a part says what it was built with: figures
# of other versions are not compared.
set -u
LC_ALL=C
export LC_ALL
name=${1:?usage: sizes.sh NAME FILE [doc]}
file=${2:?usage: sizes.sh NAME FILE [doc]}
begin="<!-- $name -->"
end="<!-- end of $name -->"

if ! grep -qxF "$begin" SIZES.md || ! grep -qxF "$end" SIZES.md; then
	echo "SIZES.md: there is no part \`$name'" >&2
	exit 1
fi
if [ "${3-}" = doc ]; then
	awk -v begin="$begin" -v end="$end" -v file="$file" '
	$0 == begin {
		print
		while ((getline line <file) > 0)
			print line
		skip = 1
	}
	$0 == end { skip = 0 }
	!skip' SIZES.md >"$file.new" && cat "$file.new" >SIZES.md
	exit
fi
awk -v begin="$begin" -v end="$end" '
$0 == end { on = 0 }
on
$0 == begin { on = 1 }' SIZES.md >"$file.was"
if [ "$(sed -n 1p "$file.was")" != "$(sed -n 1p "$file")" ]; then
	echo "SIZES.md: $name: of other versions, not compared"
	exit 0
fi
awk -v was="$file.was" -v name="$name" '
function off(a, b,    d)
{
	d = a > b ? a - b : b - a
	return d > 32 && d > 0.1 * b
}
{
	if ((getline line <was) <= 0)
		line = ""
	n = split($0, now, /[ |]+/)
	m = split(line, old, /[ |]+/)
	bad = n != m
	for (i = 1; i <= n && !bad; i++) {
		if (now[i] ~ /^[0-9]+$/ && old[i] ~ /^[0-9]+$/)
			bad = off(now[i], old[i])
		else
			bad = now[i] "" != old[i] ""
	}
	if (bad) {
		print "SIZES.md: " name ": " line "\n     now: " $0
		worst = 1
	}
}
END {
	if ((getline line <was) > 0)
		worst = 1
	if (worst)
		print "SIZES.md: out of date; `make " name " DOC=yes` writes it"
	exit worst
}' "$file"
