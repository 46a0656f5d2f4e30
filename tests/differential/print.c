// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Packets and sequences as text.
#include "tests/differential/print.h"

#include <netinet/in.h>
#include <stdio.h>

#include "tests/differential/view.h"

static const char *const wires[] = { "-", "vpc1", "vpc2", "pub0", "invalid" };

static void print_endpoint(FILE *out, uint32_t ip, bool has_port, uint16_t port)
{
	fprintf(out, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
	if (has_port)
		fprintf(out, ":%u", port);
}

static void print_tcp_flags(FILE *out, const struct view *v)
{
	static const char names[] = "FSRPAU";

	fprintf(out, " flags ");
	for (unsigned int i = 0; i < 6; i++)
		if (v->l4[13] & 1u << i)
			fprintf(out, "%c", names[i]);
}

static void print_packet(FILE *out, const struct view *v)
{
	fprintf(out, "%s ",
		v->proto == IPPROTO_TCP	   ? "tcp"
		: v->proto == IPPROTO_UDP  ? "udp"
		: v->proto == IPPROTO_ICMP ? "icmp"
					   : "other");
	print_endpoint(out, v->src, v->has_ports, v->sport);
	fprintf(out, " > ");
	print_endpoint(out, v->dst, v->has_ports, v->dport);
	if (v->proto == IPPROTO_TCP && v->l4_len >= 14)
		print_tcp_flags(out, v);
	if (v->proto == IPPROTO_ICMP && v->l4_len >= 2)
		fprintf(out, " type %u code %u", v->l4[0], v->l4[1]);
	fprintf(out, " ttl %u tos %02x id %u len %u", v->ip[8], v->ip[1], view_load(v->ip + 4),
		v->total);
	if (view_load(v->ip + 6) != 0)
		fprintf(out, " frag %04x", view_load(v->ip + 6));
}

static void print_frames(FILE *out, const char *who, const struct frames *frames)
{
	for (unsigned int i = 0; i < frames->n; i++) {
		const struct frame *f = &frames->f[i];
		struct view v, quote;

		fprintf(out, "        %-8s %-5s ", who, wires[f->wire]);
		if (!view_frame(&v, f)) {
			fprintf(out, "not IPv4\n");
			continue;
		}
		print_packet(out, &v);
		if (view_quote(&quote, &v)) {
			fprintf(out, " about [");
			print_packet(out, &quote);
			fprintf(out, "]");
		}
		fprintf(out, "\n");
	}
}

static void print_step(FILE *out, const struct bench *b, const struct step *s)
{
	static const char *const kinds[] = { "packet", "reply to", "error about" };
	const struct exchange *ours = &b->ours[s->id], *kernel = &b->theirs[s->id];

	if (s->kind == STEP_TIME) {
		fprintf(out, "  %2u: %u seconds pass\n", s->id, s->seconds);
		return;
	}
	fprintf(out, "  %2u: %s", s->id, kinds[s->kind]);
	if (s->kind != STEP_SEND)
		fprintf(out, " %u", s->ref);
	fprintf(out, "%s%s%s\n", s->flags & STEP_BAD_CHECKSUM ? ", bad checksum" : "",
		s->flags & STEP_NO_CHECKSUM ? ", no checksum" : "",
		ours->in.n == 0 ? ": nothing to send" : "");
	print_frames(out, "sent", &ours->in);
	print_frames(out, "vrouter", &ours->out);
	if (ours->in.n != 0 && ours->out.n == 0)
		fprintf(out, "        vrouter  nothing\n");
	print_frames(out, "kernel", &kernel->out);
	if (kernel->in.n != 0 && kernel->out.n == 0)
		fprintf(out, "        kernel   nothing%s\n", kernel->invalid ? " (invalid)" : "");
}

void print_sequence(FILE *out, const struct bench *b, const struct sequence *s)
{
	for (unsigned int i = 0; i < b->played; i++)
		print_step(out, b, &s->steps[i]);
	fprintf(out, "  difference: %s\n", b->comparison.why);
	fflush(out);
}
