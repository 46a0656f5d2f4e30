// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// How far apart two CPUs are: TSC cycles for a cache line to go to the other one and back. Two
// cores of a virtual machine are now and then moved apart by its host, and every packet that goes
// from one to the other costs more then.
//
//   core-distance CPU CPU
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#define TRIPS	20000
#define WARM_UP 1000

// Even: it is the first thread's turn.
static alignas(64) _Atomic uint32_t turn;

static int run_on(int cpu)
{
	cpu_set_t set;

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return -EINVAL;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return -pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *answer(void *arg)
{
	intptr_t rc = run_on(*(const int *)arg);

	for (uint32_t i = 0; i < TRIPS; i++) {
		while (atomic_load_explicit(&turn, memory_order_acquire) != 2 * i + 1)
			;
		atomic_store_explicit(&turn, 2 * i + 2, memory_order_release);
	}
	return (void *)rc;
}

static uint64_t ask(void)
{
	uint64_t start = 0;

	for (uint32_t i = 0; i < TRIPS; i++) {
		if (i == WARM_UP)
			start = rte_rdtsc();
		atomic_store_explicit(&turn, 2 * i + 1, memory_order_release);
		while (atomic_load_explicit(&turn, memory_order_acquire) != 2 * i + 2)
			;
	}
	return rte_rdtsc() - start;
}

int main(int argc, char **argv)
{
	int cpu[2] = { argc > 2 ? atoi(argv[1]) : -1, argc > 2 ? atoi(argv[2]) : -1 };
	int rc = cpu[0] == cpu[1] ? -EINVAL : run_on(cpu[0]);
	void *other_rc = NULL;
	pthread_t other;
	uint64_t cycles;

	if (rc == 0)
		rc = -pthread_create(&other, NULL, answer, &cpu[1]);
	if (rc < 0) {
		fprintf(stderr, "core-distance CPU CPU: %s\n", strerror(-rc));
		return 2;
	}
	cycles = ask();
	pthread_join(other, &other_rc);
	if (other_rc != NULL) {
		fprintf(stderr, "core-distance: CPU %d: %s\n", cpu[1],
			strerror(-(int)(intptr_t)other_rc));
		return 2;
	}
	printf("%lu\n", (unsigned long)(cycles / (TRIPS - WARM_UP)));
	return 0;
}
