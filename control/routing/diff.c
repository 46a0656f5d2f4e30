// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The difference of two configurations as a script for FRR: what goes is taken out first, but a
// line that takes another one's place just replaces it, so that nothing is without, for example, a
// key in between.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/routing/lines.h"

// What FRR keeps one of, by its first words ('*' is any word), and how it is taken out. All other
// lines stand for themselves: `no` and the line.
static const struct kind {
	const char *words;
	bool replaces; // a new one takes the old one's place; else that must go first
} kinds[] = {
	{ "ip ospf message-digest-key *", true },
	{ "ip ospf authentication-key", true },
	{ "ip ospf authentication", true },
	{ "ip ospf cost", true },
	{ "ip ospf hello-interval", true },
	{ "ip ospf dead-interval", true },
	{ "ip ospf network", true },
	{ "ospf router-id", true },
	{ "area * stub", false },
	{ "area * nssa", false },
	{ "log-adjacency-changes", true },
	{ "maximum-paths", true },
	{ "timers throttle spf", true },
	{ "timers throttle lsa all", true },
	{ "timers lsa min-arrival", true },
	{ "graceful-restart helper enable", true },
	{ "graceful-restart", true },
	{ "auto-cost reference-bandwidth", true },
	{ "redistribute *", false },
	{ "default-information originate", false },
};

static size_t word_length(const char *text)
{
	return strcspn(text, " ");
}

// The length of the part of `text` that `words` describes, 0 when it does not.
static size_t match(const char *words, const char *text)
{
	const char *at = text;

	for (;;) {
		size_t w = word_length(words), t = word_length(at);

		if (t == 0 ||
			(!(w == 1 && words[0] == '*') && (w != t || strncmp(words, at, w) != 0)))
			return 0;
		words += w;
		at += t;
		if (*words == '\0')
			return (size_t)(at - text);
		if (*at == '\0')
			return 0;
		words++;
		at++;
	}
}

// Length of what identifies the line's slot. *replaces as in `kinds`.
static size_t slot_of(const char *text, bool *replaces)
{
	*replaces = false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = match(kinds[i].words, text);

		if (len > 0) {
			*replaces = kinds[i].replaces;
			return len;
		}
	}
	return strlen(text);
}

static bool contains(const struct frr_lines *l, const struct frr_line *line)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->list[i].text, line->text) == 0 &&
			strcmp(l->list[i].context, line->context) == 0)
			return true;
	return false;
}

// Whether a line of `l` takes the place of `old`.
static bool replaced(const struct frr_lines *l, const struct frr_line *old)
{
	bool replaces, other;
	size_t len = slot_of(old->text, &replaces);

	for (size_t i = 0; replaces && i < l->count; i++)
		if (strcmp(l->list[i].context, old->context) == 0 &&
			slot_of(l->list[i].text, &other) == len &&
			strncmp(l->list[i].text, old->text, len) == 0)
			return true;
	return false;
}

// Lines of one context are next to each other: it is entered and left once.
struct writer {
	FILE *out;
	const char *context;
};

static void leave(struct writer *w)
{
	if (w->context != NULL)
		fputs("exit\n", w->out);
	w->context = NULL;
}

static void enter(struct writer *w, const char *context)
{
	if (w->context != NULL && strcmp(w->context, context) == 0)
		return;
	leave(w);
	fprintf(w->out, "%s\n", context);
	w->context = context;
}

enum part {
	ROUTER,
	INTERFACES,
};

static bool in_part(const struct frr_line *line, enum part part)
{
	return (strcmp(line->context, FRR_ROUTER) == 0) == (part == ROUTER);
}

static void remove_part(struct writer *w, const struct frr_lines *running,
	const struct frr_lines *wanted, enum part part, struct frr_diff *d)
{
	for (size_t i = 0; i < running->count; i++) {
		const struct frr_line *line = &running->list[i];
		bool replaces;

		if (!in_part(line, part) || contains(wanted, line))
			continue;
		d->extra++;
		if (replaced(wanted, line))
			continue;
		enter(w, line->context);
		fprintf(w->out, " no %.*s\n", (int)slot_of(line->text, &replaces), line->text);
	}
	leave(w);
}

static void add_part(struct writer *w, const struct frr_lines *running,
	const struct frr_lines *wanted, enum part part, struct frr_diff *d)
{
	for (size_t i = 0; i < wanted->count; i++) {
		const struct frr_line *line = &wanted->list[i];

		if (!in_part(line, part) || contains(running, line))
			continue;
		if (d->first == NULL)
			d->first = line;
		d->missing++;
		d->router_id |= running->router && match("ospf router-id", line->text) > 0;
		enter(w, line->context);
		fprintf(w->out, " %s\n", line->text);
	}
	leave(w);
}

static void write_script(struct writer *w, const struct frr_lines *running,
	const struct frr_lines *wanted, struct frr_diff *d)
{
	remove_part(w, running, wanted, INTERFACES, d);
	if (wanted->router)
		remove_part(w, running, wanted, ROUTER, d);
	else if (running->router) {
		fprintf(w->out, "no %s\n", FRR_ROUTER);
		d->extra++;
	}
	add_part(w, running, wanted, ROUTER, d);
	add_part(w, running, wanted, INTERFACES, d);
}

int frr_lines_diff(
	const struct frr_lines *running, const struct frr_lines *wanted, struct frr_diff *out)
{
	size_t size;
	struct writer w = { .out = NULL };

	*out = (struct frr_diff){ 0 };
	w.out = open_memstream(&out->script, &size);
	if (w.out == NULL)
		return -ENOMEM;
	write_script(&w, running, wanted, out);
	if (fclose(w.out) == 0)
		return 0;
	free(out->script);
	out->script = NULL;
	return -ENOMEM;
}

char *frr_lines_text(const struct frr_lines *l)
{
	const struct frr_lines none = { 0 };
	struct frr_diff d;

	return frr_lines_diff(&none, l, &d) == 0 ? d.script : NULL;
}
