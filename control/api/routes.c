// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The API's resources by path. What changes something or waits for the data plane is served on the
// commit thread, one at a time; the latter also while a commit waits for another daemon.
#include "control/api/handlers.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "control/api/filter.h"

#define LOOP	 ROUTE_LOOP
#define COMMIT	 ROUTE_COMMIT
#define ASK	 ROUTE_STATE
#define QUERY	 ROUTE_QUERY
#define PAGE	 "limit offset"
#define CHANGE	 "dry_run confirm comment"
#define MERGE	 "application/merge-patch+json"
#define DOC	 "/v1/config"
#define LIST	 "/v1/config/{list}"
#define OBJECT	 "/v1/config/{list}/{name...}"
#define STATE	 "/v1/state"
#define SESSIONS STATE "/nat/sessions"

static const struct route routes[] = {
	{ "GET", DOC, NULL, LOOP, config_get },
	{ "PUT", DOC, CHANGE, COMMIT, config_put },
	{ "PATCH", DOC, CHANGE, COMMIT, config_patch },
	{ "GET", DOC "/revisions", PAGE, COMMIT, revisions_get },
	{ "GET", DOC "/revisions/{number}", NULL, COMMIT, revision_get },
	{ "GET", DOC "/diff", "from to", COMMIT, config_diff_get },
	{ "POST", DOC "/rollback", CHANGE, COMMIT, config_rollback },
	{ "GET", DOC "/confirm", NULL, COMMIT, config_trial_get },
	{ "POST", DOC "/confirm", NULL, COMMIT, config_confirm },
	{ "GET", LIST, NULL, LOOP, config_list_get },
	{ "GET", OBJECT, NULL, LOOP, config_object_get },
	{ "PUT", OBJECT, CHANGE, COMMIT, config_object_put },
	{ "DELETE", OBJECT, CHANGE, COMMIT, config_object_delete },
	{ "GET", STATE, NULL, LOOP, state_summary },
	{ "GET", STATE "/dataplane", NULL, LOOP, state_dataplane },
	{ "GET", STATE "/drops", NULL, LOOP, state_drops },
	{ "GET", STATE "/punts", NULL, LOOP, state_punts },
	{ "GET", STATE "/limits", NULL, ASK, state_limits },
	{ "GET", STATE "/devices", NULL, ASK, state_devices },
	{ "GET", STATE "/interfaces", NULL, ASK, state_interfaces },
	{ "GET", STATE "/routes", "limit cursor", ASK, state_routes },
	{ "GET", STATE "/routes/compare", "differing " PAGE, QUERY, state_routes_compare },
	{ "GET", STATE "/neighbours", PAGE, ASK, state_neighbours },
	{ "GET", SESSIONS, FILTER_ARGS " limit cursor", ASK, state_nat_sessions },
	{ "DELETE", SESSIONS, FILTER_ARGS " all", COMMIT, state_nat_sessions_delete },
	{ "GET", STATE "/nat/rules", NULL, ASK, state_nat_rules },
	{ "GET", STATE "/nat/ports", NULL, LOOP, state_nat_ports },
	{ "GET", STATE "/ospf", NULL, QUERY, state_ospf },
	{ "GET", STATE "/ospf/routes", PAGE, QUERY, state_ospf_routes },
	{ "GET", "/healthz", NULL, LOOP, health_get },
	{ "GET", "/metrics", NULL, ASK, metrics_get },
};

// A misspelt parameter must not be a silent no: `dryrun=1` would apply what was to be tried.
static int check_args(struct request *r)
{
	for (unsigned int i = 0; i < r->n_args; i++) {
		const char *name = r->args[i].name;

		if (!route_word_in(name, r->match.route->query)) {
			reply_problem(r, 400, "unknown query parameter \"%s\"; %s%s", name,
				r->match.route->query ? "known: " : "this resource has none",
				r->match.route->query ? r->match.route->query : "");
			return -EINVAL;
		}
		if (request_arg(r, name) != r->args[i].value) {
			reply_problem(r, 400, "query parameter \"%s\" is given twice", name);
			return -EINVAL;
		}
	}
	return 0;
}

// `type` without its parameters ("; charset=utf-8").
static bool media_type_is(const char *type, const char *wanted)
{
	size_t len = strcspn(type, "; \t");

	return len == strlen(wanted) && strncasecmp(type, wanted, len) == 0;
}

// A body without a type is taken as JSON.
static int check_content_type(struct request *r)
{
	const char *type = r->content_type;
	bool patch = strcmp(r->method, "PATCH") == 0;

	if ((!patch && strcmp(r->method, "PUT") != 0) || !type ||
		media_type_is(type, "application/json") || (patch && media_type_is(type, MERGE)))
		return 0;
	reply_problem(r, 415, "Content-Type %s: this resource takes application/json%s", type,
		patch ? " or " MERGE : "");
	return -EINVAL;
}

int api_route(struct request *r)
{
	const size_t count = sizeof(routes) / sizeof(routes[0]);
	int ret = route_find(routes, count, r->method, r->path, &r->match);

	if (ret == -ENOENT)
		reply_problem(r, 404, "%s: no such resource", r->path);
	if (ret == -ENOTSUP)
		reply_problem(r, 405, "%s: %s is not possible, only %s", r->path, r->method,
			r->match.allow);
	if (ret < 0)
		return ret;
	ret = check_args(r);
	return ret < 0 ? ret : check_content_type(r);
}
