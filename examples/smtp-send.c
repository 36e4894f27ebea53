/* SPDX-License-Identifier: MIT */
/*
 * smtp-send: hand one mail to a mail server. smtp-send(1) is the contract of
 * its options, its JSON and its exit statuses: add, never change.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include <shellapi.h>
#else
#include <unistd.h>
#endif

#include <smtp/smtp.h>

#define LIST_MAX   100           /* of attachments, inlines and headers     */
#define SECRET_MAX 65536

enum {
	EXIT_USAGE = 64,
	EXIT_FILE = 66
};

struct list {
	const char **item;
	size_t n;
};

/* The command line. */
struct arguments {
	const char *url, *from, *subject, *text, *text_file, *html_file;
	const char *raw, *user, *password_file, *token_file, *mechanism;
	const char *helo, *ca_file, *timeout, *deadline, *count, *window;
	const char *notify, *ret, *envid, *deliver_by, *hold_for, *priority;
	struct list to, cc, bcc, attach, inlined, header, option, parameter;
	bool allow_plaintext, require_all, require_tls;
	bool json, trace, dry_run, diagnose;
	bool help, version;
};

static const char usage_text[] =
    "usage: smtp-send --url URL --from ADDRESS --to ADDRESS [option ...]\n"
    "\n"
    "  --url URL               smtp://host, smtps://host, lmtp+unix:/path, "
    "...\n"
    "  --from ADDRESS          the sender; '' is the null path\n"
    "  --to, --cc, --bcc ADDRESS   a recipient; may be given again\n"
    "  --subject TEXT\n"
    "  --text TEXT, --text-file FILE, --html-file FILE   '-' is stdin\n"
    "  --attach FILE[,type=TYPE][,name=NAME]\n"
    "  --inline FILE,cid=ID[,type=TYPE][,name=NAME]\n"
    "  --header 'NAME: VALUE'\n"
    "  --raw FILE              send this file as it is\n"
    "  --user USER             with --password-file FILE or --token-file "
    "FILE,\n"
    "                          or SMTP_PASSWORD or SMTP_TOKEN in the "
    "environment\n"
    "  --mechanism NAME, --allow-plaintext-auth\n"
    "  --require-all           all recipients or none\n"
    "  --notify WHEN, --ret FULL|HDRS, --envid ID   reports of delivery\n"
    "  --require-tls, --parameter NAME[=VALUE]   of MAIL\n"
    "  --deliver-by SECONDS,R|N, --hold-for SECONDS, --priority -9..9\n"
    "  --helo NAME, --ca-file FILE, --timeout SECONDS, --deadline SECONDS\n"
    "  --option NAME=VALUE     any option of the library\n"
    "  --diagnose              send nothing, and tell what is wrong\n"
    "  --json, --trace, --dry-run, --count N, --window N, --help, --version\n";

/*
 * The command line.
 */

static void
fail_usage(const char *words, const char *what)
{
	fprintf(stderr, "smtp-send: %s%s\n%s", words, what, usage_text);
	exit(EXIT_USAGE);
}

static void
append(struct list *list, const char *value)
{
	const char **more = realloc(list->item,
	    (list->n + 1) * sizeof *list->item);

	if (more == NULL) {
		fprintf(stderr, "smtp-send: out of memory\n");
		exit(71);
	}
	list->item = more;
	list->item[list->n++] = value;
}

/* One option: a flag, a value, or one value more. */
struct choice {
	const char *name;
	bool *flag;
	const char **value;
	struct list *list;
};

static void
take(const struct choice *choice, const char *value)
{
	if (choice->list != NULL)
		append(choice->list, value);
	else if (*choice->value != NULL)
		fail_usage("given twice: --", choice->name);
	else
		*choice->value = value;
}

/* `--name value` or `--name=value`. */
static void
parse(int argc, char **argv, const struct choice *choices)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i] + 2;
		const struct choice *c = choices;
		size_t n;

		if (strncmp(argv[i], "--", 2) != 0)
			fail_usage("not an option: ", argv[i]);
		n = strcspn(name, "=");
		while (c->name != NULL && (strlen(c->name) != n ||
		    memcmp(c->name, name, n) != 0))
			c++;
		if (c->name == NULL)
			fail_usage("no such option: ", argv[i]);
		if (c->flag != NULL) {
			if (name[n] == '=')
				fail_usage("takes no value: ", argv[i]);
			*c->flag = true;
		} else if (name[n] == '=') {
			take(c, name + n + 1);
		} else if (i + 1 == argc) {
			fail_usage("a value is missing: ", argv[i]);
		} else {
			take(c, argv[++i]);
		}
	}
}

