/* SPDX-License-Identifier: MIT */
/*
 * Runs a harness on files, and on each file of a folder, without a fuzzer:
 * what was found once is run for ever, by any compiler. An input that fails
 * ends the program; its name stands above.
 */
#include "fuzz.h"

#include <dirent.h>

static unsigned long runs;

static void
run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t n = 0, room = 1 << 16;
	char *p = malloc(room), *exact;

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	while (!feof(file) && !ferror(file)) {
		n += fread(p + n, 1, room - n, file);
		if (n == room)
			p = realloc(p, room *= 2);
	}
	fclose(file);
	exact = malloc(n > 0 ? n : 1);
	memcpy(exact, p, n);
	free(p);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput((const uint8_t *)exact, n);
	free(exact);
	runs++;
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		struct dirent *entry;
		char path[4096];

		if (folder == NULL) {
			run_file(argv[i]);
			continue;
		}
		while ((entry = readdir(folder)) != NULL) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof path, "%s/%s", argv[i],
			    entry->d_name);
			run_file(path);
		}
		closedir(folder);
	}
	printf("%lu runs\n", runs);
	return runs == 0;
}
