# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC1007
# Exim of a newer Debian: PRDR, LIMITS, and mechanisms of its own beside those
# of Dovecot's authentication process.

exim_install()
{
	install_packages dovecot-core openssl
	unpack_newer exim exim4-daemon-heavy exim4-base exim4-config
	# it keeps the root that it was started with
	chmod u-s "$root/exim/usr/sbin/exim4"
	system_user Debian-exim /var/spool/exim4
}

exim_start()
{
	local dir=$1 env=$1/env certs=$state/certificates

	mkdir -p "$dir/spool" "$dir/mail" "$dir/log"
	chmod 755 "$dir"
	cp "$certs/server.key" "$dir/key"
	exim_secrets >"$dir/secrets"
	chown -R Debian-exim:Debian-exim "$dir/spool" "$dir/mail" "$dir/log" \
		"$dir/key" "$dir/secrets"
	dovecot_auth "$dir/auth" "$dir/auth/socket" || return 1
	# shellcheck disable=SC2046
	set -- $(free_ports 3)
	exim_settings "$dir" "$@" >"$dir/conf"
	chmod 644 "$dir/conf"
	spawn_newer "$dir/out" exim "$dir" \
		/usr/sbin/exim4 -C "$dir/conf" -bdf -q1m
	wait_ports $spawned "$@" || return 1

	describe_account "$env" "$certs"
	describe "$env" mechanisms PLAIN LOGIN CRAM-MD5 NTLM EXTERNAL \
		SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER
	# it knows the first version only, which we do not speak
	describe "$env" foreign NTLM
	describe "$env" extensions SIZE 8BITMIME DSN PIPELINING PIPECONNECT \
		CHUNKING STARTTLS AUTH PRDR SMTPUTF8 LIMITS VRFY HELP
	describe "$env" token "$(token 86400)"
	describe "$env" expired_token "$(token -60)"
	describe "$env" reports rfc3464
	describe "$env" reject reject@example.com
	describe "$env" defer defer@example.com
	describe "$env" fails x@elsewhere.example
	describe "$env" resumes yes
	describe "$env" refuses_content prdr@example.com
	describe "$env" limits 6 10
	describe "$env" mailboxes "$dir/mail"
	describe "$env" line_ends lf
	describe "$env" queue "$dir/spool/input"
	describe "$env" log "$dir/log/mainlog"
	describe "$env" queue_id 'id=(\S+)'
	describe "$env" method_log ' <= .* A=([A-Z0-9_]+)'
	describe "$env" refused_log 'authenticator failed for'
	describe "$env" endpoint submission "smtp://localhost:$1" login
	describe "$env" endpoint smtps "smtps://localhost:$2" login
}

# The secret of each account, in base64 for the sake of its blanks.
exim_secrets()
{
	local who secret

	for who in user odd long; do
		secret=password
		[ $who = user ] || secret=${who}_password
		echo "$who@example.com: $(printf %s "${!secret}" | base64 -w 0)"
	done
}

exim_settings()
{
	local dir=$1 submission=$2 submissions=$3 open=$4 name
	local certs=$state/certificates
	local secret="\${base64d:\${lookup{\$auth1}lsearch{$dir/secrets}{\$value}fail}}"

	cat <<-CONF
	exim_path = /usr/sbin/exim4
	exim_user = Debian-exim
	exim_group = Debian-exim
	deliver_drop_privilege = true
	spool_directory = $dir/spool
	log_file_path = $dir/log/%slog
	pid_file_path = $dir/pid
	log_selector = +smtp_protocol_error +smtp_syntax_error +pipelining +smtp_no_mail +tls_resumption
	keep_environment =
	primary_hostname = mail.example.com
	local_interfaces = 127.0.0.1
	daemon_smtp_ports = $submission : $submissions : $open
	tls_on_connect_ports = $submissions
	disable_ipv6 = true
	dns_ipv4_lookup =
	host_lookup =
	rfc1413_hosts =
	rfc1413_query_timeout = 0s
	tls_advertise_hosts = *
	tls_certificate = $certs/server.pem
	tls_privatekey = $dir/key
	tls_verify_certificates = $certs/ca.pem
	tls_try_verify_hosts = *
	auth_advertise_hosts = \${if eq{\$tls_in_cipher}{}{}{*}}
	prdr_enable = true
	chunking_advertise_hosts = *
	pipelining_connect_advertise_hosts = *
	smtputf8_advertise_hosts = *
	dsn_advertise_hosts = *
	limits_advertise_hosts = *
	smtp_accept_max_per_connection = 6
	allow_utf8_domains = true
	message_size_limit = 26214400
	smtp_accept_max = 100
	smtp_accept_queue_per_connection = 0
	smtp_receive_timeout = 60s
	queue_run_max = 2
	recipients_max = 10
	tls_resumption_hosts = *
	acl_smtp_mail = acl_mail
	acl_smtp_rcpt = acl_rcpt
	acl_smtp_data_prdr = acl_prdr
	acl_smtp_vrfy = accept

	begin acl
	acl_mail:
	  deny !authenticated = *
	       !condition = \${if eq{\$received_port}{$open}}
	       message = 5.7.0 Authentication required
	  accept
	acl_rcpt:
	  deny local_parts = reject
	       message = 5.1.1 No such user here
	  defer local_parts = defer
	       message = 450 4.2.1 Try again later
	  accept authenticated = *
	  accept domains = example.com
	  deny message = 5.7.1 No relaying
	acl_prdr:
	  deny local_parts = prdr
	       message = 5.7.1 Not for this recipient
	  accept

	begin routers
	known:
	  driver = accept
	  domains = example.com
	  local_parts = user : tester : third
	  transport = known
	other:
	  driver = accept
	  domains = example.com
	  transport = other
	elsewhere:
	  driver = redirect
	  allow_fail
	  data = :fail: nothing leaves this machine

	begin transports
	known:
	  driver = appendfile
	  directory = $dir/mail/\$local_part_data
	  maildir_format
	  create_directory
	  envelope_to_add
	  return_path_add
	other:
	  driver = appendfile
	  directory = $dir/mail/other
	  maildir_format
	  create_directory
	  envelope_to_add
	  return_path_add

	begin retry
	* * F,2h,15m

	begin authenticators
	PLAIN:
	  driver = plaintext
	  public_name = PLAIN
	  server_prompts = :
	  server_condition = \${if eq{\$auth3}{${secret/auth1/auth2}}}
	  server_set_id = \$auth2
	LOGIN:
	  driver = plaintext
	  public_name = LOGIN
	  server_prompts = Username:: : Password::
	  server_condition = \${if eq{\$auth2}{$secret}}
	  server_set_id = \$auth1
	CRAM_MD5:
	  driver = cram_md5
	  public_name = CRAM-MD5
	  server_secret = $secret
	  server_set_id = \$auth1
	NTLM:
	  driver = spa
	  public_name = NTLM
	  server_password = $secret
	  server_set_id = \$auth1
	EXTERNAL:
	  driver = external
	  public_name = EXTERNAL
	  server_advertise_condition = \$tls_in_certificate_verified
	  server_param2 = \${certextract{subj_altname,mail,>:}{\$tls_in_peercert}}
	  server_condition = \${if inlisti{\${if eq{\$auth1}{}{\$auth2}{\$auth1}}}{\$auth2}}
	  server_set_id = \${if eq{\$auth1}{}{\$auth2}{\$auth1}}
	CONF
	for name in SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER; do
		cat <<-CONF
		${name//-/_}:
		  driver = dovecot
		  public_name = $name
		  server_socket = $dir/auth/socket
		  server_set_id = \$auth1
		CONF
	done
}
