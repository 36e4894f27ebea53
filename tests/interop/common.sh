# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC1007
# What the servers share: packages, certificates, ports, processes.
#
# Sourced by run.sh, which sets `root` (packages that were fetched) and
# `state` (all that lives for one run). A server is one file NAME.sh with
#
#	NAME_install            fetch what is missing
#	NAME_start DIR          configure below DIR, start, wait until the ports
#	                        accept, and describe itself in DIR/env
#
# DIR/env has a line `KEY value` for each thing cases.py must know:
#
#	user, password          the account that every server has; there are
#	                        odd@ and long@ with passwords of that kind, too
#	ca, other_ca            the certificate of our authority; of a stranger
#	certificate, certificate_key    of that account
#	token, expired_token    for XOAUTH2, where the server has it
#	mechanisms              those of AUTH, on all ports together
#	foreign                 those that are another thing than ours of that
#	                        name, in a build that has it
#	extensions              the keywords of EHLO or LHLO, likewise
#	endpoint NAME URL TRAIT...      one port; the traits are in cases.py
#	mailboxes DIR           Maildirs, one for each local part, or `other`
#	lmtp_mailboxes DIR      for what came by LMTP, where that is another
#	line_ends lf|crlf       how the Maildirs keep them; lmtp_line_ends too
#	adds FIELD...           that it puts behind a header without them
#	null_path none          there is no Return-Path then
#	queue DIR...            where mail waits between acceptance and mailbox
#	log FILE                the server's own
#	method_log REGEX        in it: the mechanism of a login, in a group
#	refused_log REGEX       in it: one line for each refused login
#	begin_log REGEX         in it: the begin of a session
#	session_log REGEX       in it: its end, and in a group `mail=1 rcpt=2 ...`
#	early_log REGEX         in it: a client that spoke before the greeting
#	resumes yes             it resumes TLS sessions
#	resumed_log REGEX       in it: a TLS session that was resumed
#	limits MAILS RECIPIENTS of a session, and of a mail (RFC 9422)
#	queue_id REGEX          in the last reply: the name the mail was given
#	reports rfc3464|mixed   it makes reports of delivery itself, of that
#	                        type
#	envelope_log REGEX      in the log: the envelope, if it makes none
#	refuses_content ADDRESS by PRDR
#	fails ADDRESS           taken, and cannot be delivered
#	reject, defer ADDRESS   refused for ever, refused for now, at RCPT
#	lmtp_reject ADDRESS     the same by LMTP
#	busy ADDRESS            at it the server says 421 and closes
#	full ADDRESS            refused after the data (LMTP)
#	copies N                that arrive for a recipient named twice (LMTP)

set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH

account=user@example.com
password='S3cret=Pass'
odd_password=' pä§ wörd =,"\\%€'
long_password=$(printf 'long%.0s' $(seq 100))
start_seconds=${INTEROP_START_SECONDS:-40}
if [ -x /usr/bin/python3 ]; then
	python=/usr/bin/python3
else
	python=python3
fi

note()
{
	echo "interop: $*" >&2
}

die()
{
	note "$*"
	exit 1
}

#
# Packages. Nothing is started by installing them.
#

apt()
{
	local try

	[ "${DEPS:-yes}" = no ] &&
		die "missing, and DEPS=no forbids to fetch it: apt-get $*"
	note "apt-get $*"
	for try in 1 2 3; do
		timeout 300 apt-get -qq -o DPkg::Lock::Timeout=120 \
			-o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 "$@" \
			>>"$root/apt.log" 2>&1 </dev/null && return 0
		sleep 2
		timeout 200 apt-get -qq update >>"$root/apt.log" 2>&1
	done
	tail -n 5 "$root/apt.log" >&2
	die "apt-get $* failed"
}

