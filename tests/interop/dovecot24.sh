# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC1007
# Dovecot 2.4 of a newer Debian, for the -PLUS mechanisms: submission, which
# hands on to a Postfix of its own, and LMTP.

dovecot24_mechanisms='PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-256-PLUS XOAUTH2 OAUTHBEARER EXTERNAL'

dovecot24_install()
{
	install_packages openssl
	unpack_newer dovecot24 dovecot-core dovecot-submissiond dovecot-lmtpd
	system_user dovecot /usr/lib/dovecot
	system_user dovenull
	postfix_install
}

dovecot24_start()
{
	local dir=$1 backend env=$1/env

	postfix_start "$dir/backend" dovecot_backend || return 1
	backend=$(sed -n 's/^relay_port //p' "$dir/backend/env")
	dovecot_mailboxes "$dir"
	echo "full@example.com::8:8::$dir/mail/full::userdb_quota_storage_size=10B" \
		>>"$dir/dovecot/userdb"
	echo "$account:{PLAIN}::::::nopassword=y" >"$dir/dovecot/external"
	# shellcheck disable=SC2046
	set -- $(free_ports 3)
	dovecot24_settings "$dir" "$backend" "$@" >"$dir/dovecot/conf"
	spawn_newer "$dir/out" dovecot24 "$dir" \
		/usr/sbin/dovecot -F -c "$dir/dovecot/conf"
	wait_ports $spawned "$@" && wait_socket $spawned "$dir/lmtp" || return 1

	dovecot_described "$dir" "$@"
	describe "$env" mechanisms "$dovecot24_mechanisms"
	describe "$env" extensions 8BITMIME CHUNKING ENHANCEDSTATUSCODES \
		PIPELINING SIZE STARTTLS AUTH BURL
}

dovecot24_settings()
{
	local dir=$1 backend=$2 submission=$3 submissions=$4 lmtp=$5
	local certs=$state/certificates passwords

	passwords=${dovecot24_mechanisms,,}
	cat <<-CONF
	dovecot_config_version = 2.4.1
	dovecot_storage_version = 2.4.1
	base_dir = /run/dovecot
	state_dir = /run/dovecot-state
	log_path = $dir/dovecot/log
	protocols = submission lmtp
	listen = 127.0.0.1
	hostname = mail.example.com
	first_valid_uid = 1
	mail_driver = maildir
	mail_path = ~/
	mail_fsync = never
	mail_save_crlf = yes
	ssl = yes
	ssl_server_cert_file = $certs/server.pem
	ssl_server_key_file = $certs/server.key
	ssl_server_ca_file = $certs/ca.pem
	ssl_server_request_client_cert = yes
	ssl_server_require_crl = no
	ssl_server_cert_username_field = commonName
	auth_ssl_username_from_cert = yes
	auth_verbose = yes
	auth_realms = example.com
	auth_failure_delay = 0
	auth_allow_cleartext = no
	auth_mechanisms = $passwords
	submission_relay_host = 127.0.0.1
	submission_relay_port = $backend
	submission_relay_ssl = no
	submission_max_mail_size = 26214400
	quota_storage_grace = 0
	mail_plugins {
	  quota = yes
	}
	quota "User quota" {
	  driver = maildir
	}
	oauth2_introspection_mode = local
	oauth2_username_attribute = email
	oauth2_issuers = https://interop.invalid
	oauth2_local_validation {
	  dict fs {
	    fs posix {
	      prefix = $dir/dovecot/keys/
	    }
	  }
	}
	passdb oauth2 {
	  mechanisms_filter = xoauth2 oauthbearer
	}
	passdb passwd-file {
	  mechanisms_filter = ${passwords/xoauth2 oauthbearer external}
	  default_password_scheme = plain
	  passwd_file_path = $dir/dovecot/users
	}
	passdb external {
	  driver = passwd-file
	  mechanisms_filter = external
	  passwd_file_path = $dir/dovecot/external
	}
	userdb passwd-file {
	  passwd_file_path = $dir/dovecot/userdb
	}
	service anvil {
	  unix_listener anvil-auth-penalty {
	    mode = 0
	  }
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
