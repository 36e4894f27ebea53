# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC1007
# Postfix with Cyrus' SASL library and its own database of passwords: NTLM,
# and SCRAM with more digests.

postfix_cyrus_install()
{
	install_packages libsasl2-modules libsasl2-modules-db sasl2-bin
	postfix_install
}

postfix_cyrus_start()
{
	postfix_start "$1" postfix_cyrus_ports cyrus
}

postfix_cyrus_ports()
{
	local login='smtpd_sasl_auth_enable=yes' tls='smtpd_tls_wrappermode=yes'
	local only='smtpd_client_restrictions=permit_sasl_authenticated,reject'
	local must='smtpd_tls_security_level=encrypt'

	postfix_port submission 'smtp://localhost:PORT auth' \
		$must $login $only
	postfix_port smtps 'smtps://localhost:PORT login' $tls $login $only
	postfix_port anonymous 'smtps://localhost:PORT anonymous' \
		$tls $login smtpd_sasl_security_options=
}

postfix_sasl_cyrus()
{
	echo smtpd_sasl_type = cyrus
	echo smtpd_sasl_path = smtpd
	echo smtpd_sasl_local_domain = example.com
}

# postfix_accounts_cyrus DIR ENV. Debian's Postfix looks into no other folder
# for what concerns Cyrus' library.
postfix_accounts_cyrus()
{
	local who secret
	local mechanisms='PLAIN LOGIN CRAM-MD5 NTLM SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512 ANONYMOUS'

	mkdir -p "$1/etc/sasl"
	cat >"$1/etc/sasl/smtpd.conf" <<-CONF
	pwcheck_method: auxprop
	auxprop_plugin: sasldb
	sasldb_path: $1/etc/sasl/passwords
	mech_list: $mechanisms
	CONF
	for who in user odd long; do
		secret=password
		[ $who = user ] || secret=${who}_password
		printf %s "${!secret}" | /usr/sbin/saslpasswd2 -p -c \
			-f "$1/etc/sasl/passwords" -u example.com $who || return 1
	done
	chown postfix "$1/etc/sasl/passwords"
	describe "$2" mechanisms "$mechanisms"
}
