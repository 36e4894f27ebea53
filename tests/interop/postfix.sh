# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC1007
# Postfix, unpacked rather than installed, with Dovecot's authentication
# process behind it.

postfix_install()
{
	install_packages dovecot-core libicu72 libdb5.3 libnsl2 libsasl2-2 \
		libssl3 openssl
	unpack_package postfix
	system_user postfix /var/spool/postfix
	system_group postdrop
}

# One port of master.cf: the port, a name for the log, and its options.
postfix_port()
{
	local port=$1 name=$2 option

	shift 2
	echo "127.0.0.1:$port inet n - n - - smtpd"
	for option in syslog_name=postfix/"$name" "$@"; do
		echo "  -o $option"
	done
}

# A port that speaks TLS at once and wants a login: name, certificate, options.
postfix_tls_port()
{
	local port=$1 name=$2 certificate=$3

	shift 3
	postfix_port "$port" "$name" smtpd_tls_wrappermode=yes \
		smtpd_sasl_auth_enable=yes \
		smtpd_client_restrictions=permit_sasl_authenticated,reject \
		"smtpd_tls_chain_files=$certificate" "$@"
}

postfix_start()
{
	local dir=$1 spool=$1/spool etc=$1/etc certs=$state/certificates
	local program=$root/postfix queue daemons kind host

	daemons=$program/usr/lib/postfix/sbin
	mkdir -p "$etc" "$dir/data" "$dir/mail" "$spool"
	chmod 755 "$dir"
	chown postfix "$dir/data"
	chown mail:mail "$dir/mail"
	chmod 700 "$dir/data"
	for queue in active bounce corrupt defer deferred flush hold incoming \
	    private saved trace; do
		mkdir -p "$spool/$queue"
		chown postfix "$spool/$queue"
		chmod 700 "$spool/$queue"
	done
	mkdir -p "$spool/public" "$spool/maildrop" "$spool/pid"
	chown postfix:postdrop "$spool/public" "$spool/maildrop"
	chmod 710 "$spool/public"
	chmod 730 "$spool/maildrop"
	: >"$etc/dynamicmaps.cf"
	: >"$dir/maillog"

	# shellcheck disable=SC2046
	set -- $(free_ports 17)
	postfix_main "$dir" "$program" >"$etc/main.cf"
	{
		postfix_port "$1" relay
		postfix_port "$2" submission smtpd_tls_security_level=encrypt \
			smtpd_sasl_auth_enable=yes \
			smtpd_client_restrictions=permit_sasl_authenticated,reject
		# nothing that came after RFC 821 but a limit and AUTH
		postfix_port "$3" bare smtpd_tls_security_level=none \
			smtpd_sasl_auth_enable=yes smtpd_tls_auth_only=no \
			message_size_limit=100000 \
			smtpd_discard_ehlo_keywords=chunking,smtputf8,dsn,pipelining,enhancedstatuscodes,8bitmime
		postfix_tls_port "$4" smtps '$chain'
		postfix_tls_port "$5" tls12 '$chain' \
			smtpd_tls_security_level=encrypt \
			smtpd_tls_mandatory_protocols=TLSv1.2
		postfix_tls_port "$6" tls13 '$chain' \
			smtpd_tls_security_level=encrypt \
			'smtpd_tls_mandatory_protocols=>=TLSv1.3'
		shift 6
		for kind in rsa chain nochain wrongname onlycn nosan dnsip \
		    expired notyet selfsigned stranger; do
			postfix_tls_port "$1" "$kind" \
				"$certs/$kind.key,$certs/$kind.pem"
			shift
		done
		postfix_services
	} >"$etc/master.cf"
	sed -i "s|\\\$chain|$certs/server.key,$certs/server.pem|" \
		"$etc/master.cf"
	chmod 644 "$etc"/*.cf

	dovecot_auth "$dir/auth" "$spool/private/auth" || return 1
	LD_LIBRARY_PATH=$program/usr/lib/postfix \
		spawn "$dir/out" "$daemons/master" -c "$etc" -s
	# shellcheck disable=SC2046
	set -- $(sed -n 's/^127.0.0.1:\([0-9]*\) .*/\1/p' "$etc/master.cf")
	wait_ports $spawned "$@" || return 1

	local env=$dir/env
	describe_account "$env" "$certs"
	describe "$env" mechanisms PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 \
		SCRAM-SHA-256 XOAUTH2 OAUTHBEARER
	describe "$env" token "$(token 86400)"
	describe "$env" expired_token "$(token -60)"
	describe "$env" reject reject@example.com
	describe "$env" defer defer@example.com
	describe "$env" mailboxes "$dir/mail"
	describe "$env" line_ends lf
	describe "$env" queue "$spool/incoming" "$spool/active" \
		"$spool/maildrop"
	describe "$env" log "$dir/maillog"
	describe "$env" method_log 'sasl_method=([A-Z0-9-]+)'
	describe "$env" refused_log 'warning: .*SASL \S+ authentication failed'
	describe "$env" session_log 'disconnect from \S+ (.*)'
	describe "$env" relay_port "$1"
	describe "$env" endpoint relay "smtp+plaintext://localhost:$1" relay
	describe "$env" endpoint opportunistic \
		"smtp+opportunistic://localhost:$1" relay tls
	describe "$env" endpoint submission "smtp://localhost:$2" login
	describe "$env" endpoint bare "smtp+plaintext://localhost:$3" bare
	describe "$env" endpoint smtps "smtps://localhost:$4" login
	describe "$env" endpoint address "smtps://127.0.0.1:$4" brief
	describe "$env" endpoint tls12 "smtps://localhost:$5" brief
	describe "$env" endpoint tls13 "smtps://localhost:$6" brief tls13
	describe "$env" endpoint rsa "smtps://localhost:$7" brief
	describe "$env" endpoint chain "smtps://localhost:$8" brief
	describe "$env" endpoint notls "smtp://localhost:$3" notls
	describe "$env" endpoint tls-to-plain "smtps://localhost:$3" notls
	describe "$env" endpoint plain-to-tls "smtp://localhost:$4" silent
	describe "$env" endpoint nochain "smtps://localhost:$9" untrusted
	shift 9
	for kind in wrongname onlycn nosan dnsip expired notyet selfsigned \
	    stranger; do
		case $kind in
		dnsip) host=127.0.0.1 ;;
		*) host=localhost ;;
		esac
		describe "$env" endpoint $kind "smtps://$host:$1" untrusted
		shift
	done
}

