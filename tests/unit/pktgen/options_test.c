// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The generator's command line: what it means, and that mistakes have a text.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <getopt.h>
#include <netinet/in.h>
#include <rte_common.h>

#include "tests/perf/pktgen/options.h"

#define PORT_A "a,router-mac=02:00:00:00:00:01,device=net_null0"
#define SET    "s,tx=a,rx=a,src=10.0.0.1,dst=1.1.1.1"

static int parse(struct options *o, const char *const words[])
{
	static char texts[16][256];
	char *argv[17] = { texts[0] };
	int argc = 1;

	for (; words[argc - 1] != NULL; argc++) {
		snprintf(texts[argc], sizeof(texts[0]), "%s", words[argc - 1]);
		argv[argc] = texts[argc];
	}
	argv[argc] = NULL;
	optind = 0; // getopt starts over
	return options_parse(o, argc, argv);
}

static void defaults(void **state)
{
	struct options o;

	assert_int_equal(
		parse(&o, (const char *const[]){ "--port", PORT_A, "--flows", SET, NULL }), 0);
	assert_int_equal(o.n_ports, 1);
	assert_int_equal(o.n_sets, 1);
	assert_int_equal(o.rate, 1000);
	assert_true(o.seconds == 10);
	assert_int_equal(o.packets, 0);
	assert_int_equal(o.check, CHECK_ALL);
	assert_true(o.max_loss < 0);
	assert_int_equal(o.ports[0].kind, PORT_DEVICE);
	assert_string_equal(o.ports[0].device, "net_null0");
	assert_int_equal(o.sets[0].proto, IPPROTO_UDP);
	assert_int_equal(o.sets[0].flows, 64512);
	assert_int_equal(o.sets[0].size.first, 64);
	assert_true(o.sets[0].learn);
	assert_true(o.sets[0].measured[FORWARD] && !o.sets[0].measured[REVERSE]);
}

static void a_whole_command(void **state)
{
	static const char *const words[] = { "--port",
		"a,ip=10.0.0.2/24,gateway=10.0.0.1,arp=10.0.0.9,arp=10.1.0.0/16,queues=2,mac=02:00:"
		"00:00:00:07,virtio-user=/run/a.sock",
		"--port", "b,ip=10.9.0.2/24,gateway=10.9.0.1,memif=/run/b.sock", "--flows",
		"t,tx=a,rx=b,proto=tcp,src=10.0.0.0-10.0.0.255,dst=198.18.0.0/"
		"15,sport=1-63,dport=80,"
		"count=16128,size=imix,direction=both,weight=7,new=2.5%,close=rst",
		"--flows",
		"i,tx=b,rx=a,proto=icmp,src=1.1.1.1,dst=2.2.2.2,sport=5,size=64-9018,learn=no",
		"--rate", "0", "--train", "512", "--packets", "5", "--check=sample", NULL };
	struct options o;

	assert_int_equal(parse(&o, words), 0);
	assert_int_equal(o.ports[0].address, 0x0a000002);
	assert_int_equal(o.ports[0].prefix_len, 24);
	assert_int_equal(o.ports[0].n_arp, 2);
	assert_int_equal(o.ports[0].arp[1].last, 0x0a01ffff);
	assert_int_equal(o.ports[0].queues, 2);
	assert_int_equal(o.ports[0].mac.addr_bytes[5], 7);
	assert_int_equal(o.ports[1].kind, PORT_MEMIF);
	assert_int_equal(o.ports[1].mac.addr_bytes[5], 1);
	assert_int_equal(o.sets[0].proto, IPPROTO_TCP);
	assert_int_equal(o.sets[0].src.last, 0x0a0000ff);
	assert_int_equal(o.sets[0].dst.first, 0xc6120000);
	assert_int_equal(o.sets[0].dst.last, 0xc613ffff);
	assert_int_equal(o.sets[0].flows, 16128);
	assert_true(o.sets[0].imix && o.sets[0].measured[FORWARD] && o.sets[0].measured[REVERSE]);
	assert_true(o.sets[0].new_share > 0.02499 && o.sets[0].new_share < 0.02501);
	assert_int_equal(o.sets[0].closing, CLOSE_RST);
	assert_int_equal(o.sets[1].tx, 1);
	assert_int_equal(o.sets[1].dport.last, 0);
	assert_int_equal(o.sets[1].flows, 1);
	assert_false(o.sets[1].learn);
	assert_int_equal(o.rate, 0);
	assert_int_equal(o.train, 512);
	assert_true(o.seconds == 3600);
	assert_int_equal(o.check, CHECK_SAMPLE);
}

static void raw_device_arguments_have_commas(void **state)
{
	char text[] = "x,router-mac=02:00:00:00:00:01,device=net_null0,size=64,copy=1";
	struct port_options p;
	struct error e;

	assert_int_equal(port_options_parse(&p, 0, text, &e), 0);
	assert_string_equal(p.device, "net_null0,size=64,copy=1");
}

