/* SPDX-License-Identifier: MIT */
/* Random octets, clocks and trusted authorities of Windows. */
#ifdef _WIN32

#include "net/net.h"

#include <assert.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "net/socket.h"

#include <bcrypt.h>
#include <wincrypt.h>

bool
smtp__net_random(void *p, size_t n)
{
	unsigned char *at = p;

	while (n > 0) {
		ULONG some = n < 65536 ? (ULONG)n : 65536;

		if (BCryptGenRandom(NULL, at, some,
		    BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0)
			return false;
		at += some;
		n -= some;
	}
	return true;
}

long
smtp__net_process(void)
{
	return (long)GetCurrentProcessId();
}

/* Not GetTickCount64(), which moves by 10 to 16 ms. */
uint64_t
smtp__net_now_ms(void)
{
	LARGE_INTEGER now, second;

	(void)QueryPerformanceFrequency(&second);
	(void)QueryPerformanceCounter(&now);
	return (uint64_t)(now.QuadPart / second.QuadPart) * 1000 +
	    (uint64_t)(now.QuadPart % second.QuadPart * 1000 /
	    second.QuadPart);
}

/* The zone is the difference of the two ways to break one second down. */
int64_t
smtp__net_wall_clock(int *zone_minutes)
{
	time_t now = time(NULL);
	struct tm here = { 0 }, utc = { 0 };
	int days;

	*zone_minutes = 0;
	if (localtime_s(&here, &now) != 0 || gmtime_s(&utc, &now) != 0)
		return (int64_t)now;
	days = here.tm_year != utc.tm_year ?
	    here.tm_year - utc.tm_year : here.tm_yday - utc.tm_yday;
	*zone_minutes = (days * 24 + here.tm_hour - utc.tm_hour) * 60 +
	    here.tm_min - utc.tm_min;
	return (int64_t)now;
}

/* ---- the certificate store */

/*
 * The system may trust an authority for other things only: no list of uses is
 * all of them, an empty one is none.
 */
static bool
is_for_servers(const CERT_CONTEXT *it)
{
	union {
		CERT_ENHKEY_USAGE uses;
		unsigned char room[2048];
	} of;
	DWORD n = sizeof of;

	memset(&of.uses, 0, sizeof of.uses);
	if (!CertGetEnhancedKeyUsage(it, 0, &of.uses, &n))
		return GetLastError() == (DWORD)CRYPT_E_NOT_FOUND;
	if (of.uses.cUsageIdentifier == 0)
		return GetLastError() == (DWORD)CRYPT_E_NOT_FOUND;
	for (DWORD i = 0; i < of.uses.cUsageIdentifier; i++)
		if (strcmp(of.uses.rgpszUsageIdentifier[i],
		    szOID_PKIX_KP_SERVER_AUTH) == 0)
			return true;
	return false;
}

static bool
is_among(HCERTSTORE store, const CERT_CONTEXT *it)
{
	const CERT_CONTEXT *found = store == NULL ? NULL :
	    CertFindCertificateInStore(store, X509_ASN_ENCODING, 0,
	    CERT_FIND_EXISTING, it, NULL);

	if (found != NULL)
		(void)CertFreeCertificateContext(found);
	return found != NULL;
}

bool
smtp__net_authorities(bool (*take)(void *ctx, const unsigned char *der,
    size_t n), void *ctx)
{
	HCERTSTORE root = CertOpenSystemStoreW(0, L"ROOT");
	HCERTSTORE bad = CertOpenSystemStoreW(0, L"Disallowed");
	const CERT_CONTEXT *it = NULL;
	bool good = true;

	while (good && root != NULL &&
	    (it = CertEnumCertificatesInStore(root, it)) != NULL) {
		if (!(it->dwCertEncodingType & X509_ASN_ENCODING) ||
		    !is_for_servers(it) || is_among(bad, it))
			continue;
		good = take(ctx, it->pbCertEncoded, it->cbCertEncoded);
	}
	if (it != NULL)
		(void)CertFreeCertificateContext(it);
	if (root != NULL)
		(void)CertCloseStore(root, 0);
	if (bad != NULL)
		(void)CertCloseStore(bad, 0);
	return good;
}

#else

/* ISO C wants something in a file. */
typedef int smtp__system_is_not_windows;

#endif
