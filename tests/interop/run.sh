#!/bin/bash
# SPDX-License-Identifier: MIT
# Send through real servers and look into their mailboxes.
#
#	run.sh [SERVER...]          all of them, NAME.sh each: see `all` below
#
# Needs root: the servers have users of their own. They are started from a
# scratch directory on free loopback ports, and ended by number. What is
# missing is installed, unless DEPS=no.
#
#	SMTP_SEND               the program under test
#	                        ($BUILD/examples/smtp-send)
#	INTEROP_ROOT            packages that were fetched (build/interop)
#	INTEROP_TLS13=yes       the TLS library under test has TLS 1.3
#	INTEROP_SECONDS         the most that the cases may take (400)
#	INTEROP_SERVER_SECONDS  and those of one server (240)
#	INTEROP_JOBS            servers that are talked to at a time (4)
#	INTEROP_ONLY            cases whose name has this (a regular expression)
#	INTEROP_KEEP=yes        leave the scratch directory where it is

[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
root=${INTEROP_ROOT:-$top/build/interop}
state=
main=
. "$here/common.sh"
. "$here/dovecot-auth.sh"

[ "$(id -u)" = 0 ] || die "needs root, for servers that change their user"
client=${SMTP_SEND:-$top/${BUILD:-build}/examples/smtp-send}
case $client in /*) ;; *) client=$PWD/$client ;; esac
[ -x "$client" ] || die "no $client: make examples"
mkdir -p "$root" || exit 1
root=$(cd "$root" && pwd)
all='postfix postfix-cyrus dovecot dovecot24 exim opensmtpd aiosmtpd
	smtp-server'
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $all
servers=$*

for server in $servers; do
	[ -f "$here/$server.sh" ] || die "no server named $server"
	# shellcheck disable=SC1090
	. "$here/$server.sh"
done
# They have parts in common.
. "$here/postfix.sh"
. "$here/dovecot.sh"

# Unix sockets have short names, so not below the build directory.
state=$(mktemp -d /tmp/smtp-interop.XXXXXX) || exit 1
chmod 755 "$state"
[ "${INTEROP_KEEP:-no}" = no ] || note "all is kept in $state"

finish()
{
	[ -z "$main" ] || kill "$main" 2>/dev/null
	stop_all
	[ "${INTEROP_KEEP:-no}" = yes ] || rm -rf "$state"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

show_logs()
{
	local file

	for file in $(find "$1" -type f \( -name '*log' -o -name out \)); do
		echo "--- $file" >&2
		tail -n 15 "$file" >&2
	done
}

install_packages python3 openssl
begin=$SECONDS
for server in $servers; do
	("${server//-/_}_install") || die "$server cannot be installed"
done
make_certificates "$state/certificates"
for server in $servers; do
	if ! "${server//-/_}_start" "$state/$server"; then
		show_logs "$state/$server"
		echo "not ok - $server does not start"
		echo "0 passed, 1 failed"
		exit 1
	fi
	set -- "$@" "$server=$state/$server"
	shift
done
note "$servers up after $((SECONDS - begin)) s"

timeout -k 10 "${INTEROP_SECONDS:-400}" \
	$python -B "$here/main.py" "$client" "$state" "$@" &
main=$!
wait $main
status=$?
main=
if [ $status -eq 124 ] || [ $status -eq 137 ]; then
	show_logs "$state"
	echo "not ok - out of time"
	echo "0 passed, 1 failed"
fi
exit $status
