# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC1007
# smtp-server, which npm has: REQUIRETLS.

smtp_server_install()
{
	install_packages openssl
	command -v npm >/dev/null || install_packages nodejs npm
	cmp -s "$here/npm/package-lock.json" "$root/npm/installed" && return 0
	[ "${DEPS:-yes}" = no ] && die "missing, and DEPS=no: npm's smtp-server"
	note "npm's smtp-server"
	rm -rf "$root/npm"
	mkdir -p "$root/npm"
	cp "$here/npm/package.json" "$here/npm/package-lock.json" "$root/npm"
	(cd "$root/npm" && timeout 120 npm ci --ignore-scripts --no-audit \
		--no-fund) >"$root/npm.log" 2>&1 || {
		tail -n 5 "$root/npm.log" >&2
		die "npm ci failed"
	}
	cp "$here/npm/package-lock.json" "$root/npm/installed"
}

smtp_server_start()
{
	local dir=$1 env=$1/env certs=$state/certificates

	mkdir -p "$dir"
	own_server_accounts "$dir" >"$dir/accounts"
	# shellcheck disable=SC2046
	set -- $(free_ports 4)
	NODE_PATH=$root/npm/node_modules spawn "$dir/out" \
		node "$here/smtp_server.js" "$dir" "$certs" "$@"
	wait_ports $spawned "$@" || return 1

	own_server_described "$dir"
	describe "$env" mechanisms PLAIN LOGIN CRAM-MD5 XOAUTH2
	describe "$env" extensions PIPELINING 8BITMIME SMTPUTF8 STARTTLS AUTH \
		SIZE DSN ENHANCEDSTATUSCODES REQUIRETLS
	describe "$env" resumes yes
	describe "$env" resumed_log '^resumed'
	describe "$env" envelope_log '^envelope (.*)'
	describe "$env" busy busy@example.com
	describe "$env" begin_log '^connect'
	describe "$env" session_log '^disconnect (.*)'
	describe "$env" endpoint submission "smtp://localhost:$1" login
	describe "$env" endpoint smtps "smtps://localhost:$2" login
	describe "$env" endpoint bare "smtp+plaintext://localhost:$3" bare
	describe "$env" endpoint lmtp "lmtp+plaintext://localhost:$4" lmtp once
}
