// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The member `monitor` of an interface: what tells whether the uplink leads anywhere.
#include "control/config/context.h"
#include "control/config/text.h"

#define INTERVAL_MIN	  100 // milliseconds
#define INTERVAL_MAX	  60000
#define INTERVAL_DEFAULT  1000
#define ROUNDS_MAX	  100
#define FAILURES_DEFAULT  3
#define SUCCESSES_DEFAULT 2

static void parse_watched(struct parse *ps, const struct path *list, json_t *json, size_t index,
	struct monitor_config *m)
{
	struct path path = { .up = list, .index = index };
	const char *text = json_string_value(json);
	struct in_addr address;
	const char *wrong = text == NULL ? "expected an address" : text_address(text, &address);

	if (wrong == NULL)
		wrong = address_not_host(address);
	for (unsigned int i = 0; wrong == NULL && i < m->n_targets; i++)
		if (m->targets[i].s_addr == address.s_addr)
			wrong = "already listed";
	if (wrong != NULL)
		report(ps->problems, &path, json, "%s", wrong);
	else
		m->targets[m->n_targets++] = address;
}

static void parse_all_watched(struct parse *ps, const struct reader *r, struct monitor_config *m)
{
	struct path list = { .up = r->path, .key = "addresses" };
	json_t *json = NULL;
	enum reading got = read_array(r, "addresses", &json);
	size_t n = json_array_size(json);

	if (got == READ_BAD)
		return;
	if (n == 0 || n > MONITOR_TARGETS_MAX) {
		report_member(r, "addresses", "expected 1 to %d addresses", MONITOR_TARGETS_MAX);
		return;
	}
	for (size_t i = 0; i < n; i++)
		parse_watched(ps, &list, json_array_get(json, i), i, m);
}

void parse_monitor(struct parse *ps, const struct reader *entry, size_t index)
{
	static const char *const fields[] = { "addresses", "interval_ms", "failures", "successes",
		NULL };
	struct interface_config *interface = &ps->config->interfaces[index];
	struct path path = { .up = entry->path, .key = "monitor" };
	struct monitor_config *m = &interface->monitor;
	json_t *json = NULL;
	struct reader r;

	*m = (struct monitor_config){ .interval_ms = INTERVAL_DEFAULT,
		.failures = FAILURES_DEFAULT,
		.successes = SUCCESSES_DEFAULT };
	if (read_object(entry, "monitor", &json) != READ_OK ||
		!reader_open(&r, json, &path, ps->problems, fields))
		return;
	if (ps->interfaces[index].role && interface->role != INTERFACE_PUBLIC)
		report_member(entry, "monitor", "only a public interface has one");
	else if (reader_member(entry, "gateway") == NULL)
		report_member(entry, "monitor", "there is no \"gateway\" that it is of");
	parse_all_watched(ps, &r, m);
	(void)read_integer(
		&r, "interval_ms", OPTIONAL, INTERVAL_MIN, INTERVAL_MAX, &m->interval_ms);
	(void)read_integer(&r, "failures", OPTIONAL, 1, ROUNDS_MAX, &m->failures);
	(void)read_integer(&r, "successes", OPTIONAL, 1, ROUNDS_MAX, &m->successes);
}

void check_monitors(struct parse *ps)
{
	for (unsigned int i = 0; i < ps->config->n_interfaces; i++) {
		const struct monitor_config *m = &ps->config->interfaces[i].monitor;

		for (unsigned int n = 0; n < m->n_targets; n++)
			if (own_find(ps, m->targets[n]) != NULL)
				report_entry(ps, "interfaces", i, "monitor", -1,
					"watches an address of the router itself");
	}
}
