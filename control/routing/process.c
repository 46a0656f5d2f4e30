// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// proc_pid_stat(5).
#include "control/routing/process.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// Fields 22 and 23 of proc_pid_stat(5), counted from the name's end: it may contain anything.
static bool read_stat(pid_t pid, uint64_t *started, uint64_t *memory)
{
	unsigned long long a, b;
	char path[32], text[1024];
	const char *at;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at != NULL && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at == NULL || sscanf(at, "%llu %llu", &a, &b) != 2)
		return false;
	*started = a;
	*memory = b;
	return true;
}

bool process_behind(int fd, struct process *out)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	uint64_t started, memory;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
		!read_stat(peer.pid, &started, &memory))
		return false;
	*out = (struct process){ peer.pid, started };
	return true;
}

bool process_lives(const struct process *p)
{
	uint64_t started, memory;

	return p->pid != 0 && read_stat(p->pid, &started, &memory) && started == p->started &&
	       memory > 0;
}

int64_t process_start_ms(const struct process *p)
{
	return (int64_t)(p->started * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
}
