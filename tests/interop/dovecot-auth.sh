# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC1007
# The accounts, as Dovecot's authentication process knows them: it serves
# Dovecot itself and is the SASL side of Postfix. Bearer tokens are JSON web
# tokens with a shared key, so that no third server is asked.

token_key=interop-hs256-secret-0123456789ab

# token SECONDS : one that is good for so long; negative: expired.
token()
{
	$python - "$token_key" "$account" "$1" <<-'PY'
	import base64, hashlib, hmac, json, sys, time
	key, user, seconds = sys.argv[1].encode(), sys.argv[2], int(sys.argv[3])
	def text(octets):
	    return base64.urlsafe_b64encode(octets).rstrip(b"=")
	now = int(time.time())
	head = {"alg": "HS256", "typ": "JWT", "kid": "default"}
	# as long as tokens in the field are: an AUTH line with it is over 512
	body = {"iss": "https://interop.invalid", "aud": "smtp",
	        "azp": "default", "sub": user, "email": user, "scope": "mail",
	        "iat": now - 10, "nbf": now - 10, "exp": now + seconds,
	        "note": "n" * 600}
	signed = text(json.dumps(head).encode()) + b"." \
	    + text(json.dumps(body).encode())
	mac = hmac.new(key, signed, hashlib.sha256).digest()
	print((signed + b"." + text(mac)).decode())
	PY
}

# dovecot_accounts DIR : writes what dovecot_auth_settings refers to.
dovecot_accounts()
{
	mkdir -p "$1/run" "$1/keys/default/HS256"
	printf %s "$token_key" | base64 -w 0 >"$1/keys/default/HS256/default"
	{
		echo "$account:{PLAIN}$password::::::"
		echo "odd@example.com:{PLAIN}$odd_password::::::"
		echo "long@example.com:{PLAIN}$long_password::::::"
	} >"$1/users"
	cat >"$1/oauth2" <<-CONF
	introspection_mode = local
	local_validation_key_dict = fs:posix:prefix=$1/keys/
	username_attribute = email
	issuers = https://interop.invalid
	CONF
	chmod -R a+rX "$1"
}

# dovecot_auth_settings DIR : prints them. Refusals are not delayed here.
dovecot_auth_settings()
{
	cat <<-CONF
	base_dir = $1/run
	state_dir = $1/run
	log_path = $1/log
	auth_verbose = yes
	auth_failure_delay = 0
	auth_realms = example.com
	auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 xoauth2 oauthbearer
	passdb {
	  driver = oauth2
	  mechanisms = xoauth2 oauthbearer
	  args = $1/oauth2
	}
	passdb {
	  driver = passwd-file
	  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
	  args = scheme=PLAIN username_format=%u $1/users
	}
	service anvil {
	  unix_listener anvil-auth-penalty {
	    mode = 0
	  }
	}
	CONF
}

# dovecot_auth DIR SOCKET : the authentication process alone.
dovecot_auth()
{
	dovecot_accounts "$1"
	{
		dovecot_auth_settings "$1"
		cat <<-CONF
		protocols =
		ssl = no
		listen = 127.0.0.1
		disable_plaintext_auth = no
		userdb {
		  driver = static
		  args = uid=mail gid=mail home=/nonexistent
		}
		service auth {
		  unix_listener $2 {
		    mode = 0666
		  }
		}
		CONF
	} >"$1/conf"
	spawn "$1/out" dovecot -F -c "$1/conf"
	wait_socket $spawned "$2"
}
