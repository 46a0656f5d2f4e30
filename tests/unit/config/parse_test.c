// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What config_parse() makes of good documents: values, defaults, references, ids; and how it copes
// with size.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/config/parse.h"
#include "tests/unit/config/files.h"

static struct config *load(const char *name)
{
	struct problems p = { 0 };
	char path[512];
	size_t len = 0;

	snprintf(path, sizeof(path), CORPUS "/good/%s.json", name);
	char *text = file_text(path, &len);
	assert_non_null(text);
	struct config *c = config_from_text(text, len, &p);
	free(text);
	assert_non_null(c);
	assert_int_equal(p.count, 0);
	return c;
}

static void assert_address(struct in_addr address, const char *text)
{
	char shown[INET_ADDRSTRLEN];

	assert_string_equal(inet_ntop(AF_INET, &address, shown, sizeof(shown)), text);
}

static void interfaces_and_defaults(void **state)
{
	struct config *c = load("full");
	const uint8_t mac[6] = { 0xfa, 0, 0, 0, 0, 1 };

	assert_string_equal(c->hostname, "vpc-router-1");
	assert_int_equal(c->n_interfaces, 5);
	const struct interface_config *mgmt = &c->interfaces[0], *pub = &c->interfaces[1];
	assert_int_equal(mgmt->role, INTERFACE_MANAGEMENT);
	assert_int_equal(mgmt->id, 0);
	assert_int_equal(mgmt->addresses[0].id, 0);
	assert_memory_equal(mgmt->mac, mac, 6);
	assert_false(mgmt->has_port);
	assert_string_equal(pub->name, "pub0");
	assert_int_equal(pub->role, INTERFACE_PUBLIC);
	assert_true(pub->id > 0 && pub->id != c->interfaces[2].id);
	assert_true(pub->has_port && !pub->has_mac);
	assert_int_equal(pub->driver, PORT_TAP);
	assert_string_equal(pub->port_address, "eth0@internet");
	assert_int_equal(pub->mtu, 1500);
	assert_int_equal(pub->queues, 1);
	assert_true(pub->has_gateway);
	assert_address(pub->gateway, "10.0.0.1");
	assert_int_equal(pub->gateway_priority, 2);
	assert_address(pub->addresses[0].prefix.addr, "10.108.10.100");
	assert_int_equal(pub->addresses[0].prefix.plen, 8);
	assert_int_equal(c->interfaces[2].driver, PORT_VHOST_USER);
	assert_int_equal(c->interfaces[3].driver, PORT_PCI);
	assert_false(c->interfaces[3].has_gateway);
	config_unref(c);
}

static void nat_settings_and_defaults(void **state)
{
	struct config *c = load("full");

	assert_int_equal(c->nat.tcp_established_s, 7440);
	assert_int_equal(c->nat.tcp_transitory_s, 240);
	assert_int_equal(c->nat.udp_s, 300);
	assert_int_equal(c->nat.icmp_s, 60);
	assert_int_equal(c->nat.other_s, 600);
	config_unref(c);
	c = load("nat-settings");
	assert_int_equal(c->nat.tcp_established_s, 86400);
	assert_int_equal(c->nat.tcp_transitory_s, 300);
	assert_int_equal(c->nat.udp_s, 120);
	assert_int_equal(c->nat.icmp_s, 61);
	assert_int_equal(c->nat.other_s, 604800);
	assert_int_equal(c->nat.log.kind, LOG_OFF);
	config_unref(c);
	c = load("nat-log-file");
	assert_int_equal(c->nat.log.kind, LOG_FILE);
	assert_string_equal(c->nat.log.file, "/var/log/vrouter/nat.log");
	assert_true(c->nat.log.destinations);
	config_unref(c);
	c = load("nat-log-syslog");
	assert_int_equal(c->nat.log.kind, LOG_SYSLOG);
	assert_false(c->nat.log.destinations);
	config_unref(c);
}

