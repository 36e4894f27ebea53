/* SPDX-License-Identifier: MIT */
/*
 * What can be left out of a build, each switch with its default.
 *
 * 1 builds a feature, 0 leaves it out. A build sets them with -D; the library
 * and the programs that compile engine.h against it must agree.
 */
#ifndef SMTP_CONFIG_H
#define SMTP_CONFIG_H

#define SMTP_VERSION "0.9.0"

#if defined(SMTP_API)
#elif defined(_WIN32)
#define SMTP_API
#elif defined(__GNUC__)
#define SMTP_API __attribute__((visibility("default")))
#else
#define SMTP_API
#endif

#ifdef SMTP_PREFIX
#include <smtp/prefix.h>         /* other names for the linker            */
#endif

/* The engine. */

#ifndef SMTP_WITH_PIPELINING
#define SMTP_WITH_PIPELINING 1   /* RFC 2920                              */
#endif
#ifndef SMTP_WITH_SIZE
#define SMTP_WITH_SIZE 1         /* RFC 1870                              */
#endif
#ifndef SMTP_WITH_8BITMIME
#define SMTP_WITH_8BITMIME 1     /* RFC 6152                              */
#endif
#ifndef SMTP_WITH_SMTPUTF8
#define SMTP_WITH_SMTPUTF8 1     /* RFC 6531                              */
#endif
#ifndef SMTP_WITH_ENHANCED
#define SMTP_WITH_ENHANCED 1     /* enhanced status codes, RFC 2034       */
#endif
#ifndef SMTP_WITH_TEXT
#define SMTP_WITH_TEXT 1         /* the words of replies, in a lent arena */
#endif
#ifndef SMTP_WITH_HELO
#define SMTP_WITH_HELO 1         /* servers without EHLO                  */
#endif
#ifndef SMTP_WITH_LMTP
#define SMTP_WITH_LMTP 1         /* RFC 2033                              */
#endif
#ifndef SMTP_WITH_PLAINTEXT
#define SMTP_WITH_PLAINTEXT 1    /* sessions without TLS, or where it is  */
#endif                           /* offered; without: UNSUPPORTED         */
#ifndef SMTP_WITH_TEMPORARY
#define SMTP_WITH_TEMPORARY 1    /* 503, and 552 for too many recipients, */
#endif                           /* are LATER; without: REFUSED           */
#ifndef SMTP_WITH_REUSE
#define SMTP_WITH_REUSE 1        /* deliveries that queue, RSET, NOOP    */
#endif
#ifndef SMTP_WITH_COMMAND
#define SMTP_WITH_COMMAND 1      /* lines of the caller's own; needs REUSE */
#endif
#ifndef SMTP_WITH_PARAMETERS
#define SMTP_WITH_PARAMETERS 1   /* the caller's; without: UNSUPPORTED    */
#endif
#ifndef SMTP_WITH_QUOTED
#define SMTP_WITH_QUOTED 1       /* "a b"@host; without: ARGUMENT         */
#endif
#ifndef SMTP_WITH_INSPECT
#define SMTP_WITH_INSPECT 1      /* where it is, what was offered, ...    */
#endif
#ifndef SMTP_WITH_REQUIRE_ALL
#define SMTP_WITH_REQUIRE_ALL 1  /* all recipients or none                */
#endif
#ifndef SMTP_WITH_BDAT
#define SMTP_WITH_BDAT 1         /* CHUNKING and BINARYMIME, RFC 3030     */
#endif
#ifndef SMTP_WITH_PRDR
#define SMTP_WITH_PRDR 1         /* a verdict for each recipient          */
#endif

/*
 * Content by the word, with tables and, where the compiler and the processor
 * have them, vectors: more code, the same octets.
 */
#ifndef SMTP_WITH_FAST
#define SMTP_WITH_FAST 1
#endif
#ifndef SMTP_WITH_AVX2           /* asked for at run time                 */
#if SMTP_WITH_FAST && defined(__x86_64__) && defined(__GNUC__) && \
    !defined(_WIN32)             /* GCC aligns no stack there for it      */
#define SMTP_WITH_AVX2 1
#else
#define SMTP_WITH_AVX2 0
#endif
#endif

