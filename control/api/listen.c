// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Opens the API's listening sockets, non-blocking.
#include "control/api/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/main/log.h"

#define BACKLOG	    64
#define SOCKET_MODE 0660

static int open_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

// Whether who called listen() on the other end lives. A process that was killed while it started a
// program leaves a child which has the socket until it comes to its exec(), and accepts nothing.
static bool listener_lives(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	// The number is 0 in another namespace of processes.
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.pid <= 0 ||
	       kill(peer.pid, 0) == 0 || errno != ESRCH;
}

// Whether a process accepts connections there. One that is busy counts: its backlog is full.
static bool is_served(const struct sockaddr_un *sun)
{
	int fd = open_socket(AF_UNIX);
	bool served;

	if (fd < 0)
		return true;
	if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0)
		served = listener_lives(fd);
	else
		served = errno == EAGAIN;
	close(fd);
	return served;
}

static int remove_stale(const struct sockaddr_un *sun)
{
	struct stat st;

	if (lstat(sun->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (is_served(sun))
		return -EADDRINUSE;
	return unlink(sun->sun_path) < 0 ? -errno : 0;
}

static int bind_unix(int fd, const struct sockaddr_un *sun)
{
	// The socket's own mode, cut by the umask, is the file's from its first moment on.
	if (fchmod(fd, SOCKET_MODE) < 0 ||
		bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0 ||
		chmod(sun->sun_path, SOCKET_MODE) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return fd;
}

int listen_unix(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, ret;

	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, path);
	ret = remove_stale(&sun);
	if (ret < 0)
		return ret;
	fd = open_socket(AF_UNIX);
	if (fd < 0)
		return fd;
	ret = bind_unix(fd, &sun);
	if (ret < 0)
		close(fd);
	return ret;
}

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static bool is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
	return ntohl(a->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static int parse_port(const char *text, in_port_t *port)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < 1 || value > UINT16_MAX)
		return -EINVAL;
	*port = htons(value);
	return 0;
}

static int parse_address(const char *text, union address *a)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN];
	bool brackets = text[0] == '[';
	size_t len;

	if (!colon || (brackets && colon[-1] != ']'))
		return -EINVAL;
	len = colon - text - (brackets ? 2 : 0);
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text + brackets, len);
	host[len] = '\0';
	memset(a, 0, sizeof(*a));
	if (brackets) {
		a->in6.sin6_family = AF_INET6;
		return inet_pton(AF_INET6, host, &a->in6.sin6_addr) == 1
			       ? parse_port(colon + 1, &a->in6.sin6_port)
			       : -EINVAL;
	}
	a->in.sin_family = AF_INET;
	return inet_pton(AF_INET, host, &a->in.sin_addr) == 1
		       ? parse_port(colon + 1, &a->in.sin_port)
		       : -EINVAL;
}

static int bind_tcp(int fd, const union address *a)
{
	const socklen_t len = a->any.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		bind(fd, &a->any, len) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return fd;
}

int listen_tcp(const char *address, bool tls, char *err, size_t size)
{
	union address a;
	int fd, ret;

	if (parse_address(address, &a) < 0) {
		snprintf(err, size, "not ADDRESS:PORT or [ADDRESS]:PORT");
		return -EINVAL;
	}
	if (!tls && !is_loopback(&a)) {
		snprintf(err, size,
			"not a loopback address: that needs --tls-certificate and --tls-key");
		return -EACCES;
	}
	fd = open_socket(a.any.sa_family);
	ret = fd < 0 ? fd : bind_tcp(fd, &a);
	if (ret < 0) {
		snprintf(err, size, "%s", strerror(-ret));
		if (fd >= 0)
			close(fd);
	}
	return ret;
}

void listen_close(int fd)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);

	if (fd < 0)
		return;
	if (getsockname(fd, (struct sockaddr *)&sun, &len) == 0 && sun.sun_family == AF_UNIX &&
		unlink(sun.sun_path) < 0)
		log_warning("cannot remove %s: %s", sun.sun_path, strerror(errno));
	close(fd);
}