static void drivers_in_wire_order(void **state)
{
	struct config *c = load("all-drivers");
	const uint8_t mac[6] = { 0xfa, 0, 0, 0, 0, 0x0b };

	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(c->interfaces[i].driver, PORT_TAP + i);
	assert_int_equal(c->interfaces[1].queues, 8);
	assert_int_equal(c->interfaces[2].mtu, 9000);
	assert_true(c->interfaces[5].has_mac);
	assert_memory_equal(c->interfaces[5].mac, mac, 6);
	config_unref(c);
}

static void vips_eips_and_forwards(void **state)
{
	struct config *c = load("full");
	const struct port_forward_config *ssh = &c->port_forwards[0], *vnc = &c->port_forwards[1];

	assert_int_equal(c->vips[0].interface, 1);
	assert_int_equal(c->vips[0].plen, 8);
	assert_address(c->vips[0].address, "10.108.13.216");
	assert_int_equal(c->eips[0].vip, 1);
	assert_address(c->eips[0].target, "192.168.10.226");
	assert_false(c->eips[0].source_nat_inbound);
	assert_int_equal(ssh->protocol, IPPROTO_TCP);
	assert_int_equal(ssh->address.vip, 0);
	assert_int_equal(ssh->address.interface, 1);
	assert_int_equal(ssh->address.id, c->vips[0].id);
	assert_int_equal(ssh->first, 24);
	assert_int_equal(ssh->last, 24);
	assert_int_equal(ssh->target_first, 22);
	assert_false(ssh->has_allowed);
	assert_int_equal(vnc->first, 5900);
	assert_int_equal(vnc->last, 5910);
	assert_int_equal(vnc->target_first, 5900);
	assert_true(vnc->has_allowed);
	assert_int_equal(vnc->allowed.plen, 8);
	config_unref(c);
	c = load("eip-same-target-two-uplinks");
	assert_true(c->eips[1].source_nat_inbound);
	config_unref(c);
	c = load("port-forward-adjacent");
	assert_int_equal(c->port_forwards[3].protocol, IPPROTO_UDP);
	assert_false(c->port_forwards[3].has_allowed); // 0.0.0.0/0 is everybody
	config_unref(c);
}

static void forward_of_an_interface(void **state)
{
	struct config *c = load("port-forward-of-interface");
	const struct address_ref *ref = &c->port_forwards[0].address;

	assert_int_equal(ref->vip, -1);
	assert_int_equal(ref->interface, 1);
	assert_int_equal(ref->id, c->interfaces[1].addresses[0].id);
	assert_address(ref->address, "10.108.10.100");
	config_unref(c);
}

static void snat_rules(void **state)
{
	struct config *c = load("full");
	const struct snat_config *a = &c->snat[0];

	assert_int_equal(a->interface, 1);
	assert_int_equal(a->n_pool, 1);
	assert_int_equal(a->pool[0].id, c->interfaces[1].addresses[0].id);
	assert_int_equal(a->mapping, NAT_MAP_ENDPOINT_INDEPENDENT);
	assert_int_equal(a->filtering, NAT_FILTER_ADDRESS_AND_PORT_DEPENDENT);
	assert_int_equal(a->port_first, 1024);
	assert_int_equal(a->port_last, 65535);
	assert_int_equal(a->max_sessions_per_host, 0);
	config_unref(c);

	c = load("snat-every-field");
	a = c->snat;
	assert_address(a->source.addr, "192.168.10.77");
	assert_int_equal(a->source.plen, 24);
	assert_int_equal(a->n_pool, 2);
	assert_int_equal(a->pool[0].vip, -1);
	assert_int_equal(a->pool[1].vip, 0);
	assert_int_equal(a->pool[1].id, c->vips[0].id);
	assert_int_equal(a->filtering, NAT_FILTER_ENDPOINT_INDEPENDENT);
	assert_int_equal(a->port_first, 1);
	assert_int_equal(a->max_sessions_per_host, 1);
	assert_int_equal(c->snat[1].filtering, NAT_FILTER_ADDRESS_DEPENDENT);
	assert_int_equal(c->snat[2].mapping, NAT_MAP_ENDPOINT_DEPENDENT);
	assert_int_equal(c->snat[2].pool[0].vip, 0);
	config_unref(c);
}

