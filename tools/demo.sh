#!/bin/sh
# One real mail, from smtp-send to a server on this machine, and back.
#
#	BUILD=build sh tools/demo.sh
#
# Ends with 0 when the mail that arrived is, bit for bit, the one that left.
set -u
BUILD=${BUILD:-build}
data=examples/data
dir=$BUILD/demo
subject='Grüße aus der Demo: καλημέρα, こんにちは, and an attachment or two ✉'

if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
	bold=$(printf '\033[1m') green=$(printf '\033[32m')
	red=$(printf '\033[31m') plain=$(printf '\033[0m')
else
	bold='' green='' red='' plain=''
fi
faults=0

title() { printf '\n%s%s%s\n\n' "$bold" "$*" "$plain"; }
ok()    { printf '   %sok%s    %s\n' "$green" "$plain" "$*"; }
bad()
{
	printf '   %sBAD%s   %s\n' "$red" "$plain" "$*"
	faults=$((faults + 1))
}
give_up()
{
	printf 'demo: %s\n' "$*" >&2
	exit 1
}

for program in examples/smtp-send tools/demo-server tools/eml-extract; do
	[ -x "$BUILD/$program" ] || give_up "$BUILD/$program is not built"
done
rm -rf "$dir"
mkdir -p "$dir/parts" || give_up "cannot make $dir"

# ---- the server, which ends with us: it holds the other end of a pipe

mkfifo "$dir/alive" || give_up 'cannot make a pipe'
"$BUILD/tools/demo-server" --dir "$dir" --tls starttls --require-auth \
	<"$dir/alive" >"$dir/server.out" 2>&1 &
server=$!
exec 9>"$dir/alive"
rm -f "$dir/alive"
tries=0
until [ "$(sed -n '/^READY$/p' "$dir/server.out")" ]; do
	tries=$((tries + 1))
	if [ $tries -gt 100 ] || ! kill -0 $server 2>/dev/null; then
		cat "$dir/server.out" >&2
		give_up 'the server did not start'
	fi
	sleep 0.1
done
port=$(sed -n 's/^PORT=//p' "$dir/server.out")
ca=$(sed -n 's/^CAFILE=//p' "$dir/server.out")

title "A mail server is up on localhost:$port"
echo '   It made itself a certificate a moment ago, wants STARTTLS and a'
echo '   password, and is strict about every octet.'

# ---- the mail

(umask 077 && printf 'correct horse\n' >"$dir/password")
title 'smtp-send gives it a mail'
cat <<END
   $BUILD/examples/smtp-send \\
      --url smtp://localhost:$port --ca-file $ca \\
      --user demo@example.com --password-file $dir/password \\
      --from 'Jürgen Demo <demo@example.com>' --to you@example.com \\
      --subject '$subject' \\
      --text-file $data/letter.txt --html-file $data/letter.html \\
      --attach $data/report.pdf --attach $data/envelope.png --trace
END
"$BUILD/examples/smtp-send" \
	--url "smtp://localhost:$port" --ca-file "$ca" \
	--user demo@example.com --password-file "$dir/password" \
	--from 'Jürgen Demo <demo@example.com>' --to you@example.com \
	--subject "$subject" \
	--text-file "$data/letter.txt" --html-file "$data/letter.html" \
	--attach "$data/report.pdf" --attach "$data/envelope.png" --trace \
	>"$dir/trace" 2>&1 9>&-
status=$?

title 'What they said'
sed 's/^/   /' "$dir/trace"
echo
if [ $status -eq 0 ]; then
	ok 'smtp-send: the server has charge of the mail'
else
	bad "smtp-send ended with status $status"
fi

# The password, raw and as AUTH sends it, is nowhere in what was shown.
secret=$(printf '\0demo@example.com\0correct horse' | base64)
if [ "$(sed -n -e "\\|$secret|p" -e '/correct horse/p' "$dir/trace")" ]; then
	bad 'the dialogue shows the password'
else
	ok 'the dialogue does not show the password'
fi

# ---- what arrived

title 'What arrived'
if [ ! -f "$dir/0001.eml" ]; then
	bad 'no mail'
elif "$BUILD/tools/eml-extract" "$dir/0001.eml" "$dir/parts" \
	>"$dir/parts.list"; then
	sed 's/^/   /' "$dir/parts.list"
	echo
else
	bad 'the mail cannot be read'
fi

# same WHAT FILE FILE: what arrived is what was sent
same()
{
	if cmp -s "$2" "$3"; then
		ok "$1: $(wc -c <"$2" | tr -d ' ') octets, bit for bit"
	else
		bad "$1 differs: $2 $3"
	fi
}
# Line ends of text are CRLF on the way.
for part in part-1.txt part-2.html; do
	[ -f "$dir/parts/$part" ] &&
		tr -d '\r' <"$dir/parts/$part" >"$dir/parts/$part.lf"
done
printf '%s' "$subject" >"$dir/subject"
same 'the subject' "$dir/subject" "$dir/parts/subject"
same 'the text' "$data/letter.txt" "$dir/parts/part-1.txt.lf"
same 'the HTML' "$data/letter.html" "$dir/parts/part-2.html.lf"
same 'report.pdf' "$data/report.pdf" "$dir/parts/report.pdf"
same 'envelope.png' "$data/envelope.png" "$dir/parts/envelope.png"
if [ "$(sed -n '/^! /p' "$dir/session-1.log" 2>&1)" ]; then
	bad "the server found fault: $(sed -n '/^! /p' "$dir/session-1.log")"
else
	ok 'the server found nothing to complain about'
fi

exec 9>&-
wait $server
rm -f "$dir/password" "$dir/subject"

if [ $faults -ne 0 ]; then
	title "$faults of this went wrong; everything is in $dir"
	exit 1
fi
title 'Where it is'
cat <<END
   $dir/0001.eml         the mail as it arrived: open it in a mail program
   $dir/0001.env         its envelope
   $dir/parts/           its parts, taken out again
   $dir/session-1.log    every octet of the session

END
printf '%s%s%s\n\n' "$bold" 'What to try next' "$plain"
cat <<END
   less examples/send_text.c             the four calls
   man ./man/smtp-send.1                 send one through your own server
   make check                            see it all tested

END
