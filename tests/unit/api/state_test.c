// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The state's resources over dumps and counters that the test gives: names, filters, pages, sums;
// and what they say when the data plane is away.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/api/fixture.h"

#define STATE	 "/v1/state"
#define SESSIONS "/v1/state/nat/sessions"

static void dump_is(enum dump_what what, const void *records, size_t count)
{
	fake_dataplane()->records[what] = records;
	fake_dataplane()->counts[what] = count;
}

static void test_without_data_plane(void **state)
{
	static const char *const dumps[] = { "/interfaces", "/routes", "/neighbours", "/limits",
		"/drops", "/punts", "/nat/sessions", "/nat/rules" };
	struct fixture *f = *state;
	char path[64];

	put_site(f);
	f->degraded = "the data plane cannot be reached";
	for (size_t i = 0; i < sizeof(dumps) / sizeof(dumps[0]); i++) {
		snprintf(path, sizeof(path), STATE "%s", dumps[i]);
		assert_int_equal(ask(f, "GET", path, NULL, NULL, NULL), 503);
		assert_string_equal(f->request.reply.content_type, "application/problem+json");
	}
	assert_int_equal(ask(f, "GET", STATE, NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/status"), "degraded");
	assert_string_equal(text_at(f, "/alarms/0/kind"), "degraded");
	assert_string_equal(text_at(f, "/alarms/0/detail"), "the data plane cannot be reached");
	assert_string_equal(text_at(f, "/alarms/1/kind"), "uplink");
	assert_string_equal(text_at(f, "/alarms/1/name"), "pub0");
	assert_string_equal(text_at(f, "/alarms/1/detail"), "no answer");
	assert_int_equal(number_at(f, "/routes/drift"), 4);
	assert_string_equal(text_at(f, "/hostname"), "r1");
	assert_int_equal(number_at(f, "/revision"), 1);
	assert_true(json_is_false(at(f, "/dataplane/connected")));
	assert_string_equal(text_at(f, "/subsystems/fake"), f->degraded);
	assert_int_equal(ask(f, "GET", STATE "/dataplane", NULL, NULL, NULL), 200);
	assert_true(json_is_false(at(f, "/connected")));
	assert_int_equal(ask(f, "GET", "/healthz", NULL, NULL, NULL), 503);
	assert_string_equal(text_at(f, "/status"), "unavailable");
}

static void test_health(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);

	assert_int_equal(ask(f, "GET", "/healthz", NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/status"), "ok");
	assert_true(json_is_null(at(f, "/subsystems/fake")));
	f->degraded = "because";
	assert_int_equal(ask(f, "GET", "/healthz", NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/status"), "degraded");
	assert_string_equal(text_at(f, "/subsystems/fake"), "because");
	free(shm);
}

static void test_a_dump_that_fails(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);

	fake_dataplane()->dump_error = -ETIMEDOUT;
	assert_int_equal(ask(f, "GET", STATE "/routes", NULL, NULL, NULL), 503);
	fake_dataplane()->dump_error = -ENOMEM;
	assert_int_equal(ask(f, "GET", STATE "/limits", NULL, NULL, NULL), 500);
	free(shm);
}

static void test_counters(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(2);
	size_t ttl;

	shm->process.generation = 9;
	shm->worker[0].drops[DROP_TTL] = 2;
	shm->worker[1].drops[DROP_TTL] = 3;
	shm->worker[1].punts[PUNT_ARP] = 4;
	shm->worker[0].policed[PUNT_REST] = 5;
	shm->worker[1].accounts[ACCT_RECEIVED] = 10;
	shm->worker[1].busy_cycles = 2500000;
	shm->worker[1].cycles.bucket[cycles_bucket(150)] = 2; // from 148 to 151
	assert_int_equal(ask(f, "GET", STATE "/drops", NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/total"), DROP_COUNT - 1); // all but "none"
	ttl = DROP_TTL - 1;
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(at(f, "/items"), ttl), "reason")),
		"ttl");
	assert_int_equal(json_integer_value(
				 json_object_get(json_array_get(at(f, "/items"), ttl), "packets")),
		5);
	assert_int_equal(ask(f, "GET", STATE "/punts", NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/items/0/class"), "arp");
	assert_int_equal(number_at(f, "/items/0/punted"), 4);
	assert_int_equal(number_at(f, "/items/6/policed"), 5);
	assert_int_equal(ask(f, "GET", STATE "/dataplane", NULL, NULL, NULL), 200);
	assert_true(json_is_true(at(f, "/connected")));
	assert_int_equal(number_at(f, "/generation"), 9);
	assert_string_equal(text_at(f, "/boot_id"), "0000000000001234");
	assert_int_equal(number_at(f, "/accounts/received"), 10);
	assert_int_equal(json_array_size(at(f, "/workers")), 2);
	assert_int_equal(number_at(f, "/workers/1/accounts/received"), 10);
	assert_int_equal(number_at(f, "/workers/1/cycles_per_packet"), 250000);
	assert_true(json_real_value(at(f, "/workers/1/busy_s")) == 2.5);
	assert_int_equal(number_at(f, "/workers/0/burst_cycles/walks"), 0);
	assert_int_equal(json_array_size(at(f, "/workers/0/burst_cycles/counts")), 0);
	assert_int_equal(number_at(f, "/workers/1/burst_cycles/walks"), 2);
	assert_true(json_real_value(at(f, "/workers/1/burst_cycles/median")) == 150);
	assert_int_equal(number_at(f, "/workers/1/burst_cycles/counts/0/0"), 148);
	assert_int_equal(number_at(f, "/workers/1/burst_cycles/counts/0/1"), 2);
	free(shm);
}

static void test_interfaces(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);
	struct ids_of_site ids = put_site(f);
	struct dump_port port = {
		.id = ids.vpc1,
		.driver = PORT_TAP,
		.link_up = 1,
		.queues = 2,
		.mtu = 1400,
		.mac = { 2, 0, 0, 0, 0, 0xab },
		.address = "eth0@h1",
		.rx_workers = "0 1",
	};

	shm->worker[0].ports[ids.vpc1].tx_bytes = 77;
	shm->losses[ids.vpc1] = (struct port_losses){ 1, 2, 3, 4 };
	dump_is(DUMP_PORTS, &port, 1);
	assert_int_equal(ask(f, "GET", STATE "/interfaces", NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/total"), 2);
	assert_string_equal(text_at(f, "/items/0/name"), "pub0"); // not in the data plane yet
	assert_true(json_is_false(at(f, "/items/0/link_up")));
	// date -u -d @1700000000
	assert_string_equal(text_at(f, "/items/0/uplink/since"), "2023-11-14T22:13:20Z");
	assert_string_equal(text_at(f, "/items/0/uplink/state"), "down");
	assert_string_equal(text_at(f, "/items/0/uplink/reason"), "no answer");
	assert_true(json_is_true(at(f, "/items/0/uplink/in_use")));
	assert_int_equal(number_at(f, "/items/0/uplink/changes"), 3);
	assert_int_equal(number_at(f, "/items/0/uplink/probes/sent"), 100);
	assert_int_equal(number_at(f, "/items/0/uplink/probes/lost"), 7);
	assert_null(at(f, "/items/1/uplink"));
	assert_string_equal(text_at(f, "/items/1/name"), "vpc1");
	assert_string_equal(text_at(f, "/items/1/role"), "private");
	assert_string_equal(text_at(f, "/items/1/addresses/0"), "192.168.10.1/24");
	assert_true(json_is_true(at(f, "/items/1/link_up")));
	assert_string_equal(text_at(f, "/items/1/driver"), "tap");
	assert_string_equal(text_at(f, "/items/1/port"), "eth0@h1");
	assert_string_equal(text_at(f, "/items/1/mac"), "02:00:00:00:00:ab");
	assert_int_equal(number_at(f, "/items/1/mtu"), 1400);
	assert_string_equal(text_at(f, "/items/1/rx_workers"), "0 1");
	assert_int_equal(number_at(f, "/items/1/counters/tx_bytes"), 77);
	assert_int_equal(number_at(f, "/items/1/counters/rx_missed"), 1);
	assert_int_equal(number_at(f, "/items/1/counters/rx_no_buffer"), 2);
	assert_int_equal(number_at(f, "/items/1/counters/rx_errors"), 3);
	assert_int_equal(number_at(f, "/items/1/counters/tx_errors"), 4);
	free(shm);
}

static void test_routes_and_neighbours(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);
	struct ids_of_site ids = put_site(f);
	struct dump_route routes[4] = {
		{ .prefix = address("0.0.0.0"),
			.gateway = address("203.0.113.9"),
			.port = ids.pub0,
			.type = "unicast",
			.source = "route",
			.weight = 1,
			.n_hops = 1 },
		{ .prefix = address("172.30.0.0"), .type = "blackhole", .source = "route" },
		{ .prefix = address("172.31.0.0"),
			.gateway = address("203.0.113.9"),
			.port = ids.pub0,
			.weight = 3,
			.n_hops = 2,
			.type = "unicast",
			.source = "route" },
		{ .prefix = address("172.31.0.0"),
			.gateway = address("192.168.10.9"),
			.port = ids.vpc1,
			.weight = 1,
			.hop = 1,
			.n_hops = 2,
			.unusable = 1,
			.type = "unicast",
			.source = "route" },
	};
	struct dump_neighbour neighbours[2] = {
		{ .addr = address("192.168.10.2"),
			.port = ids.vpc1,
			.mac = { 2, 0, 0, 0, 0, 1 },
			.valid = 1 },
		{ .addr = address("192.168.10.3"), .port = 60, .held = 3 },
	};

	routes[0].prefix.plen = 0;
	routes[1].prefix.plen = 16;
	dump_is(DUMP_ROUTES, routes, 4);
	dump_is(DUMP_NEIGHBOURS, neighbours, 2);
	assert_int_equal(ask(f, "GET", STATE "/routes", NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/items/0/prefix"), "0.0.0.0/0");
	assert_string_equal(text_at(f, "/items/0/next_hop"), "203.0.113.9");
	assert_string_equal(text_at(f, "/items/0/interface"), "pub0");
	assert_string_equal(text_at(f, "/items/1/prefix"), "172.30.0.0/16");
	assert_string_equal(text_at(f, "/items/1/type"), "blackhole");
	assert_true(json_is_null(at(f, "/items/1/next_hop")));
	assert_true(json_is_null(at(f, "/items/1/interface")));
	assert_int_equal(json_array_size(at(f, "/items/0/next_hops")), 1);
	assert_int_equal(json_array_size(at(f, "/items/1/next_hops")), 0);
	assert_int_equal(json_array_size(at(f, "/items/2/next_hops")), 2);
	assert_string_equal(text_at(f, "/items/2/next_hops/0/next_hop"), "203.0.113.9");
	assert_int_equal(number_at(f, "/items/2/next_hops/0/weight"), 3);
	assert_true(json_is_true(at(f, "/items/2/next_hops/0/usable")));
	assert_string_equal(text_at(f, "/items/2/next_hops/1/interface"), "vpc1");
	assert_true(json_is_false(at(f, "/items/2/next_hops/1/usable")));
	assert_true(json_is_null(at(f, "/next")));
	assert_int_equal(ask(f, "GET", STATE "/routes", "limit=1", NULL, NULL), 200);
	assert_int_equal(json_array_size(at(f, "/items")), 1);
	assert_int_equal(number_at(f, "/next"), 1);
	assert_int_equal(ask(f, "GET", STATE "/routes", "limit=1&cursor=1", NULL, NULL), 200);
	assert_int_equal(number_at(f, "/total"), 4); // the records of the fixture
	assert_int_equal(json_array_size(at(f, "/items")), 1);
	assert_string_equal(text_at(f, "/items/0/prefix"), "172.30.0.0/16");
	assert_int_equal(ask(f, "GET", STATE "/routes", "limit=0", NULL, NULL), 400);
	assert_int_equal(ask(f, "GET", STATE "/neighbours", NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/items/0/address"), "192.168.10.2");
	assert_string_equal(text_at(f, "/items/0/interface"), "vpc1");
	assert_string_equal(text_at(f, "/items/0/mac"), "02:00:00:00:00:01");
	assert_true(json_is_true(at(f, "/items/0/resolved")));
	assert_true(json_is_null(at(f, "/items/1/mac")));
	assert_true(json_is_null(at(f, "/items/1/interface"))); // an id of no interface
	assert_int_equal(number_at(f, "/items/1/packets_held"), 3);
	free(shm);
}

static void test_limits(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);
	struct dump_limit limits[2] = {
		{ .name = "sessions", .used = 1, .max = 100, .bytes = 6400 },
		{ .name = "an unterminated name, 32 bytes..", .used = 1ull << 40, .max = 1 },
	};

	dump_is(DUMP_LIMITS, limits, 2);
	assert_int_equal(ask(f, "GET", STATE "/limits", NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/items/0/name"), "sessions");
	assert_int_equal(number_at(f, "/items/0/max"), 100);
	assert_int_equal(number_at(f, "/items/0/bytes"), 6400);
	assert_string_equal(text_at(f, "/items/1/name"), "an unterminated name, 32 bytes..");
	assert_true(number_at(f, "/items/1/used") == 1ll << 40);
	assert_true(json_is_false(at(f, "/items/0/alarm")));
	assert_true(json_is_true(at(f, "/items/1/alarm")));
	free(shm);
}

static void assert_line(struct fixture *f, const char *line)
{
	char wanted[128];

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (!memmem(f->request.reply.body, f->request.reply.len, wanted, strlen(wanted)))
		fail_msg("no line: %s", line);
}

static void test_fill_and_alarms(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);
	struct msg_addr addr = address("203.0.113.1");

	shm->process.sessions = 79;
	shm->process.sessions_max = shm->process.hosts_max = shm->process.index_max = 100;
	shm->process.hosts = 80;
	memcpy(&shm->pool[3].addr, addr.bytes, sizeof(shm->pool[3].addr));
	shm->pool[3] = (struct pool_stats){
		.addr = shm->pool[3].addr, .used = { 1, 51200, 0 }, .max = { 64000, 64000, 64512 }
	};
	shm->pool[4] = (struct pool_stats){
		.addr = inet_addr("203.0.113.2"), .blocks_used = 100, .blocks_max = 125
	};
	assert_int_equal(ask(f, "GET", STATE, NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/dataplane/tables/sessions/used"), 79);
	assert_int_equal(number_at(f, "/dataplane/tables/sessions/max"), 100);
	assert_true(json_is_false(at(f, "/dataplane/tables/sessions/alarm")));
	assert_true(json_is_true(at(f, "/dataplane/tables/hosts/alarm")));
	assert_true(json_is_false(at(f, "/dataplane/tables/mappings/alarm"))); // 0 of 0
	assert_int_equal(json_array_size(at(f, "/dataplane/alarms")), 3);
	assert_string_equal(text_at(f, "/dataplane/alarms/0"), "hosts");
	assert_string_equal(text_at(f, "/dataplane/alarms/1"), "ports 203.0.113.1 udp");
	assert_string_equal(text_at(f, "/dataplane/alarms/2"), "blocks 203.0.113.2");
	assert_int_equal(ask(f, "GET", STATE "/nat/ports", NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/total"), 7); // no blocks: no row
	assert_string_equal(text_at(f, "/items/1/address"), "203.0.113.1");
	assert_string_equal(text_at(f, "/items/1/protocol"), "udp");
	assert_int_equal(number_at(f, "/items/1/used"), 51200);
	assert_int_equal(number_at(f, "/items/2/max"), 64512);
	assert_true(json_is_true(at(f, "/items/1/alarm")));
	assert_true(json_is_false(at(f, "/items/0/alarm")));
	assert_string_equal(text_at(f, "/items/6/protocol"), "blocks");
	assert_int_equal(number_at(f, "/items/6/max"), 125);
	assert_true(json_is_true(at(f, "/items/6/alarm")));
	dump_is(DUMP_LIMITS, NULL, 0);
	assert_int_equal(ask(f, "GET", STATE "/limits", NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/items/1/name"), "ports 203.0.113.1 udp");
	assert_true(json_is_true(at(f, "/items/1/alarm")));
	assert_int_equal(ask(f, "GET", "/metrics", NULL, NULL, NULL), 200);
	assert_line(f, "vrouter_alarms 3");
	assert_line(f, "vrouter_nat_port_blocks_used{address=\"203.0.113.2\"} 100");
	assert_line(f, "vrouter_nat_port_blocks_max{address=\"203.0.113.2\"} 125");
	assert_line(f, "vrouter_nat_ports_used{address=\"203.0.113.1\",protocol=\"udp\"} 51200");
	assert_line(f, "vrouter_nat_ports_max{address=\"203.0.113.1\",protocol=\"icmp\"} 64512");
	free(shm);
}

static void test_devices(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);
	const struct dump_device devices[2] = {
		{ .address = "0000:00:05.0",
			.driver = "uio_pci_generic",
			.mac = { 2, 0, 0, 0, 0, 5 },
			.in_use = 1 },
		{ .address = "0000:00:06.0", .driver = "vfio-pci" },
	};

	dump_is(DUMP_DEVICES, devices, 2);
	assert_int_equal(ask(f, "GET", STATE "/devices", NULL, NULL, NULL), 200);
	assert_string_equal(text_at(f, "/items/0/address"), "0000:00:05.0");
	assert_string_equal(text_at(f, "/items/0/driver"), "uio_pci_generic");
	assert_string_equal(text_at(f, "/items/0/mac"), "02:00:00:00:00:05");
	assert_true(json_is_true(at(f, "/items/0/in_use")));
	assert_true(json_is_null(at(f, "/items/1/mac")));
	assert_true(json_is_false(at(f, "/items/1/in_use")));
	free(shm);
}

static void test_metrics(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);
	struct ids_of_site ids = put_site(f);
	struct dump_limit limit = { .name = "odd\"name\\", .used = 1, .max = 2 };

	dump_is(DUMP_LIMITS, &limit, 1);
	shm->process.sessions = 6;
	shm->worker[0].accounts[ACCT_SENT] = 11;
	shm->worker[0].drops[DROP_TTL] = 12;
	shm->worker[0].ports[ids.vpc1].rx_packets = 13;
	shm->losses[ids.vpc1] = (struct port_losses){ 14, 15, 16, 17 };
	shm->worker[0].busy_cycles = 500000;
	shm->worker[0].cycles.bucket[cycles_bucket(31)] = 3;
	shm->worker[0].cycles.bucket[cycles_bucket(150)] = 2;
	shm->worker[0].cycles.bucket[CYCLES_BUCKETS - 1] = 1;
	shm->worker[0].cycles.sum = 3 * 31 + 2 * 150 + 20000;
	assert_int_equal(ask(f, "GET", "/metrics", NULL, NULL, NULL), 200);
	assert_string_equal(
		f->request.reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
	assert_line(f, "vrouter_info{version=\"1.2.3\"} 1");
	assert_line(f, "vrouter_config_revision 1");
	assert_line(f, "vrouter_dataplane_connected 1");
	assert_line(f, "vrouter_subsystem_degraded{subsystem=\"fake\"} 0");
	assert_line(f, "vrouter_uplink_up{interface=\"pub0\"} 0");
	assert_line(f, "vrouter_uplink_in_use{interface=\"pub0\"} 1");
	assert_line(f, "vrouter_uplink_changes_total{interface=\"pub0\"} 3");
	assert_line(f, "vrouter_uplink_probes_total{interface=\"pub0\"} 100");
	assert_line(f, "vrouter_uplink_probes_lost_total{interface=\"pub0\"} 7");
	assert_line(f, "vrouter_kernel_repairs_total 3");
	assert_line(f, "vrouter_frr_repairs_total 4");
	assert_line(f, "vrouter_frr_returns_total 2");
	assert_line(f, "# TYPE vrouter_drops_total counter");
	assert_line(f, "vrouter_drops_total{reason=\"ttl\"} 12");
	assert_line(f, "vrouter_packets_total{worker=\"0\",account=\"sent\"} 11");
	assert_line(f, "vrouter_interface_receive_packets_total{interface=\"vpc1\"} 13");
	assert_line(f, "vrouter_interface_receive_missed_total{interface=\"vpc1\"} 14");
	assert_line(f, "vrouter_interface_receive_no_buffer_total{interface=\"vpc1\"} 15");
	assert_line(f, "vrouter_interface_receive_errors_total{interface=\"vpc1\"} 16");
	assert_line(f, "vrouter_interface_transmit_errors_total{interface=\"vpc1\"} 17");
	assert_line(f, "vrouter_sessions 6");
	assert_line(f, "vrouter_worker_busy_seconds_total{worker=\"0\"} 0.500000");
	assert_line(f, "# TYPE vrouter_worker_burst_cycles histogram");
	assert_line(f, "vrouter_worker_burst_cycles_bucket{worker=\"0\",le=\"32\"} 3");
	assert_line(f, "vrouter_worker_burst_cycles_bucket{worker=\"0\",le=\"128\"} 3");
	assert_line(f, "vrouter_worker_burst_cycles_bucket{worker=\"0\",le=\"160\"} 5");
	assert_line(f, "vrouter_worker_burst_cycles_bucket{worker=\"0\",le=\"8192\"} 5");
	assert_line(f, "vrouter_worker_burst_cycles_bucket{worker=\"0\",le=\"+Inf\"} 6");
	assert_line(f, "vrouter_worker_burst_cycles_sum{worker=\"0\"} 20393");
	assert_line(f, "vrouter_worker_burst_cycles_count{worker=\"0\"} 6");
	assert_line(f, "vrouter_table_max{table=\"odd\\\"name\\\\\"} 2");
	fake_dataplane()->connected = false; // a scrape still works
	assert_int_equal(ask(f, "GET", "/metrics", NULL, NULL, NULL), 200);
	assert_line(f, "vrouter_dataplane_connected 0");
	assert_null(memmem(f->request.reply.body, f->request.reply.len, "drops_total", 11));
	free(shm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HANDLER_TEST(test_without_data_plane),
		HANDLER_TEST(test_health),
		HANDLER_TEST(test_a_dump_that_fails),
		HANDLER_TEST(test_counters),
		HANDLER_TEST(test_interfaces),
		HANDLER_TEST(test_routes_and_neighbours),
		HANDLER_TEST(test_limits),
		HANDLER_TEST(test_fill_and_alarms),
		HANDLER_TEST(test_devices),
		HANDLER_TEST(test_metrics),
	};

	return cmocka_run_group_tests_name("api_state", tests, NULL, NULL);
}
