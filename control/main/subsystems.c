// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The list of subsystems. Its order is the order of a commit: what traffic will need is there
// before the data plane's flip, the neighbours hear of it after that, and what traffic needed until
// then goes last, or, once the router runs, before FRR is told.
#include "control/main/control.h"

#include <errno.h>

static void add(struct control *c, struct subsystem s)
{
	c->subsystems[c->n_subsystems++] = s;
}

int subsystems_create(struct control *c)
{
	c->dataplane = dataplane_create(c->client);
	c->kernel = kernel_create(c->options.netns, c->client, c->jobs);
	c->natlog = natlog_create(c->client);
	c->routing = routing_create(c->options.vtysh, c->options.frr_socket_dir, c->jobs);
	if (!c->dataplane || !c->kernel || !c->natlog || !c->routing)
		return -ENOMEM;
	kernel_hold_ospf(c->kernel, routing_absence, c->routing);
	add(c, kernel_add_subsystem(c->kernel));
	add(c, dataplane_subsystem(c->dataplane));
	add(c, natlog_subsystem(c->natlog));
	add(c, kernel_garp_subsystem(c->kernel));
	add(c, routing_subsystem(c->routing));
	add(c, kernel_remove_subsystem(c->kernel));
	return 0;
}

void subsystems_destroy(struct control *c)
{
	if (c->kernel)
		kernel_destroy(c->kernel);
	routing_destroy(c->routing);
	natlog_destroy(c->natlog);
	if (c->dataplane)
		dataplane_destroy(c->dataplane);
}
