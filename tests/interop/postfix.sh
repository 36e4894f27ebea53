# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC1007
# Postfix, unpacked rather than installed, with Dovecot's authentication
# process behind it; postfix-cyrus.sh has Cyrus' SASL library there.

postfix_install()
{
	install_packages dovecot-core libicu72 libdb5.3 libnsl2 libsasl2-2 \
		libssl3 openssl
	unpack_package postfix
	system_user postfix /var/spool/postfix
	system_group postdrop
}

# postfix_port NAME "URL TRAIT..." OPTION... : one more port of $etc/master.cf,
# and the endpoint it is. In the URL, PORT stands for its number, which stays
# in `port`; an empty URL leaves the endpoint out.
postfix_port()
{
	local name=$1 endpoint=$2 option service=smtpd limit=-

	shift 2
	port=${ports[0]}
	ports=("${ports[@]:1}")
	started="$started $port"
	[ "$name" != postscreen ] || { service=postscreen limit=1; }
	{
		echo "127.0.0.1:$port inet n - n - $limit $service"
		for option in syslog_name=postfix/"$name" "$@"; do
			echo "  -o $option"
		done
	} >>"$etc/master.cf"
	[ -z "$endpoint" ] ||
		describe "$env" endpoint "$name" "${endpoint/PORT/$port}"
}

postfix_ports()
{
	local certs=$state/certificates kind host
	local login='smtpd_sasl_auth_enable=yes' tls='smtpd_tls_wrappermode=yes'
	local only='smtpd_client_restrictions=permit_sasl_authenticated,reject'
	local must='smtpd_tls_security_level=encrypt'

	postfix_port relay 'smtp+plaintext://localhost:PORT relay'
	describe "$env" relay_port "$port"
	describe "$env" endpoint opportunistic \
		"smtp+opportunistic://localhost:$port" relay tls

	postfix_port submission 'smtp://localhost:PORT login' \
		$must $login $only
	postfix_port smtps 'smtps://localhost:PORT login' $tls $login $only
	describe "$env" endpoint plain-to-tls "smtp://localhost:$port" silent
	describe "$env" endpoint address "smtps://127.0.0.1:$port" short
	describe "$env" endpoint capitals "smtps://LocalHost:$port" short
	if [ $six = yes ]; then
		echo "[::1]:$port inet n - n - - smtpd" >>"$etc/master.cf"
		for kind in $tls $login $only; do
			echo "  -o $kind"
		done >>"$etc/master.cf"
		describe "$env" endpoint address6 "smtps://[::1]:$port" short
	fi

	# nothing that came after RFC 821 but a limit and AUTH
	postfix_port bare 'smtp+plaintext://localhost:PORT bare' \
		smtpd_tls_security_level=none $login smtpd_tls_auth_only=no \
		message_size_limit=100000 \
		smtpd_discard_ehlo_keywords=chunking,smtputf8,dsn,pipelining,enhancedstatuscodes,8bitmime
	describe "$env" endpoint notls "smtp://localhost:$port" notls hint
	describe "$env" endpoint tls-to-plain "smtps://localhost:$port" notls hint

	# versions of TLS, and certificates
	postfix_port tls12 'smtps://localhost:PORT short' $tls $must $login \
		smtpd_tls_mandatory_protocols=TLSv1.2
	postfix_port tls13 'smtps://localhost:PORT short tls13' \
		$tls $must $login 'smtpd_tls_mandatory_protocols=>=TLSv1.3'
	postfix_port tls11 'smtps://localhost:PORT notls' \
		$tls $must $login smtpd_tls_mandatory_protocols=TLSv1.1 \
		smtpd_tls_mandatory_ciphers=null \
		tls_null_cipherlist=ALL:@SECLEVEL=0
	postfix_port clientcert 'smtps://localhost:PORT greeting=421' \
		$tls $login smtpd_tls_ask_ccert=yes smtpd_tls_req_ccert=yes
	postfix_port brokentls 'smtp://localhost:PORT notls' \
		smtpd_tls_chain_files=/nonexistent smtpd_tls_auth_only=no \
		$login $only
	for kind in rsa chain; do
		postfix_port $kind 'smtps://localhost:PORT short' $tls $login \
			$only "smtpd_tls_chain_files=$certs/$kind.key,$certs/$kind.pem"
	done
	for kind in nochain wrongname onlycn nosan dnsip expired notyet \
	    selfsigned stranger; do
		host=localhost
		[ $kind != dnsip ] || host=127.0.0.1
		postfix_port $kind "smtps://$host:PORT untrusted" $tls $login \
			"smtpd_tls_chain_files=$certs/$kind.key,$certs/$kind.pem"
	done

	# servers that do not want, or not yet
	postfix_port refusing 'smtp+plaintext://localhost:PORT greeting=554' \
		smtpd_client_restrictions=reject smtpd_delay_reject=no
	postfix_port deferring 'smtp+plaintext://localhost:PORT greeting=450' \
		smtpd_client_restrictions=defer smtpd_delay_reject=no
	postfix_port few 'smtp+plaintext://localhost:PORT few=3' \
		smtpd_recipient_limit=3 smtpd_recipient_overshoot_limit=1000
	postfix_port enddefer 'smtp+plaintext://localhost:PORT end=450' \
		smtpd_end_of_data_restrictions=defer
	postfix_port endreject 'smtp+plaintext://localhost:PORT end=554' \
		smtpd_end_of_data_restrictions=reject
	postfix_port nosize 'smtp+plaintext://localhost:PORT end=552' \
		smtpd_discard_ehlo_keywords=size message_size_limit=20000
	postfix_port datareject 'smtp+plaintext://localhost:PORT data=554' \
		smtpd_data_restrictions=reject
	postfix_port sender 'smtp+plaintext://localhost:PORT sender' \
		smtpd_delay_reject=no \
		'{smtpd_sender_restrictions=check_sender_access inline:{ { bad@example.com = 550 5.1.7 Not from you } }}'
	postfix_port slowdata 'smtp+plaintext://localhost:PORT slowdata' \
		'{smtpd_data_restrictions=sleep 5}'
	postfix_port slowend 'smtp+plaintext://localhost:PORT slowend' \
		'{smtpd_end_of_data_restrictions=sleep 5}'
	postfix_port impatient 'smtp+plaintext://localhost:PORT impatient' \
		smtpd_timeout=3s
	postfix_port postscreen 'smtp+plaintext://localhost:PORT slowgreet' \
		postscreen_greet_wait=2s postscreen_greet_action=enforce \
		smtpd_service_name=screened
	describe "$env" early_log 'PREGREET'
}

