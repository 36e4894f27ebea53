#!/bin/sh
# The library as one source and one header.
#
#	sh tools/amalgamation.sh FOLDER [engine | mail]
#
# writes FOLDER/smtp.h and FOLDER/smtp.c: `cc -c smtp.c' is the whole build.
# Headers come first, each behind those that it includes; then the sources.
# What is static in two of them gets the name of its file before its own, and
# the macros of a source end with it. With `engine' it is that alone, which
# needs nothing of the platform: the smallest form for firmware. With `mail'
# ports/mail is in it, too.
set -eu
LC_ALL=C
export LC_ALL
out=$1
mkdir -p "$out"

# Public headers, then those of the library, in an order that can be compiled.
ordered()
{
	for h in "$@"; do
		echo "$h $h"
		sed -n "s|^#include <smtp/\(.*\)>.*|include/smtp/\1 $h|p
			s|^#include \"\(.*\)\".*|lib/\1 $h|p" "$h"
	done | tsort
}
public=$(ordered include/smtp/*.h | grep '^include/')
private=$(ordered include/smtp/*.h lib/*.h lib/*/*.h | grep '^lib/')
sources=$(ls lib/*.c lib/*/*.c)
form=${2-all}
if [ "$form" != all ]; then
	mail='@'
	public='include/smtp/config.h include/smtp/status.h
		include/smtp/engine.h'
	if [ "$form" = mail ]; then
		mail='mime/(date|field)\.'
		public="$public ports/mail/smtp_mail.h"
	fi
	private=$(echo "$private" |
		grep -E "^lib/((text|codec|crypto|sasl|proto)/|$mail)")
	sources=$(echo "$sources" |
		grep -E "^lib/((text|codec|sasl|proto)/|$mail)")
	[ "$form" != mail ] || sources="$sources ports/mail/smtp_mail.c"
fi
version=$(sed -n 's/^#define SMTP_VERSION "\(.*\)"/\1/p' include/smtp/config.h)
switches=$(sed -n 's/^#define \(SMTP_WITH_[A-Z0-9_]*\) [01].*/\1/p' \
	include/smtp/config.h | sort -u)

heading()
{
	cat <<-EOF
	/* SPDX-License-Identifier: MIT */
	/*
	 * libsmtp $version in one file.
	 *
EOF
	sed -n '/^Copyright/,$s/^/ * /p' COPYING | sed 's/ *$//'
	echo ' *'
}

{
	heading
	echo ' * This header is <smtp/smtp.h> and all that stand beside it.'
	echo ' */'
	echo '#ifndef SMTP_AMALGAMATION_H'
	echo '#define SMTP_AMALGAMATION_H'
	for h in $public; do
		printf '\n/* ---- %s */\n\n' "${h#include/}"
		sed '1{/SPDX/d;}
			/^#include <smtp\//d' "$h"
	done
	printf '\n#endif\n'
} >"$out/smtp.h"

how()
{
	if [ "$form" != all ]; then
		what='The engine alone, for firmware.'
		[ "$form" != mail ] ||
			what='The engine and a mail as a stream, for firmware.'
		echo " * $what"
		cat <<-'EOF'
		 *
		 * Compile it with
		 *
		 *	cc -c -Os -ffunction-sections -fdata-sections \
		 *	    -fwhole-program -fno-thread-jumps \
		 *	    -fno-move-loop-invariants \
		 *	    '-DSMTP_API=__attribute__((externally_visible))' \
		 *	    -DSMTP_WITH_CRAM_MD5=0 -DSMTP_WITH_SCRAM=0 smtp.c
		 *
		 * and link with --gc-sections: what is not public is folded
		 * into its callers, what is not called is left out, and no
		 * branch is copied to be faster.
		EOF
		return
	fi
	cat <<-'EOF'
	 * Compile it with
	 *
	 *	cc -c smtp.c
	 *
	 * and link with -lmbedtls -lmbedx509 -lmbedcrypto -pthread, on Windows
	 * with -lws2_32 -lcrypt32 -lbcrypt in place of -pthread; with
	 *
	 *	cc -c -DSMTP_WITH_TLS=0 -DSMTP_WITH_HASH=0 \
	 *	    -DSMTP_WITH_CRAM_MD5=0 -DSMTP_WITH_DKIM=0 smtp.c
	 *
	 * it needs no other library, but has no TLS and no digests.
	EOF
}

