/* SPDX-License-Identifier: MIT */
/* TLS that the platform has, as `openssl s_client' at the end of a socket. */
#ifndef TESTS_PORTS_S_CLIENT_H
#define TESTS_PORTS_S_CLIENT_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Connect to `at`, "address:port", whose certificate must be one of `host` and
 * go back to the file SMTP_CA_FILE. Waits for the greeting. Returns a
 * descriptor, or -1.
 */
int
s_client_open(const char *at, const char *host);

#ifdef __cplusplus
}
#endif

#endif
