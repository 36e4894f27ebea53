# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC1007
# OpenSMTPD of a newer Debian: Debian 12's has no TLS with its OpenSSL.

opensmtpd_install()
{
	install_packages openssl
	unpack_newer opensmtpd opensmtpd
	system_user opensmtpd /var/lib/opensmtpd/empty
	system_user opensmtpq /var/lib/opensmtpd/empty
}

opensmtpd_start()
{
	local dir=$1 env=$1/env certs=$state/certificates who secret

	mkdir -p "$dir/spool" "$dir/mail"
	chmod 755 "$dir"
	chmod 711 "$dir/spool"
	chown mail:mail "$dir/mail"
	for who in user odd long; do
		secret=password
		[ $who = user ] || secret=${who}_password
		printf '%s %s\n' $who@example.com \
			"$(opensmtpd_hash "${!secret}")"
	done >"$dir/accounts"
	echo '@example.com mail' >"$dir/domains"
	echo "mail:8:8:$dir/mail" >"$dir/users"
	printf '%s@example.com\n' user tester third >"$dir/known"
	chmod 644 "$dir/domains" "$dir/users" "$dir/known"
	chgrp opensmtpd "$dir/accounts"
	chmod 640 "$dir/accounts"
	cat >"$dir/mounts.sh" <<-SH
	mkdir -p "$root/opensmtpd/var/spool/smtpd" \
		"$root/opensmtpd/var/lib/opensmtpd/empty"
	mkdir "$root/opensmtpd/run/opensmtpd"
	mount_file "$certs/ca.pem" /etc/ssl/certs/ca-certificates.crt
	mount --bind "$dir/spool" "$root/opensmtpd/var/spool/smtpd"
	SH
	# shellcheck disable=SC2046
	set -- $(free_ports 2)
	opensmtpd_settings "$dir" "$@" >"$dir/conf"
	chmod 644 "$dir/conf"
	spawn_newer "$dir/log" opensmtpd "$dir" \
		/usr/sbin/smtpd -d -v -T smtp -f "$dir/conf"
	wait_ports $spawned "$@" || return 1

	describe_account "$env" "$certs"
	describe "$env" mechanisms PLAIN LOGIN
	describe "$env" extensions 8BITMIME ENHANCEDSTATUSCODES SIZE DSN \
		STARTTLS AUTH HELP
	describe "$env" reports mixed
	describe "$env" reject reject@example.com
	describe "$env" defer defer@example.com
	describe "$env" mailboxes "$dir/mail"
	describe "$env" line_ends lf
	describe "$env" adds Date Message-ID
	describe "$env" null_path none
	describe "$env" queue "$dir/spool/queue" "$dir/spool/incoming"
	describe "$env" log "$dir/log"
	describe "$env" queue_id '(\w{8}) Message accepted'
	describe "$env" method_log '<<< AUTH ([A-Z0-9-]+)'
	describe "$env" refused_log 'authentication user=.* result=permfail'
	describe "$env" endpoint submission "smtp://localhost:$1" login
	describe "$env" endpoint smtps "smtps://localhost:$2" login
}

# opensmtpd_hash PASSWORD : openssl's command would cut a long one.
opensmtpd_hash()
{
	$python -W ignore -c \
		'import crypt, sys; print(crypt.crypt(sys.argv[1]))' "$1"
}

opensmtpd_settings()
{
	local dir=$1 submission=$2 submissions=$3 certs=$state/certificates

	cat <<-CONF
	pki localhost cert "$certs/server.pem"
	pki localhost key "$certs/server.key"
	table accounts file:$dir/accounts
	table domains file:$dir/domains
	table users file:$dir/users
	table known file:$dir/known
	smtp max-message-size "26214400"
	filter "rejected" phase rcpt-to match rcpt-to "reject@example.com" reject "550 5.1.1 No such user here"
	filter "deferred" phase rcpt-to match rcpt-to "defer@example.com" reject "450 4.2.1 Try again later"
	filter "refusals" chain { "rejected", "deferred" }
	listen on 127.0.0.1 port $submission tls-require pki localhost hostname mail.example.com auth <accounts> filter "refusals"
	listen on 127.0.0.1 port $submissions smtps pki localhost hostname mail.example.com auth <accounts> filter "refusals"
	action "known" maildir "$dir/mail/%{rcpt.user:lowercase}" virtual <domains> userbase <users>
	action "other" maildir "$dir/mail/other" virtual <domains> userbase <users>
	match from any for rcpt-to <known> action "known"
	match from any for domain "example.com" action "other"
	CONF
}
