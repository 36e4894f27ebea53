#!/bin/sh
# What is asked of the server arrives there.
. tests/cli/smtp-send.inc

start --tls starttls --offer 'DELIVERBY 60' --offer MT-PRIORITY \
	--offer 'FUTURERELEASE 3600 2030-01-01T00:00:00Z' --offer REQUIRETLS
to="--url smtp://localhost:$port --ca-file $ca --from a@x.example"
to="$to --to b@y.example --text hello"

run 'reports of delivery' 0 $to --notify failure,SUCCESS --ret HDRS \
	--envid 'a+b'
has "$work/mail/0001.env" 'RET=HDRS ENVID=a+2Bb' \
	'NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@y.example'
run 'time, priority and TLS' 0 $to --deliver-by -10,NT --priority -3 \
	--hold-for 60 --require-tls
has "$work/mail/0002.env" ' BY=-10;NT' ' MT-PRIORITY=-3' ' HOLDFOR=60' \
	' REQUIRETLS'
printf 'From: a@x.example\n\nraw\n' >"$work/raw"
run 'a raw mail' 0 --url smtp://localhost:$port --ca-file "$ca" \
	--from a@x.example --to b@y.example --raw "$work/raw" \
	--deliver-by=60,R --notify NEVER
has "$work/mail/0003.env" ' BY=60;R' ' NOTIFY=NEVER'

run 'less time than the server needs' 69 $to --deliver-by 59,R
has "$work/err" 'DELIVERBY: '
run 'held too long' 69 $to --hold-for 3601
has "$work/err" 'FUTURERELEASE: '
run 'NEVER and another' 65 $to --notify NEVER,DELAY
has "$work/err" 'notify: '
run 'a mode that is none' 65 $to --deliver-by 60
has "$work/err" 'deliver-by: '
run 'a priority that is none' 64 $to --priority high
has "$work/err" 'not a number: --priority high'
run 'a time that is none' 64 $to --hold-for 0
has "$work/err" 'not a number from 1 on: --hold-for 0'
run 'a priority beyond 9' 65 $to --priority 10
has "$work/err" 'mt-priority: '

start --tls none --no-DSN
to="--url smtp+plaintext://127.0.0.1:$port --from a@x.example"
to="$to --to b@y.example --text hello"
run 'no DSN' 69 $to --notify DELAY
has "$work/err" 'DSN: '
run 'no DSN, and none needed' 0 $to --notify DELAY --option require-dsn=no
lacks "$work/mail/0001.env" NOTIFY
run 'no TLS' 69 $to --require-tls
has "$work/err" 'REQUIRETLS: '