static void routes(void **state)
{
	struct config *c = load("full");

	assert_string_equal(c->routes[0].name, "192.168.101.0_24/10.108.10.20");
	assert_int_equal(c->routes[0].type, ROUTE_UNICAST);
	assert_int_equal(c->routes[0].interface, 1);
	assert_int_equal(c->routes[0].priority, 128);
	assert_string_equal(c->routes[1].name, "172.30.0.0_16/blackhole");
	assert_int_equal(c->routes[1].type, ROUTE_BLACKHOLE);
	assert_int_equal(c->routes[1].interface, -1);
	config_unref(c);

	c = load("routes-every-type");
	assert_int_equal(c->routes[0].interface, 2);
	assert_string_equal(c->routes[1].name, "192.168.50.0_24/192.168.10.9");
	assert_address(c->routes[1].destination.addr, "192.168.50.0");
	assert_int_equal(c->routes[4].type, ROUTE_UNREACHABLE);
	assert_int_equal(c->routes[5].type, ROUTE_PROHIBIT);
	assert_string_equal(c->routes[5].name, "192.168.52.1_32/prohibit");
	config_unref(c);
}

static void document_is_kept(void **state)
{
	struct problems p = { 0 };
	struct ids *ids = ids_create();
	json_t *document = json_pack("{s:i, s:[]}", "version", 1, "vips");
	struct config *c = config_parse(document, ids, &p);

	assert_non_null(c);
	assert_ptr_equal(c->document, document); // ten thousand objects are not copied
	json_decref(document);
	struct config *again = config_ref(c);
	config_unref(c);
	assert_int_equal(json_object_size(again->document), 2);
	config_unref(again);
	ids_destroy(ids);
}

static void ids_are_those_of_the_document(void **state)
{
	struct problems p = { 0 };
	struct ids *ids = ids_create();
	size_t len = 0;
	char *text = file_text(CORPUS "/good/full.json", &len);
	json_t *document = config_load_text(text, len, &p);

	config_unref(config_parse(document, ids, &p));
	uint32_t eip = ids_keep(ids, OBJ_EIP, "eip-1"),
		 vip = ids_keep(ids, OBJ_ADDRESS, "vip:vip-vm1");
	assert_true(eip > 0 && vip > 0);
	assert_true(ids_keep(ids, OBJ_ADDRESS, "pub0/10.108.10.100") > 0);
	assert_int_equal(ids_keep(ids, OBJ_PORT, "mgmt0"), 0); // no port of the data plane
	json_object_del(document, "eips");
	struct config *c = config_parse(document, ids, &p);
	assert_int_equal(c->vips[1].id, vip);
	assert_int_equal(ids_keep(ids, OBJ_EIP, "eip-1"), 0);
	config_unref(c);
	// A bad document leaves them alone.
	json_object_del(document, "version");
	json_object_del(document, "port_forwards");
	assert_null(config_parse(document, ids, &p));
	assert_true(ids_keep(ids, OBJ_PORT_FORWARD, "pf-ssh") > 0);
	problems_clear(&p);
	json_decref(document);
	free(text);
	ids_destroy(ids);
}

static void too_much_text_is_refused(void **state)
{
	struct problems p = { 0 };

	// The text is not looked at.
	assert_null(config_load_text("", CONFIG_TEXT_MAX + 1, &p));
	assert_int_equal(p.status, 413);
	assert_int_equal(p.count, 1);
	problems_clear(&p);
}

static void deep_text_is_refused(void **state)
{
	static char text[100000];
	struct problems p = { 0 };

	memset(text, '[', sizeof(text));
	assert_null(config_load_text(text, sizeof(text), &p));
	assert_int_equal(p.status, 400);
	assert_non_null(strstr(p.list[0].text, "depth"));
	problems_clear(&p);
}