static void
read_arguments(struct arguments *a, int argc, char **argv)
{
	const struct choice choices[] = {
		{ "url", NULL, &a->url, NULL },
		{ "from", NULL, &a->from, NULL },
		{ "to", NULL, NULL, &a->to },
		{ "cc", NULL, NULL, &a->cc },
		{ "bcc", NULL, NULL, &a->bcc },
		{ "subject", NULL, &a->subject, NULL },
		{ "text", NULL, &a->text, NULL },
		{ "text-file", NULL, &a->text_file, NULL },
		{ "html-file", NULL, &a->html_file, NULL },
		{ "attach", NULL, NULL, &a->attach },
		{ "inline", NULL, NULL, &a->inlined },
		{ "header", NULL, NULL, &a->header },
		{ "raw", NULL, &a->raw, NULL },
		{ "user", NULL, &a->user, NULL },
		{ "password-file", NULL, &a->password_file, NULL },
		{ "token-file", NULL, &a->token_file, NULL },
		{ "mechanism", NULL, &a->mechanism, NULL },
		{ "allow-plaintext-auth", &a->allow_plaintext, NULL, NULL },
		{ "require-all", &a->require_all, NULL, NULL },
		{ "deliver-by", NULL, &a->deliver_by, NULL },
		{ "hold-for", NULL, &a->hold_for, NULL },
		{ "priority", NULL, &a->priority, NULL },
		{ "notify", NULL, &a->notify, NULL },
		{ "ret", NULL, &a->ret, NULL },
		{ "envid", NULL, &a->envid, NULL },
		{ "require-tls", &a->require_tls, NULL, NULL },
		{ "parameter", NULL, NULL, &a->parameter },
		{ "helo", NULL, &a->helo, NULL },
		{ "ca-file", NULL, &a->ca_file, NULL },
		{ "timeout", NULL, &a->timeout, NULL },
		{ "deadline", NULL, &a->deadline, NULL },
		{ "option", NULL, NULL, &a->option },
		{ "json", &a->json, NULL, NULL },
		{ "trace", &a->trace, NULL, NULL },
		{ "dry-run", &a->dry_run, NULL, NULL },
		{ "diagnose", &a->diagnose, NULL, NULL },
		{ "count", NULL, &a->count, NULL },
		{ "window", NULL, &a->window, NULL },
		{ "help", &a->help, NULL, NULL },
		{ "version", &a->version, NULL, NULL },
		{ NULL, NULL, NULL, NULL }
	};

	parse(argc, argv, choices);
}

/* 1 to 999999999, or 0. */
static unsigned long
number(const char *text)
{
	unsigned long n = 0;
	size_t i;

	for (i = 0; text[i] >= '0' && text[i] <= '9' && i < 9; i++)
		n = n * 10 + (unsigned long)(text[i] - '0');
	return text[i] == '\0' ? n : 0;
}

static void
check_arguments(const struct arguments *a)
{
	size_t recipients = a->to.n + a->cc.n + a->bcc.n;

	if (a->url == NULL && !a->dry_run)
		fail_usage("missing: --url", "");
	if (a->from == NULL && !a->diagnose)
		fail_usage("missing: --from", "");
	if (recipients == 0 && !a->dry_run && !a->diagnose)
		fail_usage("missing: --to, --cc or --bcc", "");
	if (a->text != NULL && a->text_file != NULL)
		fail_usage("one of them only: --text, --text-file", "");
	if (a->password_file != NULL && a->token_file != NULL)
		fail_usage("one of them only: --password-file, --token-file",
		    "");
	if (a->user == NULL &&
	    (a->password_file != NULL || a->token_file != NULL))
		fail_usage("missing: --user", "");
	if (a->raw != NULL && (a->text != NULL || a->text_file != NULL ||
	    a->html_file != NULL || a->subject != NULL || a->attach.n > 0 ||
	    a->inlined.n > 0 || a->header.n > 0))
		fail_usage("goes with --from and recipients only: --raw", "");
	if (a->count != NULL && number(a->count) == 0)
		fail_usage("not a number from 1 on: --count ", a->count);
	if (a->window != NULL && number(a->window) == 0)
		fail_usage("not a number from 1 on: --window ", a->window);
}

/*
 * The platform. Arguments and names of files are UTF-8, and no octet is
 * changed, which Windows has to be told.
 */

#ifdef _WIN32

static FILE *
open_file(const char *path)
{
	wchar_t name[4096];

	if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, name,
	    sizeof name / sizeof *name) == 0)
		return NULL;
	return _wfopen(name, L"rb");
}

static bool
can_be_read(const char *path)
{
	FILE *file = open_file(path);

	if (file != NULL)
		fclose(file);
	return file != NULL;
}