# install_packages NAME... : into the system, those that are not there yet.
install_packages()
{
	local name missing= policy=/usr/sbin/policy-rc.d ours=no

	for name in "$@"; do
		dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null |
			grep -qx installed || missing="$missing $name"
	done
	[ -z "$missing" ] && return 0
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		ours=yes
	fi
	ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || apt update
	# shellcheck disable=SC2086
	apt install -y --no-install-recommends $missing
	[ $ours = no ] || rm -f $policy
}

# unpack_package NAME : into $root/NAME. Mail servers conflict with one
# another as installed packages; side by side in folders they do not.
unpack_package()
{
	[ -e "$root/$1/.complete" ] && return 0
	rm -rf "${root:?}/$1" "$root/$1.new"
	mkdir -p "$root/$1.new"
	ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || apt update
	(cd "$root/$1.new" && apt download "$1") || exit 1
	dpkg-deb -x "$root/$1.new"/*.deb "$root/$1.new" ||
		die "cannot unpack $1"
	rm -f "$root/$1.new"/*.deb
	touch "$root/$1.new/.complete"
	mv "$root/$1.new" "$root/$1"
}

# unpack_newer NAME PACKAGE... : from the Debian release after ours, with all
# that they need, into $root/NAME, as a root of its own. Nothing of them is
# configured or started. The mirror is the one that this system's package
# sources name.
newer=trixie
unpack_newer()
{
	local name=$1 mirror into=$root/$1 list

	shift
	list=$(echo base-files dash coreutils "$@")
	[ "$(cat "$into/.complete" 2>/dev/null)" = "$newer $list" ] && return 0
	install_packages mmdebstrap debian-archive-keyring
	[ "${DEPS:-yes}" = no ] && die "missing, and DEPS=no: $newer's $*"
	mirror=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
		awk 'tolower($1) == "uris:" { print $2; exit }')
	[ -n "$mirror" ] || mirror=$(awk '$1 == "deb" {
		sub(/\[[^]]*\] */, ""); print $2; exit }' /etc/apt/sources.list)
	note "$newer's $*"
	rm -rf "${into:?}" "$into.new"
	timeout 300 mmdebstrap --quiet --variant=extract \
		--include="${list// /,}" \
		--aptopt='APT::Install-Recommends "false"' \
		"$newer" "$into.new" "$mirror" >"$into.log" 2>&1 </dev/null || {
		tail -n 5 "$into.log" >&2
		die "cannot unpack $newer's $*"
	}
	[ -e "$into.new/bin/sh" ] || ln -s dash "$into.new/bin/sh"
	(cd "$into.new" && mkdir -p var/empty run tmp dev proc)
	echo "$newer $list" >"$into.new/.complete"
	mv "$into.new" "$into"
}

system_user()
{
	getent group "$1" >/dev/null || groupadd -r "$1"
	getent passwd "$1" >/dev/null ||
		useradd -r -M -g "$1" -d "${2:-/nonexistent}" \
			-s /usr/sbin/nologin "$1"
}

system_group()
{
	getent group "$1" >/dev/null || groupadd -r "$1"
}

#
# Certificates, all made here. Each leaf is NAME.pem with NAME.key.
#

# leaf NAME CN SAN [START END [AUTHORITY [CA]]] : dates as YYYYMMDD; an empty
# SAN leaves that extension out; CA is TRUE for one that signs others.
leaf()
{
	local by=${6:-ca}

	[ -e "$1.key" ] ||
		openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
	openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
	cat >"$1.cnf" <<-CNF
	[ca]
	default_ca = d
	[d]
	new_certs_dir = signed
	database = signed/index
	serial = signed/serial
	default_md = sha256
	unique_subject = no
	policy = p
	x509_extensions = e
	[p]
	commonName = supplied
	[e]
	${3:+subjectAltName = $3}
	basicConstraints = CA:${7:-FALSE}
	keyUsage = digitalSignature, keyEncipherment, keyCertSign
	CNF
	openssl ca -batch -notext -config "$1.cnf" -cert "$by.pem" \
		-keyfile "$by.key" -in "$1.csr" -out "$1.pem" \
		-startdate "${4:-20200101}000000Z" \
		-enddate "${5:-20400101}000000Z"
}

