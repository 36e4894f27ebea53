/* SPDX-License-Identifier: MIT */
/* What this build has, by the names that programs ask for. */
#include <smtp/smtp.h>

#if SMTP_WITH_TLS
#include <mbedtls/version.h>
#endif

const char *
smtp_features(void)
{
	return "plain"
#if SMTP_WITH_LOGIN
	    " login"
#endif
#if SMTP_WITH_CRAM_MD5
	    " cram-md5"
#endif
#if SMTP_WITH_XOAUTH2
	    " xoauth2"
#endif
#if SMTP_WITH_OAUTHBEARER
	    " oauthbearer"
#endif
#if SMTP_WITH_NTLM
	    " ntlm"
#endif
#if SMTP_WITH_SASLPREP
	    " saslprep"
#endif
#if SMTP_WITH_SCRAM
	    " scram-sha-1 scram-sha-256"
#if SMTP_WITH_TLS
	    " scram-sha-1-plus scram-sha-256-plus"
#endif
#endif
#if SMTP_WITH_SCRAM && SMTP_WITH_SHA512
	    " scram-sha-512"
#if SMTP_WITH_TLS
	    " scram-sha-512-plus"
#endif
#endif
#if SMTP_WITH_STEPPED
	    " external anonymous"
#endif
#if SMTP_WITH_TLS
	    " tls"
#ifdef MBEDTLS_THREADING_C
	    " tls-threads"
#endif
#endif
#if SMTP_WITH_CARES
	    " c-ares"
#endif
#if SMTP_WITH_PROXY
	    " proxy"
#endif
#if SMTP_WITH_PIPELINING
	    " pipelining"
#endif
#if SMTP_WITH_SIZE
	    " size"
#endif
#if SMTP_WITH_8BITMIME
	    " 8bitmime"
#endif
#if SMTP_WITH_SMTPUTF8
	    " smtputf8"
#endif
#if SMTP_WITH_ENHANCED
	    " enhancedstatuscodes"
#endif
#if SMTP_WITH_PARAMETERS
	    " parameters"
#endif
#if SMTP_WITH_BDAT
	    " chunking"
#endif
#if SMTP_WITH_PRDR
	    " prdr"
#endif
#if SMTP_WITH_LMTP
	    " lmtp"
#endif
#if SMTP_WITH_DKIM
	    " dkim"
#if SMTP_WITH_SODIUM
	    " ed25519"
#endif
#endif
#if SMTP_WITH_THREADS
	    " threads"
#if SMTP_WITH_POOL
	    " pool"
#endif
#endif
	    ;
}
