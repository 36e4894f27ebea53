#!/bin/sh
# The rules that a compiler does not check. Prints each fault as file:line:
# what, and ends with the number of faults.
#
#	BUILD=build sh tools/lint.sh
#
# Needs the library built, for what its objects hold and export.
set -u
LC_ALL=C
export LC_ALL
BUILD=${BUILD:-build}
CC=${CC:-cc}
work=$BUILD/lint
rm -rf "$work"
mkdir -p "$work" || exit 1
: >"$work/faults"

c_files=$(find include lib examples tools tests ports -name '*.[ch]' \
	2>/dev/null | sort)
lib_files=$(find lib -name '*.[ch]' | sort)
text_files=$(find Makefile README.md SIZES.md COPYING include lib \
	examples tools tests ports man pkgconfig docs bench .ci -type f \
	! -path '*/corpus/*' \
	! -name '*.eml' ! -name '*.png' ! -name '*.pdf' 2>/dev/null | sort)

fault()
{
	cat >>"$work/faults"
}

# ---- code without its comments and strings: file:line:code

awk '
FNR == 1 { comment = 0 }
{
	out = ""
	line = $0
	while (line != "") {
		if (comment) {
			i = index(line, "*/")
			if (i == 0)
				break
			line = substr(line, i + 2)
			comment = 0
			continue
		}
		if (!match(line, /\/\*|\/\/|"|\047/)) {
			out = out line
			break
		}
		out = out substr(line, 1, RSTART - 1)
		mark = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
		if (mark == "/*") {
			comment = 1
			continue
		}
		if (mark == "//")
			break
		# A string: up to the same quote without a backslash.
		while (line != "") {
			c = substr(line, 1, 1)
			line = substr(line, 2)
			if (c == "\\")
				line = substr(line, 2)
			else if (c == mark)
				break
		}
		out = out mark mark
	}
	if (out ~ /[^ \t]/)
		print FILENAME ":" FNR ":" out
}' $c_files /dev/null >"$work/code"

# ---- functions that are not used here, and why

# forbid WHERE WHY NAME...: a call of NAME in a file that matches WHERE
forbid()
{
	where=$1
	why=$2
	shift 2
	names=$(printf '%s|' "$@")
	grep -E "^($where)" "$work/code" |
	grep -E "[^A-Za-z0-9_.>](${names%|})[ 	]*\\(" |
	sed "s/\$/	<- $why/" | fault
}
here='lib/|include/|examples/|tools/|tests/'
forbid "$here" 'writes without a bound' \
	sprintf vsprintf strcpy strcat stpcpy gets alloca
forbid "$here" 'has hidden state' strtok rand srand
forbid "$here" 'cannot report an error' atoi atol atoll atof
forbid 'lib/|include/' 'cuts or fills in silence' strncpy strncat
forbid 'lib/|include/|examples/' 'depends on the locale' \
	isalpha isdigit isalnum isspace isupper islower isprint ispunct \
	iscntrl isgraph isxdigit tolower toupper strcasecmp strncasecmp \
	setlocale strcoll strftime strptime
forbid 'lib/|include/' 'depends on the locale, or skips blanks' \
	strtol strtoul strtoll strtoull strtod strtof sscanf
forbid 'lib/|include/' 'belongs to the program' \
	signal sigaction sigprocmask exit abort getenv system popen fork
forbid 'lib/|include/' 'writes to what is not ours' \
	printf puts putchar perror syslog
forbid 'lib/(text|codec|sasl|proto)/' 'allocates' \
	malloc calloc realloc free strdup strndup
forbid 'lib/(text|codec|crypto|mime|dkim|sasl|proto)/' 'is the clock' \
	time clock_gettime gettimeofday localtime gmtime clock

# ---- who may include whom

awk -F'[<>"]' '
function allow(dir, list,    n, i, a)
{
	n = split(list, a, " ")
	for (i = 1; i <= n; i++)
		may[dir, a[i]] = 1
}
BEGIN {
	free = "stddef.h stdint.h stdbool.h string.h limits.h assert.h "
	allow("text", free "emmintrin.h immintrin.h text smtp/status.h " \
	    "smtp/config.h")
	allow("codec", free "immintrin.h text codec smtp/status.h " \
	    "smtp/config.h")
	allow("crypto", free "text codec crypto smtp/status.h smtp/config.h")
	allow("sasl", free "text codec crypto sasl smtp/status.h " \
	    "smtp/config.h smtp/engine.h")
	allow("proto", free "text codec crypto sasl proto smtp/status.h " \
	    "smtp/config.h smtp/engine.h")
	sockets = "^(sys/socket|sys/un|netinet/|arpa/|netdb|poll|sys/poll|" \
	    "winsock2|ws2tcpip|net/if)"
	clock = "^lib/(client|net/system)"
	hosted = free "stdio.h stdlib.h errno.h "
	allow("file", hosted "file io.h fcntl.h windows.h")
	allow("mime", hosted "text codec crypto file mime smtp/status.h " \
	    "smtp/config.h smtp/message.h")
	allow("dkim", hosted "text codec crypto file mime dkim " \
	    "smtp/status.h " \
	    "smtp/config.h smtp/message.h smtp/dkim.h")
	allow("net", "text file net smtp/status.h smtp/config.h " \
	    "smtp/transport.h")
}
/^[ \t]*#[ \t]*include/ {
	split(FILENAME, path, "/")
	dir = path[3] == "" ? "." : path[2]
	what = $2
	top = what
	if (what !~ /^smtp\//)
		sub(/\/.*/, "", top)
	where = FILENAME ":" FNR ": "
	if (what == "sodium.h") {
		if (FILENAME !~ /_sodium\.c$/)
			print where what " belongs to *_sodium.c"
		next
	}
	if (what == "ares.h") {
		if (FILENAME !~ /_cares\.c$/)
			print where what " belongs to *_cares.c"
		next
	}
	if (what ~ /^(mbedtls|psa)\//) {
		if (FILENAME !~ /_mbedtls\.c$/)
			print where what " belongs to *_mbedtls.c"
		next
	}
	if (what ~ sockets && dir != "net") {
		print where what " belongs to lib/net"
		next
	}
	if (what ~ /^(sys\/)?time\.h$/ && FILENAME !~ clock) {
		print where "only the client has a clock"
		next
	}
	if (dir == ".")
		next
	if (dir == "net" && what !~ /\// && $0 ~ /</)
		next
	if (dir == "net" && what ~ /^(sys|netinet|arpa|net)\// && $0 ~ /</)
		next
	if (FILENAME ~ /_mbedtls\.c$/ && $0 ~ /</ && what !~ /\//)
		next
	if (!((dir, top) in may))
		print where "lib/" dir " may not include " what
}' $lib_files /dev/null | fault

# ---- what the objects hold: nothing that can be written

for file in lib/*.c lib/*/*.c; do
	[ ! -f "$BUILD/obj/${file%.c}.o" ] || echo "$BUILD/obj/${file%.c}.o"
done >"$work/objects"
if [ ! -f "$BUILD/libsmtp.so" ]; then
	echo "$BUILD: the library is not built" | fault
fi
while read -r object; do
	objdump -t "$object" | awk -v object="$object" '
	BEGIN { written = "[ \t](\\.data|\\.bss|\\*COM\\*|\\.tdata|" \
		"\\.tbss|\\.data\\.rel|\\.data\\.rel\\.local)[ \t]" }
	$0 ~ written {
		split($0, half, "\t")
		split(half[2], tail, " ")
		if (tail[1] !~ /^0+$/)
			print object ": can be written: " $NF
	}'
done <"$work/objects" | fault

# ---- names: headers, export map, shared library and manual agree

sh tools/names.sh >"$work/declared"
sed -n 's/^[ 	]*\(smtp_[a-z0-9_*]*\);.*/\1/p' lib/libsmtp.map |
	sort >"$work/mapped"
sed -n 's/^#define \(smtp_[a-z0-9_]*\) .*/\1/p' include/smtp/prefix.h |
	sort >"$work/renamed"
nm -D --defined-only "$BUILD/libsmtp.so" 2>/dev/null |
	awk '$2 != "A" { print $3 }' | sed 's/@.*//' | sort >"$work/exported"
sh tools/manual.sh names | awk '{ print $2 }' | sort -u >"$work/described"
# differ A B WHAT: names that A has and B has not
differ()
{
	comm -23 "$work/$1" "$work/$2" | sed "s|\$|: $3|" | fault
}
differ mapped declared 'in lib/libsmtp.map, not in a header'
differ declared mapped 'in a header, not in lib/libsmtp.map'
differ renamed declared 'in smtp/prefix.h, not declared'
differ declared renamed 'declared, not in smtp/prefix.h'
differ exported declared 'exported, not in a header'
differ declared exported 'in a header, not exported'
differ declared described 'has no manual page'

# ---- what a binding may rely on

sh tools/check-bindings.sh >"$work/bindings" 2>&1 ||
	sed '$d' "$work/bindings" | fault

# ---- what a file looks like

awk '
BEGIN {
	definition = "^(static |const |unsigned |struct [a-z_0-9]+ |" \
	    "enum [a-z_0-9]+ |int |void |char |size_t |ptrdiff_t |bool |" \
	    "u?int[0-9]+_t )+\\**[a-z_0-9]+\\([^;]*$"
	word = "(^|[^a-zA-Z0-9_])(if|for|while|switch) ?\\("
	others = "^tests/interop/"
}
function bad(what) { print FILENAME ":" FNR ": " what }
function width(s,    n, i)
{
	n = 0
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (c == "\t")
			n += 8 - n % 8
		else if (c < "\200" || c >= "\300")
			n++
	}
	return n
}
FNR == 1 {
	if (blank)
		print last ": ends with an empty line"
	blank = 0
	last = FILENAME
	code = FILENAME ~ /\.[ch]$/
	# Words for people, configurations of others, and octets to be sent.
	wide = FILENAME ~ /\.(md|txt|map|json|[1-9])$/ || FILENAME ~ others
	data = FILENAME ~ /^(tests|examples)\/(dialogue|hostile|message|data)\//
}
data                            { next }
/\r$/                           { bad("CR at the end of the line") }
/[ \t]$/                        { bad("blank at the end of the line") }
!wide && width($0) > 80         { bad("wider than 80 columns") }
code && /^        /             { bad("indented with spaces, not tabs") }
code && /^ +\t/                 { bad("blank before a tab") }
code && blank && /^$/           { bad("two empty lines") }
code && /[^a-zA-Z0-9_](if|for|while|switch)\(/ {
	bad("no blank after the word")
}
code && $0 ~ word && /\)\{$/    { bad("no blank before {") }
code && /^}[ \t]*else/          { bad("else at column 0") }
code && $0 ~ definition && $0 !~ /=/ {
	bad("the return type belongs on a line of its own")
}
code && /\/\// && /^[ \t]*\/\// { bad("comments are /* */") }
{ blank = $0 == "" }
END {
	if (blank)
		print last ": ends with an empty line"
}' $text_files | fault
for file in $text_files; do
	[ -z "$(tail -c 1 "$file")" ] ||
		echo "$file: the last line has no end" | fault
done
for file in $c_files; do
	head -n 1 "$file" | grep -q 'SPDX-License-Identifier: MIT' ||
		echo "$file:1: no SPDX-License-Identifier" | fault
done

# ---- nothing names the machine that it was written on

grep -nE '(^|[^a-zA-Z0-9_$}./-])/(home|root|work|tmp/wt)/[a-z]' \
	$text_files | fault
grep -nE '//(deb|ftp|registry|mirror)s?[.][a-z]' $text_files | fault

# ---- cppcheck; it takes a string that a caller passes for the size of every
# string, so that bounds are left to the sanitizers.

if ! command -v cppcheck >/dev/null 2>&1; then
	echo 'cppcheck: missing' | fault
else
	cppcheck -q -j 2 --std=c11 --language=c -Iinclude -Ilib \
		--enable=warning,performance,portability --inline-suppr \
		--suppress=missingIncludeSystem --suppress=unknownMacro \
		--suppress=arrayIndexOutOfBounds \
		--suppress=arrayIndexOutOfBoundsCond \
		--suppress='negativeIndex:tools/*' \
		--template='{file}:{line}: cppcheck {id}: {message}' \
		$(echo "$c_files" | grep -E '^(lib|examples|tools)/.*\.c$') \
		>"$work/cppcheck" 2>&1 || echo "cppcheck: status $?" | fault
	fault <"$work/cppcheck"
fi

n=$(grep -c . "$work/faults")
if [ "$n" -ne 0 ]; then
	cat "$work/faults"
fi
echo "lint: $n faults in $(echo "$text_files" | wc -l) files"
[ "$n" -eq 0 ]