# authority NAME : one of our own.
authority()
{
	openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
	openssl req -x509 -new -key "$1.key" -sha256 -days 3650 \
		-subj "/CN=Interop $1" \
		-addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign -out "$1.pem"
}

# make_certificates DIR
make_certificates()
{
	mkdir -p "$1/signed"
	chmod 755 "$1"
	(
	set -e
	cd "$1"
	: >signed/index
	echo 1000 >signed/serial
	authority ca
	authority other-ca
	local names='DNS:localhost,IP:127.0.0.1,IP:::1'
	leaf server localhost "$names"
	openssl genrsa -traditional -out rsa.key 2048
	leaf rsa localhost "$names"
	leaf wrongname wrong.example.org DNS:wrong.example.org
	leaf onlycn localhost DNS:wrong.example.org
	leaf nosan localhost ''
	leaf expired localhost "$names" 20200101 20210101
	leaf notyet localhost "$names" 20390101 20400101
	leaf stranger localhost "$names" 20200101 20400101 other-ca
	leaf dnsip 127.0.0.1 DNS:127.0.0.1
	leaf middle Middle '' 20200101 20400101 ca TRUE
	leaf nochain localhost "$names" 20200101 20400101 middle
	leaf client "$account" "email:$account"
	cp nochain.key chain.key
	cat nochain.pem middle.pem >chain.pem
	openssl req -x509 -new -key server.key -sha256 -days 825 \
		-subj /CN=localhost -addext "subjectAltName=$names" \
		-out selfsigned.pem
	cp server.key selfsigned.key
	chmod 644 ./*.pem
	) >"$1.log" 2>&1 || die "certificates: $(tail -n 3 "$1.log")"
}

#
# Ports: free ones, below those that the system gives to clients.
#

# free_ports N : prints them.
free_ports()
{
	$python - "$1" <<-'PY'
	import random, socket, sys
	held = []
	for port in random.sample(range(20000, 32000), 2000):
	    s = socket.socket()
	    try:
	        s.bind(("127.0.0.1", port))
	    except OSError:
	        continue
	    held.append(s)
	    if len(held) == int(sys.argv[1]):
	        break
	print(*[s.getsockname()[1] for s in held])
	PY
}

# wait_ports PID PORT... : until all accept; fails when the process is gone.
wait_ports()
{
	local pid=$1 port end=$((SECONDS + start_seconds))

	shift
	for port in "$@"; do
		until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
			kill -0 "$pid" 2>/dev/null || return 1
			[ $SECONDS -lt $end ] || return 1
			sleep 0.05
		done
	done
}

# wait_socket PID PATH
wait_socket()
{
	local end=$((SECONDS + start_seconds))

	until [ -S "$2" ]; do
		kill -0 "$1" 2>/dev/null || return 1
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

#
# Processes: each server is a session of its own, ended by number.
#

# spawn LOG COMMAND... : sets `spawned`.
spawn()
{
	local log=$1

	shift
	setsid "$@" </dev/null >>"$log" 2>&1 &
	spawned=$!
	echo $spawned >>"$state/pids"
}

# spawn_newer LOG NAME DIR COMMAND... : in the root that unpack_newer made,
# where DIR is at its own place. What is mounted for that nobody else sees,
# and it goes with the processes; DIR/mounts.sh can do more of it, with
# `mount_file FILE PATH`.
spawn_newer()
{
	local log=$1 inside=$root/$2 dir=$3

	shift 3
	echo 127.0.0.1 localhost mail.example.com >"$dir/hosts"
	: >"$dir/resolv.conf"
	cat >"$dir/inside.sh" <<-SH
	set -e
	mount_file()
	{
		mkdir -p "$inside\${2%/*}"
		[ -e "$inside\$2" ] || : >>"$inside\$2"
		mount --bind "\$1" "$inside\$2"
	}
	mount --rbind /dev "$inside/dev"
	mount -t proc proc "$inside/proc"
	mount -t tmpfs -o mode=755 tmpfs "$inside/run"
	mount -t tmpfs -o mode=1777 tmpfs "$inside/tmp"
	mkdir -p "$inside/var/run"
	mount --bind "$inside/run" "$inside/var/run"
	mkdir -p "$inside$state"
	mount --bind "$state" "$inside$state"
	for file in passwd group nsswitch.conf services protocols; do
		mount_file /etc/\$file /etc/\$file
	done
	mount_file "$dir/hosts" /etc/hosts
	mount_file "$dir/resolv.conf" /etc/resolv.conf
	[ ! -e "$dir/mounts.sh" ] || . "$dir/mounts.sh"
	exec chroot "$inside" "\$@"
	SH
	spawn "$log" unshare --mount --propagation private \
		sh "$dir/inside.sh" "$@"
}

# members SESSION : the live processes of a session.
members()
{
	local file line

	for file in /proc/[0-9]*/stat; do
		read -r line <"$file" || continue
		# shellcheck disable=SC2086
		set -- "$1" ${line%% *} ${line##*) }
		[ "$6" = "$1" ] && [ "$3" != Z ] && echo "$2"
	done 2>/dev/null
}

# stop SESSION : politely, and after four seconds for certain.
stop()
{
	local try all

	kill -TERM "$1" 2>/dev/null
	for try in $(seq 80); do
		all=$(members "$1")
		[ -z "$all" ] && return 0
		# A master takes its own down; what is left hears it from us.
		[ "$try" -eq 20 ] && kill -TERM $all 2>/dev/null
		sleep 0.05
	done
	kill -KILL $all 2>/dev/null
}

# stop_all : what spawn started, newest first.
stop_all()
{
	local pid

	[ -s "$state/pids" ] || return 0
	for pid in $(tac "$state/pids"); do
		stop "$pid"
	done
	: >"$state/pids"
}

# describe FILE KEY VALUE...
describe()
{
	local file=$1

	shift
	echo "$*" >>"$file"
}

# describe_account FILE CERTIFICATES
describe_account()
{
	describe "$1" user "$account"
	describe "$1" password "$password"
	describe "$1" odd_password "$odd_password"
	describe "$1" long_password "$long_password"
	describe "$1" ca "$2/ca.pem"
	describe "$1" other_ca "$2/other-ca.pem"
	describe "$1" certificate "$2/client.pem"
	describe "$1" certificate_key "$2/client.key"
}

#
# Servers that are a library, in a program of ours: what they have in common.
#

# own_server_accounts DIR : as JSON. Tokens are only words to them.
own_server_accounts()
{
	$python - "$account" "$password" "$odd_password" "$long_password" \
		<<-'PY'
	import json, sys
	names = sys.argv[1], "odd@example.com", "long@example.com"
	json.dump({"token": "a-token-of-interop",
	           "passwords": dict(zip(names, sys.argv[2:]))}, sys.stdout)
	PY
}

# own_server_described DIR
own_server_described()
{
	local env=$1/env

	mkdir -p "$1/mail"
	: >>"$1/serverlog"
	describe_account "$env" "$state/certificates"
	describe "$env" token a-token-of-interop
	describe "$env" expired_token a-token-of-yesterday
	describe "$env" reject reject@example.com
	describe "$env" defer defer@example.com
	describe "$env" lmtp_reject nobody@example.com
	describe "$env" full full@example.com
	describe "$env" copies 2
	describe "$env" mailboxes "$1/mail"
	describe "$env" line_ends crlf
	describe "$env" queue "$1/none"
	describe "$env" log "$1/serverlog"
	describe "$env" queue_id 'queued as (\w+)'
	describe "$env" method_log '^login ([A-Z0-9-]+)'
	describe "$env" refused_log '^refused'
}
