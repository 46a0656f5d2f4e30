// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The object `nat`: what holds for all NAT rules.
#include <stddef.h>
#include <string.h>

#include "control/config/context.h"
#include "control/config/text.h"

// Timers of at least what the RFCs demand (dataplane/api/proto.h says which); the defaults are
// those of the data plane.
static const struct {
	const char *key;
	uint32_t min;
	uint32_t normal;
	size_t offset;
} timeouts[] = {
	{ "tcp_established_s", NAT_TCP_ESTABLISHED_MIN, 7440,
		offsetof(struct nat_config, tcp_established_s) },
	{ "tcp_transitory_s", NAT_TCP_TRANSITORY_MIN, 240,
		offsetof(struct nat_config, tcp_transitory_s) },
	{ "udp_s", NAT_UDP_MIN, 300, offsetof(struct nat_config, udp_s) },
	{ "icmp_s", NAT_ICMP_MIN, 60, offsetof(struct nat_config, icmp_s) },
	{ "other_s", NAT_OTHER_MIN, 600, offsetof(struct nat_config, other_s) },
};

#define TIMEOUTS (sizeof(timeouts) / sizeof(timeouts[0]))

static uint32_t *timeout_of(struct nat_config *nat, size_t i)
{
	return (uint32_t *)(void *)((char *)nat + timeouts[i].offset);
}

static void parse_timeouts(struct parse *ps, const struct reader *nat)
{
	struct path path = { .up = nat->path, .key = "timeouts" };
	const char *fields[TIMEOUTS + 1] = { NULL };
	json_t *json = NULL;
	struct reader r;

	for (size_t i = 0; i < TIMEOUTS; i++)
		fields[i] = timeouts[i].key;
	if (read_object(nat, "timeouts", &json) != READ_OK ||
		!reader_open(&r, json, &path, ps->problems, fields))
		return;
	for (size_t i = 0; i < TIMEOUTS; i++)
		(void)read_integer(&r, timeouts[i].key, OPTIONAL, timeouts[i].min, NAT_TIMEOUT_MAX,
			timeout_of(&ps->config->nat, i));
}

static void parse_log(struct parse *ps, const struct reader *nat)
{
	static const char *const fields[] = { "file", "syslog", "destinations", NULL };
	struct nat_log_config *log = &ps->config->nat.log;
	struct path path = { .up = nat->path, .key = "log" };
	const char *file = NULL;
	json_t *json = NULL;
	bool syslog = false;
	struct reader r;

	if (read_object(nat, "log", &json) != READ_OK ||
		!reader_open(&r, json, &path, ps->problems, fields))
		return;
	enum reading got = read_text(&r, "file", OPTIONAL, &file);
	(void)read_bool(&r, "syslog", &syslog);
	(void)read_bool(&r, "destinations", &log->destinations);
	if (got == READ_OK && syslog)
		report_member(&r, "syslog", "the log already goes to \"file\"");
	if (got == READ_OK) {
		const char *wrong = text_file(file);

		if (wrong != NULL)
			report_member(&r, "file", "%s", wrong);
		else
			memcpy(log->file, file, strlen(file) + 1);
	}
	log->kind = got == READ_OK ? LOG_FILE : syslog ? LOG_SYSLOG : LOG_OFF;
}

void parse_nat(struct parse *ps, const struct reader *top)
{
	static const char *const fields[] = { "timeouts", "log", NULL };
	struct path path = { .up = top->path, .key = "nat" };
	json_t *json = NULL;
	struct reader r;

	for (size_t i = 0; i < TIMEOUTS; i++)
		*timeout_of(&ps->config->nat, i) = timeouts[i].normal;
	if (read_object(top, "nat", &json) == READ_OK &&
		reader_open(&r, json, &path, ps->problems, fields)) {
		parse_timeouts(ps, &r);
		parse_log(ps, &r);
	}
}
