// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Command line of vrouter-pktgen.
#include "tests/perf/pktgen/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
	"Usage: vrouter-pktgen --port PORT... --flows SET... [OPTION]...\n"
	"Sends and receives packets of many flows through a router, and tells what became of "
	"them.\n"
	"\n"
	"  --port NAME,KEY=VALUE,...,DEVICE   1 to 8 ports:\n"
	"      ip=A/LEN gateway=A | router-mac=MAC, mac=MAC, arp=ADDRESSES (answered for), "
	"queues=N\n"
	"      DEVICE: virtio-user=PATH, memif=PATH, or device=DEVARGS of any DPDK device\n"
	"  --flows NAME,KEY=VALUE,...         1 to 16 sets:\n"
	"      tx=PORT rx=PORT src=ADDRESSES dst=ADDRESSES (A, A-B or A/LEN)\n"
	"      dst-step=N (only every Nth destination)\n"
	"      proto=udp|tcp|icmp, sport=P[-Q] (1024-65535) dport=P[-Q] (443), count=N (up to "
	"8388608)\n"
	"      size=N|N-M|imix (with FCS; 64), direction=forward|reverse|both, weight=N, "
	"learn=yes|no\n"
	"      new=N|P% (flows replaced per second, or share of packets), close=fin|rst|none\n"
	"  --rate PPS             of all sets, 0: as fast as possible (default 1000)\n"
	"  --train N              send so many in a row whenever nothing is there to receive\n"
	"  --seconds S            end of the run (default 10; 3600 with --packets)\n"
	"  --packets N            end of the run\n"
	"  --drain S              wait at most so long for what is under way (default 1)\n"
	"  --learn-rate PPS       while learning (default 500000)\n"
	"  --learn-rounds N       times to send what did not come out (default 5)\n"
	"  --check LEVEL          none: counts; sample: sequences and latency of one flow in 64;\n"
	"                         all (default): of every flow, checksums and translations\n"
	"  --core N               CPU of the generator (default 0)\n"
	"  --main-core N          CPU of the main thread, which sleeps (default: any)\n"
	"  --memory MIB           memory for DPDK (default 256)\n"
	"  --no-huge              use normal pages instead of huge pages\n"
	"  --file-prefix NAME     lets several instances run side by side (default "
	"vrouter-pktgen)\n"
	"  --max-loss SHARE       exit status 3 when more is lost (0 to 1)\n"
	"  --seed N               of the random orders (default 1)\n"
	"  --json FILE            writes the report, \"-\": to stdout instead of the summary\n"
	"  --quiet                no progress\n"
	"  --version, --help\n";

enum {
	OPT_FIRST = 256,
	OPT_PORT,
	OPT_FLOWS,
	OPT_RATE,
	OPT_TRAIN,
	OPT_SECONDS,
	OPT_PACKETS,
	OPT_DRAIN,
	OPT_LEARN_RATE,
	OPT_LEARN_ROUNDS,
	OPT_CHECK,
	OPT_CORE,
	OPT_MAIN_CORE,
	OPT_MEMORY,
	OPT_NO_HUGE,
	OPT_PREFIX,
	OPT_MAX_LOSS,
	OPT_SEED,
	OPT_JSON,
	OPT_QUIET,
	OPT_VERSION,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "port", required_argument, NULL, OPT_PORT },
	{ "flows", required_argument, NULL, OPT_FLOWS },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "train", required_argument, NULL, OPT_TRAIN },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "packets", required_argument, NULL, OPT_PACKETS },
	{ "drain", required_argument, NULL, OPT_DRAIN },
	{ "learn-rate", required_argument, NULL, OPT_LEARN_RATE },
	{ "learn-rounds", required_argument, NULL, OPT_LEARN_ROUNDS },
	{ "check", required_argument, NULL, OPT_CHECK },
	{ "core", required_argument, NULL, OPT_CORE },
	{ "main-core", required_argument, NULL, OPT_MAIN_CORE },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "no-huge", no_argument, NULL, OPT_NO_HUGE },
	{ "file-prefix", required_argument, NULL, OPT_PREFIX },
	{ "max-loss", required_argument, NULL, OPT_MAX_LOSS },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static int read_port(struct options *o, char *text, struct error *e)
{
	struct port_options *p = &o->ports[o->n_ports];

	if (o->n_ports == PORTS_MAX)
		return error_set(e, "at most %d ports", PORTS_MAX);
	if (port_options_parse(p, o->n_ports, text, e) < 0)
		return -EINVAL;
	for (unsigned int i = 0; i < o->n_ports; i++)
		if (strcmp(o->ports[i].name, p->name) == 0)
			return error_set(e, "there are two ports \"%s\"", p->name);
	o->n_ports++;
	return 0;
}

