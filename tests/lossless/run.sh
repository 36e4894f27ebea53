#!/bin/bash
# SPDX-License-Identifier: MIT
# Nothing lost, nothing doubled: mails with numbers go to Postfix and, by LMTP,
# to Dovecot, over a way that cuts, delays, splits and stalls; then the
# mailboxes are counted against what the library said of each recipient.
#
#	BUILD=build bash tests/lossless/run.sh [MAILS [SEED]]
#
# MAILS to each server, 600 unless said. Needs root, like tests/interop, whose
# servers these are. The last line is "N passed, N failed", of recipients.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
mails=${1:-600}
seed=${2:-1}
top=$(cd "$(dirname "$0")/../.." && pwd)
here=$top/tests/interop
root=${INTEROP_ROOT:-$top/build/interop}
state=
. "$here/common.sh"
. "$here/dovecot-auth.sh"
. "$here/postfix.sh"
. "$here/dovecot.sh"

[ "$(id -u)" = 0 ] || die "needs root, for servers that change their user"
mkdir -p "$root" || exit 1
root=$(cd "$root" && pwd)
state=$(mktemp -d /tmp/smtp-lossless.XXXXXX) || exit 1
chmod 755 "$state"
finish()
{
	stop_all
	[ "${INTEROP_KEEP:-no}" = yes ] || rm -rf "$state"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

install_packages python3 openssl
(dovecot_install) || die "the servers cannot be installed"
make_certificates "$state/certificates"
dovecot_start "$state/dovecot" || {
	tail -n 20 "$state"/dovecot/out "$state"/dovecot/backend/out >&2
	die "the servers do not start"
}
env=$state/dovecot/env
fact()
{
	cat "$env" "$state/dovecot/backend/env" | sed -n "s/^$1 //p" | sed 1q
}
lmtp=$(sed -n 's,^endpoint lmtp lmtp+plaintext://localhost:\([0-9]*\).*,\1,p' \
	"$env")
sender=$top/${BUILD:-build}/tests/lossless/sender
relay=$(fact relay_port),$(fact mailboxes),$(fact queue | tr ' ' :)
lmtp=$lmtp,$(fact lmtp_mailboxes),
with=smtp+plaintext://localhost:PORT,127.0.0.1
bad=reject@example.com:defer@example.com
set -- "postfix=$with,$relay,$bad"
bad=nobody@example.com:none@example.com
set -- "$@" "dovecot=l${with#s},$lmtp,$bad"
$python -B "$top/tests/lossless/main.py" "$sender" "$mails" "$seed" "$@"
