// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Packets are compared byte by byte, after the ports that the kernel chose are replaced by those
// that the data plane chose, and checksums, once verified, are set to 0.
#include "tests/differential/bytes.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "tests/differential/site.h"
#include "tests/differential/view.h"

struct pair {
	struct comparison *c;
	const struct step *step;
	struct frame f[2]; // ours, kernel: copies
	struct view v[2];
};

static enum verdict differ(struct pair *p, const char *why)
{
	snprintf(p->c->why, sizeof(p->c->why), "%s", why);
	return VERDICT_DIFFERENT;
}

static enum verdict replace_ports(
	struct pair *p, const struct view *ours, const struct view *kernel)
{
	struct comparison *c = p->c;
	struct view in;
	enum rule rule;
	const char *why;

	if (!view_first(&in, &c->ours[p->step->id].in))
		return differ(p, "the step sent nothing that could be translated");
	why = ports_replace(
		&c->ports, &c->tracks, &c->flows[p->step->id], ours, kernel, in.sport, &rule);
	if (rule != RULE_COUNT)
		c->used[rule]++;
	if (why == PORTS_COINCIDENCE)
		return VERDICT_COINCIDENCE;
	return why == NULL ? VERDICT_SAME : differ(p, why);
}

// 0 and 0xffff are the same sum.
static void clear_checksum(struct view *v, bool quoted)
{
	uint8_t *l4 = view_checksum(v);

	if (l4 == NULL)
		return;
	if (!quoted)
		view_store(l4, v->proto == IPPROTO_UDP && view_load(l4) == 0);
	else if (view_load(l4) == 0xffff)
		view_store(l4, 0);
}

static bool from_router(const struct pair *p)
{
	return p->v[0].is_error && p->v[1].is_error && site_is_own(p->v[0].src) &&
	       site_is_own(p->v[1].src) && p->step->kind != STEP_ERROR;
}

// What an error of the router's own may differ in.
static void even_out_error(struct pair *p)
{
	uint64_t *used = p->c->used;

	// Its id, or DF in the place of one (RFC 6864: unique per sender, no more, or atomic).
	for (unsigned int i = 0; i < 2; i++)
		memset(p->v[i].ip + 4, 0, 4);
	if (p->v[0].src != p->v[1].src && (p->v[0].src & 0xff) == 1) {
		memcpy(p->v[1].ip + 12, p->v[0].ip + 12, 4);
		used[RULE_ERROR_SOURCE]++;
	}
}

static enum verdict even_out(struct pair *p)
{
	struct view quote[2];
	enum verdict verdict = replace_ports(p, &p->v[0], &p->v[1]);

	if (verdict != VERDICT_SAME)
		return verdict;
	if (view_quote(&quote[0], &p->v[0]) && view_quote(&quote[1], &p->v[1])) {
		verdict = replace_ports(p, &quote[0], &quote[1]);
		if (from_router(p))
			even_out_error(p);
		clear_checksum(&quote[0], true);
		clear_checksum(&quote[1], true);
	}
	for (unsigned int i = 0; i < 2; i++) {
		view_store(p->v[i].ip + 10, 0);
		clear_checksum(&p->v[i], false);
	}
	return verdict;
}

static enum verdict same_bytes(struct pair *p)
{
	const struct frame *a = &p->f[0], *b = &p->f[1];
	unsigned int i = 0;

	if (a->len != b->len) {
		snprintf(p->c->why, sizeof(p->c->why),
			"vrouter's packet has %u bytes, the kernel's %u", a->len, b->len);
		return VERDICT_DIFFERENT;
	}
	while (i < a->len && a->data[i] == b->data[i])
		i++;
	if (i == a->len)
		return VERDICT_SAME;
	snprintf(p->c->why, sizeof(p->c->why), "IP byte %d: vrouter %02x, kernel %02x",
		(int)i - ETH_LEN, a->data[i], b->data[i]);
	return VERDICT_DIFFERENT;
}

static enum verdict check_sums(struct pair *p)
{
	bool good = !(p->step->flags & STEP_BAD_CHECKSUM);

	for (unsigned int i = 0; i < 2; i++)
		if (view_checksums_ok(&p->v[i]) != good && !from_router(p))
			return differ(p, i == 0 ? "a checksum of vrouter's is wrong"
						: "a checksum of the kernel's is wrong");
	return VERDICT_SAME;
}

enum verdict bytes_compare(struct comparison *c, const struct step *s, unsigned int i)
{
	struct pair p = { .c = c, .step = s };
	enum verdict verdict;

	p.f[0] = c->ours[s->id].out.f[i];
	p.f[1] = c->kernel[s->id].out.f[i];
	if (p.f[0].wire != p.f[1].wire)
		return differ(&p, "they leave by different interfaces");
	for (unsigned int k = 0; k < 2; k++)
		if (!view_parse(&p.v[k], p.f[k].data + ETH_LEN, p.f[k].len - ETH_LEN))
			return differ(&p, "a packet has no valid IP header");
	verdict = check_sums(&p);
	if (verdict == VERDICT_SAME)
		verdict = even_out(&p);
	return verdict == VERDICT_SAME ? same_bytes(&p) : verdict;
}