# Content is delivered as it came: nothing is added, dropped or rewritten.
postfix_main()
{
	local dir=$1 program=$2 certs=$state/certificates

	cat <<-CONF
	compatibility_level = 3.6
	queue_directory = $dir/spool
	data_directory = $dir/data
	command_directory = $program/usr/sbin
	daemon_directory = $program/usr/lib/postfix/sbin
	shlib_directory = $program/usr/lib/postfix
	meta_directory = $dir/etc
	sendmail_path = $program/usr/sbin/sendmail
	mailq_path = $program/usr/bin/mailq
	newaliases_path = $program/usr/bin/newaliases
	import_environment = MAIL_CONFIG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME LD_LIBRARY_PATH=$program/usr/lib/postfix
	mail_owner = postfix
	setgid_group = postdrop
	default_database_type = hash
	maillog_file = $dir/maillog
	maillog_file_prefixes = $dir
	myhostname = mail.example.com
	mydestination =
	mynetworks =
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	disable_dns_lookups = yes
	smtp_dns_support_level = disabled
	default_transport = error:5.1.2 nothing leaves this machine
	relay_transport = \$default_transport
	local_recipient_maps =
	alias_maps =
	biff = no
	virtual_mailbox_domains = example.com
	virtual_mailbox_base = $dir/mail
	virtual_mailbox_maps = inline:{ { user@example.com = user/ }, { tester@example.com = tester/ }, { third@example.com = third/ }, { @example.com = other/ } }
	virtual_uid_maps = static:8
	virtual_gid_maps = static:8
	virtual_minimum_uid = 1
	virtual_mailbox_limit = 0
	mailbox_size_limit = 0
	message_size_limit = 26214400
	smtputf8_enable = yes
	allow_percent_hack = no
	swap_bangpath = no
	message_drop_headers =
	local_header_rewrite_clients =
	smtpd_tls_chain_files = $certs/server.key, $certs/server.pem
	smtpd_tls_security_level = may
	smtpd_tls_auth_only = yes
	smtpd_tls_received_header = yes
	smtpd_sasl_type = dovecot
	smtpd_sasl_path = $dir/spool/private/auth
	smtpd_sasl_security_options = noanonymous
	smtpd_client_connection_rate_limit = 0
	smtpd_client_message_rate_limit = 0
	smtpd_client_connection_count_limit = 0
	smtpd_error_sleep_time = 0
	smtpd_recipient_restrictions = check_recipient_access inline:{ { reject@example.com = 550 5.1.1 No such user here }, { defer@example.com = 450 4.2.1 Try again later } }, permit_sasl_authenticated, reject_unauth_destination
	allow_untrusted_routing = yes
	smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
	CONF
}

postfix_services()
{
	cat <<-CONF
	pickup unix n - n 60 1 pickup
	cleanup unix n - n - 0 cleanup
	qmgr unix n - n 300 1 qmgr
	tlsmgr unix - - n 1000? 1 tlsmgr
	rewrite unix - - n - - trivial-rewrite
	bounce unix - - n - 0 bounce
	defer unix - - n - 0 bounce
	trace unix - - n - 0 bounce
	verify unix - - n - 1 verify
	flush unix n - n 1000? 0 flush
	proxymap unix - - n - - proxymap
	proxywrite unix - - n - 1 proxymap
	error unix - - n - - error
	retry unix - - n - - error
	discard unix - - n - - discard
	virtual unix - n n - - virtual
	anvil unix - - n - 1 anvil
	postlog unix-dgram n - n - 1 postlogd
	CONF
}