static void long_values_are_cut(void **state)
{
	static char text[70000];
	struct problems p = { 0 };
	struct ids *ids = ids_create();

	// Characters of three bytes, so that a cut at a fixed length falls inside one.
	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	json_t *document = json_pack("{s:i, s:s, s:b}", "version", 1, "hostname", text, text, true);
	assert_non_null(document);
	assert_null(config_parse(document, ids, &p));
	assert_int_equal(p.count, 2);
	for (size_t i = 0; i < p.count; i++) {
		json_t *pointer = json_string(p.list[i].pointer),
		       *shown = json_string(p.list[i].text);

		assert_non_null(pointer); // valid UTF-8
		assert_non_null(shown);
		assert_true(json_string_length(pointer) < 600 && json_string_length(shown) < 300);
		json_decref(pointer);
		json_decref(shown);
	}
	problems_clear(&p);
	json_decref(document);
	ids_destroy(ids);
}

static json_t *many_forwards(unsigned int n)
{
	json_t *document = json_pack("{s:i, s:[{s:s, s:s, s:s, s:[s]}], s:[], s:[]}", "version", 1,
		"interfaces", "name", "pub0", "role", "public", "mac", "02:00:00:00:00:01",
		"addresses", "10.0.0.1/8", "vips", "port_forwards");
	json_t *vips = json_object_get(document, "vips");
	json_t *forwards = json_object_get(document, "port_forwards");
	char name[16], address[16], port[16];

	for (unsigned int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "vip-%u", i / 10);
		snprintf(address, sizeof(address), "10.1.%u.%u", i / 2000, i / 10 % 200 + 1);
		if (i % 10 == 0)
			json_array_append_new(
				vips, json_pack("{s:s, s:s, s:s}", "name", name, "address", address,
					      "interface", "pub0"));
		snprintf(port, sizeof(port), "%u", 1000 + i);
		json_array_append_new(forwards,
			json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", port, "vip", name,
				"protocol", "tcp", "ports", port, "target", "192.168.0.9"));
	}
	return document;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// 20 ms without sanitizers; comparing every pair would take seconds.
static void ten_thousand_forwards(void **state)
{
	struct problems p = { 0 };
	struct ids *ids = ids_create();
	json_t *document = many_forwards(10000);
	double start = cpu_seconds();
	struct config *c = config_parse(document, ids, &p);
	double first = cpu_seconds() - start;

	assert_non_null(c);
	assert_int_equal(c->n_port_forwards, 10000);
	assert_int_equal(c->n_vips, 1000);
	start = cpu_seconds();
	struct config *again = config_parse(document, ids, &p);
	double second = cpu_seconds() - start;
	print_message("10000 port forwards: %.1f ms, with known ids %.1f ms\n", first * 1e3,
		second * 1e3);
	assert_true(first < 1 && second < 1);
	for (unsigned int i = 0; i < 10000; i++)
		assert_int_equal(c->port_forwards[i].id, again->port_forwards[i].id);
	config_unref(c);
	config_unref(again);
	json_decref(document);
	ids_destroy(ids);
}

static void a_hundred_thousand_errors(void **state)
{
	struct problems p = { 0 };
	struct ids *ids = ids_create();
	json_t *document = json_pack("{s:i, s:{}}", "version", 1, "hostname");
	char key[16];

	for (unsigned int i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		json_object_set_new(document, key, json_null());
	}
	double start = cpu_seconds();
	assert_null(config_parse(document, ids, &p));
	assert_true(cpu_seconds() - start < 2);
	assert_int_equal(p.count, PROBLEM_MAX);
	assert_int_equal(p.count + p.dropped, 100001);
	problems_clear(&p);
	json_decref(document);
	ids_destroy(ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interfaces_and_defaults),
		cmocka_unit_test(nat_settings_and_defaults),
		cmocka_unit_test(drivers_in_wire_order),
		cmocka_unit_test(vips_eips_and_forwards),
		cmocka_unit_test(forward_of_an_interface),
		cmocka_unit_test(snat_rules),
		cmocka_unit_test(routes),
		cmocka_unit_test(document_is_kept),
		cmocka_unit_test(ids_are_those_of_the_document),
		cmocka_unit_test(too_much_text_is_refused),
		cmocka_unit_test(deep_text_is_refused),
		cmocka_unit_test(long_values_are_cut),
		cmocka_unit_test(ten_thousand_forwards),
		cmocka_unit_test(a_hundred_thousand_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
