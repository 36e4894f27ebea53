/* SPDX-License-Identifier: MIT */
#include "support/server.h"

#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#ifndef _WIN32
#include <sys/wait.h>
#endif
#include <unistd.h>

enum { MAX_ARGS = 40, MAX_TEXTS = 4000, PATIENCE_MS = 10000, NAP_MS = 5 };

struct server {
	pid_t pid;
	int hold;                /* its standard input */
	int port;
	char dir[256], ca_file[512], url[256];
	char *texts[MAX_TEXTS];  /* what was read, until the end */
	size_t text_count;
};

static char *
keep(struct server *s, char *text)
{
	if (text == NULL)
		fail_msg("no memory");
	assert_true(s->text_count < MAX_TEXTS);
	s->texts[s->text_count++] = text;
	return text;
}

/* The whole of a file with a NUL behind it, or NULL if it is not there. */
static char *
read_file(struct server *s, const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	struct stat st;
	char *text;
	size_t n;

	if (file == NULL)
		return NULL;
	if (fstat(fileno(file), &st) != 0)
		fail_msg("%s: %s", path, strerror(errno));
	text = keep(s, malloc((size_t)st.st_size + 1));
	n = fread(text, 1, (size_t)st.st_size, file);
	text[n] = '\0';
	fclose(file);
	if (len != NULL)
		*len = n;
	return text;
}

/* ---- start and stop */

static void
make_dir(struct server *s)
{
	static unsigned count;
	const char *build = getenv("BUILD");
	char path[200];

	(void)snprintf(path, sizeof path, "%s/test-run",
		build != NULL ? build : "build");
	(void)mkdir(path, 0777);
	(void)snprintf(s->dir, sizeof s->dir, "%s/server-%ld-%u", path,
		(long)getpid(), ++count);
	if (mkdir(s->dir, 0777) != 0)
		fail_msg("%s: %s", s->dir, strerror(errno));
}

static void
read_banner(struct server *s, FILE *file)
{
	char line[512];
	bool ready = false;

	while (!ready && fgets(line, sizeof line, file) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strncmp(line, "PORT=", 5) == 0)
			s->port = (int)strtol(line + 5, NULL, 10);
		if (strncmp(line, "CAFILE=", 7) == 0)
			(void)snprintf(s->ca_file, sizeof s->ca_file, "%s",
				line + 7);
		ready = strcmp(line, "READY") == 0;
	}
	fclose(file);
	if (!ready)
		fail_msg("the demo server did not start");
}

#ifdef _WIN32

/* The text of a file in the server's folder, once it ends with `end`. */
static FILE *
await(const struct server *s, const char *name, const char *end)
{
	char path[300], text[1024];

	(void)snprintf(path, sizeof path, "%s/%s", s->dir, name);
	for (int ms = 0; ms < PATIENCE_MS; ms += NAP_MS) {
		FILE *file = fopen(path, "rb");
		size_t n = file == NULL ? 0 :
			fread(text, 1, sizeof text - 1, file);

		text[n] = '\0';
		if (n >= strlen(end) && strstr(text, end) != NULL) {
			rewind(file);
			return file;
		}
		if (file != NULL)
			fclose(file);
		(void)poll(NULL, 0, NAP_MS);
	}
	fail_msg("%s: it did not come", path);
	return NULL;
}

/* tests/windows/serve.sh says why. */
static void
spawn(struct server *s, char **argv)
{
	STARTUPINFOW as = { .cb = sizeof as };
	PROCESS_INFORMATION process;
	char line[8000];
	WCHAR wide[8000];
	size_t n = (size_t)snprintf(line, sizeof line,
		"/bin/sh tests/windows/serve.sh \"%s\"", s->dir);

	for (; *argv != NULL; argv++) {
		assert_null(strchr(*argv, '"'));
		n += (size_t)snprintf(line + n, sizeof line - n, " \"%s\"",
			*argv);
		assert_true(n < sizeof line);
	}
	assert_true(MultiByteToWideChar(CP_UTF8, 0, line, -1, wide,
		COUNT(wide)) > 0);
	if (!CreateProcessW(L"\\\\?\\unix\\bin\\sh", wide, NULL, NULL, FALSE,
	    0, NULL, NULL, &as, &process))
		fail_msg("CreateProcess: %lu", GetLastError());
	read_banner(s, await(s, "banner", "READY\n"));
}

