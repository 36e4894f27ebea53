#!/bin/sh
# Whatever a server says, the JSON is JSON: UTF-8 stays, octets that are none
# become \u00NN, and one mail is one line.
. tests/cli/smtp-send.inc

cat >"$work/script" <<'END'
S: 220 mx.example
C: EHLO *
S: 250-mx.example
S: 250 ENHANCEDSTATUSCODES
C: MAIL FROM:<a@x.example>
S: 250 2.1.0 ok
C: RCPT TO:<b@y.example>
S: 550-5.7.1 a "quote", a \\ and a \ttab
S: 550-5.7.1 \xc3\xbc stays, \xfc and \xed\xa0\x80 and \xc3 do not
S: 550 5.7.1 nor \x01\x7f
C: QUIT
S: 221 bye
CLOSE
END
start --script "$work/script"
run 'odd words' 69 --url "smtp+plaintext://127.0.0.1:$port" --json \
	--from a@x.example --to b@y.example --text x
lines "$work/out" 1
has "$work/out" '"text": "a \"quote\", a \\ and a \u0009tab\u000a' \
	'ü stays, \u00fc and \u00ed\u00a0\u0080 and \u00c3 do not\u000a' \
	'nor \u0001\u007f"' '"enhanced": "5.7.1"'
played 'the transcript was played'
has "$work/err" 'a \x09tab' '\xFC'

# Each mail has an object, also where the session was lost between them.
start --tls none
run 'three mails' 0 --url "smtp+plaintext://127.0.0.1:$port" --json \
	--from a@x.example --to b@y.example --text x --count 3
lines "$work/out" 3
has "$work/out" DEMO0001 DEMO0002 DEMO0003
n=$(sed 's/.*"message_id": "\([^"]*\)".*/\1/' "$work/out" | sort -u | wc -l)
if [ "$n" -eq 3 ]; then
	echo "ok - three mails: each has a Message-ID of its own"
else
	fail "three mails: $n Message-IDs"
fi
n=$(grep -c EHLO "$work"/mail/session-*.log)
if [ "$n" -eq 1 ]; then
	echo "ok - three mails: one session"
else
	fail "three mails: $n EHLOs"
fi

run 'JSON without a session' 74 --url smtp+plaintext://127.0.0.1:1 --json \
	--from a@x.example --to b@y.example --cc 'C <c@y.example>' --text x
lines "$work/out" 1
row='{"address": "b@y.example", "status": "CONNECT", "code": 0, '
has "$work/out" '"status": "CONNECT"' '"queue_id": ""' \
	"$row\"enhanced\": \"\", \"text\": \"\", \"retry\": \"LATER\", "
