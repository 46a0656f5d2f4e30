// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// vrctl: the router's API from a shell. The exit status tells scripts what happened.
#pragma once

#include <stdbool.h>

#include "control/vrctl/http.h"

enum exit_status {
	EXIT_OK,
	EXIT_REFUSED,	  // the router said no; its errors are on stderr
	EXIT_USAGE,	  // the command line is wrong
	EXIT_UNREACHABLE, // no answer
};

struct vrctl {
	struct http http;
	bool json; // print documents as they are
};

// config.c: `config ...`; show.c: `show ...` and `nat ...`. argv[0] is the word after that. Return
// an exit status.
int config_command(struct vrctl *v, int argc, char *argv[]);
int show_command(struct vrctl *v, int argc, char *argv[]);
int nat_command(struct vrctl *v, int argc, char *argv[]);

// config.c, revisions.c, edit.c; argv[0] is the command itself.
int commit_command(struct vrctl *v, int argc, char *argv[]);
int diff_command(struct vrctl *v, int argc, char *argv[]);
int rollback_command(struct vrctl *v, int argc, char *argv[]);
int confirm_command(struct vrctl *v, int argc, char *argv[]);
int edit_command(struct vrctl *v, int argc, char *argv[]);

int complete_command(int argc, char *argv[]); // complete.c

// The words that `show` knows, one line, for help.
void show_print_words(void);

// Reports a wrong command line.
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Reports what stands in the way of an answer, or the problem document of a refusal, one line an
// error: `pointer: text`.
int unreachable(const struct vrctl *v, const char *why);
int refused(const struct http_reply *reply);
