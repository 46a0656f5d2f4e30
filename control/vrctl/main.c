// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// vrctl: command line, help, and how errors are reported.
#include "control/vrctl/vrctl.h"

#include <curl/curl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SOCKET "/run/vrouter/api.sock"

static const char usage_head[] =
	"usage: vrctl [--socket PATH] [--json] COMMAND\n"
	"\n"
	"Talks to vrouter-control over its unix socket (" SOCKET ").\n"
	"\n"
	"  config get                     print the configuration\n"
	"  config put FILE|-              replace it\n"
	"  config patch FILE|-            change it by a JSON merge patch (RFC 7396)\n"
	"  commit [confirm SECONDS] FILE|-\n"
	"                                 replace it; with confirm it is taken back unless\n"
	"                                 `vrctl confirm` comes in time\n"
	"  edit [confirm SECONDS]         the same in $EDITOR, with a look at what changes\n"
	"  confirm                        keep the revision that is on trial\n"
	"  rollback [REVISION]            go back to a revision, or to the one before\n"
	"      of all these:\n"
	"      --dry-run                  check only, show what would change\n"
	"      --if-match REVISION        only when this is the current revision\n"
	"      --confirm SECONDS          as above\n"
	"      --comment TEXT             stored with the revision\n"
	"  history                        stored revisions\n"
	"  diff [FROM [TO] | FILE|-]      what the last change was, what differs between\n"
	"                                 revisions, what a file would change\n";

static const char usage_tail[] =
	"      --limit NUMBER             of routes and neighbours (1000, at most 10000)\n"
	"  nat sessions                   address translations\n"
	"      --limit NUMBER (1000, at most 10000)  --cursor NUMBER, and a filter:\n"
	"      --protocol NAME  --state NAME  --uplink INTERFACE  --rule NAME\n"
	"      --rule-kind eip|port_forward|snat  --min-age SECONDS  --max-age SECONDS\n"
	"      --source, --destination: as the first packet came in; --inside: the host that is\n"
	"      translated, --external: what it becomes, --outside: the other host; each\n"
	"      ADDRESS[/LENGTH][:PORT[-PORT]] or :PORT[-PORT]\n"
	"  nat clear                      end the sessions of a filter\n"
	"      --all                      without a filter: every session\n"
	"  nat rules                      NAT rules with their sessions\n"
	"  nat ports                      external addresses with their ports in use\n"
	"  version                        print the version\n"
	"  help                           print this\n"
	"\n"
	"  --json                         print the router's documents instead of tables\n"
	"\n"
	"exit status: 0 done, 1 refused by the router, 2 wrong usage, 3 router not reachable\n";

static int print_help(void)
{
	fputs(usage_head, stdout);
	fputs("  show WHAT                      ", stdout);
	show_print_words();
	fputs(usage_tail, stdout);
	return EXIT_OK;
}

int usage_error(const char *format, ...)
{
	va_list args;

	fputs("vrctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs(" (see vrctl help)\n", stderr);
	return EXIT_USAGE;
}

int unreachable(const struct vrctl *v, const char *why)
{
	fprintf(stderr, "vrctl: no answer from the router at %s: %s\n", v->http.socket_path, why);
	return EXIT_UNREACHABLE;
}

int refused(const struct http_reply *reply)
{
	json_t *problem = json_loadb(reply->body ? reply->body : "", reply->len, 0, NULL);
	json_t *errors = json_object_get(problem, "errors");
	const char *title = json_string_value(json_object_get(problem, "title"));
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	json_t *error;
	size_t i;

	json_array_foreach(errors, i, error)
	{
		const char *pointer = json_string_value(json_object_get(error, "pointer"));
		const char *text = json_string_value(json_object_get(error, "detail"));

		fprintf(stderr, "%s: %s\n", pointer && *pointer ? pointer : "document",
			text ? text : "");
	}
	fprintf(stderr, "vrctl: %ld %s%s%s\n", reply->status, title ? title : "",
		detail ? ": " : "", detail ? detail : "");
	json_decref(problem);
	return EXIT_REFUSED;
}

static int run(struct vrctl *v, int argc, char *argv[])
{
	static const struct {
		const char *word;
		int (*command)(struct vrctl *v, int argc, char *argv[]);
	} commands[] = {
		{ "config", config_command },
		{ "show", show_command },
		{ "nat", nat_command },
	}, verbs[] = {
		{ "commit", commit_command },
		{ "confirm", confirm_command },
		{ "diff", diff_command },
		{ "edit", edit_command },
		{ "rollback", rollback_command },
	};

	if (argc == 0)
		return usage_error("a command is missing");
	if (strcmp(argv[0], "help") == 0)
		return print_help();
	if (strcmp(argv[0], "complete") == 0)
		return complete_command(argc - 1, argv + 1);
	if (strcmp(argv[0], "version") == 0) {
		puts("vrctl " VROUTER_VERSION);
		return EXIT_OK;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[0], commands[i].word) == 0)
			return commands[i].command(v, argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[0], verbs[i].word) == 0)
			return verbs[i].command(v, argc, argv);
	// `vrctl drops` for `vrctl show drops`: reports words that neither knows.
	return show_command(v, argc, argv);
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct vrctl v = { .http.socket_path = SOCKET };
	int id, ret;

	// "+": a command's own options are left to it.
	while ((id = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (id == 's')
			v.http.socket_path = optarg;
		else if (id == 'j')
			v.json = true;
		else if (id == 'h')
			return print_help();
		else
			return EXIT_USAGE;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return unreachable(&v, "libcurl cannot start");
	ret = run(&v, argc - optind, argv + optind);
	curl_global_cleanup();
	return ret;
}
