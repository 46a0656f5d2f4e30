// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Runs FRR's shell as a child, with its input from memory and its output into memory, both bounded,
// and an end to waiting. Any thread; with jobs, theirs. Nothing secret stands on a command line.
#pragma once

#include <stddef.h>

#include "control/main/jobs.h"

struct vtysh {
	const char *program;	// "vtysh", looked for in PATH when it has no slash
	const char *socket_dir; // of the daemons' vty sockets
	unsigned int deadline_ms;
	struct jobs *jobs; // whose questions are answered while it runs; NULL: nobody's
};

#define VTYSH_OUTPUT_MAX (64u << 20)

struct vtysh_result {
	int status;   // exit status, 0: every line was taken
	char *output; // what it printed, NUL-terminated; malloc'd
	size_t len;
};

// `args` follow the socket directory, NULL at the end; `input` (NULL: none) is the standard input.
// 0 with *out, which the caller frees; -ENOENT: there is no such program; -ETIMEDOUT; -EFBIG: more
// than VTYSH_OUTPUT_MAX; other negative errno.
int vtysh_run(const struct vtysh *v, const char *const *args, const char *input,
	struct vtysh_result *out);

#define VTYSH_ARGS_MAX 32
