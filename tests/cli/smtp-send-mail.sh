#!/bin/sh
# What is given is what arrives.
. tests/cli/smtp-send.inc

start --tls starttls --user joe --password 'pass word' --token tok \
	--require-auth
to="--url smtp://localhost:$port --ca-file $ca --user joe --from a@x.example"

SMTP_PASSWORD='pass word'
export SMTP_PASSWORD
run 'a password in the environment' 0 $to --to b@y.example --text hello --trace
has "$work/err" 'C: STARTTLS' '*: TLS: TLSv1.' 'C: AUTH PLAIN ***' \
	'octets of content)'
lacks "$work/err" 'pass word' AGpvZQ hello
unset SMTP_PASSWORD
printf 'pass word\nsecond line\n' >"$work/password"
run 'a password in a file' 0 $to --password-file "$work/password" \
	--to b@y.example --text hello --mechanism cram-md5 --trace
has "$work/err" 'C: AUTH CRAM-MD5' 'S: 334 ***' 'C: ***'
printf 'tok\n' >"$work/token"
run 'a token in a file' 0 $to --token-file "$work/token" --to b@y.example \
	--text hello --trace
has "$work/err" 'C: AUTH XOAUTH2 ***'
SMTP_TOKEN=tok
export SMTP_TOKEN
run 'a token in the environment' 0 $to --to b@y.example --text hello

start --tls none
to="--url smtp+plaintext://127.0.0.1:$port --from a@x.example"

run 'recipients of all kinds' 0 $to --to b@y.example --cc 'C <c@y.example>' \
	--bcc d@y.example --text hello --subject 'Grüße' --header 'X-A: b c' \
	--header 'Reply-To: r@x.example'
has "$work/mail/0001.eml" 'To: b@y.example' 'C <c@y.example>' 'X-A: b c' \
	'Reply-To: r@x.example' 'Subject: =?'
lacks "$work/mail/0001.eml" d@y.example
has "$work/mail/0001.env" b@y.example c@y.example d@y.example

printf 'From: a@x.example\nSubject: raw\n\n.dot\nlast' >"$work/raw"
printf 'From: a@x.example\r\nSubject: raw\r\n\r\n.dot\r\nlast\r\n' \
	>"$work/crlf"
run 'a raw mail' 0 $to --to b@y.example --raw "$work/raw"
same "$work/mail/0002.eml" "$work/crlf"
input=$work/raw
run 'a raw mail from stdin, twice' 0 $to --to b@y.example --raw - --count 2
same "$work/mail/0003.eml" "$work/crlf"
same "$work/mail/0004.eml" "$work/crlf"
run 'a text from stdin, twice' 0 $to --to b@y.example --text-file - --count 2
has "$work/mail/0005.eml" 'Subject: raw'
has "$work/mail/0006.eml" 'Subject: raw'
unset input
run 'a raw mail without recipients' 0 --dry-run --from a@x.example \
	--raw "$work/raw"
same "$work/out" "$work/crlf"

run 'the null path' 0 --url "smtp+plaintext://127.0.0.1:$port" --from '' \
	--to b@y.example --raw "$work/raw"
has "$work/mail/0007.env" 'MAIL FROM:<>'

printf '<p>see <img src="cid:logo@x"></p>\n' >"$work/page.html"
printf 'PNG' >"$work/logo.png"
printf 'a,b\n' >"$work/a,b.csv"
run 'attachments with commas, types and names' 0 --dry-run $to \
	--to b@y.example --text hello --html-file "$work/page.html" \
	--inline "$work/logo.png,cid=logo@x" --attach "$work/a,b.csv" \
	--attach "$work/logo.png,type=image/x-odd,name=other name.png" \
	--attach COPYING,name=c.txt
has "$work/out" 'multipart/mixed' 'multipart/alternative' \
	'multipart/related' 'Content-ID: <logo@x>' 'image/x-odd' \
	'filename="other name.png"' 'filename="a,b.csv"' 'filename=c.txt'
lines "$work/err" 0

# A pipe is not opened before its turn: without a writer that would never end.
mkfifo "$work/pipe"
timeout 20 "$send" --url smtp+plaintext://127.0.0.1:1 --from a@x.example \
	--to b@y.example --text x --attach "$work/pipe" >"$work/out" 2>&1
status=$?
if [ $status -eq 74 ]; then
	echo "ok - an attachment from a pipe, and nobody to connect to"
else
	fail "an attachment from a pipe, and nobody to connect to: $status"
fi
printf 'abc' >"$work/pipe" &
writer=$!
run 'an attachment from a pipe' 0 --dry-run --from a@x.example \
	--to b@y.example --text x --attach "$work/pipe"
kill $writer 2>/dev/null
has "$work/out" 'filename=pipe' 'YWJj'
