#!/bin/sh
# ports/mail by itself: it makes the same mail from the library's sources, with
# and without SMTP_WITH_FAST, and from the one file for firmware, which is
# compiled as its first comment says.
set -u
build=${BUILD:-build}
work=$build/test-run/mail
mkdir -p "$work"
# By this machine's compiler, whatever the build is for.
cc=cc
command -v cc >/dev/null 2>&1 || cc=${CC:-gcc}
test=tests/firmware/host/mail.c

n=0
check()
{
	what=$1
	shift
	n=$((n + 1))
	if "$@" >"$work/log" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		sed 's/^/# /' "$work/log"
	fi
}

from_sources()
{
	$cc -O1 -DSMTP_WITH_FAST=$1 -Iinclude -Ilib -Iports/mail \
		-o "$work/mail$1" $test ports/mail/smtp_mail.c \
		lib/mime/field.c lib/mime/date.c lib/codec/*.c lib/text/*.c &&
		"$work/mail$1" "$work/made$1"
}

from_one_file()
{
	off='-DSMTP_WITH_CRAM_MD5=0 -DSMTP_WITH_SCRAM=0 -DSMTP_WITH_FAST=0'
	sh tools/amalgamation.sh "$work" mail &&
		(cd "$work" && $cc -c -Os -ffunction-sections -fdata-sections \
		-fwhole-program -fno-thread-jumps -fno-move-loop-invariants \
		'-DSMTP_API=__attribute__((externally_visible))' $off smtp.c) &&
		$cc -DONE_FILE $off -I"$work" -o "$work/mail" $test \
		"$work/smtp.o" &&
		"$work/mail" "$work/made"
}

check 'a mail from the sources' from_sources 1
check 'without what is fast' from_sources 0
check 'from one file' from_one_file
check 'they are the same' cmp "$work/made0" "$work/made1"
check 'that of one file, too' cmp "$work/made0" "$work/made"
echo 1..$n
