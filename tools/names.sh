#!/bin/sh
# The public functions that the headers declare, one a line, sorted.
set -eu
for header in include/smtp/*.h; do
	printf '#include <smtp/%s>\n' "${header##*/}"
done | ${CC:-cc} -std=c11 -Iinclude -E -P -x c - | tr '\n' ' ' |
	sed 's/visibility("default")/\
@/g' | awk '
/^@/ {
	sub(/[;{].*/, "")
	if (match($0, /smtp_[a-z0-9_]+ *\(/)) {
		name = substr($0, RSTART, RLENGTH)
		sub(/ *\($/, "", name)
		print name
	}
}' | LC_ALL=C sort -u