static int read_set(struct options *o, char *text, struct error *e)
{
	struct set_options *s = &o->sets[o->n_sets];

	if (o->n_sets == SETS_MAX)
		return error_set(e, "at most %d flow sets", SETS_MAX);
	if (set_options_parse(s, o, text, e) < 0)
		return -EINVAL;
	for (unsigned int i = 0; i < o->n_sets; i++)
		if (strcmp(o->sets[i].name, s->name) == 0)
			return error_set(e, "there are two flow sets \"%s\"", s->name);
	o->n_sets++;
	return 0;
}

static int read_check(struct options *o, const char *text, struct error *e)
{
	static const char *const words[] = { "none", "sample", "all", NULL };
	unsigned int word;

	if (text_word(text, words, &word, e) < 0)
		return -EINVAL;
	o->check = (enum check)word;
	return 0;
}

static int read_prefix(struct options *o, const char *text, struct error *e)
{
	o->file_prefix = text;
	return text_name_ok(text) ? 0 : error_set(e, "\"%s\" is not a name", text);
}

static int read_number(struct options *o, int c, const char *text, struct error *e)
{
	switch (c) {
	case OPT_RATE:
		return text_number(text, 0, 1000000000, &o->rate, e);
	case OPT_TRAIN:
		return text_number(text, 1, 65536, &o->train, e);
	case OPT_PACKETS:
		return text_number(text, 1, UINT64_MAX, &o->packets, e);
	case OPT_SECONDS:
		return text_real(text, 0.001, 86400, &o->seconds, e);
	case OPT_DRAIN:
		return text_real(text, 0, 3600, &o->drain, e);
	case OPT_LEARN_RATE:
		return text_number(text, 1, 1000000000, &o->learn_rate, e);
	case OPT_LEARN_ROUNDS:
		return text_number(text, 1, 1000, &o->learn_rounds, e);
	case OPT_CORE:
		return text_number(text, 0, 1023, &o->core, e);
	case OPT_MAIN_CORE:
		o->has_main_core = true;
		return text_number(text, 0, 1023, &o->main_core, e);
	case OPT_MEMORY:
		return text_number(text, 32, 1u << 20, &o->memory_mib, e);
	case OPT_MAX_LOSS:
		return text_real(text, 0, 1, &o->max_loss, e);
	case OPT_SEED:
		return text_number(text, 0, UINT64_MAX, &o->seed, e);
	default:
		return -EINVAL;
	}
}

static int read_option(struct options *o, int c, char *text, struct error *e)
{
	switch (c) {
	case OPT_PORT:
		return read_port(o, text, e);
	case OPT_FLOWS:
		return read_set(o, text, e);
	case OPT_CHECK:
		return read_check(o, text, e);
	case OPT_PREFIX:
		return read_prefix(o, text, e);
	case OPT_JSON:
		o->json = text;
		return 0;
	case OPT_NO_HUGE:
		o->no_huge = true;
		return 0;
	case OPT_QUIET:
		o->quiet = true;
		return 0;
	default:
		return read_number(o, c, text, e);
	}
}

static int finish(struct options *o)
{
	if (o->n_ports == 0 || o->n_sets == 0) {
		fprintf(stderr, "vrouter-pktgen: --port and --flows are required; see --help\n");
		return -EINVAL;
	}
	if (o->seconds == 0)
		o->seconds = o->packets > 0 ? 3600 : 10;
	return 0;
}

static const char *option_name(int c)
{
	const struct option *at = long_options;

	while (at->name != NULL && at->val != c)
		at++;
	return at->name;
}

int options_parse(struct options *o, int argc, char **argv)
{
	struct error e = { "" };
	int c;

	*o = (struct options){ .rate = 1000,
		.learn_rate = 500000,
		.learn_rounds = 5,
		.check = CHECK_ALL,
		.memory_mib = 256,
		.seed = 1,
		.drain = 1,
		.max_loss = -1,
		.file_prefix = "vrouter-pktgen" };
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (c == OPT_HELP || c == OPT_VERSION) {
			fputs(c == OPT_HELP ? usage : "vrouter-pktgen " VROUTER_VERSION "\n",
				stdout);
			return 1;
		}
		if (c == '?')
			return -EINVAL;
		if (read_option(o, c, optarg, &e) < 0) {
			fprintf(stderr, "vrouter-pktgen: --%s: %s\n", option_name(c), e.text);
			return -EINVAL;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "vrouter-pktgen: unexpected argument \"%s\"; see --help\n",
			argv[optind]);
		return -EINVAL;
	}
	return finish(o);
}
