/* SPDX-License-Identifier: MIT */
/*
 * An attachment that is made while it is sent, in constant memory: a table of
 * squares from a callback that knows neither a file nor its length.
 * usage: callback_body from to rows
 */
#include <stdio.h>
#include <stdlib.h>

#include <smtp/message.h>

struct table {
	unsigned long row, rows;
	char line[64];
	size_t at, n;
};

static ptrdiff_t
read_table(void *ctx, void *p, size_t n)
{
	struct table *t = ctx;
	char *out = p;
	size_t done = 0;

	while (done < n) {
		if (t->at == t->n) {
			if (t->row == t->rows)
				break;
			t->row++;
			t->n = (size_t)snprintf(t->line, sizeof t->line,
			    "%lu,%lu\n", t->row, t->row * t->row);
			t->at = 0;
		}
		out[done++] = t->line[t->at++];
	}
	return (ptrdiff_t)done;
}

static int
rewind_table(void *ctx)
{
	struct table *t = ctx;

	t->row = 0;
	t->at = t->n = 0;
	return 0;
}

int
main(int argc, char **argv)
{
	struct table table = { .row = 0 };
	struct smtp_message *m;
	int rc;

	if (argc != 4) {
		fprintf(stderr, "usage: callback_body from to rows\n");
		return 64;
	}
	table.rows = strtoul(argv[3], NULL, 10);
	m = smtp_message_new();
	smtp_message_set_from(m, argv[1]);
	smtp_message_add_to(m, argv[2]);
	smtp_message_set_subject(m, "Squares");
	smtp_message_set_text(m, "The table is attached.\n");
	smtp_message_attach(m, smtp_source_callback(read_table, rewind_table,
	    NULL, &table, SMTP_SIZE_UNKNOWN), "text/csv", "squares.csv");
	rc = smtp_message_write(m, stdout, 0);
	if (rc != SMTP_OK)
		fprintf(stderr, "callback_body: %s\n", smtp_message_error(m));
	smtp_message_free(m);
	return rc == SMTP_OK ? 0 : 1;
}
