// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// `vrctl edit`: the document in an editor, then what it changes, then the commit, if the document
// has not been changed by others meanwhile.
#include <errno.h>
#include <getopt.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/vrctl/change.h"

extern char **environ;

static int save(int fd, const struct http_reply *reply)
{
	size_t done = 0;

	while (done < reply->len) {
		ssize_t n = write(fd, reply->body + done, reply->len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

// The shell reads $EDITOR, as other programs have it done: it may hold options and quotes. 0: it
// ended well.
static int run_editor(const char *file)
{
	const char *editor = getenv("VISUAL") ? getenv("VISUAL") : getenv("EDITOR");
	char command[] = "eval \"exec ${VISUAL:-${EDITOR:-vi}} \\\"\\$1\\\"\"";
	char sh[] = "sh", option[] = "-c";
	char *copy = strdup(file);
	char *argv[] = { sh, option, command, sh, copy, NULL };
	int status = -1;
	pid_t pid;

	if (copy && posix_spawnp(&pid, "sh", NULL, NULL, argv, environ) == 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	free(copy);
	if (status != 0)
		fprintf(stderr, "vrctl: %s did not end well; nothing was changed\n",
			editor ? editor : "vi");
	return status == 0 ? 0 : -1;
}

static char ask(const char *question)
{
	char line[64];

	printf("%s ", question);
	fflush(stdout);
	return fgets(line, sizeof(line), stdin) ? line[0] : 'n';
}

// Edits until the document is valid, and the user agrees or gives up. An exit status.
static int edit_file(struct vrctl *v, struct change *c, const char *file)
{
	for (;;) {
		size_t len;
		char *text, answer;
		int ret;

		if (run_editor(file) < 0)
			return EXIT_USAGE;
		text = change_read(file, &len);
		if (!text)
			return EXIT_USAGE;
		c->dry_run = true;
		ret = change_make(v, c, text, len);
		answer = ask(ret == EXIT_OK ? "commit this? (y)es, (e)dit again, (n)o:"
					    : "(e)dit again, (n)o:");
		if (ret == EXIT_OK && answer == 'y') {
			c->dry_run = false;
			ret = change_make(v, c, text, len);
			free(text);
			return ret;
		}
		free(text);
		if (answer != 'e') {
			puts("nothing was changed");
			return ret;
		}
	}
}

// Mode 0600 by mkstemp(3), in the directory of temporary files.
static int edit_document(struct vrctl *v, struct change *c, const struct http_reply *document)
{
	const char *directory = getenv("TMPDIR");
	char file[256];
	int fd, ret;

	if (snprintf(file, sizeof(file), "%s/vrctl-XXXXXX.json", directory ? directory : "/tmp") >=
		(int)sizeof(file))
		return usage_error("TMPDIR is too long");
	fd = mkstemps(file, (int)strlen(".json"));
	ret = fd < 0 ? -errno : save(fd, document);
	if (fd >= 0)
		close(fd);
	if (ret < 0)
		fprintf(stderr, "vrctl: %s: %s\n", file, strerror(-ret));
	ret = ret < 0 ? EXIT_USAGE : edit_file(v, c, file);
	if (fd >= 0)
		unlink(file);
	return ret;
}

// edit [confirm SECONDS]
int edit_command(struct vrctl *v, int argc, char *argv[])
{
	struct http_request request = { .method = "GET", .path = "/v1/config" };
	struct change c = { .method = "PUT", .path = "/v1/config", .type = "application/json" };
	struct http_reply document;
	int ret = change_options(v, argc, argv, &c);

	if (ret != EXIT_OK)
		return ret;
	if (argc - optind == 2 && strcmp(argv[optind], "confirm") == 0)
		c.confirm = argv[optind + 1];
	else if (argc > optind)
		return usage_error("edit: [confirm SECONDS]");
	if (http_do(&v->http, &request, &document) < 0)
		return unreachable(v, v->http.error);
	if (document.status != 200)
		ret = refused(&document);
	if (ret == EXIT_OK && !c.if_match)
		c.if_match = document.etag;
	if (ret == EXIT_OK)
		ret = edit_document(v, &c, &document);
	http_reply_clear(&document);
	return ret;
}
