#!/bin/sh
# SPDX-License-Identifier: MIT
# Mail through proxies that are not ours: microsocks, tinyproxy and Dante, each
# on a free port of loopback, before the demo server.
#
#	BUILD=build sh tests/proxies/run.sh
. tests/cli/smtp-send.inc
PATH=$PATH:/usr/sbin

proxies=
end_proxies()
{
	for pid in $proxies; do
		kill "$pid" && wait "$pid"
	done 2>/dev/null
	proxies=
}
trap 'end_proxies; stop; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

free_port()
{
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

answers()
{
	python3 -c 'import socket, sys
socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()' "$1" \
		2>/dev/null
}

# proxy PORT COMMAND...: run it until the end, wait until it listens
proxy()
{
	at=$1
	shift
	"$@" >>"$work/proxies" 2>&1 </dev/null &
	proxies="$proxies $!"
	i=0
	until answers "$at"; do
		i=$((i + 1))
		if [ $i -gt 100 ] || ! kill -0 "${proxies##* }" 2>/dev/null
		then
			fail "$1 starts"
			cat "$work/proxies"
			exit 1
		fi
		sleep 0.1
	done
}

mails=0
# through WHAT SCHEME PROXY [OPTION...]: a mail of its own arrives
through()
{
	words=$1
	url=$2://localhost:$port
	way=$3
	shift 3
	mails=$((mails + 1))
	run "$words" 0 --url "$url" --ca-file "$ca" --from a@x.example \
		--to b@y.example --text "mail $mails" --trace \
		--option "proxy=$way" "$@"
	has "$work/err" "*: connecting to proxy $way"
	lacks "$work/err" 'pass word'
	has "$work/mail/$(printf %04d $mails).eml" "mail $mails"
}

# around WHAT STATUS WORDS URL PROXY [OPTION...]: there is no way
around()
{
	words=$3
	url=$4
	way=$5
	run "$1" "$2" --url "$url" --ca-file "$ca" --from a@x.example \
		--to b@y.example --text none --option "proxy=$way" \
		--option insecure-no-verify=yes "$6" "$7" "$8" "$9"
	has "$work/err" "proxy $way: " "$words"
	lacks "$work/err" 'pass word'
}
joe='--option proxy-user=joe'
word='--option=proxy-password=pass word'
wrong='--option=proxy-password=pass wort'
none='--option=family=any'

for tls in starttls implicit; do
	case $tls in
	starttls) scheme=smtp ;;
	*)	  scheme=smtps ;;
	esac
	start --tls $tls
	mails=0
	dead=$(free_port)
	here=$scheme://localhost:$port
	nobody=$scheme://localhost:$dead

	open=$(free_port)
	proxy "$open" microsocks -i 127.0.0.1 -p "$open"
	closed=$(free_port)
	proxy "$closed" microsocks -i 127.0.0.1 -p "$closed" -u joe \
		-P 'pass word'
	through "microsocks, $scheme" $scheme "socks5://127.0.0.1:$open"
	through "microsocks with a user, $scheme" $scheme \
		"socks5://127.0.0.1:$closed" $joe "$word"
	around 'a wrong password' 74 'refused the user or the password' \
		"$here" "socks5://127.0.0.1:$closed" $joe "$wrong" "$none"
	around 'no user' 74 'wants a user and password' \
		"$here" "socks5://127.0.0.1:$closed" "$none" "$none" "$none" \
		"$none"
	around 'nobody behind it' 74 "cannot reach localhost port $dead" \
		"$nobody" "socks5://127.0.0.1:$open" "$none" "$none" "$none" \
		"$none"
	around 'not HTTP' 76 'is not an HTTP proxy' "$here" \
		"http://127.0.0.1:$open" "$none" "$none" "$none" "$none"

	open=$(free_port)
	cat >"$work/tiny" <<-!
	Port $open
	Listen 127.0.0.1
	Allow 127.0.0.1
	Timeout 20
	LogFile "$work/tiny.log"
	PidFile "$work/tiny.pid"
	ConnectPort $port
	ConnectPort $dead
	!
	proxy "$open" tinyproxy -d -c "$work/tiny"
	closed=$(free_port)
	sed "s/^Port .*/Port $closed/;\$a BasicAuth joe password" \
		"$work/tiny" >"$work/tiny2"
	proxy "$closed" tinyproxy -d -c "$work/tiny2"
	through "tinyproxy, $scheme" $scheme "http://127.0.0.1:$open"
	through "tinyproxy with a user, $scheme" $scheme \
		"http://127.0.0.1:$closed" $joe \
		--option proxy-password=password
	around 'a wrong password' 74 'refused the user or the password (401' \
		"$here" "http://127.0.0.1:$closed" $joe "$wrong" "$none"
	around 'no user' 74 '(407' "$here" "http://127.0.0.1:$closed" \
		"$none" "$none" "$none" "$none"
	around 'a port that is not allowed' 74 'does not allow localhost' \
		"$scheme://localhost:1" "http://127.0.0.1:$open" \
		"$none" "$none" "$none" "$none"
	around 'nobody behind it' 74 "cannot reach localhost port $dead" \
		"$nobody" "http://127.0.0.1:$open" "$none" "$none" "$none" \
		"$none"
	around 'not SOCKS' 74 'closed the connection' "$here" \
		"socks5://127.0.0.1:$open" "$none" "$none" "$none" "$none"

	open=$(free_port)
	cat >"$work/dante" <<-!
	logoutput: $work/dante.log
	internal: 127.0.0.1 port = $open
	external: lo
	socksmethod: none
	clientmethod: none
	client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
	socks block { from: 0.0.0.0/0 to: 0.0.0.0/0 port = 1 }
	socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
	!
	proxy "$open" danted -f "$work/dante"
	through "Dante, $scheme" $scheme "socks5://127.0.0.1:$open"
	around 'rules' 74 'its rules do not allow that' \
		"$scheme://localhost:1" "socks5://127.0.0.1:$open" "$none" \
		"$none" "$none" "$none"
	end_proxies
done
[ $bad -eq 0 ] && echo 'all went through' || exit 1
