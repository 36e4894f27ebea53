#!/bin/sh
# --diagnose sends nothing and tells what is wrong; its status is that of the
# first step that failed.
. tests/cli/smtp-send.inc

start --tls starttls --user joe --password secret
url="--url smtp://127.0.0.1:$port --ca-file $ca --timeout 2"
SMTP_PASSWORD=secret
export SMTP_PASSWORD
run 'all is well' 0 --diagnose $url --user joe
has "$work/out" 'greeting OK ' 'tls      OK ' 'auth     OK ' 'quit     OK '
lines "$work/err" 0
run 'all is well, as JSON' 0 --diagnose $url --user joe --json
lines "$work/out" 1
has "$work/out" '{"status": "OK", "steps": [{"step": "options", ' \
	'{"step": "noop", "result": "OK", "status": "OK", "text": "250'
SMTP_PASSWORD=wrong-one
run 'the wrong password' 77 --diagnose $url --user joe --json
has "$work/out" '"status": "AUTH"' '"result": "FAILED"' 535 \
	'Check user and password' '"result": "SKIPPED"'
lacks "$work/out" wrong-one
run 'TLS to a port without' 76 --diagnose --ca-file "$ca" --timeout 2 \
	--url "smtps://127.0.0.1:$port"
has "$work/out" "use smtp://127.0.0.1:$port"
run 'nobody listens' 74 --diagnose --url smtp+plaintext://127.0.0.1:1
has "$work/out" 'connect  FAILED'
run 'no URL' 64 --diagnose
if ls "$work/mail" | grep -q eml; then
	fail 'a mail was sent'
else
	echo 'ok - no mail was sent'
fi
