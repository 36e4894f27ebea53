#!/bin/bash
# The library built for Windows, under Wine: unit tests and dialogues, then
# mail over TLS to a server of this system, by the DLL, with trust from a file
# and from the certificate store.
#
#	BUILD=build/windows NATIVE=build bash tests/windows/run.sh [PROGRAM...]
#
# BUILD was made by the cross compiler, NATIVE for this system. PROGRAMs are
# names of test programs: these alone are run, or with --mail none of them.
# tests/windows/posix-only lists the cases that have to fail: one that passes,
# or is not there, is a failure. The last line is "N passed, N failed".
set -u
export LC_ALL=C.UTF-8 WINEDEBUG=-all CMOCKA_MESSAGE_OUTPUT=TAP
BUILD=${BUILD:-build/windows}
NATIVE=${NATIVE:-build}
export BUILD
WINEPREFIX=$(cd "$BUILD" && pwd)/wine
export WINEPREFIX WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe='
unset DISPLAY
work=$BUILD/test-run
seconds=${SMTP_TEST_SECONDS:-150}
jobs=${SMTP_TEST_JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}
passed=0
failed=0

# One program of the list below.
if [ "${1-}" = --one ]; then
	name=${2##*/}
	name=${name%.exe}
	start=$SECONDS
	timeout -k 5 "$seconds" wine "$2" >"$work/$name.log" 2>&1 </dev/null
	echo "$? $((SECONDS - start))" >"$work/$name.status"
	exit 0
fi

ok()
{
	passed=$((passed + 1))
	echo "ok    $1"
}
not_ok()
{
	failed=$((failed + 1))
	echo "FAIL  $1"
	[ $# -lt 2 ] || sed 's/^/      | /' "$2" | tail -n 40
}
# check WHAT COMMAND...
check()
{
	local what=$1

	shift
	if "$@" >"$work/check.log" 2>&1; then
		ok "$what"
	else
		not_ok "$what" "$work/check.log"
	fi
}

rm -rf "$work"
mkdir -p "$work" "$BUILD/tools"
ln -sf "$(cd "$NATIVE" && pwd)/tools/demo-server" "$BUILD/tools/demo-server"
# Its first start makes the prefix.
timeout 120 wine cmd /c ver >"$work/wine.log" 2>&1 || {
	cat "$work/wine.log"
	echo '0 passed, 1 failed'
	exit 1
}
# One server to the end: a new one forgets what was put into the store.
wineserver -p
trap 'wineserver -k' EXIT

# ---- the test programs

programs=("$@")
if [ $# -eq 0 ]; then
	programs=(windows)
	for file in tests/test_*.c; do
		grep -q "^${file#tests/} " tests/windows/posix-only ||
			programs+=("$(basename "${file#tests/test_}" .c)")
	done
elif [ "$1" = --mail ]; then
	programs=()
	shift
fi
printf '%s\n' "${programs[@]}" | sed -n "s|..*|$BUILD/tests/&.exe|p" |
	xargs -r -n 1 -P "$jobs" bash "$0" --one

# What a program's log says, with the cases that must fail taken for what they
# are: "good bad listed", then a line for each complaint.
judge()
{
	awk -v program="$1" -v status="$2" '
	FILENAME ~ /posix-only$/ {
		if ($1 == program)
			listed[$2] = 1
		next
	}
	{ sub(/\r$/, "") }
	/^1\.\.[0-9]+$/ { plan += substr($0, 4) }
	/^(not )?ok [0-9]+ - / {
		name = $0
		sub(/^(not )?ok [0-9]+ - /, "", name)
		is_good = /^ok/ && !/# *SKIP/
		seen++
		if (name in listed) {
			met[name] = 1
			if (is_good)
				words[++bad] = name ": is listed, and passes"
			else
				posix++
		} else if (is_good) {
			good++
		} else {
			words[++bad] = name ": failed"
		}
	}
	END {
		for (name in listed)
			if (!(name in met))
				words[++bad] = name ": is listed, and not there"
		if (plan == 0 || seen != plan)
			words[++bad] = "ran " seen + 0 " of " plan + 0 " cases"
		if (status > 100)
			words[++bad] = "status " status
		print good + 0, bad + 0, posix + 0
		for (i = 1; i <= bad; i++)
			print words[i]
	}' tests/windows/posix-only "$3"
}
listed=0
for name in "${programs[@]}"; do
	read -r status took <"$work/$name.status"
	judge "$name" "$status" "$work/$name.log" >"$work/$name.verdict"
	read -r good bad posix <"$work/$name.verdict"
	passed=$((passed + good))
	failed=$((failed + bad))
	listed=$((listed + posix))
	printf '%-5s %-28s %5d passed  %4d s\n' \
		"$([ "$bad" -eq 0 ] && echo ok || echo FAIL)" \
		"$name" "$good" "$took"
	[ "$bad" -eq 0 ] || {
		sed 1d "$work/$name.verdict"
		grep -v -e '^ok' -e '^1\.\.' "$work/$name.log" | tail -n 30
	} | sed 's/^/      | /'
done
echo "$listed cases are of POSIX, and failed as tests/windows/posix-only says"
if [ $# -gt 0 ]; then
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
fi

# Each line of the list names something that is there.
stale()
{
	local first rest status=0

	while read -r first rest; do
		case $first in
		'' | \#*) ;;
		*.c)	[ -f "tests/$first" ] ||
				{ echo "$first: no such file"; status=1; } ;;
		*)	[ -f "$BUILD/tests/$first.exe" ] ||
				{ echo "$first: no such test"; status=1; } ;;
		esac
	done <tests/windows/posix-only
	return $status
}
check 'tests/windows/posix-only lists what is there' stale

# ---- the DLL

exports()
{
	sed -n 's/^	\(smtp_[a-z0-9_]*\);.*/\1/p' lib/libsmtp.map |
		sort >"$work/map"
	x86_64-w64-mingw32-objdump -p "$BUILD/libsmtp-0.dll" |
		awk '/^\[Ordinal\/Name Pointer\]/ { on = 1; next }
			on && /^\t\[/ { print $NF; next }
			on { exit }' | sort >"$work/exported"
	[ -s "$work/map" ] && diff "$work/map" "$work/exported"
}
# Of the system alone, so that a program needs no other file beside it.
imports()
{
	x86_64-w64-mingw32-objdump -p "$BUILD/libsmtp-0.dll" |
		sed -n 's/.*DLL Name: //p' | tr 'A-Z' 'a-z' | sort >"$work/dlls"
	[ -s "$work/dlls" ] && ! grep -v -x -e 'ws2_32.dll' \
		-e 'crypt32.dll' -e 'bcrypt.dll' -e 'kernel32.dll' \
		-e 'msvcrt.dll' -e 'advapi32.dll' "$work/dlls"
}
uses_dll()
{
	x86_64-w64-mingw32-objdump -p "$1" | grep 'DLL Name: libsmtp-0.dll'
}
mkdir -p "$BUILD/dll"
cp "$BUILD/libsmtp-0.dll" "$BUILD/dll/"
smtp_send=$BUILD/dll/smtp-send.exe
trust=$BUILD/dll/trust.exe
check 'the DLL exports what the headers declare' exports
check 'the DLL needs what each Windows has' imports
check 'smtp-send is linked with it' uses_dll "$smtp_send"
check 'header and DLL have one version' wine "$trust"

# The same program with the header of another version sees that.
other_version()
{
	local other=$BUILD/dll/other
	rm -rf "$other"
	mkdir -p "$other/smtp"
	cp include/smtp/*.h "$other/smtp"
	sed 's/^#define SMTP_VERSION .*/#define SMTP_VERSION "0.8.9"/' \
		include/smtp/config.h >"$other/smtp/config.h"
	x86_64-w64-mingw32-gcc -I"$other" -o "$BUILD/dll/other.exe" \
		tests/windows/trust.c "$BUILD/libsmtp.dll.a" -static-libgcc \
		-lcrypt32 || return 1
	wine "$BUILD/dll/other.exe" >"$other/log" 2>&1 && return 1
	grep -q 'the header 0\.8\.9' "$other/log"
}
check 'a header of another version is told' other_version

# ---- mail over TLS

# serve NAME : a server with an authority of its own, until descriptor 9 closes
serve()
{
	server=$work/$1
	mkdir -p "$server"
	rm -f "$work/hold"
	mkfifo "$work/hold"
	"$NATIVE/tools/demo-server" --dir "$server" >"$work/banner" \
		<"$work/hold" &
	exec 9>"$work/hold"
	for _ in $(seq 100); do
		grep -q READY "$work/banner" && break
		sleep 0.1
	done
	port=$(sed -n 's/^PORT=//p' "$work/banner")
}
serve server
cp "$server/ca.pem" "$work/trüst-信.pem"
printf 'a\r\nb\nc\rd\032e\000f\377\r\r\n\032' >"$work/grüße-日本.bin"
head -c 20000 /dev/urandom >>"$work/grüße-日本.bin"

# send ARGUMENT... : one mail, to its own status and words
send()
{
	timeout 60 wine "$smtp_send" --url "smtp://localhost:$port" \
		--from a@example.com --to b@example.com --json "$@" \
		>"$work/json" 2>"$work/words"
	code=$?
	cat "$work/json" "$work/words"
	return $code
}
mails()
{
	find "$server" -name '*.eml' | wc -l
}
# The last mail has the attachment, octet for octet and by its name.
arrived()
{
	local mail=$server/$(printf %04d "$(mails)").eml

	rm -rf "$work/parts"
	mkdir -p "$work/parts"
	"$NATIVE/tools/eml-extract" "$mail" "$work/parts" &&
		cmp "$work/grüße-日本.bin" "$work/parts/grüße-日本.bin" &&
		[ "$(cat "$work/parts/subject")" = 'Grüße' ]
}
with_file()
{
	send --ca-file "$work/trüst-信.pem" --subject Grüße \
		--text 'from Windows' --attach "$work/grüße-日本.bin" &&
		arrived
}
in_tls()
{
	grep -q 'STARTTLS' "$server"/session-*.log &&
		grep -q '^T: ' "$server"/session-*.log
}
# A message from standard input, in which no octet may change or end it.
raw()
{
	printf 'Subject: raw\r\nFrom: a@example.com\r\n\r\na\032b\r\n\032\r\n' \
		>"$work/raw"
	send --ca-file "$server/ca.pem" --raw - <"$work/raw" &&
		tail -c "$(wc -c <"$work/raw")" \
		"$server/$(printf %04d "$(mails)").eml" | cmp - "$work/raw"
}
# refused STATUS WORDS ARGUMENT... : and no mail came
refused()
{
	local status=$1 words=$2 before

	shift 2
	before=$(mails)
	! send "$@" && grep -q "\"status\": \"$status\"" "$work/json" &&
		grep -qi "$words" "$work/json" "$work/words" &&
		[ "$(mails)" = "$before" ]
}
text='--subject hi --text hi'
check 'STARTTLS, trust from a file, attachment octet for octet' with_file
check 'the server saw TLS' in_tls
check 'a message from standard input, octet for octet' raw
check 'the CA into the store, for mail alone' \
	wine "$trust" ROOT "$server/ca.pem" mail
unknown='not among the trusted'
check 'is refused' refused CERTIFICATE "$unknown" $text
exec 9>&-
wait
serve another
check 'a CA that the store does not have is refused' \
	refused CERTIFICATE "$unknown" $text
check 'the CA into the store' wine "$trust" ROOT "$server/ca.pem"
check 'STARTTLS, trust from the store of the system' send $text
check 'the CA among the distrusted' wine "$trust" Disallowed "$server/ca.pem"
check 'is refused again' refused CERTIFICATE "$unknown" $text
check 'a file name that is not there' refused ARGUMENT 'kein-ü.pem' $text \
	--ca-file 'kein-ü.pem'
check 'unix sockets are refused by name' bash -c "
	timeout 60 wine '$smtp_send' --url lmtp+unix:/tmp/none \
		--from a@example.com --to b@example.com $text 2>&1 |
	grep 'this system does not have such addresses'"
exec 9>&-
wait
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
