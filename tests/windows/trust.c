/* SPDX-License-Identifier: MIT */
/*
 * trust: put a certificate into a store of this user.
 *
 *	trust STORE FILE.pem [mail]
 *
 * STORE is ROOT or Disallowed. With `mail' it is to be trusted for mail that
 * is signed, and not for servers. Prints the version of the library that it was
 * linked with, which has to be that of the header.
 */
#include <windows.h>
#include <wincrypt.h>

#include <stdio.h>
#include <string.h>

#include <smtp/smtp.h>

static int
fail(const char *what)
{
	fprintf(stderr, "trust: %s: error %#lx\n", what, GetLastError());
	return 1;
}

static int
for_mail_only(const CERT_CONTEXT *it)
{
	char *uses[] = { (char *)szOID_PKIX_KP_EMAIL_PROTECTION };
	CERT_ENHKEY_USAGE usage = { 1, uses };

	return CertSetEnhancedKeyUsage(it, &usage) ? 0 :
	    fail("CertSetEnhancedKeyUsage");
}

int
main(int argc, char **argv)
{
	static char pem[65536];
	static BYTE der[65536];
	DWORD n = sizeof der;
	const CERT_CONTEXT *it;
	HCERTSTORE store;
	FILE *file;

	if (strcmp(smtp_version(), SMTP_VERSION) != 0) {
		fprintf(stderr, "trust: the library is %s, the header %s\n",
		    smtp_version(), SMTP_VERSION);
		return 1;
	}
	printf("%s\n", smtp_version());
	if (argc < 3)
		return argc == 1 ? 0 : 64;
	file = fopen(argv[2], "rb");
	if (file == NULL || fread(pem, 1, sizeof pem - 1, file) == 0)
		return fail(argv[2]);
	fclose(file);
	if (!CryptStringToBinaryA(pem, 0, CRYPT_STRING_BASE64HEADER, der, &n,
	    NULL, NULL))
		return fail("no PEM");
	store = CertOpenSystemStoreA(0, argv[1]);
	if (store == NULL)
		return fail(argv[1]);
	if (!CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, der, n,
	    CERT_STORE_ADD_NEW, &it))
		return fail("CertAddEncodedCertificateToStore");
	if (argc > 3 && for_mail_only(it) != 0)
		return 1;
	(void)CertFreeCertificateContext(it);
	return CertCloseStore(store, 0) ? 0 : fail("CertCloseStore");
}