{
	heading
	how
	cat <<-'EOF'
	 *
	 * Each of these is 1 or 0, with -DNAME=0, and smtp.h says what it is
	 * for:
	 *
EOF
	echo "$switches" | sed 's/^/ *	/'
	cat <<-'EOF'
	 *
	 * The program that includes smtp.h is compiled with the same.
	 */
	#ifndef _DEFAULT_SOURCE
	#define _DEFAULT_SOURCE
	#endif
	#ifndef _POSIX_C_SOURCE
	#define _POSIX_C_SOURCE 200809L
	#endif
	#include "smtp.h"
EOF
	for h in $private; do
		printf '\n/* ---- %s */\n\n' "$h"
		sed '1{/SPDX/d;}
			/^#include <smtp\//d
			/^#include "/d' "$h"
	done
	awk '
	# Names of file scope that a source defines for itself.
	function defines(name)
	{
		if (name !~ /^[A-Za-z]/ || name ~ /^smtp|^SMTP_/ ||
		    (FILENAME, name) in has)
			return
		has[FILENAME, name] = 1
		count[name]++
	}
	# Code without comments and texts, for the first reading.
	function bare(s)
	{
		gsub(/"([^"\\]|\\.)*"/, "", s)
		gsub(/\/\*[^*]*\*\//, "", s)
		sub(/\/\*.*/, "", s)
		return s
	}
	function first(    s, n, word, i)
	{
		if (comment) {
			if ($0 !~ /\*\//)
				return
			comment = 0
			return
		}
		if ($0 ~ /^[ \t]*\/\*/ && $0 !~ /\*\//) {
			comment = 1
			return
		}
		s = bare($0)
		if (depth == 0 && s ~ /^(struct|enum|union) .*\{/) {
			split(s, word, / /)
			defines(word[2])
			in_enum = word[1] == "enum"
		}
		if (in_enum) {
			n = split(s, word, /[^A-Za-z0-9_]+/)
			for (i = 1; i <= n; i++)
				if (word[i] ~ /^[A-Z][A-Z0-9_]*$/)
					defines(word[i])
		}
		if (depth == 0 && s ~ /^[a-z_0-9]+\(/ &&
		    before ~ /(^| )static /) {
			split(s, word, /\(/)
			defines(word[1])
		}
		if (depth == 0 && s ~ /^static .*( =|;|\[)/) {
			sub(/[[=;].*/, "", s)
			n = split(s, word, /[^a-z0-9_]+/)
			while (n > 0 && word[n] == "")
				n--
			defines(word[n])
			s = bare($0)
		}
		before = s ~ /^[ \t]*$/ ? before : s
		depth += gsub(/\{/, "{", s) - gsub(/\}/, "}", s)
		if (depth == 0)
			in_enum = 0
	}
	# The second: words that are in two files are renamed, but not members.
	function rename(s,    out, c, word, last, member)
	{
		out = ""
		last = ""
		while (s != "") {
			if (match(s, /^[A-Za-z_][A-Za-z0-9_]*/)) {
				word = substr(s, 1, RLENGTH)
				s = substr(s, RLENGTH + 1)
				member = last ~ /(\.|->)$/ || (in_struct &&
				    last !~ /^(struct|enum|union)$/)
				if (!member && (FILENAME, word) in has &&
				    count[word] > 1)
					word = stem "__" word
				out = out word
				last = word
				continue
			}
			if (!match(s, /^"([^"\\]|\\.)*"/) &&
			    !match(s, /^\047([^\047\\]|\\.)*\047/) &&
			    !match(s, /^\/\*.*/) && !match(s, /^->/) &&
			    !match(s, /^[0-9][A-Za-z0-9]*/))
				match(s, /^./)
			c = substr(s, 1, RLENGTH)
			s = substr(s, RLENGTH + 1)
			out = out c
			if (c !~ /^[ \t]$/)
				last = c
		}
		return out
	}
	function finish(    i)
	{
		for (i = 1; i <= macros; i++)
			print "#undef " macro[i]
		macros = 0
	}
	FNR == 1 {
		depth = comment = in_enum = 0
		before = ""
		if (pass == 2) {
			finish()
			stem = FILENAME
			sub(/^lib\//, "", stem)
			sub(/\.c$/, "", stem)
			gsub(/\//, "_", stem)
			printf "\n/* ---- %s */\n\n", FILENAME
		}
	}
	pass == 1 {
		first()
		next
	}
	FNR == 1 && /SPDX/ { next }
	/^#define _(DEFAULT|POSIX_C)_SOURCE/ { next }
	/^#include ("|<smtp\/)/ { next }
	/^#define / {
		name = $2
		sub(/\(.*/, "", name)
		for (i = 1; i <= macros; i++)
			if (macro[i] == name)
				break
		if (i > macros)
			macro[++macros] = name
	}
	/^[ \t]*\/\*/ && !/\*\// { comment = 1 }
	/^(struct|union) [a-z0-9_]+ \{/ { in_struct = 1 }
	/^\}/ { in_struct = 0 }
	{
		print comment ? $0 : rename($0)
		if (/\*\//)
			comment = 0
	}
	END { finish() }
	' pass=1 $private $sources pass=2 $sources
} >"$out/smtp.c"
