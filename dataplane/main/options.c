// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Command line of vrouter-dataplane.
#include "dataplane/main/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"Usage: vrouter-dataplane [OPTION]...\n"
	"The forwarding process of vrouter. It needs root, and is configured by vrouter-control.\n"
	"\n"
	"  --cores LIST           CPU of each worker, e.g. 1 or 1,2 (1 to 8 workers; default 0)\n"
	"  --main-core N          CPU of the control thread (default: any)\n"
	"  --socket PATH          transaction socket (default /run/vrouter/dataplane.sock)\n"
	"  --netns NAME           network namespace of the mirrors (default vr)\n"
	"  --memory MIB           memory for DPDK (default 1024)\n"
	"  --no-huge              use normal pages instead of huge pages\n"
	"  --iova-mode va|pa      pa when a NIC is bound to a uio driver (default va)\n"
	"  --file-prefix NAME     lets several instances run side by side (default vrouter)\n"
	"  --sessions N           size of the session table (default 1048576; 232 bytes each)\n"
	"  --hosts N              inside hosts with sessions (default 65536; 64 bytes each)\n"
	"  --nat-addresses N      addresses that SNAT can use (default 8; 792 KiB each)\n"
	"  --routes N             size of the FIB (default 16384; 160 MiB at that size)\n"
	"  --tbl8 N               FIB groups for prefixes longer than /24 (default 4096)\n"
	"  --mbufs N              packet buffers (default 32768; 2.4 KiB each)\n"
	"  --idle-sleep-us N      idle workers sleep that long, 0: never (default 0)\n"
	"  --version, --help\n";

enum {
	OPT_FIRST = 256,
	OPT_CORES,
	OPT_MAIN_CORE,
	OPT_SOCKET,
	OPT_NETNS,
	OPT_MEMORY,
	OPT_NO_HUGE,
	OPT_IOVA,
	OPT_PREFIX,
	OPT_SESSIONS,
	OPT_HOSTS,
	OPT_NAT,
	OPT_ROUTES,
	OPT_TBL8,
	OPT_MBUFS,
	OPT_IDLE,
	OPT_VERSION,
	OPT_HELP
};

static const struct option long_options[] = {
	{ "cores", required_argument, NULL, OPT_CORES },
	{ "main-core", required_argument, NULL, OPT_MAIN_CORE },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "netns", required_argument, NULL, OPT_NETNS },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "no-huge", no_argument, NULL, OPT_NO_HUGE },
	{ "iova-mode", required_argument, NULL, OPT_IOVA },
	{ "file-prefix", required_argument, NULL, OPT_PREFIX },
	{ "sessions", required_argument, NULL, OPT_SESSIONS },
	{ "hosts", required_argument, NULL, OPT_HOSTS },
	{ "nat-addresses", required_argument, NULL, OPT_NAT },
	{ "routes", required_argument, NULL, OPT_ROUTES },
	{ "tbl8", required_argument, NULL, OPT_TBL8 },
	{ "mbufs", required_argument, NULL, OPT_MBUFS },
	{ "idle-sleep-us", required_argument, NULL, OPT_IDLE },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

void options_default(struct options *o)
{
	*o = (struct options){
		.socket = "/run/vrouter/dataplane.sock",
		.netns = "vr",
		.file_prefix = "vrouter",
		.iova_mode = "va",
		.n_cores = 1,
		.memory_mib = 1024,
		.sessions = DEFAULT_SESSIONS,
		.hosts = DEFAULT_HOSTS,
		.nat_addresses = 8,
		.routes = DEFAULT_ROUTES,
		.tbl8 = DEFAULT_TBL8,
		.mbufs = DEFAULT_MBUFS,
	};
}

static int parse_number(
	const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || *text == '-' || v < min || v > max) {
		fprintf(stderr, "<3>--%s: \"%s\" is not a number from %u to %u\n", name, text, min,
			max);
		return -EINVAL;
	}
	*out = v;
	return 0;
}