/* They live as long as the program. */
static char **
arguments_of(int *argc, char **argv)
{
	wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), argc);
	char **list = calloc((size_t)*argc + 1, sizeof *list);

	(void)argv;
	(void)_setmode(0, _O_BINARY);
	(void)_setmode(1, _O_BINARY);
	for (int i = 0; wide != NULL && list != NULL && i < *argc; i++) {
		int n = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, NULL, 0,
		    NULL, NULL);

		list[i] = malloc((size_t)n);
		if (list[i] == NULL)
			exit(EXIT_FILE);
		(void)WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, list[i], n,
		    NULL, NULL);
	}
	if (wide == NULL || list == NULL)
		exit(EXIT_FILE);
	return list;
}

#else

static FILE *
open_file(const char *path)
{
	return fopen(path, "rb");
}

/* Without opening it: a pipe would wait for its writer. */
static bool
can_be_read(const char *path)
{
	return access(path, R_OK) == 0;
}

static char **
arguments_of(int *argc, char **argv)
{
	(void)argc;
	return argv;
}

#endif

/*
 * Files. The standard input is read once, so that --count can use it again.
 */

static FILE *
open_input(const char *path, FILE **copy)
{
	char room[4096];
	size_t n;

	if (strcmp(path, "-") != 0)
		return open_file(path);
	if (*copy == NULL) {
		*copy = tmpfile();
		while (*copy != NULL &&
		    (n = fread(room, 1, sizeof room, stdin)) > 0)
			if (fwrite(room, 1, n, *copy) != n)
				return NULL;
		if (*copy == NULL || ferror(stdin))
			return NULL;
	}
	rewind(*copy);
	return *copy;
}

static void
close_input(FILE *file, FILE *copy)
{
	if (file != NULL && file != copy)
		fclose(file);
}

/* The whole of a file. NULL: not to be read. */
static char *
read_whole(const char *path, size_t *n)
{
	FILE *copy = NULL, *file = open_input(path, &copy);
	size_t room = 0, more = 1;
	char *p = NULL;

	*n = 0;
	while (file != NULL && more > 0) {
		if (*n == room) {
			char *q = realloc(p, room = room * 2 + 65536);

			if (q == NULL)
				break;
			p = q;
		}
		more = fread(p + *n, 1, room - *n, file);
		*n += more;
	}
	if (file == NULL || ferror(file) || more > 0) {
		free(p);
		p = NULL;
	}
	close_input(file, NULL);
	return p;
}

/* The first line of a file, without its end. */
static char *
read_secret(const char *path)
{
	FILE *file = open_file(path);
	char *secret = malloc(SECRET_MAX);

	if (file == NULL || secret == NULL ||
	    fgets(secret, SECRET_MAX, file) == NULL) {
		free(secret);
		secret = NULL;
	} else {
		secret[strcspn(secret, "\r\n")] = '\0';
	}
	if (file != NULL)
		fclose(file);
	return secret;
}

/*
 * JSON: UTF-8, and what is no UTF-8 as the octets that came.
 */

