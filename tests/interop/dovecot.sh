# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC1007
# Dovecot: submission, which hands on to a Postfix of its own, and LMTP over
# TCP and a unix socket.

dovecot_install()
{
	install_packages dovecot-core dovecot-submissiond dovecot-lmtpd openssl
	postfix_install
}

# The Postfix behind: a port that takes mail without a login.
dovecot_backend()
{
	postfix_port relay ''
	describe "$env" relay_port "$port"
}

# dovecot_mailboxes DIR : accounts, and where their mail is to lie.
dovecot_mailboxes()
{
	local dir=$1 user

	mkdir -p "$dir/mail"
	chmod 755 "$dir"
	chown mail:mail "$dir/mail"
	dovecot_accounts "$dir/dovecot"
	for user in user tester third odd long; do
		echo "$user@example.com::8:8::$dir/mail/$user::"
	done >"$dir/dovecot/userdb"
	chmod 644 "$dir/dovecot/userdb"
}

dovecot_start()
{
	local dir=$1 backend env=$1/env

	postfix_start "$dir/backend" dovecot_backend || return 1
	backend=$(sed -n 's/^relay_port //p' "$dir/backend/env")
	dovecot_mailboxes "$dir"
	echo "full@example.com::8:8::$dir/mail/full::userdb_quota_rule=*:bytes=10" \
		>>"$dir/dovecot/userdb"
	# shellcheck disable=SC2046
	set -- $(free_ports 3)
	dovecot_settings "$dir" "$backend" "$@" >"$dir/dovecot/conf"
	spawn "$dir/out" dovecot -F -c "$dir/dovecot/conf"
	wait_ports $spawned "$@" && wait_socket $spawned "$dir/lmtp" || return 1

	dovecot_described "$dir" "$@"
	describe "$env" mechanisms PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 \
		SCRAM-SHA-256 XOAUTH2 OAUTHBEARER
	describe "$env" extensions 8BITMIME CHUNKING ENHANCEDSTATUSCODES \
		PIPELINING SIZE STARTTLS AUTH BURL
}

# dovecot_described DIR SUBMISSION SUBMISSIONS LMTP
dovecot_described()
{
	local dir=$1 env=$1/env

	describe_account "$env" "$state/certificates"
	describe "$env" token "$(token 86400)"
	describe "$env" expired_token "$(token -60)"
	describe "$env" reject reject@example.com
	describe "$env" defer defer@example.com
	describe "$env" lmtp_reject nobody@example.com
	describe "$env" full full@example.com
	describe "$env" copies 1
	describe "$env" mailboxes "$dir/backend/mail"
	describe "$env" line_ends lf
	describe "$env" lmtp_mailboxes "$dir/mail"
	describe "$env" lmtp_line_ends crlf
	describe "$env" queue "$dir/backend/spool/incoming" \
		"$dir/backend/spool/active"
	describe "$env" log "$dir/dovecot/log"
	describe "$env" queue_id 'queued as (\w+)'
	describe "$env" method_log 'submission-login: .*(?:Login|Logged in): .*method=([A-Z0-9-]+)'
	describe "$env" refused_log 'auth[:(].*(Password mismatch|Token|token|oauth2 failed)'
	describe "$env" endpoint submission "smtp://localhost:$2" login
	describe "$env" endpoint smtps "smtps://localhost:$3" login
	describe "$env" endpoint lmtp "lmtp+plaintext://localhost:$4" lmtp
	describe "$env" endpoint lmtp-tls "lmtp://localhost:$4" lmtp
	describe "$env" endpoint lmtp-unix "lmtp+unix:$dir/lmtp" lmtp
}

dovecot_settings()
{
	local dir=$1 backend=$2 submission=$3 submissions=$4 lmtp=$5
	local certs=$state/certificates

	dovecot_auth_settings "$dir/dovecot"
	cat <<-CONF
	protocols = submission lmtp
	listen = 127.0.0.1
	hostname = mail.example.com
	first_valid_uid = 1
	disable_plaintext_auth = yes
	mail_location = maildir:~/
	mail_fsync = never
	mail_save_crlf = yes
	ssl = yes
	ssl_cert = <$certs/server.pem
	ssl_key = <$certs/server.key
	submission_relay_host = 127.0.0.1
	submission_relay_port = $backend
	submission_relay_ssl = no
	submission_max_mail_size = 26214400
	mail_plugins = quota
	plugin {
	  quota = maildir:User quota
	}
	userdb {
	  driver = passwd-file
	  args = username_format=%u $dir/dovecot/userdb
	}
	service submission-login {
	  inet_listener submission {
	    port = $submission
	  }
	  inet_listener submissions {
	    port = $submissions
	    ssl = yes
	  }
	  process_min_avail = 1
	}
	service lmtp {
	  inet_listener lmtp {
	    port = $lmtp
	  }
	  unix_listener $dir/lmtp {
	    mode = 0666
	  }
	}
	CONF
}
