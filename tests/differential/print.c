// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Packets and sequences as text.
#include "tests/differential/print.h"

#include <netinet/in.h>
#include <stdio.h>

#include "tests/differential/view.h"

static const char *const wires[] = { "-", "vpc1", "vpc2", "pub0", "invalid" };

static void print_endpoint(uint32_t ip, bool has_port, uint16_t port)
{
	printf("%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
	if (has_port)
		printf(":%u", port);
}

static void print_tcp_flags(const struct view *v)
{
	static const char names[] = "FSRPAU";

	printf(" flags ");
	for (unsigned int i = 0; i < 6; i++)
		if (v->l4[13] & 1u << i)
			printf("%c", names[i]);
}

static void print_packet(const struct view *v)
{
	printf("%s ", v->proto == IPPROTO_TCP	 ? "tcp"
		      : v->proto == IPPROTO_UDP	 ? "udp"
		      : v->proto == IPPROTO_ICMP ? "icmp"
						 : "other");
	print_endpoint(v->src, v->has_ports, v->sport);
	printf(" > ");
	print_endpoint(v->dst, v->has_ports, v->dport);
	if (v->proto == IPPROTO_TCP && v->l4_len >= 14)
		print_tcp_flags(v);
	if (v->proto == IPPROTO_ICMP && v->l4_len >= 2)
		printf(" type %u code %u", v->l4[0], v->l4[1]);
	printf(" ttl %u tos %02x id %u len %u", v->ip[8], v->ip[1], view_load(v->ip + 4), v->total);
	if (view_load(v->ip + 6) != 0)
		printf(" frag %04x", view_load(v->ip + 6));
}

static void print_frames(const char *who, const struct frames *frames)
{
	for (unsigned int i = 0; i < frames->n; i++) {
		const struct frame *f = &frames->f[i];
		struct view v, quote;

		printf("        %-8s %-5s ", who, wires[f->wire]);
		if (!view_frame(&v, f)) {
			printf("not IPv4\n");
			continue;
		}
		print_packet(&v);
		if (view_quote(&quote, &v)) {
			printf(" about [");
			print_packet(&quote);
			printf("]");
		}
		printf("\n");
	}
}

static void print_step(const struct bench *b, const struct step *s)
{
	static const char *const kinds[] = { "packet", "reply to", "error about" };
	const struct exchange *ours = &b->ours[s->id], *kernel = &b->theirs[s->id];

	if (s->kind == STEP_TIME) {
		printf("  %2u: %u seconds pass\n", s->id, s->seconds);
		return;
	}
	printf("  %2u: %s", s->id, kinds[s->kind]);
	if (s->kind != STEP_SEND)
		printf(" %u", s->ref);
	printf("%s%s%s\n", s->flags & STEP_BAD_CHECKSUM ? ", bad checksum" : "",
		s->flags & STEP_NO_CHECKSUM ? ", no checksum" : "",
		ours->in.n == 0 ? ": nothing to send" : "");
	print_frames("sent", &ours->in);
	print_frames("vrouter", &ours->out);
	if (ours->in.n != 0 && ours->out.n == 0)
		printf("        vrouter  nothing\n");
	print_frames("kernel", &kernel->out);
	if (kernel->in.n != 0 && kernel->out.n == 0)
		printf("        kernel   nothing%s\n", kernel->invalid ? " (invalid)" : "");
}

void print_sequence(const struct bench *b, const struct sequence *s)
{
	for (unsigned int i = 0; i < b->played; i++)
		print_step(b, &s->steps[i]);
	printf("  difference: %s\n", b->comparison.why);
	fflush(stdout);
}
