#!/bin/sh
# Prove the harnesses with CBMC, and that none of our functions is left out.
#
#	CBMC=dir sh tests/proofs/run.sh DIR [FILE | FILE:NAME]...
#	sh tests/proofs/run.sh DIR --rest
#	sh tests/proofs/run.sh --write
#
# A harness is proof_NAME() in tests/proofs/FILE.c, without parameters. The
# comment before it says in words what is shown, and then, one a line, with
# indented lines that go on:
#
#	Proves: functions of lib/ that are called with all that they may be
#		called with; FILE.c:NAME or FILE.h:NAME where a static
#		function's name is not the only one
#	Bounds: how large its inputs are, and why that is enough
#	Assumes: what else is taken for granted
#	Calls: FUNCTION=F,F: what the pointer to a function in it may be
#	Replaces: FUNCTION=OURS ...: what is proved elsewhere, by its contract
#	Wraps: functions in which an unsigned number is meant to wrap
#	Unwind: how often a loop may run at most; that it does not run more
#		often is shown, too
#	Loops: LOOP:TIMES ... where one has another bound
#	Seconds: the limit, of the processor, 30 without
#	Objects: for so many bits of a pointer's object, 10 without
#	Options: further ones for CBMC
#
# "7, 20" is 7, but 20 with PROOFS=all. The comment at the head of the file has
# "Sources:", what is linked, and "Also:" where all of it is proved once more
# with further flags of the compiler; with PROOFS=all that is everywhere, with
# -funsigned-char, as some processors have it. Such a run has a "~".
#
# Then each function of lib/text, lib/codec and lib/proto has to be proved by
# some harness or to stand in tests/proofs/reasons.txt; a copy of the library
# that tests/proofs/breaks.txt breaks has to be refused; and docs/proofs.md has
# to say what is here: --write makes it so. --rest does only this last part,
# with the results that stand in DIR.
set -u
LC_ALL=C
export LC_ALL PROOFS CBMC
PROOFS=${PROOFS:-usual}
CBMC=${CBMC:-build/cbmc}
here=tests/proofs

# heads: the comments of all harnesses, "FILE NAME|" before each line; that of
# a file itself has the name "-".
heads()
{
	for f in $here/*.c; do
		b=${f##*/}
		awk -v file="${b%.c}" '
		function flush(name, i)
		{
			for (i = 1; i <= lines; i++)
				print file " " name "|" text[i]
		}
		/^\/\*$/ { inside = 1; lines = 0; next }
		inside && /^ \*\/$/ {
			inside = 0
			if (!seen++)
				flush("-")
			next
		}
		inside {
			sub(/^ \* ?/, "")
			if (/^  / && lines > 0) {
				sub(/^ +/, " ")
				text[lines] = text[lines] $0
			} else
				text[++lines] = $0
			next
		}
		/^proof_[a-z0-9_]*\(void\)$/ {
			name = substr($0, 7)
			sub(/\(.*/, "", name)
			flush(name)
		}
		/^[a-z}].*/ { if ($0 != "void") lines = 0 }' "$f"
	done
}

# of FILE NAME: its comment
of()
{
	sed -n "s/^${1%\~} $2|//p" "$all"
}

document()
{
	cat $here/preface.md
	cut -d' ' -f1 "$all" | sort -u | while read -r file; do
		printf '\n## %s\n\n' "$file"
		of "$file" - | grep -vE '^([A-Z][a-z]+:|$)'
		grep "^$file " "$all" | sed 's/|.*//' | uniq |
		while read -r _ name; do
			[ "$name" != - ] || continue
			printf '\n**%s.** ' "$name"
			of "$file" "$name" | awk '
			/^(Unwind|Seconds|Loops|Objects): / { next }
			/^(Calls|Options): / { next }
			/^Proves: / {
				sub(/^Proves: /, "")
				n = split($0, f, " ")
				line = "Of"
				for (i = 1; i <= n; i++)
					line = line " `" f[i] "`" \
						(i < n ? "," : ".")
				rest = rest "\n" line
				next
			}
			/^[A-Z][a-z]+: / { rest = rest "\n" $0 "."; next }
			/./ { print }
			END { print substr(rest, 2) }'
		done
	done
	cat <<-'!'

	## What is not proved

	!
	awk -F '\t' '
	/^#/ || !/./ { next }
	!($2 in of) { order[++n] = $2 }
	{ of[$2] = of[$2] (of[$2] == "" ? "" : ", ") "`" $1 "`" }
	END {
		if (n == 0)
			print "Nothing: each function of these folders has" \
				" its harness."
		for (i = 1; i <= n; i++)
			print "- " of[order[i]] ": " order[i]
	}' $here/reasons.txt
}

if [ "${1-}" = --write ]; then
	all=$(mktemp) || exit 1
	trap 'rm -f "$all"' EXIT
	heads >"$all"
	document >docs/proofs.md
	exit 0
fi

