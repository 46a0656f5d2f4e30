// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The walk over a document: what is at its top, and the lists in the order of their references.
#include "control/config/parse.h"

#include <stdlib.h>
#include <string.h>

#include "control/config/context.h"
#include "control/config/text.h"

json_t *config_load_text(const char *text, size_t len, struct problems *p)
{
	json_error_t error;

	if (len > CONFIG_TEXT_MAX) {
		problem_add(p, "", "%zu bytes of JSON, more than the limit of %u", len,
			CONFIG_TEXT_MAX);
		p->status = 413;
		return NULL;
	}
	// JSON_DECODE_ANY: that the document is no object is for the parser to say.
	json_t *document = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (document == NULL) {
		problem_add(p, "", "not JSON: line %d, column %d: %s", error.line, error.column,
			error.text);
		p->status = json_error_code(&error) == json_error_out_of_memory ? 500 : 400;
	}
	return document;
}

static void parse_top(struct parse *ps, const struct reader *r)
{
	const char *hostname = NULL;
	uint32_t version = 0;

	(void)read_integer(r, "version", REQUIRED, CONFIG_VERSION, CONFIG_VERSION, &version);
	if (read_text(r, "hostname", OPTIONAL, &hostname) == READ_OK) {
		const char *wrong = text_hostname(hostname);

		if (wrong != NULL)
			report_member(r, "hostname", "%s", wrong);
		else
			memcpy(ps->config->hostname, hostname, strlen(hostname) + 1);
	}
}

static void parse_document(struct parse *ps)
{
	static const char *const fields[] = { "version", "hostname", "interfaces", "vips", "snat",
		"eips", "port_forwards", "nat", "routes", "ospf", "ipsec", "load_balancers", NULL };

	if (!reader_open(&ps->top, ps->document, &ps->root, ps->problems, fields))
		return;
	parse_top(ps, &ps->top);
	parse_nat(ps, &ps->top);
	parse_interfaces(ps);
	if (ps->list_refused || ps->no_memory)
		return; // every reference would be reported
	parse_vips(ps);
	if (ps->list_refused || ps->no_memory)
		return;
	index_addresses(ps);
	check_monitors(ps);
	if (ps->no_memory)
		return;
	parse_eips(ps); // first of these: the others may not use an EIP's VIP
	parse_snat(ps);
	parse_port_forwards(ps);
	parse_routes(ps);
	parse_ospf(ps);
	parse_ipsec(ps);
	parse_load_balancers(ps);
	check_claims(ps);
}

static bool parse_begin(struct parse *ps, json_t *document)
{
	ps->config = calloc(1, sizeof(*ps->config));
	if (ps->config == NULL)
		return false;
	ps->config->refs = 1;
	ps->config->document = json_incref(document); // texts of it are pointed to
	ps->document = document;
	return true;
}

static void parse_end(struct parse *ps)
{
	name_index_free(&ps->interface_names);
	name_index_free(&ps->vip_names);
	name_index_free(&ps->names);
	name_index_free(&ps->listener_names);
	free(ps->interfaces);
	free(ps->vips);
	free(ps->eip_of_vip);
	free(ps->subnets);
	free(ps->own);
	free(ps->claims);
}

struct config *config_parse(json_t *document, struct ids *ids, struct problems *p)
{
	struct parse ps = { .problems = p };
	size_t before = p->count + p->dropped;

	ps.no_memory = !parse_begin(&ps, document);
	if (!ps.no_memory)
		parse_document(&ps);
	bool good = !ps.no_memory && p->count + p->dropped == before;
	if (good)
		good = assign_ids(&ps, ids);
	if (ps.no_memory) {
		problem_add(p, "", "out of memory");
		p->status = 500;
	} else if (!good) {
		p->status = 422;
	}
	parse_end(&ps);
	if (good)
		return ps.config;
	config_unref(ps.config);
	return NULL;
}