static void bad_ports(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "is not a name" },
		{ "a b,device=x", "is not a name" },
		{ "a,router-mac=02:00:00:00:00:01", "no device" },
		{ "a,device=x", "the router is unknown" },
		{ "a,gateway=1.1.1.1,device=x", "the router is unknown" },
		{ "a,ip=1.1.1.1,device=x", "is not ADDRESS/LENGTH" },
		{ "a,ip=1.1.1.1/33,device=x", "is not ADDRESS/LENGTH" },
		{ "a,ip=1.1.1.256/24,device=x", "is not ADDRESS/LENGTH" },
		{ "a,gateway=1.1.1,device=x", "is not an IPv4 address" },
		{ "a,mac=01:00:00:00:00:01,device=x", "is not a MAC address of a host" },
		{ "a,mac=1,device=x", "is not a MAC address" },
		{ "a,queues=9,device=x", "is not a number from 1 to 8" },
		{ "a,queues=-1,device=x", "is not a number" },
		{ "a,virtio-user=sock", "is not an absolute path" },
		{ "a,virtio-user=/s,ip=1.1.1.1/24", "not the last value" },
		{ "a,device=", "empty" },
		{ "a,bogus=1,device=x", "there is no key \"bogus\"" },
		{ "a,novalue,device=x", "\"novalue\" is not KEY=VALUE" },
		{ "a,arp=1.1.1.2-1.1.1.1,device=x", "ends before it begins" },
	};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		char text[256];
		struct port_options p;
		struct error e = { "" };

		snprintf(text, sizeof(text), "%s", cases[i].text);
		assert_true(port_options_parse(&p, 0, text, &e) < 0);
		if (strstr(e.text, cases[i].says) == NULL)
			fail_msg("\"%s\": \"%s\"", cases[i].text, e.text);
	}
}

static void bad_sets(void **state)
{
	static const struct {
		const char *keys, *says; // behind SET
	} cases[] = {
		{ ",proto=sctp", "\"sctp\" is none of udp tcp icmp" },
		{ ",count=0", "is not a number from 1" },
		{ ",count=8388609", "is not a number from 1 to 8388608" },
		{ ",count=64513", "count=64513, but the ranges have 64512 tuples" },
		{ ",sport=70000", "is not a number from 0 to 65535" },
		{ ",sport=9-8", "ends before it begins" },
		{ ",dst-step=0", "is not a number from 1" },
		{ ",src=10.0.0.0/8", "more than 8388608 tuples: give count=" },
		{ ",size=63", "is not a number from 64 to 9018" },
		{ ",size=9019", "is not a number from 64 to 9018" },
		{ ",size=big", "is not a number" },
		{ ",direction=up", "none of forward reverse both" },
		{ ",weight=0", "is not a number from 1 to 1000" },
		{ ",learn=maybe", "none of no yes" },
		{ ",learn=no,direction=reverse", "needs learn=yes" },
		{ ",new=101%", "is not a number from 0 to 100" },
		{ ",new=1", "twice as many tuples" },
		{ ",close=rst", "close= is for TCP" },
		{ ",proto=icmp,dport=1", "ICMP has no dport" },
		{ ",tx=b", "there is no port \"b\"" },
		{ ",dst=::1", "is not an IPv4 address" },
		{ ",bogus=1", "there is no key" },
	};
	static struct options o;

	assert_int_equal(
		parse(&o, (const char *const[]){ "--port", PORT_A, "--flows", SET, NULL }), 0);
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		char text[256];
		struct set_options s;
		struct error e = { "" };

		snprintf(text, sizeof(text), SET "%s", cases[i].keys);
		assert_true(set_options_parse(&s, &o, text, &e) < 0);
		if (strstr(e.text, cases[i].says) == NULL)
			fail_msg("\"%s\": \"%s\"", cases[i].keys, e.text);
	}
}

static void bad_commands(void **state)
{
	static const char *const commands[][8] = {
		{ NULL },
		{ "--port", PORT_A, NULL },
		{ "--flows", SET, NULL },
		{ "--port", PORT_A, "--port", PORT_A, "--flows", SET, NULL },
		{ "--port", PORT_A, "--flows", SET, "--flows", SET, NULL },
		{ "--port", PORT_A, "--flows", SET, "--rate", "fast", NULL },
		{ "--port", PORT_A, "--flows", SET, "--train", "0", NULL },
		{ "--port", PORT_A, "--flows", SET, "--seconds", "0", NULL },
		{ "--port", PORT_A, "--flows", SET, "--seconds", "nan", NULL },
		{ "--port", PORT_A, "--flows", SET, "--packets", "0", NULL },
		{ "--port", PORT_A, "--flows", SET, "--max-loss", "2", NULL },
		{ "--port", PORT_A, "--flows", SET, "--check", "some", NULL },
		{ "--port", PORT_A, "--flows", SET, "--file-prefix", "../x", NULL },
		{ "--port", PORT_A, "--flows", SET, "extra", NULL },
		{ "--port", PORT_A, "--flows", SET, "--bogus", NULL },
	};
	struct options o;

	for (unsigned int i = 0; i < RTE_DIM(commands); i++)
		assert_true(parse(&o, commands[i]) < 0);
	assert_int_equal(parse(&o, (const char *const[]){ "--version", NULL }), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(a_whole_command),
		cmocka_unit_test(raw_device_arguments_have_commas),
		cmocka_unit_test(bad_ports),
		cmocka_unit_test(bad_sets),
		cmocka_unit_test(bad_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