static int parse_cores(struct options *o, const char *text)
{
	char copy[128], *save = NULL;

	if (strlen(text) >= sizeof(copy)) {
		fprintf(stderr, "<3>--cores: the list is too long\n");
		return -EINVAL;
	}
	strcpy(copy, text);
	o->n_cores = 0;
	for (char *t = strtok_r(copy, ",", &save); t != NULL; t = strtok_r(NULL, ",", &save)) {
		uint32_t core;

		if (o->n_cores == LIMIT_WORKERS) {
			fprintf(stderr, "<3>--cores: at most %d workers\n", LIMIT_WORKERS);
			return -EINVAL;
		}
		if (parse_number("cores", t, 0, 1023, &core) < 0)
			return -EINVAL;
		o->cores[o->n_cores++] = core;
	}
	if (o->n_cores == 0) {
		fprintf(stderr, "<3>--cores: empty list\n");
		return -EINVAL;
	}
	return 0;
}

static int parse_text(struct options *o, int c, const char *arg)
{
	switch (c) {
	case OPT_CORES:
		return parse_cores(o, arg);
	case OPT_SOCKET:
		o->socket = arg;
		return strlen(arg) < 108 ? 0 : -EINVAL;
	case OPT_NETNS:
		o->netns = arg;
		return strlen(arg) < 64 && strchr(arg, '/') == NULL ? 0 : -EINVAL;
	case OPT_PREFIX:
		o->file_prefix = arg;
		return 0;
	case OPT_IOVA:
		o->iova_mode = arg;
		return strcmp(arg, "va") == 0 || strcmp(arg, "pa") == 0 ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int parse_sizes(struct options *o, int c, const char *arg)
{
	switch (c) {
	case OPT_MAIN_CORE:
		o->has_main_core = true;
		return parse_number("main-core", arg, 0, 1023, &o->main_core);
	case OPT_MEMORY:
		return parse_number("memory", arg, 64, 1u << 20, &o->memory_mib);
	case OPT_SESSIONS:
		return parse_number("sessions", arg, 64, 8u << 20, &o->sessions);
	case OPT_HOSTS:
		return parse_number("hosts", arg, 16, 1u << 22, &o->hosts);
	case OPT_NAT:
		return parse_number(
			"nat-addresses", arg, 1, LIMIT_NAT_ADDRESSES, &o->nat_addresses);
	case OPT_ROUTES:
		return parse_number("routes", arg, 256, 4u << 20, &o->routes);
	case OPT_TBL8:
		return parse_number("tbl8", arg, 64, 1u << 20, &o->tbl8);
	case OPT_MBUFS:
		return parse_number("mbufs", arg, 2048, 1u << 22, &o->mbufs);
	case OPT_IDLE:
		return parse_number("idle-sleep-us", arg, 0, 100000, &o->idle_sleep_us);
	default:
		return -ENOENT;
	}
}

int options_parse(struct options *o, int argc, char **argv)
{
	int c;

	options_default(o);
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		int rc;

		if (c == OPT_HELP || c == OPT_VERSION) {
			fputs(c == OPT_HELP ? usage : "vrouter-dataplane " VROUTER_VERSION "\n",
				stdout);
			return 1;
		}
		if (c == OPT_NO_HUGE) {
			o->no_huge = true;
			continue;
		}
		rc = c == '?' ? -EINVAL : parse_sizes(o, c, optarg);
		if (rc == -ENOENT) {
			rc = parse_text(o, c, optarg);
			if (rc < 0 && c != OPT_CORES)
				fprintf(stderr, "<3>%s: \"%s\" is not valid\n", argv[optind - 2],
					optarg);
		}
		if (rc < 0)
			return -EINVAL;
	}
	if (optind < argc) {
		fprintf(stderr, "<3>unexpected argument \"%s\"; see --help\n", argv[optind]);
		return -EINVAL;
	}
	return 0;
}
