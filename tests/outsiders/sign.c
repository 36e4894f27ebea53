/* SPDX-License-Identifier: MIT */
/*
 * Messages with DKIM signatures, for verifiers that are not ours. The RSA key
 * is read from a file; Ed25519 stays with the openssl program, behind the
 * callback, as a key in hardware would.
 */
#include "corpus.h"

#include <stdlib.h>
#include <string.h>

#include <smtp/dkim.h>

int
write_signed(const char *dir, const char *rsa, const char *ed);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const forms[] = { "relaxed/relaxed", "relaxed/simple",
    "simple/relaxed", "simple/simple" };

struct signing {
	const char *dir, *rsa, *ed;
	unsigned count;
};

static int
sign_with_openssl(void *ctx, const unsigned char digest[32],
    unsigned char *signature, size_t *n)
{
	const struct signing *s = ctx;
	char command[2048], name[1024];
	FILE *file;
	bool done;

	snprintf(name, sizeof(name), "%s/digest", s->dir);
	file = fopen(name, "wb");
	done = file != NULL && fwrite(digest, 1, 32, file) == 32;
	done = file != NULL && fclose(file) == 0 && done;
	snprintf(command, sizeof(command), "openssl pkeyutl -sign -rawin "
	    "-inkey '%s' -in '%s'", s->ed, name);
	file = done ? popen(command, "r") : NULL;
	if (file == NULL)
		return -1;
	*n = fread(signature, 1, *n, file);
	done = pclose(file) == 0 && *n == 64;
	remove(name);
	return done ? 0 : -1;
}

static void
write_one(struct signing *s, const char *name, struct smtp_message *m,
    const char *form, bool both)
{
	struct smtp_dkim *rsa = smtp_dkim_new("x.example", "rsa");
	struct smtp_dkim *ed = smtp_dkim_new("x.example", "ed");
	char path[1200];
	FILE *file;

	smtp_dkim_set_key_file(rsa, s->rsa, NULL);
	smtp_dkim_set(rsa, "canonicalization", form);
	smtp_dkim_set(rsa, "identity", "joe@mail.x.example");
	smtp_message_add_dkim(m, rsa);
	if (both) {
		smtp_dkim_set_signer(ed, "ed25519-sha256", sign_with_openssl,
		    s);
		smtp_dkim_set(ed, "canonicalization", form);
		smtp_message_add_dkim(m, ed);
	}
	snprintf(path, sizeof(path), "%s/%s-%.*s-%s-%d.eml", s->dir, name,
	    (int)strcspn(form, "/"), form, strchr(form, '/') + 1,
	    both ? 2 : 1);
	file = fopen(path, "wb");
	if (file == NULL || smtp_message_write(m, file, 1) != SMTP_OK ||
	    fclose(file) != 0)
		give_up(path, smtp_message_error(m));
	s->count++;
	smtp_message_free(m);
	smtp_dkim_free(rsa);
	smtp_dkim_free(ed);
}

static struct smtp_message *
letter(const char *subject, const char *text)
{
	struct smtp_message *m = smtp_message_new();

	smtp_message_set_from(m, "Joe <joe@x.example>");
	smtp_message_add_to(m, "ann@y.example");
	smtp_message_set_subject(m, subject);
	smtp_message_set_text(m, text);
	return m;
}

static const struct {
	const char *name, *subject, *text;
} letters[] = {
	{ "plain", "Plain", "Hello.\n" },
	{ "empty", "Empty", "" },
	{ "eightbit", "Gr\u00FC\u00DFe \u4F8B\u3048", "Gr\u00FC\u00DFe\n" },
	{ "dots", "Dots", ".\n..\n.leading\n\n.\n" },
	{ "lf", "LF", "one\ntwo\r\nthree\rfour" },
	{ "blanks", "a  b\t c  ", "a  b \t\n \n\tc\t\n\n\n\n" },
	{ "ends", "Ends", "text\n\n\n\n\n\n" },
	{ "only-ends", "Ends", "\n\n\n" },
	{ "from", "From", "From here\nFrom: x\n" },
};

static struct smtp_message *
with_everything(void)
{
	static unsigned char *octets;
	struct smtp_message *m = letter("A long subject, again and again, so "
	    "that it is folded more than once, and then again for good "
	    "measure, \u00E9\u00E9\u00E9 until the end of the third line",
	    "See the file.\n.\n");
	char address[64];

	if (octets == NULL)
		octets = make_octets(200000, 5);
	for (int i = 0; i < 60; i++) {
		snprintf(address, sizeof(address),
		    "\"Recipient, %d\" <r%d@y.example>", i, i);
		smtp_message_add_cc(m, address);
	}
	smtp_message_add_reply_to(m, "answers@x.example");
	smtp_message_set_parent(m, "<2@y.example>", "<0@y.example> "
	    "<1@y.example>", NULL);
	smtp_message_add_list_url(m, "List-Unsubscribe",
	    "https://x.example/leave");
	smtp_message_set_one_click(m);
	smtp_message_set_html(m, "<p>\u00E9</p>\n");
	smtp_message_attach(m, smtp_source_memory(octets, 200000), NULL,
	    "r\u00E9sum\u00E9.pdf");
	return m;
}

int
write_signed(const char *dir, const char *rsa, const char *ed)
{
	struct signing s = { dir, rsa, ed, 0 };

	for (size_t f = 0; f < COUNT(forms); f++) {
		for (size_t i = 0; i < COUNT(letters); i++)
			write_one(&s, letters[i].name, letter(
			    letters[i].subject, letters[i].text), forms[f],
			    false);
		write_one(&s, "everything", with_everything(), forms[f],
		    false);
		write_one(&s, "everything", with_everything(), forms[f],
		    true);
	}
	printf("# %u signed messages in %s\n", s.count, dir);
	return 0;
}
