// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What the tests of ports share: the EAL, a pool, the punt thread, namespaces and what runs there.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>
#include <rte_mbuf.h>

#include "dataplane/port/port.h"
#include "dataplane/stats/shm.h"

// Namespaces of the tests: two hosts and the mirrors.
#define NS_A  "port-a"
#define NS_B  "port-b"
#define NS_VR "port-vr"

#define DEADLINE_MS 5000

struct lab {
	struct rte_mempool *pool;
	struct process_stats stats;
	struct port_env env;   // one worker, a punt thread, mirrors in NS_VR, no kept descriptors
	struct port *ports[4]; // what the test that runs has made
};

// Made once per program: the EAL cannot be started twice.
int lab_setup(void **state);
int lab_teardown(void **state);

// Gives the program, before it has threads, networks and a /run of its own, and makes the
// namespaces there; they end with the program. 0 or negative errno.
int lab_namespaces(void);

// Ports that are removed after the test, however it ends.
struct port *lab_port(struct lab *lab, const struct port_env *env, const struct obj_port *conf);
void lab_remove(struct lab *lab, struct port *p);  // with its netdevs
void lab_release(struct lab *lab, struct port *p); // as when the process ends
int lab_remove_ports(void **state);

// Shell command; whether it exits with 0. Its output is not shown.
bool lab_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The same in the background: a process id, and whether it is still running. `ok` is its result.
pid_t lab_start(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool lab_running(pid_t pid, bool *ok);

// A socket of the namespace: AF_INET, SOCK_DGRAM and the like.
int lab_socket(const char *netns, int family, int type, int protocol);
// An AF_PACKET socket on a netdev that takes a virtio-net header in front of each frame.
int lab_packet_socket(const char *netns, const char *netdev);
// A UDP socket bound to address and port, non-blocking.
int lab_udp_socket(const char *netns, const char *address, uint16_t port);

uint64_t lab_now_ms(void);
unsigned int lab_open_fds(void);
