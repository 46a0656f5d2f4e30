// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// --port NAME,KEY=VALUE,...
#include <errno.h>
#include <string.h>

#include "tests/perf/pktgen/options.h"

static const char *const devices[] = { "virtio-user", "memif", "device", NULL };

static int read_device(
	struct port_options *p, unsigned int kind, const char *value, struct error *e)
{
	if (p->device != NULL)
		return error_set(e, "two devices");
	p->kind = (enum port_kind)kind;
	p->device = value;
	// Commas separate device arguments: a path cannot have one.
	if (p->kind != PORT_DEVICE && (value[0] != '/' || strchr(value, ',') != NULL))
		return error_set(e, "\"%s\" is not an absolute path, or not the last value", value);
	return value[0] != '\0' ? 0 : error_set(e, "device= is empty");
}

static int read_arp(struct port_options *p, const char *value, struct error *e)
{
	if (p->n_arp == ARP_RANGES)
		return error_set(e, "at most %d times arp=", ARP_RANGES);
	return text_addresses(value, &p->arp[p->n_arp++], e);
}

static int read_pair(struct port_options *p, const char *key, const char *value, struct error *e)
{
	struct error unused;
	unsigned int kind;
	uint64_t queues;

	if (text_word(key, devices, &kind, &unused) == 0)
		return read_device(p, kind, value, e);
	if (strcmp(key, "ip") == 0)
		return text_prefix(value, &p->address, &p->prefix_len, e);
	if (strcmp(key, "gateway") == 0)
		return text_address(value, &p->gateway, e);
	if (strcmp(key, "mac") == 0)
		return text_mac(value, &p->mac, e);
	if (strcmp(key, "arp") == 0)
		return read_arp(p, value, e);
	if (strcmp(key, "router-mac") == 0) {
		p->has_router_mac = true;
		return text_mac(value, &p->router_mac, e);
	}
	if (strcmp(key, "queues") == 0) {
		if (text_number(value, 1, QUEUES_MAX, &queues, e) < 0)
			return -EINVAL;
		p->queues = (uint16_t)queues;
		return 0;
	}
	return error_set(e, "there is no key \"%s\"", key);
}

int port_options_parse(struct port_options *p, unsigned int number, char *text, struct error *e)
{
	char *rest = strchr(text, ','), *key, *value;
	int rc;

	*p = (struct port_options){ .queues = 1,
		.mac = { { 2, 0, 0, 0x70, 0x67, (uint8_t)number } } };
	if (rest != NULL)
		*rest++ = '\0';
	if (!text_name_ok(text))
		return error_set(e, "\"%s\" is not a name", text);
	strcpy(p->name, text);
	while ((rc = text_pair(&rest, devices, &key, &value, e)) > 0)
		if (read_pair(p, key, value, e) < 0)
			return -EINVAL;
	if (rc < 0)
		return rc;
	if (p->device == NULL)
		return error_set(e, "no device: virtio-user=, memif= or device= comes last");
	if (!p->has_router_mac && (p->gateway == 0 || p->address == 0))
		return error_set(e, "the router is unknown: ip= and gateway=, or router-mac=");
	return 0;
}
