// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// `vrctl complete WORD...`: what may follow on the command line, one a line, for the shell's
// completion (configs/completion/vrctl). The last word is the one that is being written.
#include <stdio.h>
#include <string.h>

#include "control/vrctl/views.h"
#include "control/vrctl/vrctl.h"

#define CHANGE "--dry-run --if-match --confirm --comment --json "

// What follows a command. "<file>" stands for a file's name.
static const struct {
	const char *command;
	const char *words;
} commands[] = {
	{ "config", "get put patch " },
	{ "config put", CHANGE "<file> " },
	{ "config patch", CHANGE "<file> " },
	{ "commit", CHANGE "confirm <file> " },
	{ "commit confirm", "<file> " },
	{ "edit", CHANGE "confirm " },
	{ "rollback", CHANGE },
	{ "diff", "--json <file> " },
};

static void print_words(const char *words, const char *start)
{
	while (*words) {
		int len = (int)strcspn(words, " ");

		// Which files there are is for the shell to say.
		if (*words == '<' || strncmp(words, start, strlen(start)) == 0)
			printf("%.*s\n", len, words);
		words += len + (words[len] == ' ');
	}
}

// A view's options are its query parameters with hyphens.
static void print_options(const struct view *view, const char *start)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", view->options ? view->options : "");
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		char option[64];

		snprintf(option, sizeof(option), "--%s ", word);
		for (char *c = option + 2; *c; c++)
			*c = *c == '_' ? '-' : *c;
		print_words(option, start);
	}
	print_words("--json ", start);
}

static void print_views(bool nat, const char *start)
{
	const struct view *view;

	for (size_t i = 0; (view = view_at(i, nat)); i++)
		if (strncmp(view->word, start, strlen(start)) == 0)
			puts(view->word);
}

static void print_first(const char *start)
{
	print_words("config show nat commit confirm diff edit rollback version help --json "
		    "--socket ",
		start);
	print_views(false, start);
}

int complete_command(int argc, char *argv[])
{
	const char *start = argc > 0 ? argv[argc - 1] : "";
	const char *first = argc > 1 ? argv[0] : "", *second = argc > 2 ? argv[1] : "";
	bool nat = strcmp(first, "nat") == 0, show = nat || strcmp(first, "show") == 0;
	const struct view *view = view_find(show ? second : first, nat);
	char command[64];

	if (argc < 2) {
		print_first(start);
		return EXIT_OK;
	}
	if (view) {
		print_options(view, start);
		return EXIT_OK;
	}
	if (show && argc == 2) {
		print_views(nat, start);
		return EXIT_OK;
	}
	snprintf(command, sizeof(command), "%s%s%s", first, *second ? " " : "", second);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].command, command) == 0 ||
			(argc > 2 && strcmp(commands[i].command, first) == 0 &&
				strncmp(second, "--", 2) == 0))
			print_words(commands[i].words, start);
	return EXIT_OK;
}