static void
end(struct server *s)
{
	char path[300];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/stop", s->dir);
	file = fopen(path, "wb");
	assert_non_null(file);
	fclose(file);
	file = await(s, "ended", "\n");
	if (fgetc(file) != '0')
		fail_msg("the demo server ended badly");
	fclose(file);
}

#else

static void
spawn(struct server *s, char **argv)
{
	int in[2], out[2];
	FILE *file;
	pid_t pid;

	/* Not for the servers that are started after this one. */
	if (pipe(in) != 0 || pipe(out) != 0 ||
	    fcntl(in[1], F_SETFD, FD_CLOEXEC) != 0 ||
	    fcntl(out[0], F_SETFD, FD_CLOEXEC) != 0)
		fail_msg("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		fail_msg("fork: %s", strerror(errno));
	if (pid == 0) {
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		(void)close(in[0]);
		(void)close(out[1]);
		(void)execv(argv[0], argv);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	s->pid = pid;
	s->hold = in[1];
	file = fdopen(out[0], "r");
	assert_non_null(file);
	read_banner(s, file);
}

static void
end(struct server *s)
{
	int status;

	(void)close(s->hold);
	if (waitpid(s->pid, &status, 0) != s->pid)
		fail_msg("waitpid: %s", strerror(errno));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the demo server ended with status %d", status);
}

#endif

static struct server *
start(const char *transcript, const char *first, va_list args)
{
	struct server *s = calloc(1, sizeof *s);
	const char *build = getenv("BUILD");
	char program[256], script[300];
	char *argv[MAX_ARGS + 8];
	size_t n = 0;

	assert_non_null(s);
	make_dir(s);
	(void)snprintf(program, sizeof program, "%s/tools/demo-server",
		build != NULL ? build : "build");
	argv[n++] = program;
	argv[n++] = (char *)"--dir";
	argv[n++] = s->dir;
	if (transcript != NULL) {
		FILE *file;

		(void)snprintf(script, sizeof script, "%s/script.txt", s->dir);
		file = fopen(script, "wb");
		assert_non_null(file);
		assert_true(fputs(transcript, file) >= 0);
		assert_int_equal(fclose(file), 0);
		argv[n++] = (char *)"--script";
		argv[n++] = script;
		argv[n++] = (char *)"--wait";
		argv[n++] = (char *)"5000";
	}
	for (const char *a = first; a != NULL; a = va_arg(args, const char *)) {
		assert_true(n < MAX_ARGS);
		argv[n++] = (char *)(uintptr_t)a;
	}
	argv[n] = NULL;
	spawn(s, argv);
	return s;
}

struct server *
server_start(const char *first, ...)
{
	struct server *s;
	va_list args;

	va_start(args, first);
	s = start(NULL, first, args);
	va_end(args);
	return s;
}

struct server *
server_play(const char *transcript, const char *first, ...)
{
	struct server *s;
	va_list args;

	va_start(args, first);
	s = start(transcript, first, args);
	va_end(args);
	return s;
}

static void
remove_dir(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char name[600];

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		(void)snprintf(name, sizeof name, "%s/%s", path,
			entry->d_name);
		(void)unlink(name);
	}
	(void)closedir(dir);
	(void)rmdir(path);
}

void
server_stop(struct server *s)
{
	end(s);
	remove_dir(s->dir);
	for (size_t i = 0; i < s->text_count; i++)
		free(s->texts[i]);
	free(s);
}

/* ---- where it is */

const char *
server_url(struct server *s, const char *scheme, const char *host)
{
	(void)snprintf(s->url, sizeof s->url, "%s://%s:%d", scheme, host,
		s->port);
	return s->url;
}

int
server_port(const struct server *s)
{
	return s->port;
}

const char *
server_dir(const struct server *s)
{
	return s->dir;
}

const char *
server_ca_file(const struct server *s)
{
	return s->ca_file;
}

/* ---- what it saw */

static unsigned
count_files(const struct server *s, bool mails)
{
	char path[300];
	unsigned n = 0;

	do
		(void)snprintf(path, sizeof path, mails ? "%s/%04u.eml" :
			"%s/session-%u.log", s->dir, ++n);
	while (access(path, F_OK) == 0);
	return n - 1;
}

unsigned
server_sessions(const struct server *s)
{
	return count_files(s, false);
}

unsigned
server_mails(const struct server *s)
{
	return count_files(s, true);
}

static bool
has_line(const char *text, const char *line)
{
	const char *p = strstr(text, line);

	return p != NULL && (p == text || p[-1] == '\n');
}

const char *
server_log(struct server *s, unsigned n)
{
	char path[300];
	char *text = NULL;

	(void)snprintf(path, sizeof path, "%s/session-%u.log", s->dir, n);
	for (int ms = 0; ms < PATIENCE_MS; ms += NAP_MS) {
		text = read_file(s, path, NULL);
		if (text != NULL && (has_line(text, "* closed\n") ||
		    has_line(text, "* reset\n")))
			return text;
		if (text != NULL) {
			free(text);
			s->text_count--;
		}
		(void)poll(NULL, 0, NAP_MS);
	}
	fail_msg("connection %u has not ended", n);
	return NULL;
}

static int
hex_value(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* One line of the log, from its first octet to its LF, to out. */
static size_t
decode(const char *p, char *out)
{
	size_t n = 0;

	for (; *p != '\n' && *p != '\0'; p++) {
		if (*p != '\\') {
			out[n++] = *p;
			continue;
		}
		p++;
		if (*p == 'r')
			out[n++] = '\r';
		else if (*p == 'n')
			out[n++] = '\n';
		else if (*p == '\\')
			out[n++] = '\\';
		else {
			out[n++] = (char)(hex_value(p[1]) << 4 |
				hex_value(p[2]));
			p += 2;
		}
	}
	return n;
}

const char *
server_heard(struct server *s, unsigned session, size_t *len)
{
	const char *log = server_log(s, session);
	char *out = keep(s, malloc(strlen(log) + 1));
	size_t n = 0;

	for (const char *p = log; *p != '\0'; p = strchr(p, '\n') + 1)
		if (strncmp(p, "C: ", 3) == 0)
			n += decode(p + 3, out + n);
	out[n] = '\0';
	if (len != NULL)
		*len = n;
	return out;
}

unsigned
server_heard_lines(struct server *s, const char *beginning)
{
	unsigned sessions = server_sessions(s), found = 0;
	size_t want = strlen(beginning);

	for (unsigned i = 1; i <= sessions; i++) {
		size_t n;
		const char *p = server_heard(s, i, &n), *end = p + n;

		while (p < end) {
			const char *lf = memchr(p, '\n', (size_t)(end - p));

			if ((size_t)(end - p) >= want &&
			    memcmp(p, beginning, want) == 0)
				found++;
			p = lf == NULL ? end : lf + 1;
		}
	}
	return found;
}

bool
server_heard_line(struct server *s, const char *beginning)
{
	return server_heard_lines(s, beginning) > 0;
}

bool
server_heard_octets(struct server *s, const void *octets, size_t want)
{
	unsigned sessions = server_sessions(s);

	for (unsigned i = 1; i <= sessions; i++) {
		size_t n;
		const char *p = server_heard(s, i, &n);

		for (; n >= want; p++, n--)
			if (memcmp(p, octets, want) == 0)
				return true;
	}
	return false;
}

const char *
server_mail(struct server *s, unsigned n, size_t *len)
{
	char path[300];
	const char *text;

	(void)snprintf(path, sizeof path, "%s/%04u.eml", s->dir, n);
	text = read_file(s, path, len);
	if (text == NULL)
		fail_msg("there is no mail %u", n);
	return text;
}

const char *
server_envelope(struct server *s, unsigned n)
{
	char path[300];
	const char *text;

	(void)snprintf(path, sizeof path, "%s/%04u.env", s->dir, n);
	text = read_file(s, path, NULL);
	if (text == NULL)
		fail_msg("there is no mail %u", n);
	return text;
}

void
server_found_no_fault(struct server *s)
{
	unsigned sessions = server_sessions(s);

	for (unsigned i = 1; i <= sessions; i++) {
		const char *log = server_log(s, i);
		const char *p = strstr(log, "\n! ");

		if (p != NULL)
			fail_msg("connection %u: %.*s\n%s", i,
				(int)strcspn(p + 1, "\n"), p + 1, log);
	}
}

const char *
server_result(struct server *s)
{
	char path[300];

	(void)snprintf(path, sizeof path, "%s/script.result", s->dir);
	for (int ms = 0; ms < PATIENCE_MS; ms += NAP_MS) {
		char *text = read_file(s, path, NULL);

		if (text != NULL && strchr(text, '\n') != NULL) {
			text[strcspn(text, "\n")] = '\0';
			return text;
		}
		(void)poll(NULL, 0, NAP_MS);
	}
	return "the transcript has not come to its end";
}
