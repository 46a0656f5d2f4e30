// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Command line of vrouter-control.
#pragma once

struct options {
	const char *state_dir;
	const char *dataplane_socket;
	const char *api_socket;
	const char *listen;	     // "address:port", NULL: no TCP
	const char *tokens;	     // files
	const char *tls_certificate; // NULL: no TLS
	const char *tls_key;
	const char *netns;
	const char *vtysh;
	const char *frr_socket_dir;
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_EXIT,  // --help, --version: printed
	OPTIONS_ERROR, // reported on stderr
};

// Points into argv. Sets the log level, too.
enum options_result options_parse(int argc, char *argv[], struct options *o);
