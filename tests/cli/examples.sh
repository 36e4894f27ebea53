#!/bin/sh
# Each program of examples/ that no other script runs, and what it made.
. "$(dirname "$0")/smtp-send.inc"

examples=$build/examples
eml=$work/mail.eml
user=user
SMTP_PASSWORD=secret
export SMTP_PASSWORD

# has WHAT TEXT...: lines, or parts of lines, of the mail in $eml
has()
{
	claim=$1
	shift
	for text; do
		grep -aqF -e "$text" "$eml" || {
			fail "$claim: $text"
			sed -n '1,60p' "$eml"
			return
		}
	done
	echo "ok - $claim"
}

# made WHAT PROGRAM ARGUMENT...: it writes a mail to stdout
made()
{
	claim=$1
	shift
	program=$1
	shift
	"$examples/$program" "$@" >"$eml" 2>"$work/error" || {
		fail "$claim"
		cat "$work/error"
	}
	tr -d '\r' <"$eml" >"$work/lf" && mv "$work/lf" "$eml"
}

# received: the last mail that the server took, into $eml
received()
{
	last=$(ls "$work/mail"/*.eml 2>/dev/null | tail -n 1)
	[ -n "$last" ] || {
		fail "$claim: nothing arrived"
		return
	}
	tr -d '\r' <"$last" >"$eml"
}

made 'html_mail writes' html_mail joe@x.example ann@y.example \
	examples/data/envelope.png examples/data/report.pdf
has 'html_mail: a picture beside HTML, a file behind both' \
	'MIME-Version: 1.0' 'multipart/mixed' 'multipart/alternative' \
	'multipart/related' 'Content-ID: <river>' 'filename=envelope.png' \
	'Content-Disposition: attachment; filename=report.pdf' \
	'<img src="cid:river"'

printf 'BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n' >"$work/object"
made 'invitation writes' invitation joe@x.example ann@y.example \
	<"$work/object"
has 'invitation: the object beside the text, and as a file' \
	'multipart/alternative' 'text/calendar' 'method=REQUEST' \
	'BEGIN:VCALENDAR' 'filename=invite.ics'

printf '<p>News</p>\n' >"$work/html"
made 'newsletter writes' newsletter joe@x.example list@x.example \
	ann@y.example https://x.example/leave?ann <"$work/html"
has 'newsletter: one click to leave' \
	'List-Unsubscribe: <https://x.example/leave?ann>' \
	'List-Unsubscribe-Post: List-Unsubscribe=One-Click' \
	'<news.example.com>' 'Auto-Submitted: auto-generated' '<p>News</p>'
if grep -q 'ann@y.example' "$eml"; then
	fail 'newsletter: the recipient is in the envelope only'
else
	echo 'ok - newsletter: the recipient is in the envelope only'
fi

made 'callback_body writes' callback_body joe@x.example ann@y.example 100
has 'callback_body: a table from a callback' 'text/csv' \
	'filename=squares.csv'
sed -n '/squares.csv/,$p' "$eml" | sed '1,/^$/d' | sed '/^--/,$d' |
	tr -d '\n' | { base64 -d 2>/dev/null || base64 -D; } >"$work/table"
if [ "$(grep -c . "$work/table")" -ge 100 ] &&
	grep -q '^100,10000' "$work/table"; then
	echo 'ok - callback_body: all rows arrive'
else
	fail 'callback_body: all rows arrive'
	head -n 3 "$work/table"
fi

start --tls starttls --auth PLAIN --user $user --password secret
claim='device_alert sends'
SMTP_CA_FILE=$ca "$examples/device_alert" "smtp://localhost:$port" $user \
	joe@x.example ann@y.example 'Too hot' >"$work/error" 2>&1 || {
	fail "$claim"
	cat "$work/error"
}
received
has 'device_alert: an alert that nobody answers' 'Subject: Alert' \
	'Auto-Submitted: auto-generated' 'Importance: high' 'Too hot'
if grep -q '^Date:' "$eml"; then
	fail 'device_alert: no clock, no date'
else
	echo 'ok - device_alert: no clock, no date'
fi
stop

cat >"$work/script" <<'!'
S: 220 hi
C: EHLO *
S: 250-hi
S: 250 AUTH X-MIRROR
C: AUTH X-MIRROR c2VzYW1l
S: 334 b25l
C: ZW5v
S: 235 2.7.0 ok
C: MAIL FROM:<joe@x.example>
S: 250 ok
C: RCPT TO:<ann@y.example>
S: 250 ok
C: DATA
S: 354 go
C.
S: 250 ok
C: QUIT
S: 221 bye
EOF
!
start --tls implicit --script "$work/script"
echo 'Mirrored.' | SMTP_WORD=sesame SMTP_CA_FILE=$ca \
	"$examples/own_mechanism" "smtps://localhost:$port" joe@x.example \
	ann@y.example Mirror >"$work/error" 2>&1 || cat "$work/error"
played 'own_mechanism: a mechanism of its own, and a mail'
stop

start --tls starttls --auth PLAIN --user $user --password secret --require-auth
claim='own_transport sends'
echo 'Counted.' | SMTP_CA_FILE=$ca "$examples/own_transport" 127.0.0.1 "$port" \
	$user joe@x.example ann@y.example >"$work/out" 2>"$work/error" || {
	fail "$claim"
	cat "$work/error"
}
received
has 'own_transport: a mail over it' 'Subject: Counted' 'Counted.'
# All octets of the session under TLS: more than those of the mail.
size=$(wc -c <"$last")
sent=$(sed -n 's/^\([0-9]*\) octets sent, [1-9][0-9]* received$/\1/p' \
	"$work/out")
if [ "${sent:-0}" -gt "$size" ]; then
	echo 'ok - own_transport: counts what goes through'
else
	fail "own_transport: counts what goes through: ${sent:-nothing}"
	cat "$work/out"
fi
stop
if SMTP_CA_FILE=$ca "$examples/own_transport" 127.0.0.1 "$port" $user \
	joe@x.example ann@y.example </dev/null >"$work/out" 2>&1; then
	fail 'own_transport: nobody is there'
else
	echo 'ok - own_transport: nobody is there'
fi

# no_heap PROGRAM: static_memory sends a mail of 40 kB and dots
no_heap()
{
	start --tls none --delay 5
	i=0
	{
		printf 'From: <joe@x.example>\r\nSubject: Static\r\n\r\n'
		while [ $i -lt 1000 ]; do
			i=$((i + 1))
			printf '.%d the quick brown fox jumps over it\r\n' $i
		done
	} >"$work/whole"
	"$1" 127.0.0.1 "$port" joe@x.example ann@y.example <"$work/whole" \
		>"$work/error" 2>&1 || {
		fail "$2: sends"
		cat "$work/error"
	}
	if cmp -s "$work/whole" "$work/mail/0001.eml"; then
		echo "ok - $2: octet for octet"
	else
		fail "$2: octet for octet"
	fi
	start --tls none --reject 'ann@y.example=550 5.1.1 no'
	if "$1" 127.0.0.1 "$port" joe@x.example ann@y.example <"$work/whole"
	then
		fail "$2: a refusal is told"
	else
		echo "ok - $2: a refusal is told"
	fi
	stop
}
no_heap "$examples/static_memory" static_memory

# The same, with the engine as one file, where to ask for memory is the end.
cat >"$work/heap.c" <<'!'
#include <stdlib.h>
void *malloc(size_t n) { (void)n; abort(); }
void *calloc(size_t n, size_t m) { (void)n; (void)m; abort(); }
void *realloc(void *p, size_t n) { (void)p; (void)n; abort(); }
void free(void *p) { if (p != NULL) abort(); }
!
cat >"$work/asks.c" <<'!'
#include <stdlib.h>
int main(int argc, char **argv)
{
	char *volatile p = malloc((size_t)argc);
	free(p);
	return argv == NULL;
}
!
# By this machine's compiler, whatever the build is for.
cc=cc
command -v cc >/dev/null 2>&1 || cc=${CC:-gcc}
if sh tools/amalgamation.sh "$work/one" engine &&
	$cc -c -o "$work/engine.o" -DSMTP_WITH_CRAM_MD5=0 \
		-DSMTP_WITH_SCRAM=0 "$work/one/smtp.c" &&
	$cc -std=gnu11 -Iinclude -o "$work/static_memory" \
		examples/static_memory.c "$work/engine.o" "$work/heap.c" &&
	$cc -o "$work/asks" "$work/asks.c" "$work/heap.c"
then
	if { "$work/asks"; } 2>/dev/null; then
		fail 'static_memory: who asks for memory is ended'
	fi
	no_heap "$work/static_memory" 'static_memory without a heap'
else
	fail 'static_memory: the engine as one file'
fi

start --tls none
if command -v openssl >/dev/null 2>&1 && openssl genpkey -algorithm RSA \
	-pkeyopt rsa_keygen_bits:2048 -out "$work/key.pem" 2>/dev/null; then
	claim='signed_mail sends'
	echo 'Signed.' | "$examples/signed_mail" joe@x.example \
		ann@y.example x.example sel "$work/key.pem" \
		"smtp+plaintext://127.0.0.1:$port" >"$work/error" 2>&1 || {
		fail "$claim"
		cat "$work/error"
	}
	received
	has 'signed_mail: a signature on top' 'DKIM-Signature: v=1;' \
		'a=rsa-sha256' 'd=x.example' 's=sel' 'Signed.'
else
	fail 'signed_mail: openssl makes a key'
fi
stop
exit $bad
