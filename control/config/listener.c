// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A listener of a load balancer: its targets, how one is chosen, how they are checked.
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/context.h"
#include "control/config/text.h"

#define PORT_MAX	    65535
#define WEIGHT_DEFAULT	    100
#define WEIGHT_MAX	    100
#define INTERVAL_DEFAULT    5 // seconds
#define INTERVAL_MAX	    3600
#define THRESHOLD_DEFAULT   2
#define THRESHOLD_MAX	    100
#define IDLE_DEFAULT	    60 // seconds
#define IDLE_MAX	    86400
#define CONNECTIONS_DEFAULT 100000
#define CONNECTIONS_MAX	    10000000

static const char *const protocols[] = {
	[LISTENER_TCP] = "tcp",
	[LISTENER_HTTP] = "http",
	[LISTENER_HTTPS] = "https",
	[LISTENER_UDP] = "udp",
	NULL,
};
static const char *const algorithms[] = {
	[LB_ROUND_ROBIN] = "round_robin",
	[LB_WEIGHTED_ROUND_ROBIN] = "weighted_round_robin",
	[LB_LEAST_CONNECTIONS] = "least_connections",
	[LB_SOURCE_HASH] = "source_hash",
	NULL,
};
static const char *const checks[] = {
	[CHECK_TCP] = "tcp",
	[CHECK_HTTP] = "http",
	[CHECK_UDP] = "udp",
	NULL,
};
static const char *const methods[] = { "HEAD", "GET", NULL };

static enum reading read_port(
	const struct reader *r, const char *key, enum presence presence, uint16_t *out)
{
	uint32_t port = 0;
	enum reading got = read_integer(r, key, presence, 1, PORT_MAX, &port);

	if (got == READ_OK)
		*out = (uint16_t)port;
	return got;
}

static void parse_one_target(struct parse *ps, struct listener_config *l, const struct path *path,
	json_t *json, size_t index)
{
	static const char *const fields[] = { "address", "weight", NULL };
	struct lb_target *target = &l->targets[index];
	struct reader r;

	if (!reader_open(&r, json, path, ps->problems, fields))
		return;
	target->weight = WEIGHT_DEFAULT;
	(void)read_integer(&r, "weight", OPTIONAL, 0, WEIGHT_MAX, &target->weight);
	if (parse_target(ps, &r, "address", &target->address) != READ_OK)
		return;
	for (size_t i = 0; i < index; i++)
		if (l->targets[i].address.s_addr == target->address.s_addr) {
			report_member(&r, "address", "is already target %zu", i);
			return;
		}
}

static void parse_targets(struct parse *ps, const struct reader *r, struct listener_config *l)
{
	struct path list = { .up = r->path, .key = "targets" };
	json_t *json = NULL;

	if (read_array(r, "targets", &json) == READ_BAD)
		return;
	size_t n = json_array_size(json);
	if (n > CONFIG_TARGETS_MAX) {
		report(ps->problems, &list, NULL, "%zu entries, more than the limit of %d", n,
			CONFIG_TARGETS_MAX);
		return;
	}
	l->targets = parse_alloc(ps, n, sizeof(*l->targets));
	if (l->targets == NULL)
		return;
	l->n_targets = (unsigned int)n;
	for (size_t i = 0; i < n; i++) {
		struct path path = { .up = &list, .index = i };

		parse_one_target(ps, l, &path, json_array_get(json, i), i);
	}
}

// "2xx" to "5xx".
static void parse_expect(
	struct parse *ps, const struct reader *r, struct health_check_config *check)
{
	struct path list = { .up = r->path, .key = "expect" };
	json_t *json = NULL;

	if (read_array(r, "expect", &json) != READ_OK)
		return;
	check->expect = 0;
	if (json_array_size(json) == 0)
		report(ps->problems, &list, NULL, "nothing would be healthy");
	for (size_t i = 0; i < json_array_size(json); i++) {
		struct path path = { .up = &list, .index = i };
		json_t *element = json_array_get(json, i);
		const char *text = json_string_value(element);

		if (text == NULL || text[0] < '2' || text[0] > '5' || strcmp(text + 1, "xx") != 0)
			report(ps->problems, &path, element, "expected 2xx, 3xx, 4xx or 5xx");
		else
			check->expect |= 1u << (text[0] - '0');
	}
}

static void parse_http_check(
	struct parse *ps, const struct reader *r, struct health_check_config *check)
{
	static const char *const members[] = { "method", "uri", "expect" };
	const char *uri = NULL;
	unsigned int get = 0;

	check->uri[0] = '/';
	check->expect = 1u << 2 | 1u << 3;
	for (unsigned int i = 0; check->protocol != CHECK_HTTP && i < 3; i++)
		if (reader_member(r, members[i]) != NULL)
			report_member(r, members[i], "only a check by http has one");
	if (check->protocol != CHECK_HTTP)
		return;
	(void)read_choice(r, "method", OPTIONAL, methods, &get);
	check->get = get == 1;
	if (read_text(r, "uri", OPTIONAL, &uri) == READ_OK) {
		const char *wrong = text_uri(uri);

		if (wrong != NULL)
			report_member(r, "uri", "%s", wrong);
		else
			memcpy(check->uri, uri, strlen(uri) + 1);
	}
	parse_expect(ps, r, check);
}

