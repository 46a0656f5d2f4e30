// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The API's resources. A handler reads the request, does its work and makes the reply; routes.c
// says which path and thread each one serves.
#pragma once

#include "control/api/request.h"

// Finds the route, checks the query parameters and the media type. 0, or negative errno with the
// reply made.
int api_route(struct request *r);

// config.c; the writing ones on the commit thread.
void config_get(struct request *r);
void config_put(struct request *r);
void config_patch(struct request *r);
// object.c
void config_list_get(struct request *r);
void config_object_get(struct request *r);
void config_object_put(struct request *r);
void config_object_delete(struct request *r);

// revisions.c; all on the commit thread.
void revisions_get(struct request *r);
void revision_get(struct request *r);
void config_diff_get(struct request *r);
void config_rollback(struct request *r);
void config_trial_get(struct request *r);
void config_confirm(struct request *r);

// state*.c; those that ask the data plane on the commit thread.
void state_summary(struct request *r);
void state_dataplane(struct request *r);
void state_drops(struct request *r);
void state_punts(struct request *r);
void state_limits(struct request *r);
void state_devices(struct request *r);
void state_interfaces(struct request *r);
void state_routes(struct request *r);
void state_routes_compare(struct request *r); // query thread
void state_neighbours(struct request *r);
void state_nat_sessions(struct request *r);
void state_nat_sessions_delete(struct request *r);
void state_nat_rules(struct request *r);
void state_nat_ports(struct request *r);
void state_ospf(struct request *r); // query thread, as the next one
void state_ospf_routes(struct request *r);

void health_get(struct request *r);
void metrics_get(struct request *r);
