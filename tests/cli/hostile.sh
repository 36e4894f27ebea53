#!/bin/sh
# The scenarios of tests/hostile, several at a time.
#
#	sh tests/cli/hostile.sh [NNN ...]
#
# See tests/hostile/README.
set -u
LC_ALL=C
export LC_ALL
unset SMTP_TOKEN
build=${BUILD:-build}

# ---- one scenario

# header WORD: the rest of its "#: " lines
header()
{
	sed -n "s/^#: $1 *//p" "$scenario"
}

not()
{
	echo "not ok - $name: $*"
	sed 's/^/# /' "$work/out" "$work/err" "$work/mail/script.result" \
		2>/dev/null
	exit 0
}

start()
{
	mkdir -p "$work/mail"
	"$build/tools/demo-server" --dir "$work/mail" --script "$scenario" \
		--wait 30000 --tls none $(header server) \
		>"$work/server" 2>&1 </dev/null &
	server=$!
	trap 'kill $server 2>/dev/null' EXIT
	i=0
	until grep -qs '^READY' "$work/server"; do
		i=$((i + 1))
		[ $i -lt 400 ] || not 'the server does not start'
		sleep 0.05
	done
	port=$(sed -n 's/^PORT=//p' "$work/server")
	ca=$(sed -n 's/^CAFILE=//p' "$work/server")
}

# The server says "complete" when it has played its last step.
played()
{
	i=0
	until [ -s "$work/mail/script.result" ] || [ $i -gt 400 ]; do
		i=$((i + 1))
		sleep 0.05
	done
	grep -qsx complete "$work/mail/script.result"
}

# member NAME=VALUE: is it in the object?
member()
{
	value=${1#*=}
	case $1 in
	code=* | retry_after=*)
		grep -q "\"${1%%=*}\": $value[,}]" "$work/out" ;;
	*)	grep -q "\"${1%%=*}\": \"$value\"" "$work/out" ;;
	esac
}

# Nothing that is printed has the password, nor as base64 has it.
no_secret()
{
	! grep -qs -e "$SMTP_PASSWORD" -e aG9zdGlsZS1zZWNyZX \
		-e hvc3RpbGUtc2VjcmV0 -e ob3N0aWxlLXNlY3JldA "$@"
}

# Seconds since some moment, in hundredths where the system tells them.
now()
{
	if [ -r /proc/uptime ]; then
		read -r up rest </proc/uptime
		echo "${up%.*}${up#*.}"
	else
		echo "$(date +%s)00"
	fi
}

run_one()
{
	SMTP_PASSWORD=hostile-secret
	export SMTP_PASSWORD
	set -- $(header url)
	scheme=${1:-smtp+plaintext}
	host=${2:-127.0.0.1}
	mkdir -p "$work"
	printf '%b' "$(header content)" >"$work/content.eml"
	mail=$(header mail | sed "s|@BIG@|$all/big.eml|; s|@RAW@|$all/raw.eml|
		s|@CONTENT@|$work/content.eml|")
	start
	began=$(now)
	"$build/examples/smtp-send" --url "$scheme://$host:$port" --json \
		--from a@x.example ${mail:---to b@y.example --text hello} \
		--timeout 20 --ca-file "$ca" \
		$(header client | sed "s|@TOKEN@|$all/token|; s|@CA@|$ca|") \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
	took=$(($(now) - began))
	set -- $(header expect)
	[ $status -eq "$1" ] || not "status $status, not $1"
	shift
	after=0
	within=15
	for want; do
		case $want in
		after=*)	after=${want#after=} ;;
		within=*)	within=${want#within=} ;;
		*)	member "$want" || not "not $want" ;;
		esac
	done
	[ $took -lt $((within * 100)) ] || not "0.01 * $took s, not $within"
	[ $took -ge $((after * 100)) ] || not "0.01 * $took s, not yet $after"
	words=$(header says)
	grep -qF -e "$words" "$work/err" || [ -z "$words" ] ||
		not "does not say $words"
	no_secret "$work/out" "$work/err" || not 'a secret was printed'
	played || not 'the server did not reach its last step'
	# What the client says is behind "C:" in the log.
	words=$(header never)
	! grep -h '^C: ' "$work"/mail/session-*.log | grep -qF -e "$words" ||
		[ -z "$words" ] || not "it sent $words"
	sessions=$(ls "$work/mail" | grep -c '^session-')
	accepted=$(($(grep -c '^ACCEPT' "$scenario") + 1))
	[ "$sessions" -eq "$accepted" ] ||
		not "$sessions connections, not $accepted"
	echo "ok - $name"
	words=$(header proves)
	[ -z "$words" ] || echo "proves $words"
}

if [ "${1-}" = --one ]; then
	scenario=$2
	all=$3
	name=${scenario##*/}
	name=${name%.txt}
	work=$all/$name
	case $name in
	canary-*)
		why=$(header fails)
		said=$(run_one)
		case $said in
		"not ok - $name: "*"$why"*)
			echo "ok - $name" ;;
		*)	echo "not ok - $name: does not fail"
			echo "$said" | sed 's/^/# /' ;;
		esac ;;
	*)	run_one ;;
	esac
	exit 0
fi

# ---- all of them

all=$(mktemp -d) || exit 1
trap 'rm -rf "$all"' EXIT
awk 'BEGIN {
	print "Subject: big\r\n\r"
	for (i = 0; i < 150000; i++)
		print "A line of text, which stands there many times over.\r"
}' >"$all/big.eml"
echo hostile-secret >"$all/token"
printf 'Subject: raw\r\n\r\n.dot\r\nend\r\n' >"$all/raw.eml"
if [ $# -eq 0 ]; then
	set -- tests/hostile/*.txt
else
	for number; do
		set -- "$@" tests/hostile/$number-*.txt
		shift
	done
fi
printf '%s\n' "$@" | xargs -P 12 -I '{}' sh "$0" --one '{}' "$all" \
	>"$all/log" 2>&1
cat "$all/log"
echo "1..$#"
passed=$(grep -c '^ok - ' "$all/log")
echo "$passed passed, $(($# - passed)) failed"
[ "$passed" -eq $# ]
