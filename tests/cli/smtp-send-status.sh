#!/bin/sh
# Each outcome has its exit status and its JSON.
. tests/cli/smtp-send.inc

mail='--from a@x.example --to b@y.example --text hello --json'

# said STATUS CAUSE PHASE CODE: what stands in the object
said()
{
	lines "$work/out" 1
	has "$work/out" "\"status\": \"$1\"" "\"cause\": \"$2\"" \
		"\"phase\": \"$3\"" "\"code\": $4"
}

start --tls none --auth-in-clear --user joe --password secret \
	--reject no@y.example='550 5.1.1 nobody' \
	--reject busy@y.example='450 4.2.0 busy'
url="--url smtp+plaintext://127.0.0.1:$port"

run accepted 0 $mail $url
said OK OK final 250
has "$work/out" '"enhanced": "2.0.0"' '"queue_id": "DEMO0001"' '"hint": ""' \
	'"recipients": [{"address": "b@y.example", "status": "OK"'
lines "$work/err" 0

run partial 1 $mail $url --to no@y.example --cc busy@y.example
said PARTIAL REPLY rcpt 450
row='{"address": "no@y.example", "status": "REFUSED", "code": 550, '
has "$work/out" "$row\"enhanced\": \"5.1.1\", \"text\": \"nobody\", " \
	'"retry": "NEVER", "retry_after": 0}' \
	'"retry": "LATER", "retry_after": 300, "recipients"' \
	'{"address": "busy@y.example", "status": "LATER", "code": 450'
has "$work/err" '2 of 3 recipients'

run refused 69 --from a@x.example --to no@y.example --text x $url --json
said REFUSED REPLY rcpt 550
has "$work/out" '"hint": "There is no such mailbox'
run later 75 --from a@x.example --to busy@y.example --text x $url --json
said LATER REPLY rcpt 450
run 'all or nothing' 75 $mail $url --to busy@y.example --require-all
said LATER REPLY rcpt 450

run 'an address with a line end' 65 $url --json --text x --from a@x.example \
	--to 'b@y.example
RCPT TO:<c@y.example>'
said ARGUMENT ARGUMENT '' 0
run 'a subject with a line end' 65 $mail $url --subject 'a
Bcc: c@y.example'
said ARGUMENT ARGUMENT '' 0
printf 'Subject: a\r\n\r\na\0b\r\n' >"$work/nul"
run 'a raw mail with a NUL' 65 $url --from a@x.example --to b@y.example \
	--raw "$work/nul" --json
said ARGUMENT ARGUMENT '' 0
printf 'Subject: a\r\n\r\na\rb\r\n' >"$work/cr"
run 'a raw mail with a bare CR' 65 $url --from a@x.example \
	--to b@y.example --raw "$work/cr" --json
said ARGUMENT ARGUMENT '' 0

run 'a text that is missing' 66 --from a@x.example --to b@y.example $url \
	--text-file "$work/none" --json
said SOURCE SOURCE '' 0
has "$work/err" "$work/none"
run 'a raw mail that is missing' 66 --from a@x.example --to b@y.example $url \
	--raw "$work/none" --json
said SOURCE SOURCE '' 0
run 'an attachment that is missing, before anybody is called' 66 $mail \
	--url smtp://nobody.invalid --attach "$work/none"
has "$work/err" "$work/none"
run 'an attachment that is missing' 66 $mail $url --attach "$work/none"
has "$work/out" '"status": "SOURCE"'
has "$work/err" "$work/none"
run 'a password that is missing' 66 $mail $url --user joe \
	--password-file "$work/none"

run 'the wrong password' 77 $mail $url --user joe --allow-plaintext-auth \
	--password-file COPYING
said AUTH AUTH auth 535
run 'no password in clear' 77 $mail $url --user joe --password-file COPYING \
	--mechanism plain
said AUTH AUTH auth 0
has "$work/err" 'without TLS'
run 'a URL without scheme' 65 $mail --url 127.0.0.1
said ARGUMENT ARGUMENT '' 0
# A system without certificates of authorities would say so first.
cp "$ca" "$work/other.pem"
trust="--ca-file $work/other.pem"
run 'STARTTLS that is not offered' 76 $mail $trust \
	--url "smtp://127.0.0.1:$port"
said TLS TLS ehlo 0
run 'TLS to a port without' 76 $mail $trust --url "smtps://127.0.0.1:$port"
said TLS TLS tls 0
has "$work/out" 'does not speak TLS from the first octet'
run 'nobody listens' 74 $mail $trust --url smtp://127.0.0.1:1
said CONNECT CONNECT connect 0

start --tls none --no-smtputf8
url="--url smtp+plaintext://127.0.0.1:$port"
run 'an address that needs SMTPUTF8' 69 $url --json --text x \
	--from a@x.example --to 'ü@y.example'
has "$work/out" '"status": "UNSUPPORTED"'
has "$work/err" SMTPUTF8

start --tls starttls
run 'a certificate of nobody' 76 $mail $trust --url "smtp://localhost:$port"
said CERTIFICATE CERTIFICATE tls 0
has "$work/err" ca-file

# play NAME: a server that does as it is told
play()
{
	cat >"$work/script"
	start --script "$work/script"
	url="--url smtp+plaintext://127.0.0.1:$port"
}

session='S: 220 mx.example
C: EHLO *
S: 250 mx.example'
play <<END
$session
C: MAIL FROM:<a@x.example>
S: 250 ok
C: RCPT TO:<b@y.example>
S: 250 ok
C: DATA
S: 354 go
C.
CLOSE
END
run 'lost behind the end mark' 2 $mail $url
said UNKNOWN CLOSED final 0
has "$work/err" 'may have been delivered'

play <<END
S: 220 mx.example
CLOSE
END
run 'lost before' 74 $mail $url
said CLOSED CLOSED ehlo 0

play <<END
S: HTTP/1.1 400 Bad Request
EOF
END
run 'no mail server' 76 $mail $url
said PROTOCOL PROTOCOL greeting 0

play <<END
S: 220 mx.example
STALL
END
run 'a server that stalls' 75 $mail $url --timeout 1
said TIMEOUT TIMEOUT ehlo 0

play <<END
$session
C: MAIL FROM:<a@x.example>
STALL
END
began=$(date +%s)
run 'a deadline over all' 75 $mail $url --deadline 1
said LATER TIMEOUT mail 0
took=$(($(date +%s) - began))
if [ $took -le 8 ]; then
	echo "ok - a deadline over all: in time"
else
	fail "a deadline over all: $took s"
fi
proven R5321-4.5.3.2.6-1 LIB-J-3 LIB-K-4
