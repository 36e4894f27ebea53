#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2086
# What needs more than a password file: GSSAPI with a KDC of our own and
# Dovecot's submission server, which hands on to demo-server; and NTLM with
# Postfix over Cyrus' SASL library.
#
#	BUILD=build/sasl bash tests/sasl/run.sh
#
# after a make with WITH_GSSAPI=yes and CPPFLAGS=-DSMTP_WITH_NTLM=1. Needs
# root: the server has users of its own. Ends with "N passed, N failed".
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${BUILD:-$top/build/sasl}
case $build in /*) ;; *) build=$PWD/$build ;; esac
root=$build/packages
. "$here/../interop/common.sh"
. "$here/../interop/postfix.sh"

[ "$(id -u)" = 0 ] || die "needs root, for a server that changes its user"
mkdir -p "$root" || exit 1
install_packages dovecot-core dovecot-submissiond dovecot-gssapi krb5-kdc \
	krb5-admin-server krb5-user libsasl2-modules libsasl2-modules-db \
	sasl2-bin openssl
postfix_install
state=$(mktemp -d /tmp/smtp-sasl.XXXXXX) || exit 1
chmod 755 "$state"
finish()
{
	stop_all
	[ "${INTEROP_KEEP:-no}" = yes ] || rm -rf "$state"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
passed=0
failed=0

# ---- the KDC: realm EXAMPLE.TEST, joe, and the service on localhost

export KRB5_CONFIG=$state/krb5.conf KRB5_KDC_PROFILE=$state/kdc.conf
kdc_start()
{
	cat >"$KRB5_CONFIG" <<-CONF
	[libdefaults]
	 default_realm = EXAMPLE.TEST
	 dns_lookup_kdc = false
	 dns_lookup_realm = false
	 dns_canonicalize_hostname = false
	 rdns = false
	 udp_preference_limit = 1
	[realms]
	 EXAMPLE.TEST = {
	  kdc = 127.0.0.1:$1
	 }
	[domain_realm]
	 localhost = EXAMPLE.TEST
	CONF
	cat >"$KRB5_KDC_PROFILE" <<-CONF
	[kdcdefaults]
	 kdc_listen = ""
	 kdc_tcp_listen = 127.0.0.1:$1
	[realms]
	 EXAMPLE.TEST = {
	  database_name = $state/kdc
	  key_stash_file = $state/stash
	  acl_file = $state/acl
	 }
	CONF
	: >"$state/acl"
	{
		kdb5_util create -s -P master -r EXAMPLE.TEST
		kadmin.local -q 'addprinc -pw secret joe'
		kadmin.local -q 'addprinc -randkey smtp/localhost'
		kadmin.local -q "ktadd -k $state/keytab smtp/localhost"
	} >"$state/kdc.log" 2>&1
	chmod 644 "$state/keytab"
	spawn "$state/kdc.log" krb5kdc -n -r EXAMPLE.TEST
	wait_ports $spawned "$1"
}

# ---- the server behind, and Dovecot before it

backend_start()
{
	mkdir -p "$state/mail"
	spawn "$state/backend.out" "$build/tools/demo-server" \
		--dir "$state/mail" --port "$1" --tls none
	wait_ports $spawned "$1"
}

dovecot_start()
{
	mkdir -p "$state/run"
	cat >"$state/dovecot.conf" <<-CONF
	base_dir = $state/run
	state_dir = $state/run
	log_path = $state/dovecot.log
	auth_verbose = yes
	auth_debug = yes
	auth_failure_delay = 0
	auth_mechanisms = gssapi
	auth_krb5_keytab = $state/keytab
	auth_gssapi_hostname = "\$ALL"
	auth_username_format = %Ln
	protocols = submission
	listen = 127.0.0.1
	hostname = localhost
	first_valid_uid = 1
	mail_location = maildir:$state/box
	ssl = yes
	ssl_cert = <$state/certificates/server.pem
	ssl_key = <$state/certificates/server.key
	submission_relay_host = 127.0.0.1
	submission_relay_port = $2
	submission_relay_ssl = no
	passdb {
	  driver = static
	  args = nopassword=y
	}
	userdb {
	  driver = static
	  args = uid=mail gid=mail home=$state
	}
	service anvil {
	  unix_listener anvil-auth-penalty {
	    mode = 0
	  }
	}
	service submission-login {
	  inet_listener submission {
	    port = $1
	  }
	}
	CONF
	spawn "$state/dovecot.out" dovecot -F -c "$state/dovecot.conf"
	wait_ports $spawned "$1"
}

# ---- Postfix, which delivers itself

cyrus_start()
{
	local dir=$state/postfix program=$root/postfix part
	local etc=$dir/etc spool=$dir/spool

	mkdir -p "$etc/sasl" "$dir/data" "$dir/mail" "$spool/public" \
		"$spool/maildrop" "$spool/pid"
	for part in active bounce corrupt defer deferred flush hold incoming \
	    private saved trace; do
		mkdir -p "$spool/$part"
		chown postfix "$spool/$part"
	done
	chown postfix "$dir/data"
	chown postfix:postdrop "$spool/public" "$spool/maildrop"
	chown mail:mail "$dir/mail"
	: >"$etc/dynamicmaps.cf"
	: >"$dir/maillog"
	{
		postfix_main "$dir" "$program" | grep -v smtpd_sasl
		echo 'smtpd_sasl_path = smtpd'
		echo 'smtpd_sasl_local_domain = example.com'
		echo 'smtpd_sasl_auth_enable = yes'
	} >"$etc/main.cf"
	{
		postfix_services
		echo "127.0.0.1:$1 inet n - n - - smtpd"
	} >"$etc/master.cf"
	cat >"$etc/sasl/smtpd.conf" <<-CONF
	pwcheck_method: auxprop
	auxprop_plugin: sasldb
	sasldb_path: $etc/sasl/passwords
	mech_list: NTLM
	CONF
	printf %s 'correct horse' | saslpasswd2 -p -c -f "$etc/sasl/passwords" \
		-u example.com joe || return 1
	chown postfix "$etc/sasl/passwords"
	LD_LIBRARY_PATH=$program/usr/lib/postfix \
		spawn "$dir/out" "$program/usr/lib/postfix/sbin/master" \
		-c "$etc" -s
	wait_ports $spawned "$1"
}

make_certificates "$state/certificates"
set -- $(free_ports 4)
if ! kdc_start "$1" || ! backend_start "$2" || ! dovecot_start "$3" "$2" ||
	! cyrus_start "$4"; then
	tail -n 20 "$state"/*.log "$state"/*.out
	echo '0 passed, 1 failed'
	exit 1
fi
url=smtp://localhost:$3
cyrus=smtp://localhost:$4

# ---- the cases

ok()
{
	echo "ok - $*"
	passed=$((passed + 1))
}
bad()
{
	echo "not ok - $*"
	sed 's/^/      | /' "$state/out"
	grep -h auth "$state/dovecot.log" "$state/postfix/maillog" |
		tail -n 8 | sed 's/^/      | /'
	failed=$((failed + 1))
}

# arrived SUBJECT : is there a mail with it?
arrived()
{
	grep -qx "Subject: $1" <(cat "$state"/mail/*.eml 2>/dev/null |
		tr -d '\r')
}

# send PROGRAM... : its text comes from here; output into $state/out
send()
{
	echo 'a text' | timeout 30 "$@" >"$state/out" 2>&1
}

gssapi()
{
	SMTP_CA_FILE=$state/certificates/ca.pem KRB5CCNAME=FILE:$1 \
		send "$build/examples/gssapi" "$2" joe@example.com \
		ann@example.com "$3"
}

ntlm()
{
	SMTP_PASSWORD=$2 send "$build/examples/smtp-send" --url "$cyrus" \
		--ca-file "$state/certificates/ca.pem" --user "$1" \
		--from joe@example.com --to user@example.com --subject "$3" \
		--text text ${4-}
}

# Did Postfix queue it, from who says so by NTLM?
queued()
{
	grep -q "sasl_method=NTLM, sasl_username=$1" "$state/postfix/maillog"
}

echo secret | kinit -c "FILE:$state/ticket" joe >"$state/out" 2>&1 ||
	bad 'the KDC gives a ticket'
if gssapi "$state/ticket" "$url" one && arrived one &&
	grep -q 'Login: user=<joe>, method=GSSAPI' "$state/dovecot.log"; then
	ok 'GSSAPI: a ticket of the KDC, and Dovecot takes the mail'
else
	bad 'GSSAPI: a ticket of the KDC, and Dovecot takes the mail'
fi
if gssapi "$state/none" "$url" two; then
	bad 'GSSAPI: no ticket, no mail'
elif arrived two || ! grep -q 'AUTH GSSAPI: no ticket' "$state/out"; then
	bad 'GSSAPI: no ticket, and the error says so'
else
	ok 'GSSAPI: no ticket, and the error says so'
fi
kadmin.local -q 'cpw -randkey smtp/localhost' >/dev/null 2>&1
kdestroy -c "FILE:$state/ticket" 2>/dev/null
echo secret | kinit -c "FILE:$state/ticket" joe >"$state/out" 2>&1
if gssapi "$state/ticket" "$url" three || arrived three; then
	bad 'GSSAPI: a key that the server does not have'
elif grep -q 'AUTH' "$state/out"; then
	ok 'GSSAPI: a key that the server does not have'
else
	bad 'GSSAPI: a key that the server does not have, the error'
fi

if ntlm joe@example.com 'correct house' four '--mechanism NTLM' ||
	queued joe@example.com; then
	bad 'NTLM: a wrong password'
elif grep -q 535 "$state/out"; then
	ok 'NTLM: a wrong password'
else
	bad 'NTLM: a wrong password, the error'
fi
if ntlm joe@example.com 'correct horse' five || queued joe@example.com; then
	bad 'NTLM: not unless it is named'
else
	ok 'NTLM: not unless it is named'
fi
# Cyrus' library takes a domain in capitals.
for user in 'EXAMPLE\joe' joe joe@example.com; do
	if ntlm "$user" 'correct horse' six '--mechanism NTLM' &&
		queued "joe@example.com"; then
		ok "NTLM: version 2, as $user, and Postfix takes the mail"
	else
		bad "NTLM: version 2, as $user, and Postfix takes the mail"
	fi
	: >"$state/postfix/maillog"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
