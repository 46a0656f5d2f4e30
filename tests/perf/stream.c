// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// UDP packets on a netdev, for `./dev bench --sessions`: a flow for each packet to fill a table, or
// one flow of numbered packets at a fixed rate, whose receiver tells what was lost and the longest
// time without a packet. One system call for 64 packets.
//
//   stream fill NETDEV DST_MAC FIRST_SOURCE DESTINATION PORT FLOWS RATE
//   stream send NETDEV DST_MAC SOURCE DESTINATION PORT RATE SECONDS
//   stream receive NETDEV PORT SECONDS
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH	      64
#define SOURCE_PORTS  50000 // flows of one source address
#define FIRST_PORT    10000
#define RECEIVE_BYTES (16 << 20)

struct packet {
	struct ether_header eth;
	struct iphdr ip;
	struct udphdr udp;
	uint64_t number;
	uint8_t pad[10]; // 60 bytes, the least on Ethernet
} __attribute__((packed));

struct sender {
	int fd;
	struct sockaddr_ll to;
	struct packet packets[BATCH];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const char *what)
{
	fprintf(stderr, "stream: %s: %s\n", what, strerror(errno));
	return EXIT_FAILURE;
}

static uint16_t ip_checksum(const void *header)
{
	const uint8_t *bytes = header;
	uint32_t sum = 0;

	for (unsigned int i = 0; i < sizeof(struct iphdr); i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t) ~(sum + (sum >> 16)));
}

// A UDP checksum of 0 is none (RFC 768).
static void build(struct packet *p, const uint8_t mac[6], in_addr_t src, uint16_t sport,
	in_addr_t dst, uint16_t dport, uint64_t number)
{
	*p = (struct packet){ .number = number };
	memcpy(p->eth.ether_dhost, mac, 6);
	p->eth.ether_shost[0] = 2;
	p->eth.ether_type = htons(ETHERTYPE_IP);
	p->ip = (struct iphdr){ .version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(*p) - sizeof(p->eth)),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = src,
		.daddr = dst };
	p->ip.check = ip_checksum((uint8_t *)p + sizeof(p->eth));
	p->udp.source = htons(sport);
	p->udp.dest = htons(dport);
	p->udp.len = htons(sizeof(*p) - sizeof(p->eth) - sizeof(p->ip));
}

static int open_packet(const char *netdev, uint16_t protocol, struct sockaddr_ll *at)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(protocol));

	*at = (struct sockaddr_ll){ .sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int)if_nametoindex(netdev),
		.sll_halen = 6 };
	if (fd >= 0 && bind(fd, (struct sockaddr *)at, sizeof(*at)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int parse_mac(const char *text, uint8_t mac[6])
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		       &mac[4], &mac[5]) == 6
		       ? 0
		       : -1;
}

// All of them, whatever the netdev's queue takes at once.
static int send_batch(struct sender *s, unsigned int n)
{
	struct mmsghdr messages[BATCH];
	struct iovec pieces[BATCH];

	for (unsigned int i = 0; i < n; i++) {
		pieces[i] = (struct iovec){ &s->packets[i], sizeof(s->packets[i]) };
		messages[i] =
			(struct mmsghdr){ .msg_hdr = { .msg_iov = &pieces[i], .msg_iovlen = 1 } };
	}
	for (unsigned int done = 0; done < n;) {
		int sent = sendmmsg(s->fd, messages + done, n - done, 0);

		if (sent < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			return -1;
		done += sent > 0 ? (unsigned int)sent : 0;
	}
	return 0;
}

// The pace of the stream: nothing comes that could be waited for.
static void pace(double at)
{
	double left = at - now();
	struct timespec t = { .tv_sec = (time_t)left,
		.tv_nsec = (long)((left - (double)(time_t)left) * 1e9) };

	if (left > 0)
		ppoll(NULL, 0, &t, NULL);
}

// `flows`: each packet is one; else all are of one flow.
static int send_all(const char *netdev, const char *mac_text, const char *source,
	const char *destination, uint16_t port, uint64_t count, double rate, int flows)
{
	uint32_t first = ntohl(inet_addr(source));
	in_addr_t dst = inet_addr(destination);
	struct sender s;
	double start = now();
	uint8_t mac[6];

	s.fd = open_packet(netdev, 0, &s.to);
	if (s.fd < 0 || parse_mac(mac_text, mac) < 0)
		return fail(netdev);
	for (uint64_t sent = 0; sent < count;) {
		unsigned int n = count - sent < BATCH ? (unsigned int)(count - sent) : BATCH;

		for (unsigned int i = 0; i < n; i++) {
			uint64_t flow = flows ? sent + i : 0;

			build(&s.packets[i], mac, htonl(first + (uint32_t)(flow / SOURCE_PORTS)),
				(uint16_t)(FIRST_PORT + flow % SOURCE_PORTS), dst, port, sent + i);
		}
		pace(start + (double)sent / rate);
		if (send_batch(&s, n) < 0)
			return fail("send");
		sent += n;
	}
	printf("{\"sent\": %" PRIu64 ", \"seconds\": %.3f}\n", count, now() - start);
	return EXIT_SUCCESS;
}

struct seen {
	uint64_t packets, highest;
	double last, longest; // seconds
};

static void see(struct seen *s, const struct packet *p, size_t len, uint16_t port)
{
	double at = now();

	if (len < sizeof(*p) || p->ip.protocol != IPPROTO_UDP || p->udp.dest != htons(port))
		return;
	if (s->packets++ > 0 && at - s->last > s->longest)
		s->longest = at - s->last;
	s->last = at;
	if (p->number > s->highest)
		s->highest = p->number;
}

// Until `seconds` have passed, or one without a packet after the first.
static int receive(const char *netdev, uint16_t port, double seconds)
{
	struct timeval tick = { .tv_usec = 200000 };
	const int bytes = RECEIVE_BYTES;
	struct seen s = { 0 };
	double end = now() + seconds;
	struct sockaddr_ll at;
	int fd = open_packet(netdev, ETHERTYPE_IP, &at);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof(tick)) < 0)
		return fail(netdev);
	puts("ready");
	fflush(stdout);
	while (now() < end && !(s.packets > 0 && now() - s.last > 1)) {
		struct packet p;
		ssize_t len = recv(fd, &p, sizeof(p), 0);

		if (len > 0)
			see(&s, &p, (size_t)len, port);
	}
	printf("{\"received\": %" PRIu64 ", \"lost\": %" PRId64 ", \"longest_gap_ms\": %.3f}\n",
		s.packets, (int64_t)(s.highest + 1 - s.packets), s.longest * 1e3);
	return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	if (argc == 9 && strcmp(argv[1], "fill") == 0)
		return send_all(argv[2], argv[3], argv[4], argv[5], (uint16_t)atoi(argv[6]),
			strtoull(argv[7], NULL, 10), atof(argv[8]), 1);
	if (argc == 9 && strcmp(argv[1], "send") == 0)
		return send_all(argv[2], argv[3], argv[4], argv[5], (uint16_t)atoi(argv[6]),
			(uint64_t)(atof(argv[7]) * atof(argv[8])), atof(argv[7]), 0);
	if (argc == 5 && strcmp(argv[1], "receive") == 0)
		return receive(argv[2], (uint16_t)atoi(argv[3]), atof(argv[4]));
	fputs("usage: see tests/perf/stream.c\n", stderr);
	return 2;
}
