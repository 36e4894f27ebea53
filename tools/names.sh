#!/bin/sh
# The public functions that the headers declare, one a line, sorted.
#
#	sh tools/names.sh
#	sh tools/names.sh --write	after one was added or went: bring the
#					two lists of them up to date
set -eu
if [ "${1-}" = --write ]; then
	new=$(mktemp)
	trap 'rm -f "$new"' EXIT
	sh "$0" >"$new"
	{
		echo 'LIBSMTP_0.1 {'
		echo 'global:'
		sed 's/.*/\t&;/' "$new"
		printf 'local:\n\t*;\n};\n'
	} >lib/libsmtp.map
	{
		sed -e '/^#define smtp_/,$d' -e '/^#endif/d' \
			include/smtp/prefix.h
		sed 's/^smtp_\(.*\)/#define & SMTP__AS(\1)/' "$new"
		printf '\n#endif\n'
	} >"$new.h"
	mv "$new.h" include/smtp/prefix.h
	exit 0
fi
for header in include/smtp/*.h; do
	[ "${header##*/}" != prefix.h ] || continue
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
