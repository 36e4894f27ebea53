#!/bin/sh
# The manual pages: mandoc finds no warning, cross references lead somewhere,
# each SYNOPSIS agrees with the headers, and each example compiles.
#
#	BUILD=build sh tools/check-man.sh
#
# A literal block in EXAMPLES that defines functions or includes headers is a
# file of its own; any other is the body of a function, where `smtp', `m',
# `options', `rc' and `argv' exist. Section 1 examples are shell and are left.
set -u
LC_ALL=C
export LC_ALL
BUILD=${BUILD:-build}
CC=${CC:-cc}
work=$BUILD/man
rm -rf "$work"
mkdir -p "$work" || exit 1
good=0
bad=0

ok()
{
	good=$((good + 1))
}

not()
{
	bad=$((bad + 1))
	echo "$1: $2"
	[ $# -lt 3 ] || sed 's/^/    /' "$3"
}

compiles()
{
	$CC -std=gnu11 -Wall -Wextra -Werror -Wno-unused \
		-Wno-maybe-uninitialized -Iinclude -fsyntax-only -x c "$1" \
		>"$work/log" 2>&1
}

sh tools/manual.sh names >"$work/names"
set -- man/*.[1-9]
if [ ! -f "$1" ]; then
	echo "man: no pages"
	exit 1
fi

for page; do
	base=${page##*/}
	if mandoc -Tlint -W warning "$page" >"$work/log" 2>&1; then
		ok
	else
		not "$page" "mandoc finds fault" "$work/log"
	fi

	# .Xr to a page or a name of ours must lead there.
	awk '$1 == ".Xr" { print $2, $3 }' "$page" | sort -u >"$work/xr"
	while read -r name section; do
		case $name in smtp*) ;; *) continue ;; esac
		if awk -v name="$name" -v section="$section" '
			$2 == name && $1 ~ "\\." section "$" { found = 1 }
			END { exit !found }' "$work/names"; then
			ok
		else
			not "$page" "no page for .Xr $name $section"
		fi
	done <"$work/xr"

	# The SYNOPSIS said again after the headers must agree with them.
	case $base in *.3)
		awk '
		function args(from,    i, s)
		{
			s = ""
			for (i = from; i <= n; i++)
				s = s (s == "" ? "" : ", ") a[i]
			return s == "" ? "void" : s
		}
		# The words of a macro line, quoted ones kept together.
		function words(line,    w)
		{
			n = 0
			sub(/^\.[A-Za-z]+[ \t]*/, "", line)
			while (line != "") {
				if (substr(line, 1, 1) == "\"") {
					line = substr(line, 2)
					i = index(line, "\"")
					if (i == 0)
						i = length(line) + 1
					a[++n] = substr(line, 1, i - 1)
					line = substr(line, i + 1)
				} else {
					i = match(line, /[ \t]/)
					if (i == 0)
						i = length(line) + 1
					a[++n] = substr(line, 1, i - 1)
					line = substr(line, i)
				}
				sub(/^[ \t]+/, "", line)
			}
		}
		/^\.Sh /   { on = $2 == "SYNOPSIS" }
		!on        { next }
		/^\.In /   { print "#include <" $2 ">"; next }
		/^\.Ft /   { words($0); type = ""
			for (i = 1; i <= n; i++)
				type = type a[i] " "
			next }
		/^\.Fn /   { words($0)
			print type a[1] "(" args(2) ");"
			next }
		/^\.Fo /   { words($0); name = a[1]; list = ""; next }
		/^\.Fa /   { words($0)
			for (i = 1; i <= n; i++)
				list = list (list == "" ? "" : ", ") a[i]
			next }
		/^\.Fc/    { if (list == "")
				list = "void"
			print type name "(" list ");"
			next }
		' "$page" >"$work/$base.c"
		if [ ! -s "$work/$base.c" ]; then
			not "$page" "has no SYNOPSIS"
		elif compiles "$work/$base.c"; then
			ok
		else
			not "$page" "SYNOPSIS does not compile" "$work/log"
		fi

		# The examples, each into a file.
		rm -f "$work"/example-*
		awk -v to="$work/example-" '
		/^\.Sh /                  { on = $2 == "EXAMPLES" }
		on && /^\.Bd .*-literal/  { k++; block = 1; next }
		/^\.Ed/                   { block = 0 }
		block && !/^\.\\"/ {
			gsub(/\\e/, "\\")
			gsub(/\\&/, "")
			gsub(/\\-/, "-")
			gsub(/\\\(dq/, "\"")
			gsub(/\\\(aq/, "\047")
			gsub(/^\.(Pp|Pa|Li)$/, "")
			print >(to k)
		}' "$page"
		for example in "$work"/example-*; do
			[ -f "$example" ] || continue
			number=${example##*-}
			# No heading of a shell session is C.
			if grep -q '^[$#%] ' "$example" &&
			    ! grep -q '^# *include' "$example"; then
				continue
			fi
			{
				for h in include/smtp/*.h; do
					echo "#include <smtp/${h##*/}>"
				done
				echo '#include <errno.h>'
				echo '#include <poll.h>'
				echo '#include <stdio.h>'
				echo '#include <stdlib.h>'
				echo '#include <string.h>'
				echo '#include <unistd.h>'
				if grep -qE '^(#|\{)' "$example"; then
					cat "$example"
				else
					echo 'int'
					echo 'example(struct smtp *smtp,'
					echo 'struct smtp_message *m,'
					echo 'struct smtp_options *options,'
					echo 'int rc, char **argv)'
					echo '{ {'
					cat "$example"
					echo '} return rc; }'
				fi
			} >"$work/$base.$number.c"
			if compiles "$work/$base.$number.c"; then
				ok
			else
				not "$page" "example $number does not compile" \
					"$work/log"
			fi
		done ;;
	esac
done

echo "manual: $good checks passed, $bad failed"
printf '%s %s\n' "$good" "$bad" >"$work/result"
[ "$bad" -eq 0 ]