# postfix_start DIR [PORTS [SASL]] : with the ports that the function PORTS
# makes, and the SASL of Postfix' name dovecot or cyrus.
postfix_start()
{
	local dir=$1 spool=$1/spool etc=$1/etc env=$1/env started= six=no
	local make_ports=${2:-postfix_ports} sasl=${3:-dovecot}
	local program=$root/postfix certs=$state/certificates queue port ports

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
	grep -qs '^0*1 ' /proc/net/if_inet6 && six=yes
	# shellcheck disable=SC2207
	ports=($(free_ports 40))
	{
		postfix_main "$dir" "$program"
		"postfix_sasl_$sasl" "$dir"
	} >"$etc/main.cf"
	postfix_services >"$etc/master.cf"
	$make_ports
	chmod 644 "$etc"/*.cf

	describe_account "$env" "$certs"
	describe "$env" extensions PIPELINING SIZE VRFY ETRN STARTTLS AUTH \
		ENHANCEDSTATUSCODES 8BITMIME DSN SMTPUTF8 CHUNKING
	describe "$env" resumes yes
	describe "$env" reports rfc3464
	describe "$env" reject reject@example.com
	describe "$env" defer defer@example.com
	describe "$env" busy busy@example.com
	describe "$env" mailboxes "$dir/mail"
	describe "$env" line_ends lf
	describe "$env" queue "$spool/incoming" "$spool/active" \
		"$spool/maildrop"
	describe "$env" log "$dir/maillog"
	describe "$env" queue_id 'queued as (\w+)'
	describe "$env" method_log 'sasl_method=([A-Z0-9-]+)'
	describe "$env" refused_log 'warning: .*SASL \S+ authentication failed'
	describe "$env" begin_log '\]: connect from'
	describe "$env" session_log 'disconnect from \S+ (.*)'

	"postfix_accounts_$sasl" "$dir" "$env" || return 1
	LD_LIBRARY_PATH=$program/usr/lib/postfix \
		spawn "$dir/out" "$program/usr/lib/postfix/sbin/master" \
		-c "$etc" -s
	# shellcheck disable=SC2086
	wait_ports $spawned $started
}

postfix_sasl_dovecot()
{
	echo smtpd_sasl_type = dovecot
	echo "smtpd_sasl_path = $1/spool/private/auth"
}

# postfix_accounts_dovecot DIR ENV
postfix_accounts_dovecot()
{
	describe "$2" mechanisms PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 \
		SCRAM-SHA-256 XOAUTH2 OAUTHBEARER
	describe "$2" token "$(token 86400)"
	describe "$2" expired_token "$(token -60)"
	dovecot_auth "$1/auth" "$1/spool/private/auth"
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
	inet_interfaces = all
	inet_protocols = all
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
	smtpd_sasl_security_options = noanonymous
	smtpd_client_connection_rate_limit = 0
	smtpd_client_message_rate_limit = 0
	smtpd_client_connection_count_limit = 0
	smtpd_error_sleep_time = 0
	smtpd_recipient_restrictions = check_recipient_access inline:{ { reject@example.com = 550 5.1.1 No such user here }, { defer@example.com = 450 4.2.1 Try again later }, { busy@example.com = 421 4.3.2 Closing, too busy } }, permit_sasl_authenticated, reject_unauth_destination
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
	screened pass - - n - - smtpd
	dnsblog unix - - n - 0 dnsblog
	tlsproxy unix - - n - 0 tlsproxy
	anvil unix - - n - 1 anvil
	postlog unix-dgram n - n - 1 postlogd
	CONF
}
