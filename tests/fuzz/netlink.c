// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The netlink sockets of the fuzz targets, see netlink.h.
#include "tests/fuzz/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <sanitizer/asan_interface.h>

#define OVERRUN	  0xffff
#define STACK_MAX (8u << 20)

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *s, const void *data, size_t len);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *s, void *buffer, size_t size);
ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags);

static struct {
	const uint8_t *data;
	size_t size;
	void *poisoned; // what is behind the last datagram in its buffer
	size_t poisoned_size;
} input;

static void unpoison(void)
{
	if (input.poisoned != NULL)
		__asan_unpoison_memory_region(input.poisoned, input.poisoned_size);
	input.poisoned = NULL;
}

void fuzz_netlink_input(const uint8_t *data, size_t size)
{
	unpoison();
	input.data = data;
	input.size = size;
}

bool fuzz_netlink_more(void)
{
	return input.size >= sizeof(uint16_t);
}

// The kernel cuts datagrams into messages without mistake; libmnl trusts it in that, and so do we.
// What is in a message is the input's.
static void repair(uint8_t *data, size_t left)
{
	struct nlmsghdr h;

	while (left >= sizeof(h)) {
		memcpy(&h, data, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > left)
			h.nlmsg_len = (uint32_t)left;
		memcpy(data, &h, sizeof(h));
		if (NLMSG_ALIGN(h.nlmsg_len) >= left)
			return;
		data += NLMSG_ALIGN(h.nlmsg_len);
		left -= NLMSG_ALIGN(h.nlmsg_len);
	}
}

// Reading behind the end of a datagram is an error, although the buffer goes on. One on the stack
// ends with its function: those are left alone.
static void poison(uint8_t *at, size_t size)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	if ((uintptr_t)at - here < STACK_MAX)
		return;
	input.poisoned = at;
	input.poisoned_size = size;
	__asan_poison_memory_region(at, size);
}

// The next datagram.
static ssize_t receive(void *buffer, size_t size)
{
	uint16_t len;

	unpoison();
	errno = EAGAIN;
	if (!fuzz_netlink_more())
		return -1;
	memcpy(&len, input.data, sizeof(len));
	input.data += sizeof(len);
	input.size -= sizeof(len);
	errno = ENOBUFS;
	if (len == OVERRUN)
		return -1;
	if (len > input.size)
		len = (uint16_t)input.size;
	if (len > size)
		len = (uint16_t)size;
	memcpy(buffer, input.data, len);
	input.data += len;
	input.size -= len;
	errno = EAGAIN;
	if (len < sizeof(struct nlmsghdr))
		return -1;
	repair(buffer, len);
	if (NLMSG_ALIGN(len) < size) // libmnl reads the last message's padding, too
		poison((uint8_t *)buffer + NLMSG_ALIGN(len), size - NLMSG_ALIGN(len));
	return len;
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *s, const void *data, size_t len)
{
	return (ssize_t)len;
}

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *s, void *buffer, size_t size)
{
	return receive(buffer, size);
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags)
{
	return receive(m->msg_iov[0].iov_base, m->msg_iov[0].iov_len);
}
