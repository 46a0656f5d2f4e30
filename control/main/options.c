// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Command line of vrouter-control.
#include "control/main/options.h"

#include <getopt.h>
#include <stdio.h>

#include "control/main/log.h"

#define STATE_DIR	 "/var/lib/vrouter"
#define DATAPLANE_SOCKET "/run/vrouter/dataplane.sock"
#define API_SOCKET	 "/run/vrouter/api.sock"
#define NETNS		 "vr"
#define VTYSH		 "vtysh"
#define FRR_SOCKET_DIR	 "/run/frr"
#define LOG_LEVEL	 "info"

static const char usage[] =
	"usage: vrouter-control [OPTION...]\n"
	"\n"
	"Owns the configuration of a virtual router: takes it as JSON over HTTP, applies it to "
	"the\n"
	"data plane and the kernel, stores it, and shows the router's state.\n"
	"\n"
	"  --state-dir DIRECTORY      stored configurations (" STATE_DIR ")\n"
	"  --dataplane-socket PATH    transaction socket of vrouter-dataplane\n"
	"                             (" DATAPLANE_SOCKET ")\n"
	"  --api-socket PATH          unix socket of the API, mode 0660 (" API_SOCKET ")\n"
	"  --listen ADDRESS:PORT      TCP address of the API (none); needs --tokens, and TLS\n"
	"                             unless it is a loopback address\n"
	"  --tokens FILE              who may use it: lines \"NAME TOKEN\", or \"NAME TOKEN "
	"read\"\n"
	"                             for those who may look only; SIGHUP reads it again\n"
	"  --tls-certificate FILE     its certificate chain, PEM\n"
	"  --tls-key FILE             its private key, PEM\n"
	"  --netns NAME               network namespace of the mirrors (" NETNS ")\n"
	"  --frr-socket-dir DIRECTORY vty sockets of FRR's daemons (" FRR_SOCKET_DIR ")\n"
	"  --vtysh PROGRAM            FRR's shell (" VTYSH ")\n"
	"  --log-level LEVEL          error, warning, notice, info or debug (" LOG_LEVEL ")\n"
	"  --version                  print the version\n"
	"  --help                     print this\n"
	"\n"
	"SIGTERM and SIGINT end it; forwarding goes on without it.\n";

enum option_id {
	OPT_STATE_DIR = 256,
	OPT_DATAPLANE_SOCKET,
	OPT_API_SOCKET,
	OPT_LISTEN,
	OPT_TOKENS,
	OPT_TLS_CERTIFICATE,
	OPT_TLS_KEY,
	OPT_NETNS,
	OPT_FRR_SOCKET_DIR,
	OPT_VTYSH,
	OPT_LOG_LEVEL,
	OPT_VERSION,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "state-dir", required_argument, NULL, OPT_STATE_DIR },
	{ "dataplane-socket", required_argument, NULL, OPT_DATAPLANE_SOCKET },
	{ "api-socket", required_argument, NULL, OPT_API_SOCKET },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "tokens", required_argument, NULL, OPT_TOKENS },
	{ "tls-certificate", required_argument, NULL, OPT_TLS_CERTIFICATE },
	{ "tls-key", required_argument, NULL, OPT_TLS_KEY },
	{ "netns", required_argument, NULL, OPT_NETNS },
	{ "frr-socket-dir", required_argument, NULL, OPT_FRR_SOCKET_DIR },
	{ "vtysh", required_argument, NULL, OPT_VTYSH },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static enum options_result set_level(const char *level)
{
	if (log_set_level(level) == 0)
		return OPTIONS_RUN;
	fprintf(stderr, "vrouter-control: --log-level: \"%s\" is not a level (see --help)\n",
		level);
	return OPTIONS_ERROR;
}

static enum options_result set_option(int id, struct options *o)
{
	switch (id) {
	case OPT_STATE_DIR:
		o->state_dir = optarg;
		return OPTIONS_RUN;
	case OPT_DATAPLANE_SOCKET:
		o->dataplane_socket = optarg;
		return OPTIONS_RUN;
	case OPT_API_SOCKET:
		o->api_socket = optarg;
		return OPTIONS_RUN;
	case OPT_LISTEN:
		o->listen = optarg;
		return OPTIONS_RUN;
	case OPT_TOKENS:
		o->tokens = optarg;
		return OPTIONS_RUN;
	case OPT_TLS_CERTIFICATE:
		o->tls_certificate = optarg;
		return OPTIONS_RUN;
	case OPT_TLS_KEY:
		o->tls_key = optarg;
		return OPTIONS_RUN;
	case OPT_NETNS:
		o->netns = optarg;
		return OPTIONS_RUN;
	case OPT_FRR_SOCKET_DIR:
		o->frr_socket_dir = optarg;
		return OPTIONS_RUN;
	case OPT_VTYSH:
		o->vtysh = optarg;
		return OPTIONS_RUN;
	case OPT_LOG_LEVEL:
		return set_level(optarg);
	case OPT_VERSION:
		puts("vrouter-control " VROUTER_VERSION);
		return OPTIONS_EXIT;
	case OPT_HELP:
		fputs(usage, stdout);
		return OPTIONS_EXIT;
	default:
		fputs("vrouter-control: see --help\n", stderr);
		return OPTIONS_ERROR;
	}
}

// What makes no sense without another.
static enum options_result check_options(const struct options *o)
{
	const char *wrong = NULL;

	if (o->listen && !o->tokens)
		wrong = "--listen needs --tokens: over TCP nobody is known by himself";
	else if (!o->listen && (o->tokens || o->tls_certificate || o->tls_key))
		wrong = "--tokens, --tls-certificate and --tls-key need --listen";
	else if (!o->tls_certificate != !o->tls_key)
		wrong = "--tls-certificate and --tls-key go together";
	if (!wrong)
		return OPTIONS_RUN;
	fprintf(stderr, "vrouter-control: %s (see --help)\n", wrong);
	return OPTIONS_ERROR;
}

enum options_result options_parse(int argc, char *argv[], struct options *o)
{
	enum options_result result = set_level(LOG_LEVEL);
	int id;

	*o = (struct options){
		.state_dir = STATE_DIR,
		.dataplane_socket = DATAPLANE_SOCKET,
		.api_socket = API_SOCKET,
		.netns = NETNS,
		.vtysh = VTYSH,
		.frr_socket_dir = FRR_SOCKET_DIR,
	};
	while (result == OPTIONS_RUN &&
		(id = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		result = set_option(id, o);
	if (result == OPTIONS_RUN && optind < argc) {
		fprintf(stderr, "vrouter-control: \"%s\": no arguments are taken (see --help)\n",
			argv[optind]);
		return OPTIONS_ERROR;
	}
	return result == OPTIONS_RUN ? check_options(o) : result;
}