/*
 * The type of a message's size. uint32_t saves code and state on small
 * processors; SIZE then ends at 4 GiB, and a higher limit of a server counts
 * as that.
 */
#ifndef SMTP_OCTETS
#define SMTP_OCTETS uint64_t
#endif

/*
 * Mechanisms; PLAIN is always there. Without the others it has one line only:
 * credentials that are too long for it are SMTP_E_ARGUMENT, and a server that
 * answers with a challenge breaks the protocol.
 */

#ifndef SMTP_WITH_LOGIN
#define SMTP_WITH_LOGIN 1
#endif
#ifndef SMTP_WITH_CRAM_MD5
#define SMTP_WITH_CRAM_MD5 1     /* RFC 2195; needs lib/crypto            */
#endif
#ifndef SMTP_WITH_XOAUTH2
#define SMTP_WITH_XOAUTH2 1
#endif
#ifndef SMTP_WITH_OAUTHBEARER
#define SMTP_WITH_OAUTHBEARER 1  /* RFC 7628                              */
#endif
#ifndef SMTP_WITH_MECHANISM
#define SMTP_WITH_MECHANISM 1    /* the one that the caller names;        */
#endif                           /* without: UNSUPPORTED                  */
#ifndef SMTP_WITH_AUTHZID
#define SMTP_WITH_AUTHZID 1      /* whom to act as; without: UNSUPPORTED  */
#endif
#ifndef SMTP_WITH_SECOND
#define SMTP_WITH_SECOND 1       /* another mechanism where the server    */
#endif                           /* asks for one: 432, 504, 534           */
#ifndef SMTP_WITH_STEPPED
#define SMTP_WITH_STEPPED 1      /* those that the caller speaks; needs   */
#endif                           /* the words of replies                  */
#ifndef SMTP_WITH_NTLM
#define SMTP_WITH_NTLM 0         /* for old servers, and only if named    */
#endif

/* Names and passwords beyond ASCII. */

#ifndef SMTP_WITH_SASLPREP
#define SMTP_WITH_SASLPREP 1     /* RFC 4013; 39 kB of tables             */
#endif

#ifndef SMTP_WITH_SCRAM
#define SMTP_WITH_SCRAM 1        /* RFC 5802; stepped, needs lib/crypto   */
#endif
#ifndef SMTP_SCRAM_TEXT
#define SMTP_SCRAM_TEXT 2048     /* octets for what both say; 512 is the  */
#endif                           /* least for names of everyday length    */

/* Digests and HMAC, for mechanisms and DKIM: lib/crypto. */

#ifndef SMTP_WITH_HASH
#define SMTP_WITH_HASH 1         /* on mbedTLS                            */
#endif
#ifndef SMTP_WITH_SHA512
#define SMTP_WITH_SHA512 1       /* twice the state of the others         */
#endif

/* Signatures. */

#ifndef SMTP_WITH_DKIM
#define SMTP_WITH_DKIM 1         /* RFC 6376; RSA needs mbedTLS           */
#endif

#ifndef SMTP_WITH_SODIUM
#define SMTP_WITH_SODIUM 0       /* Ed25519 keys; set by WITH_SODIUM=yes  */
#endif

/* Transports. */

#ifndef SMTP_WITH_TLS
#define SMTP_WITH_TLS 1          /* the transport over mbedTLS            */
#endif
#ifndef SMTP_WITH_PROXY
#define SMTP_WITH_PROXY 1        /* SOCKS5 and CONNECT of HTTP            */
#endif
#ifndef SMTP_WITH_CARES
#define SMTP_WITH_CARES 0        /* name lookup by it; by WITH_CARES=yes  */
#endif
#ifndef SMTP_WITH_THREADS
#define SMTP_WITH_THREADS 1      /* name lookup in a thread of its own    */
#endif
#ifndef SMTP_WITH_POOL
#define SMTP_WITH_POOL 1         /* smtp/pool.h; needs threads            */
#endif
#ifndef SMTP_TLS_WITHOUT_DATE
#define SMTP_TLS_WITHOUT_DATE 0  /* over an mbedTLS that knows no dates,  */
				 /* so that expired certificates pass     */
#endif

#endif