dir=${1:?usage: run.sh DIR [FILE | FILE:NAME]...}
shift
mkdir -p "$dir"
all=$dir/heads
heads >"$all"
passed=0
failed=0
ok()
{
	passed=$((passed + 1))
	echo "ok   $1"
}
bad()
{
	failed=$((failed + 1))
	echo "FAIL $1"
}

# compile TREE DIR FILE: a harness file and its sources into DIR/FILE.gb
compile()
{
	flags="-DSMTP_WITH_AVX2=0 -DSMTP_PROOF=1"
	[ "$PROOFS" != all ] || flags="$flags -DPROOFS_ALL"
	case $3 in
	*~)	more=$(of "$3" - | sed -n 's/^Also: *//p')
		flags="$flags ${more:--funsigned-char}" ;;
	esac
	sources=$here/support/memory.c
	for s in $(of "$3" - | sed -n 's/^Sources: *//p'); do
		sources="$sources $1/$s"
	done
	# shellcheck disable=SC2086
	"$CBMC/goto-cc" --export-file-local-symbols -std=gnu11 -Wall \
		-Wno-unknown-pragmas -I"$here" -I"$here/support" \
		-I"$1/include" -I"$1/lib" $flags -o "$2/$3.gb" $sources \
		"$here/${3%\~}.c" \
		>"$2/$3.cc" 2>&1 ||
	{
		tail -n 20 "$2/$3.cc"
		return 1
	}
}

harnesses()
{
	[ -s "$dir/list" ] || {
		echo 'FAIL there is no such harness'
		echo '0 passed, 1 failed'
		exit 1
	}

	for file in $(cut -d' ' -f1 "$dir/list" | sort -u); do
		compile . "$dir" "$file" || bad "$file cannot be compiled"
	done
	while read -r file name; do
		of "$file" "$name" >"$dir/$file.$name.head"
		rm -f "$dir/$file.$name.result"
	done <"$dir/list"
	jobs=${PROOFS_JOBS:-$(nproc 2>/dev/null || echo 2)}
	# The ones that may take long come first.
	while read -r file name; do
		s=$(sed -n 's/^Seconds: *//p' "$dir/$file.$name.head")
		s=${s%%,*}
		echo "${s:-30} $file $name"
	done <"$dir/list" | sort -k1,1nr | cut -d' ' -f2- |
	xargs -P "$jobs" -L 1 sh -c '
		sh tests/proofs/one.sh "$0" "$1" "$2" >"$0/$1.$2.result"
		cat "$0/$1.$2.result"' "$dir"
	while read -r file name; do
		case $(cat "$dir/$file.$name.result" 2>/dev/null) in
		ok*)	passed=$((passed + 1)) ;;
		*)	failed=$((failed + 1)) ;;
		esac
	done <"$dir/list"
}

# Which ones.
rest=no
if [ $# -eq 0 ]; then
	rest=yes
	cut -d'|' -f1 "$all" | uniq | awk '$2 != "-"' >"$dir/list"
else
	for what; do
		case $what in
		*:*)	echo "${what%%:*} ${what##*:}" ;;
		*)	cut -d'|' -f1 "$all" | uniq |
				awk -v f="$what" '$1 == f && $2 != "-"' ;;
		esac
	done >"$dir/list"
fi
while read -r file name; do
	echo "$file $name"
	[ "$PROOFS" != all ] && ! of "$file" - | grep -q '^Also:' ||
		echo "$file~ $name"
done <"$dir/list" >"$dir/list.new"
mv "$dir/list.new" "$dir/list"
if [ "${1-}" = --rest ]; then
	rest=yes
else
	harnesses
fi

if [ $rest = yes ]; then
	sh $here/whole.sh "$dir" >"$dir/whole"
	status=$?
	cat "$dir/whole"
	[ $status -eq 0 ] && passed=$((passed + 1)) || failed=$((failed + 1))

	# One line each: FILE NAME | source | sed expression | what must fail
	mkdir -p "$dir/broken"
	grep -v '^#' $here/breaks.txt >"$dir/breaks.list"
	while IFS='|' read -r which source edit property; do
		set -- $which
		tree=$dir/broken/tree
		rm -rf "$tree"
		mkdir -p "$tree"
		cp -R lib include "$tree"
		sed "$edit" "$source" >"$tree/$source"
		if cmp -s "$source" "$tree/$source"; then
			bad "nothing to break any more: $source: $edit"
			continue
		fi
		cp "$dir/$1.$2.head" "$dir/broken/"
		if compile "$tree" "$dir/broken" "$1" &&
			! sh $here/one.sh "$dir/broken" "$1" "$2" \
			>"$dir/broken/result" &&
			grep -qE "$property" "$dir/broken/result"; then
			ok "$1 $2 refuses $source with $edit"
		else
			bad "$1 $2 does not refuse $source with $edit"
			cat "$dir/broken/result"
		fi
	done <"$dir/breaks.list"

	document >"$dir/proofs.md"
	if cmp -s docs/proofs.md "$dir/proofs.md"; then
		ok 'docs/proofs.md says what is proved'
	else
		bad 'docs/proofs.md: tests/proofs/run.sh --write it anew'
	fi
fi
echo
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
