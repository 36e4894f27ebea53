#!/bin/sh
# The public functions that the headers declare, one a line, sorted.
#
#	sh tools/names.sh
#	sh tools/names.sh --write	after one was added or went: bring the
#					two lists of them up to date
set -eu
if [ "${1-}" = --write ]; then
	new=$(mktemp)
	trap 'rm -f "$new" "$new.map" "$new.h"' EXIT
	sh "$0" >"$new"
	# A name stays in the node of the version that it came with.
	version=$(awk '$2 == "SMTP_VERSION" { gsub(/"/, "", $3)
		sub(/\.[0-9]*$/, "", $3); print $3 }' include/smtp/config.h)
	awk -v now="LIBSMTP_$version" '
	NR == FNR {
		name[++n] = $1
		next
	}
	/^LIBSMTP_/ {
		node = $1
		order[++nodes] = node
	}
	/^	smtp_/ {
		sub(/;/, "", $1)
		node_of[$1] = node
	}
	END {
		if (order[nodes] != now)
			order[++nodes] = now
		for (i = 1; i <= n; i++)
			if (!(name[i] in node_of))
				node_of[name[i]] = now
		for (k = 1; k <= nodes; k++) {
			text = ""
			for (i = 1; i <= n; i++)
				if (node_of[name[i]] == order[k])
					text = text "\t" name[i] ";\n"
			if (text == "")
				continue
			if (before != "")
				print ""
			print order[k] " {\nglobal:"
			printf "%s", text
			if (before == "")
				print "local:\n\t*;\n};"
			else
				print "} " before ";"
			before = order[k]
		}
	}' "$new" lib/libsmtp.map >"$new.map"
	mv "$new.map" lib/libsmtp.map
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
