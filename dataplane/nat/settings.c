// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What holds for all NAT rules: the timers. Control thread only; the sweeper reads them.
#include <errno.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/nat/build.h"

static int check_timeout(struct nat_build *b, const char *field, uint32_t seconds)
{
	if (seconds > 0 && seconds <= NAT_TIMEOUT_MAX)
		return 0;
	return txn_error(b->errors, OBJ_NAT, NAT_SETTINGS, field, -ERANGE,
		"%u seconds: not from 1 to %u", seconds, NAT_TIMEOUT_MAX);
}

int nat_check_settings(struct nat_build *b)
{
	const struct obj_nat *o = objects_get(b->objects, OBJ_NAT, NAT_SETTINGS);
	int rc;

	if (o == NULL)
		return 0;
	rc = check_timeout(b, "tcp_established_s", o->tcp_established_s);
	if (rc == 0)
		rc = check_timeout(b, "tcp_transitory_s", o->tcp_transitory_s);
	if (rc == 0)
		rc = check_timeout(b, "udp_s", o->udp_s);
	if (rc == 0)
		rc = check_timeout(b, "icmp_s", o->icmp_s);
	return rc == 0 ? check_timeout(b, "other_s", o->other_s) : rc;
}

void nat_apply_settings(struct dataplane *dp, const struct objects *next)
{
	const struct obj_nat *o = objects_get(next, OBJ_NAT, NAT_SETTINGS);
	struct session_timers *t = &dp->sessions.timers;
	const struct session_timers normal = SESSION_TIMERS_DEFAULT;

	t->tcp_established = o != NULL ? o->tcp_established_s : normal.tcp_established;
	t->tcp_transitory = o != NULL ? o->tcp_transitory_s : normal.tcp_transitory;
	t->udp = o != NULL ? o->udp_s : normal.udp;
	t->icmp = o != NULL ? o->icmp_s : normal.icmp;
	t->other = o != NULL ? o->other_s : normal.other;
}