static void parse_check(struct parse *ps, const struct reader *r, struct listener_config *l)
{
	static const char *const fields[] = { "protocol", "port", "interval_s", "healthy_threshold",
		"unhealthy_threshold", "method", "uri", "expect", NULL };
	struct path path = { .up = r->path, .key = "health_check" };
	struct health_check_config *check = &l->check;
	unsigned int protocol = l->protocol == LISTENER_UDP ? CHECK_UDP : CHECK_TCP;
	struct reader sub;
	json_t *json = NULL;

	*check = (struct health_check_config){ .protocol = protocol,
		.interval_s = INTERVAL_DEFAULT,
		.healthy_threshold = THRESHOLD_DEFAULT,
		.unhealthy_threshold = THRESHOLD_DEFAULT };
	if (read_object(r, "health_check", &json) != READ_OK ||
		!reader_open(&sub, json, &path, ps->problems, fields))
		return;
	(void)read_choice(&sub, "protocol", OPTIONAL, checks, &protocol);
	check->protocol = protocol;
	(void)read_port(&sub, "port", OPTIONAL, &check->port);
	(void)read_integer(&sub, "interval_s", OPTIONAL, 1, INTERVAL_MAX, &check->interval_s);
	(void)read_integer(
		&sub, "healthy_threshold", OPTIONAL, 1, THRESHOLD_MAX, &check->healthy_threshold);
	(void)read_integer(&sub, "unhealthy_threshold", OPTIONAL, 1, THRESHOLD_MAX,
		&check->unhealthy_threshold);
	parse_http_check(ps, &sub, check);
}

static void parse_certificate(const struct reader *r, struct listener_config *l)
{
	if (l->protocol != LISTENER_HTTPS) {
		if (reader_member(r, "certificate") != NULL)
			report_secret(r, "certificate", "only a listener of https has one");
		return;
	}
	// The configuration keeps its own copy of the document, and this text in it.
	(void)read_secret(r, "certificate", REQUIRED, text_certificate, &l->certificate);
}

static void claim_port(
	struct parse *ps, const struct listener_config *l, size_t balancer, size_t index)
{
	struct claim *claim = claim_ports(ps);

	if (claim != NULL)
		*claim = (struct claim){
			.address = ps->config->load_balancers[balancer].address.address,
			.protocol = l->protocol == LISTENER_UDP ? IPPROTO_UDP : IPPROTO_TCP,
			.first = l->port,
			.last = l->port,
			.holder = CLAIM_LISTENER,
			.index = (uint32_t)balancer,
			.item = (uint32_t)index,
		};
}

static void parse_limits(const struct reader *r, struct listener_config *l)
{
	l->idle_timeout_s = IDLE_DEFAULT;
	l->max_connections = CONNECTIONS_DEFAULT;
	(void)read_integer(r, "idle_timeout_s", OPTIONAL, 1, IDLE_MAX, &l->idle_timeout_s);
	(void)read_integer(r, "max_connections", OPTIONAL, 1, CONNECTIONS_MAX, &l->max_connections);
	// 0.0.0.0/0 is everybody, as if it were not there.
	if (read_prefix(r, "allowed_cidr", OPTIONAL, &l->allowed) == READ_OK)
		l->has_allowed = l->allowed.plen > 0;
}

void parse_listener(struct parse *ps, struct listener_config *l, json_t *json,
	const struct path *path, size_t balancer, size_t index)
{
	static const char *const fields[] = { "name", "protocol", "port", "target_port", "targets",
		"algorithm", "health_check", "idle_timeout_s", "max_connections", "certificate",
		"allowed_cidr", NULL };
	unsigned int protocol = 0, algorithm = LB_ROUND_ROBIN;
	char list[64];
	struct reader r;

	if (!reader_open(&r, json, path, ps->problems, fields))
		return;
	snprintf(list, sizeof(list), "load_balancers/%zu/listeners", balancer);
	parse_name(ps, &r, list, &ps->listener_names, index, text_name, l->name);
	enum reading got = read_choice(&r, "protocol", REQUIRED, protocols, &protocol);
	(void)read_choice(&r, "algorithm", OPTIONAL, algorithms, &algorithm);
	l->protocol = protocol;
	l->algorithm = algorithm;
	if (read_port(&r, "port", REQUIRED, &l->port) == READ_OK && got == READ_OK &&
		ps->config->load_balancers[balancer].address.address.s_addr != 0)
		claim_port(ps, l, balancer, index);
	l->target_port = l->port;
	(void)read_port(&r, "target_port", OPTIONAL, &l->target_port);
	parse_targets(ps, &r, l);
	parse_limits(&r, l);
	parse_check(ps, &r, l);
	if (got == READ_OK)
		parse_certificate(&r, l);
}
