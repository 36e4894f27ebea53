# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC1007
# aiosmtpd, Python's mail server: no PIPELINING, no enhanced codes.

aiosmtpd_install()
{
	install_packages python3-aiosmtpd openssl
}

aiosmtpd_start()
{
	local dir=$1 env=$1/env certs=$state/certificates

	mkdir -p "$dir"
	own_server_accounts "$dir" >"$dir/accounts"
	# shellcheck disable=SC2046
	set -- $(free_ports 3)
	spawn "$dir/out" $python -B "$here/aiosmtpd_server.py" "$dir" \
		"$certs" "$@"
	wait_ports $spawned "$@" && wait_socket $spawned "$dir/lmtp" || return 1

	own_server_described "$dir"
	describe "$env" resumes yes
	describe "$env" mechanisms PLAIN LOGIN CRAM-MD5 XOAUTH2
	describe "$env" extensions SIZE 8BITMIME SMTPUTF8 STARTTLS AUTH HELP
	describe "$env" endpoint submission "smtp://localhost:$1" login
	describe "$env" endpoint smtps "smtps://localhost:$2" login
	describe "$env" endpoint lmtp "lmtp+plaintext://localhost:$3" lmtp
	describe "$env" endpoint lmtp-unix "lmtp+unix:$dir/lmtp" lmtp
}
