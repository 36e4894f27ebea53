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
i=0
until [ -s "$work/mail/script.result" ] || [ $i -gt 100 ]; do
	i=$((i + 1))
	sleep 0.1
done
if grep -qsx complete "$work/mail/script.result"; then
	echo 'ok - own_mechanism: a mechanism of its own, and a mail'
else
	fail 'own_mechanism: a mechanism of its own, and a mail'
	cat "$work/mail/script.result"
fi
stop

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
