#!/bin/sh
# Each example of an event loop sends several mails at once, and says why not.
. "$(dirname "$0")/smtp-send.inc"

loops=poll_loop
[ "$(uname -s)" != Linux ] || loops="$loops epoll_loop"
[ "${WITH_LIBUV:-no}" != yes ] || loops="$loops libuv_loop"
user=user
SMTP_PASSWORD=secret
export SMTP_PASSWORD

for loop in $loops; do
	start --tls starttls --auth PLAIN --user $user --password secret \
		--require-auth --delay 30
	if echo Hello. | SMTP_CA_FILE=$ca "$build/examples/$loop" \
		"smtp://localhost:$port" $user joe@x.example a@x.example \
		b@x.example c@x.example d@x.example e@x.example \
		>"$work/error" 2>&1 &&
		[ "$(cat "$work/mail"/*.env | grep -c '@x.example')" -ge 5 ] &&
		[ "$(ls "$work/mail" | grep -c '\.eml$')" -eq 5 ] &&
		! grep -q '^! ' "$work/mail"/session-*.log; then
		echo "ok - $loop: five mails by five sessions"
	else
		fail "$loop: five mails by five sessions"
		cat "$work/error"
		ls "$work/mail"
	fi
	stop
	start --tls none --reject "a@x.example=550 5.1.1 no such user"
	if echo Hello. | "$build/examples/$loop" \
		"smtp+plaintext://localhost:$port" '' joe@x.example \
		a@x.example b@x.example >"$work/error" 2>&1; then
		fail "$loop: a refusal is told"
	elif grep -q '5.1.1 no such user' "$work/error" &&
		[ "$(ls "$work/mail" | grep -c '\.eml$')" -eq 1 ]; then
		echo "ok - $loop: a refusal is told, and stops nobody else"
	else
		fail "$loop: a refusal is told, and stops nobody else"
		cat "$work/error"
	fi
	stop
	if echo Hello. | "$build/examples/$loop" \
		"smtp+plaintext://localhost:$port" '' joe@x.example \
		a@x.example >"$work/error" 2>&1; then
		fail "$loop: nobody is there"
	elif [ -s "$work/error" ]; then
		echo "ok - $loop: nobody is there"
	else
		fail "$loop: nobody is there"
	fi
done
exit $bad
