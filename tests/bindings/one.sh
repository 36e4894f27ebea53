#!/bin/sh
# One program of examples/bindings/: all that it has to do.
#
#	BUILD=build sh tests/bindings/one.sh python|asyncio|lua|rust|node
. tests/cli/smtp-send.inc

language=${1-}
programs=examples/bindings
LIBSMTP=$(cd "$build" && pwd)/libsmtp.so.0
PYTHONDONTWRITEBYTECODE=1
export LIBSMTP PYTHONDONTWRITEBYTECODE
[ -f "$LIBSMTP" ] || {
	fail "$LIBSMTP is built"
	exit 1
}

# ---- the program, and what it is run by

case $language in
python | asyncio)
	python3 --version | sed 's/^/# /'
	set -- python3 -W error "$programs/send.py"
	[ $language = python ] ||
		set -- python3 -W error "$programs/send_async.py" ;;
lua)	luajit -v | sed 's/^\(LuaJIT [^ ]*\).*/# \1/'
	set -- luajit "$programs/send.lua" ;;
rust)	rustc --version | sed 's/^/# /'
	rustc -D warnings -O -L "$build" -o "$work/send" \
		"$programs/send.rs" || {
		fail 'rust: it compiles'
		exit 1
	}
	set -- env LD_LIBRARY_PATH="$build" "$work/send" ;;
node)	npm=$build/bindings/npm
	echo "# Node $(node --version)"
	lock=tests/bindings/package-lock.json
	if ! cmp -s $lock "$npm/installed"; then
		rm -rf "$npm"
		mkdir -p "$npm" || exit 1
		cp tests/bindings/package.json $lock "$npm"
		(cd "$npm" && npm ci --ignore-scripts --no-audit \
			--no-fund) || {
			fail 'node: koffi can be installed'
			exit 1
		}
		cp $lock "$npm/installed"
	fi
	set -- env NODE_PATH="$npm/node_modules" node --throw-deprecation \
		"$programs/send.js" ;;
*)	fail "no such language: $language"
	exit 1 ;;
esac

# send URL TO...: the program, with the attachment coming in two halves.
# $status and $work/out, $work/err are then known.
cat >"$work/program" <<!
exec $(printf "'%s' " "$@") "\$@"
!
head -c 150000 /dev/urandom >"$work/first"
printf '\r\n.\r\nx\r\r\n\n\0\377..\r\n' >"$work/second"
head -c 150000 /dev/urandom >>"$work/second"
cat "$work/first" "$work/second" >"$work/whole"
send()
{
	url=$1
	shift
	{
		cat "$work/first"
		sleep 0.3
		cat "$work/second"
	} 2>/dev/null | sh "$work/program" "$url" user joe@x.example "$@" \
		>"$work/out" 2>"$work/err"
	status=$?
}

# arrived WHAT N: so many mails, the attachments octet for octet
arrived()
{
	count=0
	for eml in "$work/mail"/[0-9]*.eml; do
		[ -f "$eml" ] || continue
		count=$((count + 1))
		rm -rf "$work/parts"
		mkdir "$work/parts"
		"$build/tools/eml-extract" "$eml" "$work/parts" \
			>"$work/list" 2>&1 || cat "$work/list"
		cmp "$work/whole" "$work/parts/stream.bin" ||
			fail "$language: $1: the attachment differs"
		grep -q '^Grüße aus ' "$work/parts/subject" ||
			fail "$language: $1: the subject differs"
	done
	if [ $count -ne "$2" ]; then
		fail "$language: $1: $count mails, not $2"
		cat "$work/out" "$work/err"
	fi
	if cat "$work/mail"/session-*.log 2>/dev/null | grep -aq '^! '; then
		fail "$language: $1: the server found fault"
		grep -a '^! ' "$work/mail"/session-*.log
	fi
}

# claim WHAT STATUS ROWS ERROR N: the exit status, all of stdout, a part of
# stderr ('' is nothing at all), and N mails
claim()
{
	before=$bad
	bad=0
	[ $status -eq "$2" ] || fail "$language: $1: status $status, not $2"
	printf '%s' "$3" | cmp -s - "$work/out" ||
		fail "$language: $1: other rows"
	if [ -n "$4" ]; then
		grep -qF -e "$4" "$work/err" || fail "$language: $1: no $4"
	elif [ -s "$work/err" ]; then
		fail "$language: $1: said something"
	fi
	if grep -q "$SMTP_PASSWORD" "$work/out" "$work/err"; then
		fail "$language: $1: the password shows"
	fi
	arrived "$1" "$5"
	if [ $bad -eq 0 ]; then
		echo "ok - $language: $1"
	else
		sed 's/^/  /' "$work/out" "$work/err"
	fi
	[ $before -eq 0 ] || bad=1
}

SMTP_PASSWORD=correct-horse
export SMTP_PASSWORD SMTP_CA_FILE
server()
{
	start --tls starttls --require-auth --auth PLAIN --user user \
		--password correct-horse "$@"
	SMTP_CA_FILE=$ca
}

server
send "smtp://localhost:$port" ann@y.example bob@y.example
claim 'an attachment from its stream' 0 \
'ann@y.example	OK	250	2.0.0	Ok: queued as DEMO0001
bob@y.example	OK	250	2.0.0	Ok: queued as DEMO0001
' '' 1
if grep -aq '^C: QUIT' "$work/mail/session-1.log"; then
	echo "ok - $language: leaves with QUIT"
else
	fail "$language: leaves with QUIT"
fi

server --reject 'no@y.example=550 5.1.1 no such user'
send "smtp://localhost:$port" no@y.example ann@y.example
claim 'a row for each recipient' 1 \
'no@y.example	REFUSED	550	5.1.1	no such user
ann@y.example	OK	250	2.0.0	Ok: queued as DEMO0001
' '550 5.1.1 no such user' 1

SMTP_PASSWORD=wrong-horse
send "smtp://localhost:$port" ann@y.example
claim 'a wrong password' 1 '' 535 1
SMTP_PASSWORD=correct-horse

# Python does not begin with a folder as its input.
server
case $language in
python) exec 3>"$work/unreadable" ;;
*)	exec 3<"$work" ;;
esac
sh "$work/program" "smtp://localhost:$port" user joe@x.example ann@y.example \
	<&3 >"$work/out" 2>"$work/err"
status=$?
exec 3>&-
if [ $status -eq 1 ] && { [ $language = asyncio ] ||
	grep -q '^ann@y.example	SOURCE	0	' "$work/out"; }; then
	echo "ok - $language: a stream that fails is told"
else
	fail "$language: a stream that fails is told"
fi
arrived 'a stream that fails' 0
stop

send "smtp://localhost:$port" ann@y.example
claim 'nobody is there' 1 '' localhost 0

# A loop that never waits in a call: asked to, it tells what took 0.1 s.
if [ "$language" = asyncio ]; then
	server --delay 500
	PYTHONASYNCIODEBUG=1
	export PYTHONASYNCIODEBUG
	send "smtp://localhost:$port" ann@y.example
	if [ $status -eq 0 ] &&
		! grep -E 'took (0\.[4-9]|[1-9])' "$work/err"; then
		echo 'ok - asyncio: the loop goes on while a server thinks'
	else
		fail 'asyncio: the loop goes on while a server thinks'
		cat "$work/err"
	fi
fi
exit $bad
