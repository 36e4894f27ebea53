#!/bin/sh
# smtp-send(1) and smtp-send have the same options.
set -u
LC_ALL=C
export LC_ALL
tool=${BUILD:-build}/examples/smtp-send
page=man/smtp-send.1
work=${BUILD:-build}/test-manual
rm -rf "$work"
mkdir -p "$work" || exit 1

same()
{
	if cmp -s "$2" "$3" && [ -s "$2" ]; then
		echo "ok - $1"
		return
	fi
	echo "not ok - $1"
	diff "$2" "$3" | sed 's/^/# /'
}

"$tool" --help | grep -oE -e '--[a-z][a-z-]*' | sort -u >"$work/tool"
awk '/^\.Sh / { synopsis = $2 == "SYNOPSIS" } synopsis' "$page" |
	grep -oE 'Fl -[a-z][a-z-]*' | sed 's/Fl /-/' | sort -u >"$work/synopsis"
grep '^\.It Fl' "$page" | grep -oE 'Fl -[a-z][a-z-]*' | sed 's/Fl /-/' |
	sort -u >"$work/items"
same 'the options of --help are those of the SYNOPSIS' \
	"$work/tool" "$work/synopsis"
same 'each of them is described' "$work/tool" "$work/items"

# An exit status that the page names is one that the tool may give.
sed -n 's/^\.It \([0-9][0-9]*\)$/\1/p' "$page" | sort -n >"$work/statuses"
printf '%s\n' 0 1 2 64 65 66 68 69 70 71 74 75 76 77 >"$work/contract"
same 'the exit statuses are those of the contract' \
	"$work/contract" "$work/statuses"
