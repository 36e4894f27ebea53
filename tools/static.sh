#!/bin/bash
# What analyzers say of the library without running it, and whether two builds
# are the same.
#
#	BUILD=build bash tools/static.sh [tidy|analyzer|misra|reproducible...]
#
#	tidy		clang-tidy, with the checks of .clang-tidy
#	analyzer	gcc -fanalyzer
#	misra		cppcheck's MISRA addon over the engine: each rule that
#			is not kept has a row in docs/misra.md, and no other
#	reproducible	built twice, in two folders: the same octets
#
# What the first two say and is not so has a row in tests/static/known. The
# last line is "N passed, N failed", of files, rules and libraries.
set -u
LC_ALL=C
export LC_ALL
BUILD=${BUILD:-build}
MAKE=${MAKE:-make}
unset MAKEFLAGS MFLAGS
work=$BUILD/static
rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
[ $# -gt 0 ] || set -- tidy analyzer misra reproducible
passed=0
failed=0

export flags="-std=c11 -Iinclude -Ilib -pthread
	${MBEDTLS_PREFIX:+-isystem $MBEDTLS_PREFIX/include}"
# Not those of another platform or of what is not installed.
sources=$(ls lib/*.c lib/*/*.c | grep -vE 'windows|winsock|cares|sodium')
engine=$(ls lib/proto/*.c lib/codec/line.c lib/codec/base64.c \
	lib/sasl/{mech,cram_md5}.c lib/text/clean.c)

bad()
{
	failed=$((failed + 1))
	echo "not ok - $1"
}

tidy_one()
{
	clang-tidy --quiet "$1" -- $flags
}
analyzer_one()
{
	gcc $flags -O1 -fanalyzer -Wno-analyzer-too-complex -c -o /dev/null "$1"
}
export -f tidy_one analyzer_one

# each NAME: NAME_one over all sources, one log each
each()
{
	mkdir -p "$work/$1"
	printf '%s\n' $sources | xargs -P "$jobs" -I{} bash -c '
		log=$2/$(echo "$3" | tr / _)
		"$1" "$3" >"$log" 2>&1 || echo "status $?" >>"$log"
		' bash "$1_one" "$work/$1" {}
}

# judge NAME CHECKS: what they say, as "file check", against what is known
judge()
{
	local name=$1 said=$work/$1.said known=$work/$1.known fault file
	cat "$work/$name"/* | grep -E ': (warning|error): .*\[' |
		sed -E -e "s,^$PWD/,," \
		-e 's,^([^:]*):.*\[-?W?([^],]*)[^]]*\]$,\1 \2,' |
		sort -u >"$said"
	sed '/^#/d' tests/static/known |
		grep -E " $2" | sort >"$known"
	passed=$((passed + $(echo "$sources" | wc -w)))
	while read -r fault; do
		bad "$name: $fault"
		grep -h "${fault%% *}:.*${fault#* }" "$work/$name"/* | sed 3q
	done < <(comm -23 "$said" "$known")
	while read -r fault; do
		bad "$name: nothing says $fault any more"
	done < <(comm -13 "$said" "$known")
	# What did not run to its end found nothing.
	for file in $(grep -lE '^status 1[2-9]' "$work/$name"/*); do
		bad "$name: $(tail -n 1 "$file") from ${file##*/}"
	done
}

# An analyzer sees this, or it is none.
canary()
{
	cat >"$work/canary.c" <<-'!'
	#include <stdlib.h>
	int canary(int n);
	int
	canary(int n)
	{
		int *p = malloc(sizeof *p);
		if (n > 0)
			p = NULL;
		if (p == NULL)
			return *p;
		free(p);
		return *p;
	}
	!
	"$1_one" "$work/canary.c" 2>&1 | grep -q 'warning:' ||
		bad "$1 does not see what is wrong with its canary"
}

tidy()
{
	canary tidy
	each tidy
	judge tidy '(bugprone|cert|clang|concurrency|misc|perf|porta|reada)'
}

analyzer()
{
	canary analyzer
	each analyzer
	judge analyzer analyzer-
}

# "`rule`" in the first column of the table of docs/misra.md
misra()
{
	local rule
	# The addon leaves files beside the sources.
	mkdir "$work/engine"
	cp -r include lib "$work/engine"
	(cd "$work/engine" && cppcheck -q --addon=misra --std=c11 -Iinclude \
		-Ilib --enable=style --template='{file}:{line} {id}' \
		$engine) >"$work/misra" 2>&1
	grep -o 'misra-c2012-[0-9.]*' "$work/misra" | sed 's/.*-//' |
		sort | uniq -c | awk '{ print $2, $1 }' | sort >"$work/said"
	sed -n 's/^| \([0-9]*\.[0-9]*\) |.*/\1/p' docs/misra.md |
		sort >"$work/told"
	[ -s "$work/said" ] || bad 'misra: the addon says nothing at all'
	while read -r rule; do
		bad "misra: rule $rule is not kept, docs/misra.md is silent"
		grep -m 3 "misra-c2012-$rule\$" "$work/misra"
	done < <(cut -d ' ' -f 1 "$work/said" | comm -23 - "$work/told")
	while read -r rule; do
		bad "misra: rule $rule is kept, docs/misra.md says not"
	done < <(cut -d ' ' -f 1 "$work/said" | comm -13 - "$work/told")
	passed=$((passed + $(wc -l <"$work/told")))
}

reproducible()
{
	local copy file
	for copy in one two/deeper; do
		mkdir -p "$work/$copy"
		cp -r Makefile include lib "$work/$copy"
		$MAKE -s -j"$jobs" -C "$work/$copy" lib
	done >"$work/log" 2>&1
	for file in libsmtp.a libsmtp.so; do
		if cmp "$work/one/build/$file" \
			"$work/two/deeper/build/$file"; then
			passed=$((passed + 1))
		else
			bad "reproducible: $file"
			tail -n 5 "$work/log"
		fi
	done
}

for what; do
	case $what in
	tidy | analyzer | misra | reproducible)
		start=$SECONDS
		before=$failed
		$what
		printf '%-5s %-14s %4d s\n' "$([ $failed -eq $before ] &&
			echo ok || echo FAIL)" "$what" $((SECONDS - start)) ;;
	*)	echo "static: no such thing: $what" >&2
		exit 64 ;;
	esac
done
echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