/* The length of the character at `p`, 0 if there is none. */
static size_t
utf8_length(const unsigned char *p)
{
	size_t n = *p < 0x80 ? 1 : *p < 0xC2 ? 0 : *p < 0xE0 ? 2 :
	    *p < 0xF0 ? 3 : *p < 0xF5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((*p == 0xE0 && p[1] < 0xA0) || (*p == 0xED && p[1] > 0x9F) ||
	    (*p == 0xF0 && p[1] < 0x90) || (*p == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

static void
print_string(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	putchar('"');
	while (*p != '\0') {
		size_t n = utf8_length(p);

		if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (n == 0 || *p < 32 || *p == 127)
			printf("\\u%04x", *p);
		else
			fwrite(p, 1, n, stdout);
		p += n == 0 ? 1 : n;
	}
	putchar('"');
}

static void
print_member(const char *name, const char *value)
{
	printf("\"%s\": ", name);
	print_string(value);
	printf(", ");
}

struct result {
	int status, cause, phase, code;
	const char *enhanced, *text, *queue_id, *message_id, *hint;
	bool sent;                       /* the rows know more              */
	int retry;
	unsigned long retry_after;
};

static void
print_retry(int retry, unsigned long after)
{
	print_member("retry", smtp_retry_name(retry));
	printf("\"retry_after\": %lu", after);
}

static void
print_recipient(const char *address, int status, int code,
    const char *enhanced, const char *text, int retry, unsigned long after)
{
	printf("{");
	print_member("address", address);
	print_member("status", smtp_status_name(status));
	printf("\"code\": %d, ", code);
	print_member("enhanced", enhanced);
	print_member("text", text);
	print_retry(retry, after);
	printf("}");
}

/* What was not sent is not at the server for anybody. */
static void
print_arguments(const struct arguments *a, const struct result *r)
{
	const struct list *lists[] = { &a->to, &a->cc, &a->bcc };
	const char *comma = "";

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < lists[i]->n; k++) {
			printf("%s", comma);
			comma = ", ";
			print_recipient(lists[i]->item[k], r->status, 0, "",
			    "", r->retry, r->retry_after);
		}
}

static void
print_json(const struct arguments *a, const struct result *r,
    const struct smtp_message *m)
{
	size_t n = r->sent ? smtp_message_recipient_count(m) : 0;

	printf("{");
	print_member("status", smtp_status_name(r->status));
	print_member("cause", smtp_status_name(r->cause));
	print_member("phase", smtp_phase_name(r->phase));
	printf("\"code\": %d, ", r->code);
	print_member("enhanced", r->enhanced);
	print_member("text", r->text);
	print_member("queue_id", r->queue_id);
	print_member("message_id", r->message_id);
	print_member("hint", r->hint);
	print_retry(r->retry, r->retry_after);
	printf(", \"recipients\": [");
	if (n == 0)
		print_arguments(a, r);
	for (size_t i = 0; i < n; i++) {
		printf("%s", i > 0 ? ", " : "");
		print_recipient(smtp_message_recipient_address(m, i),
		    smtp_message_recipient_status(m, i),
		    smtp_message_recipient_code(m, i),
		    smtp_message_recipient_enhanced(m, i),
		    smtp_message_recipient_text(m, i),
		    smtp_message_recipient_retry(m, i),
		    smtp_message_recipient_retry_s(m, i));
	}
	printf("]}\n");
	fflush(stdout);
}

static int
exit_status(int status)
{
	switch (status) {
	case SMTP_OK:
		return 0;
	case SMTP_E_PARTIAL:
		return 1;
	case SMTP_E_UNKNOWN:
		return 2;
	case SMTP_E_ARGUMENT:
		return 65;
	case SMTP_E_SOURCE:
		return EXIT_FILE;
	case SMTP_E_RESOLVE:
		return 68;
	case SMTP_E_REFUSED:
	case SMTP_E_UNSUPPORTED:
		return 69;
	case SMTP_E_MEMORY:
	case SMTP_E_SPACE:
		return 71;
	case SMTP_E_CONNECT:
	case SMTP_E_CLOSED:
		return 74;
	case SMTP_E_LATER:
	case SMTP_E_TIMEOUT:
	case SMTP_E_CANCELLED:
		return 75;
	case SMTP_E_PROTOCOL:
	case SMTP_E_TLS:
	case SMTP_E_CERTIFICATE:
		return 76;
	case SMTP_E_AUTH:
		return 77;
	default:
		return 70;
	}
}

/*
 * The message.
 */

/* A setter's result: the first that is bad stays. */
static void
note(int *status, int rc)
{
	if (*status == SMTP_OK)
		*status = rc;
}

/* `file[,type=...][,name=...][,cid=...]`, cut apart in place. */
struct part {
	char *file, *type, *name, *cid;
};

static char *
find_mark(char *p)
{
	static const char *const marks[] = { ",type=", ",name=", ",cid=" };
	char *first = NULL;

	for (size_t i = 0; i < 3; i++) {
		char *at = strstr(p, marks[i]);

		if (at != NULL && (first == NULL || at < first))
			first = at;
	}
	return first;
}

static void
cut_part(struct part *part, char *text)
{
	char *at;

	memset(part, 0, sizeof *part);
	part->file = text;
	for (at = find_mark(text); at != NULL; at = find_mark(at + 1)) {
		*at = '\0';
		if (at[1] == 't')
			part->type = at + 6;
		else if (at[1] == 'n')
			part->name = at + 6;
		else
			part->cid = at + 5;
	}
}

static int
add_part(struct smtp_message *m, const char *text, bool inlined,
    const char **missing)
{
	char *copy = malloc(strlen(text) + 1);
	struct part part;
	int rc;

	if (copy == NULL)
		return SMTP_E_MEMORY;
	memcpy(copy, text, strlen(text) + 1);
	cut_part(&part, copy);
	if (inlined && part.cid == NULL)
		fail_usage("an id is missing (FILE,cid=ID): --inline ", text);
	/* Told before anybody is called; not opened, it may be a pipe. */
	if (!can_be_read(part.file)) {
		free(copy);
		*missing = text;
		return SMTP_E_SOURCE;
	}
	rc = inlined ? smtp_message_inline_file(m, part.file, part.cid,
	    part.type, part.name) : smtp_message_attach_file(m, part.file,
	    part.type, part.name);
	free(copy);
	return rc;
}

static int
add_field(struct smtp_message *m, const char *field)
{
	size_t n = strcspn(field, ":");
	const char *value = field + n;
	char *name;
	int rc;

	if (*value == '\0')
		fail_usage("no colon: --header ", field);
	value++;
	value += *value == ' ';
	name = malloc(n + 1);
	if (name == NULL)
		return SMTP_E_MEMORY;
	memcpy(name, field, n);
	name[n] = '\0';
	/* With --from '' the header has to name somebody all the same. */
	if (strcmp(name, "From") == 0)
		rc = smtp_message_set_from(m, value);
	else if (strcmp(name, "Sender") == 0)
		rc = smtp_message_set_sender(m, value);
	else if (strcmp(name, "Reply-To") == 0)
		rc = smtp_message_add_reply_to(m, value);
	else if (strcmp(name, "Message-ID") == 0)
		rc = smtp_message_set_message_id(m, value);
	else
		rc = smtp_message_add_header(m, name, value);
	free(name);
	return rc;
}

/* NAME[=VALUE], which goes to MAIL as it is. */
static int
add_parameter(struct smtp_message *m, const char *text)
{
	char name[64];
	size_t n = strcspn(text, "=");

	if (n == 0 || n >= sizeof name)
		fail_usage("not NAME or NAME=VALUE: --parameter ", text);
	memcpy(name, text, n);
	name[n] = '\0';
	return smtp_message_add_mail_parameter(m, NULL, name,
	    text[n] == '\0' ? NULL : text + n + 1);
}

/* Up to nine digits, perhaps with a sign; returns what follows. */
static const char *
signed_number(const char *text, int32_t *n)
{
	const char *p = text + (*text == '-'), *begin = p;

	for (*n = 0; *p >= '0' && *p <= '9' && p < begin + 9; p++)
		*n = *n * 10 + (*p - '0');
	if (*text == '-')
		*n = -*n;
	return p > begin ? p : "not a number";
}

/* When the mail is to arrive, and before which others. */
static void
fill_times(struct smtp_message *m, const struct arguments *a, int *status)
{
	const char *rest;
	int32_t n;

	if (a->deliver_by != NULL) {
		rest = signed_number(a->deliver_by, &n);
		note(status, smtp_message_set_deliver_by(m, n,
		    *rest == ',' ? rest + 1 : rest));
	}
	if (a->hold_for != NULL) {
		rest = signed_number(a->hold_for, &n);
		if (*rest != '\0' || n < 1)
			fail_usage("not a number from 1 on: --hold-for ",
			    a->hold_for);
		note(status, smtp_message_set_hold_for(m, (uint32_t)n));
	}
	if (a->priority != NULL) {
		rest = signed_number(a->priority, &n);
		if (*rest != '\0')
			fail_usage("not a number: --priority ", a->priority);
		note(status, smtp_message_set_mt_priority(m, n));
	}
}

/* What the envelope asks of the server, of either kind of mail. */
static void
fill_asks(struct smtp_message *m, const struct arguments *a, int *status)
{
	if (a->ret != NULL || a->envid != NULL)
		note(status, smtp_message_set_dsn(m, a->ret, a->envid));
	if (a->notify != NULL)
		note(status, smtp_message_set_notify(m, NULL, a->notify));
	if (a->require_tls)
		note(status, smtp_message_set_require_tls(m, 1));
	for (size_t i = 0; i < a->parameter.n; i++)
		note(status, add_parameter(m, a->parameter.item[i]));
	fill_times(m, a, status);
}

static void
fill_raw(struct smtp_message *m, const struct arguments *a, int *status,
    const char *raw, size_t raw_n)
{
	const struct list *lists[] = { &a->to, &a->cc, &a->bcc };

	note(status, smtp_message_set_raw(m, smtp_source_memory(raw, raw_n)));
	note(status, smtp_message_set_envelope_from(m, a->from));
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < lists[i]->n; k++)
			note(status, smtp_message_add_recipient(m,
			    lists[i]->item[k]));
}

/* SMTP_E_SOURCE: `*missing` is the file that cannot be read. */
static void
fill_built(struct smtp_message *m, const struct arguments *a, int *status,
    FILE **copy, const char **missing)
{
	const char *paths[] = { a->text_file, a->html_file };

	note(status, a->from[0] == '\0' ?
	    smtp_message_set_envelope_from(m, "") :
	    smtp_message_set_from(m, a->from));
	for (size_t i = 0; i < a->to.n; i++)
		note(status, smtp_message_add_to(m, a->to.item[i]));
	for (size_t i = 0; i < a->cc.n; i++)
		note(status, smtp_message_add_cc(m, a->cc.item[i]));
	for (size_t i = 0; i < a->bcc.n; i++)
		note(status, smtp_message_add_bcc(m, a->bcc.item[i]));
	if (a->subject != NULL)
		note(status, smtp_message_set_subject(m, a->subject));
	for (size_t i = 0; i < a->header.n; i++)
		note(status, add_field(m, a->header.item[i]));
	if (a->text != NULL)
		note(status, smtp_message_set_text(m, a->text));
	for (size_t i = 0; i < 2; i++) {
		FILE *file;

		if (paths[i] == NULL)
			continue;
		file = open_input(paths[i], copy);
		if (file == NULL) {
			note(status, SMTP_E_SOURCE);
			*missing = paths[i];
			continue;
		}
		note(status, i == 0 ? smtp_message_set_text_file(m, file) :
		    smtp_message_set_html_file(m, file));
		close_input(file, *copy);
	}
	for (size_t i = 0; i < a->attach.n; i++)
		note(status, add_part(m, a->attach.item[i], false,
		    missing));
	for (size_t i = 0; i < a->inlined.n; i++)
		note(status, add_part(m, a->inlined.item[i], true,
		    missing));
}

/*
 * The session.
 */

static void
print_line(void *ctx, int who, const char *line, size_t n)
{
	(void)ctx;
	fprintf(stderr, "%c: %.*s\n", who, (int)n, line);
}

/* NULL: said on stderr, and a matter of the command line. */
static struct smtp_options *
make_options(const struct arguments *a)
{
	const struct { const char *name, *value; } given[] = {
		{ "mechanism", a->mechanism },
		{ "insecure-plaintext-auth",
		    a->allow_plaintext ? "yes" : NULL },
		{ "require-all", a->require_all ? "yes" : NULL },
		{ "ehlo-name", a->helo },
		{ "ca-file", a->ca_file },
		{ "timeout", a->timeout },
		{ "deadline", a->deadline },
		{ "window", a->window },
	};
	struct smtp_options *o = smtp_options_new();
	int rc = SMTP_OK;

	for (size_t i = 0; i < sizeof given / sizeof *given; i++)
		if (rc == SMTP_OK && given[i].value != NULL)
			rc = smtp_options_set(o, given[i].name,
			    given[i].value);
	for (size_t i = 0; i < a->option.n && rc == SMTP_OK; i++) {
		char name[64];
		size_t n = strcspn(a->option.item[i], "=");

		if (n >= sizeof name || a->option.item[i][n] == '\0')
			fail_usage("not NAME=VALUE: --option ",
			    a->option.item[i]);
		memcpy(name, a->option.item[i], n);
		name[n] = '\0';
		rc = smtp_options_set(o, name, a->option.item[i] + n + 1);
	}
	if (a->trace && rc == SMTP_OK)
		rc = smtp_options_set_trace(o, print_line, NULL);
	if (rc == SMTP_OK)
		return o;
	fprintf(stderr, "smtp-send: %s\n", smtp_options_error(o));
	smtp_options_free(o);
	return NULL;
}

struct secret {
	char *text;
	bool is_token, from_file;
};

/* Returns an exit status, 0 if all is well. */
static int
find_secret(const struct arguments *a, struct secret *secret)
{
	const char *file = a->password_file;

	secret->is_token = file == NULL && a->token_file != NULL;
	if (secret->is_token)
		file = a->token_file;
	if (file != NULL) {
		secret->from_file = true;
		secret->text = read_secret(file);
		if (secret->text == NULL)
			fprintf(stderr, "smtp-send: %s: cannot be read\n",
			    file);
		return secret->text == NULL ? EXIT_FILE : 0;
	}
	secret->text = getenv("SMTP_PASSWORD");
	if (secret->text == NULL) {
		secret->text = getenv("SMTP_TOKEN");
		secret->is_token = true;
	}
	if (secret->text == NULL)
		fail_usage("a secret is missing: --password-file, "
		    "--token-file, SMTP_PASSWORD or SMTP_TOKEN", "");
	return 0;
}

/* Tell what became of a message, or of the session it was meant for. */
static int
tell_result(const struct arguments *a, const struct result *r,
    const struct smtp_message *m, const char *error)
{
	if (r->status != SMTP_OK) {
		fprintf(stderr, "smtp-send: %s\n", error);
		if (r->hint[0] != '\0')
			fprintf(stderr, "smtp-send: %s\n", r->hint);
	}
	if (a->json)
		print_json(a, r, m);
	return exit_status(r->status);
}

/* What failed before anything was said. */
static int
tell_local(const struct arguments *a, const struct smtp_message *m,
    int status, const char *missing)
{
	const struct result r = { status, status, SMTP_PHASE_NONE, 0, "", "",
		"", m == NULL ? "" : smtp_message_message_id(m), "", false,
		status == SMTP_E_SOURCE ? SMTP_RETRY_FIXED :
		status == SMTP_E_MEMORY ? SMTP_RETRY_LATER :
		SMTP_RETRY_NEVER, 0 };
	char words[512];

	if (missing == NULL)
		return tell_result(a, &r, m, m == NULL ? "out of memory" :
		    smtp_message_error(m));
	snprintf(words, sizeof words, "%s: cannot be read", missing);
	return tell_result(a, &r, m, words);
}

static int
tell_session(const struct arguments *a, const struct smtp *smtp,
    const struct smtp_message *m, int status)
{
	const struct result r = { status, smtp_cause(smtp), smtp_phase(smtp),
		smtp_reply_code(smtp) >= 400 ? smtp_reply_code(smtp) : 0,
		smtp_reply_code(smtp) >= 400 ? smtp_reply_enhanced(smtp) : "",
		smtp_reply_code(smtp) >= 400 ? smtp_reply_text(smtp) : "",
		"", smtp_message_message_id(m), smtp_hint(smtp), false,
		smtp_retry(smtp), smtp_retry_s(smtp) };

	return tell_result(a, &r, m, smtp_error(smtp));
}

static int
tell_message(const struct arguments *a, const struct smtp *smtp,
    const struct smtp_message *m, int status)
{
	const struct result r = { status, smtp_message_cause(m),
		smtp_message_phase(m), smtp_message_code(m),
		smtp_message_enhanced(m), smtp_message_text(m),
		smtp_message_queue_id(m), smtp_message_message_id(m),
		smtp_hint(smtp), true, smtp_message_retry(m),
		smtp_message_retry_s(m) };

	return tell_result(a, &r, m, smtp_error(smtp));
}

struct input {
	FILE *copy;                      /* of the standard input           */
	char *raw;
	size_t raw_n;
};

static struct smtp_message *
make_message(const struct arguments *a, struct input *in, int *status,
    const char **missing)
{
	struct smtp_message *m = smtp_message_new();

	*missing = NULL;
	*status = m == NULL ? SMTP_E_MEMORY : SMTP_OK;
	if (m == NULL)
		return NULL;
	if (a->raw == NULL) {
		fill_built(m, a, status, &in->copy, missing);
	} else {
		if (in->raw == NULL)
			in->raw = read_whole(a->raw, &in->raw_n);
		if (in->raw == NULL) {
			*status = SMTP_E_SOURCE;
			*missing = a->raw;
		} else {
			fill_raw(m, a, status, in->raw, in->raw_n);
		}
	}
	fill_asks(m, a, status);
	return m;
}

static int
dry_run(const struct arguments *a, struct smtp_message *m)
{
	int rc = smtp_message_write(m, stdout, 1);

	if (rc != SMTP_OK)
		return tell_local(a, m, rc, NULL);
	return fflush(stdout) == 0 ? 0 : EXIT_FILE;
}

/* Each time a message of its own, so that it is a mail of its own. */
static int
send_all(const struct arguments *a, struct smtp *smtp, struct input *in,
    struct smtp_message *m)
{
	unsigned long count = a->count == NULL ? 1 : number(a->count);
	const char *missing;
	int status, worst = 0, rc;

	while (count-- > 0) {
		rc = tell_message(a, smtp, m, smtp_send(smtp, m));
		worst = rc > worst ? rc : worst;
		smtp_message_free(m);
		m = NULL;
		if (count == 0)
			break;
		m = make_message(a, in, &status, &missing);
		if (status != SMTP_OK) {
			worst = tell_local(a, m, status, missing);
			break;
		}
	}
	smtp_message_free(m);
	return worst;
}

/* So many in flight at a time; what became of them is told in their order. */
static int
send_window(const struct arguments *a, struct smtp *smtp, struct input *in,
    struct smtp_message *m)
{
	unsigned long count = a->count == NULL ? 1 : number(a->count);
	unsigned long room = number(a->window), flying = 0;
	const char *missing = NULL;
	int status = SMTP_OK, worst = 0, rc;

	while (count > 0 || flying > 0) {
		for (; count > 0 && flying < room; count--) {
			if (m == NULL)
				m = make_message(a, in, &status, &missing);
			if (status == SMTP_OK)
				status = smtp_put(smtp, m);
			if (status != SMTP_OK) {
				worst = tell_local(a, m, status, missing);
				count = 0;
				break;
			}
			m = NULL;
			flying++;
		}
		if (flying > 0) {
			struct smtp_message *done;

			status = smtp_take(smtp, &done);
			rc = tell_message(a, smtp, done, status);
			worst = rc > worst ? rc : worst;
			smtp_message_free(done);
			flying--;
			status = SMTP_OK;
		}
	}
	smtp_message_free(m);
	return worst;
}

/* The certificate is the secret, or there is none. */
static bool
is_without_secret(const struct arguments *a)
{
	return a->mechanism != NULL && (strcmp(a->mechanism, "EXTERNAL") == 0 ||
	    strcmp(a->mechanism, "ANONYMOUS") == 0);
}

static int
talk(const struct arguments *a, struct input *in, struct smtp_message *m,
    const struct secret *secret)
{
	struct smtp_options *options = make_options(a);
	uint64_t began = smtp_now_ms();
	struct smtp *smtp = NULL;
	int rc;

	if (options == NULL) {
		smtp_message_free(m);
		return EXIT_USAGE;
	}
	rc = smtp_open(&smtp, a->url, options);
	smtp_options_free(options);
	if (a->deadline != NULL)
		smtp_set_deadline(smtp, began + number(a->deadline) *
		    UINT64_C(1000));
	if (rc == SMTP_OK && is_without_secret(a))
		rc = smtp_auth_mechanism(smtp, a->mechanism, a->user);
	else if (rc == SMTP_OK && a->user != NULL)
		rc = secret->is_token ?
		    smtp_auth_token(smtp, a->user, secret->text) :
		    smtp_auth(smtp, a->user, secret->text);
	if (rc == SMTP_OK) {
		rc = (a->window != NULL ? send_window : send_all)
		    (a, smtp, in, m);
	} else {
		rc = tell_session(a, smtp, m, rc);
		smtp_message_free(m);
	}
	smtp_close(smtp);
	return rc;
}

/*
 * What is wrong.
 */

static void
print_step(const struct smtp_diagnosis *d, size_t i)
{
	const char *advice = smtp_diagnosis_advice(d, i);

	printf("%-8s %-8s  %s\n", smtp_diagnosis_step(d, i),
	    smtp_diagnosis_name(smtp_diagnosis_result(d, i)),
	    smtp_diagnosis_text(d, i));
	if (advice[0] != '\0')
		printf("%-8s %-8s  -> %s\n", "", "", advice);
}

static void
print_step_json(const struct smtp_diagnosis *d, size_t i)
{
	printf("%s{", i > 0 ? ", " : "");
	print_member("step", smtp_diagnosis_step(d, i));
	print_member("result", smtp_diagnosis_name(smtp_diagnosis_result(d,
	    i)));
	print_member("status", smtp_status_name(smtp_diagnosis_status(d, i)));
	print_member("text", smtp_diagnosis_text(d, i));
	printf("\"advice\": ");
	print_string(smtp_diagnosis_advice(d, i));
	printf("}");
}

static int
diagnose(const struct arguments *a, const struct secret *secret)
{
	struct smtp_options *options = make_options(a);
	struct smtp_diagnosis *d = NULL;
	int rc;

	if (options == NULL)
		return EXIT_USAGE;
	rc = (secret->is_token ? smtp_diagnose_token : smtp_diagnose)(&d,
	    a->url, options, a->user, secret->text);
	smtp_options_free(options);
	if (a->json) {
		printf("{");
		print_member("status", smtp_status_name(rc));
		printf("\"steps\": [");
	}
	for (size_t i = 0; i < smtp_diagnosis_count(d); i++)
		if (a->json)
			print_step_json(d, i);
		else
			print_step(d, i);
	if (a->json)
		printf("]}\n");
	if (d == NULL)
		fprintf(stderr, "smtp-send: out of memory\n");
	smtp_diagnosis_free(d);
	return fflush(stdout) == 0 ? exit_status(rc) : EXIT_FILE;
}

static int
run(const struct arguments *a, struct input *in, struct secret *secret)
{
	struct smtp_message *m;
	const char *missing;
	int status, rc = 0;

	if (a->user != NULL && !a->dry_run && !is_without_secret(a))
		rc = find_secret(a, secret);
	if (rc != 0)
		return rc;
	if (a->diagnose)
		return diagnose(a, secret);
	m = make_message(a, in, &status, &missing);
	if (status == SMTP_OK && !a->dry_run)
		return talk(a, in, m, secret);
	if (status == SMTP_OK)
		rc = dry_run(a, m);
	else
		rc = tell_local(a, m, status, missing);
	smtp_message_free(m);
	return rc;
}

int
main(int argc, char **argv)
{
	struct arguments a = { 0 };
	struct input in = { 0 };
	struct secret secret = { 0 };
	int rc;

	argv = arguments_of(&argc, argv);
	read_arguments(&a, argc, argv);
	if (a.help) {
		fputs(usage_text, stdout);
		return 0;
	}
	if (a.version) {
		printf("smtp-send %s (%s)\n", smtp_version(), smtp_features());
		return 0;
	}
	check_arguments(&a);
	rc = run(&a, &in, &secret);
	if (secret.from_file && secret.text != NULL) {
		memset(secret.text, 0, strlen(secret.text));
		free(secret.text);
	}
	if (in.copy != NULL)
		fclose(in.copy);
	free(in.raw);
	free(a.to.item);
	free(a.cc.item);
	free(a.bcc.item);
	free(a.attach.item);
	free(a.inlined.item);
	free(a.header.item);
	free(a.option.item);
	free(a.parameter.item);
	return rc;
}
