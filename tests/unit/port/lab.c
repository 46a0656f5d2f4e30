// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The tests run as root. Each program has networks and a /run of its own, so that copies of it run
// side by side, and what it made ends with it, however it ends.
#include "tests/unit/port/lab.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_packet.h>
#include <rte_eal.h>
#include <rte_ether.h>

#include "dataplane/port/pool.h"
#include "dataplane/punt/netns.h"
#include "dataplane/punt/thread.h"

static const char *const namespaces[] = { NS_A, NS_B, NS_VR };

int lab_setup(void **state)
{
	char line[] = "test --no-huge -m 256 --no-pci --no-telemetry --no-shconf --iova-mode=va "
		      "-l 0 --log-level=*:4";
	char *args[16] = { NULL }, *save = NULL;
	struct lab *lab = calloc(1, sizeof(*lab));
	int n = 0;

	for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
		args[n++] = word;
	if (lab == NULL || rte_eal_init(n, args) < 0)
		return -1;
	lab->pool = port_pool_create("lab", 16383, 64);
	lab->env = (struct port_env){ .workers = 1, .pool = lab->pool, .mirror_netns = NS_VR };
	if (lab->pool == NULL || punt_create(&lab->stats, &lab->env.punt) < 0)
		return -1;
	*state = lab;
	return 0;
}

int lab_teardown(void **state)
{
	struct lab *lab = *state;

	punt_destroy(lab->env.punt);
	rte_mempool_free(lab->pool);
	free(lab);
	return rte_eal_cleanup();
}

int lab_namespaces(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", "/run", "tmpfs", 0, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < RTE_DIM(namespaces); i++)
		if (!lab_run("ip netns add %s && ip -n %s link set lo up && "
			     "ip netns exec %s sysctl -qw net.ipv6.conf.all.disable_ipv6=1 "
			     "net.ipv6.conf.default.disable_ipv6=1",
			    namespaces[i], namespaces[i], namespaces[i]))
			return -EIO;
	return 0;
}

struct port *lab_port(struct lab *lab, const struct port_env *env, const struct obj_port *conf)
{
	char err[256];
	int i = 0;

	while (lab->ports[i] != NULL)
		assert_in_range(++i, 0, RTE_DIM(lab->ports) - 1);
	if (port_create(env, conf, &lab->ports[i], err, sizeof(err)) < 0 ||
		port_start(lab->ports[i], err, sizeof(err)) < 0)
		fail_msg("%s", err);
	return lab->ports[i];
}

static void strike(struct lab *lab, const struct port *p)
{
	for (size_t i = 0; i < RTE_DIM(lab->ports); i++)
		if (lab->ports[i] == p)
			lab->ports[i] = NULL;
}

void lab_remove(struct lab *lab, struct port *p)
{
	strike(lab, p);
	port_destroy(p);
}

void lab_release(struct lab *lab, struct port *p)
{
	strike(lab, p);
	port_release(p);
}

int lab_remove_ports(void **state)
{
	struct lab *lab = *state;

	for (size_t i = 0; i < RTE_DIM(lab->ports); i++) {
		port_release(lab->ports[i]);
		lab->ports[i] = NULL;
	}
	return 0;
}

static pid_t start(const char *format, va_list args)
{
	char command[1024];
	pid_t pid;

	vsnprintf(command, sizeof(command), format, args);
	pid = fork();
	if (pid != 0)
		return pid;
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	// The descriptors of the test are close-on-exec, as all of the product's must be.
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

pid_t lab_start(const char *format, ...)
{
	va_list args;
	pid_t pid;

	va_start(args, format);
	pid = start(format, args);
	va_end(args);
	return pid;
}

static bool succeeded(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool lab_running(pid_t pid, bool *ok)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) == 0)
		return true;
	*ok = succeeded(status);
	return false;
}

bool lab_run(const char *format, ...)
{
	va_list args;
	int status;
	pid_t pid;

	va_start(args, format);
	pid = start(format, args);
	va_end(args);
	return pid > 0 && waitpid(pid, &status, 0) == pid && succeeded(status);
}

struct opening {
	int family, type, protocol;
};

static int open_socket(void *arg)
{
	const struct opening *o = arg;
	int fd = socket(o->family, o->type | SOCK_CLOEXEC | SOCK_NONBLOCK, o->protocol);

	return fd < 0 ? -errno : fd;
}

int lab_socket(const char *netns, int family, int type, int protocol)
{
	struct opening o = { family, type, protocol };
	int fd = netns_run(netns, open_socket, &o);

	assert_true(fd >= 0);
	return fd;
}

int lab_packet_socket(const char *netns, const char *netdev)
{
	int fd = lab_socket(netns, AF_PACKET, SOCK_RAW, 0);
	struct sockaddr_ll sa = { .sll_family = AF_PACKET };
	struct ifreq ifr = { 0 };
	int on = 1;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", netdev);
	assert_int_equal(ioctl(fd, SIOCGIFINDEX, &ifr), 0);
	sa.sll_ifindex = ifr.ifr_ifindex;
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

int lab_udp_socket(const char *netns, const char *address, uint16_t port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = lab_socket(netns, AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(inet_pton(AF_INET, address, &sa.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

uint64_t lab_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

unsigned int lab_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}
