// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Reads the JSON of vtysh. What is missing in it, or of another type, becomes null.
#include "control/routing/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define STUCK_MS 10000 // a neighbour between Init and Full for longer has a reason

// Asks a daemon; 0 with a new reference to an object, or negative errno.
static int ask(const struct vtysh *v, const char *daemon, const char *command, json_t **out)
{
	const char *const args[] = { "-d", daemon, "-c", command, NULL };
	struct vtysh_result result;
	const char *begin;
	int rc = vtysh_run(v, args, NULL, &result);

	if (rc < 0)
		return rc;
	begin = result.status == 0 ? strchr(result.output, '{') : NULL;
	*out = begin != NULL ? json_loads(begin, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	rc = *out != NULL ? 0 : result.status == 0 ? -EBADMSG : -ENOTCONN;
	free(result.output);
	return rc;
}

static json_t *member(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return value != NULL ? json_incref(value) : json_null();
}

static json_t *seconds(json_t *object, const char *key)
{
	json_t *ms = json_object_get(object, key);

	return json_is_number(ms) ? json_real(json_number_value(ms) / 1000) : json_null();
}

// "Full/DR": the part before or after the slash; "-" after it is no role.
static json_t *part(json_t *object, const char *key, bool after)
{
	const char *text = json_string_value(json_object_get(object, key));
	const char *slash = text != NULL ? strchr(text, '/') : NULL;

	if (text == NULL || (after && (slash == NULL || strcmp(slash, "/-") == 0)))
		return json_null();
	if (after)
		return json_string(slash + 1);
	return json_stringn(text, slash != NULL ? (size_t)(slash - text) : strlen(text));
}

// "0.0.0.1 [Stub]": the id alone.
static json_t *area_id(json_t *n)
{
	const char *text = json_string_value(json_object_get(n, "areaId"));

	return text != NULL ? json_stringn(text, strcspn(text, " ")) : json_null();
}

static bool is_full(json_t *n)
{
	const char *text = json_string_value(json_object_get(n, "nbrState"));

	return text != NULL && strncmp(text, "Full", 4) == 0;
}

static void add_problem(json_t *problems, json_t *interface, const char *id, const char *text)
{
	json_array_append_new(problems, json_pack("{s:O?, s:s?, s:s}", "interface", interface,
						"router_id", id, "text", text));
}

static void check_neighbour(json_t *problems, const char *id, json_t *n)
{
	const char *state = json_string_value(json_object_get(n, "nbrState"));
	json_t *since = json_object_get(n, "lastPrgrsvChangeMsec");

	if (state == NULL || !json_is_number(since) || json_number_value(since) < STUCK_MS)
		return;
	if (strncmp(state, "ExStart", 7) == 0 || strncmp(state, "Exchange", 8) == 0)
		add_problem(problems, json_object_get(n, "ifaceName"), id,
			"the exchange does not begin or end: the MTUs differ, or unicast is lost");
	else if (strncmp(state, "Init", 4) == 0)
		add_problem(problems, json_object_get(n, "ifaceName"), id,
			"the neighbour is heard and does not hear: it refuses the router's hellos");
}

static void add_neighbour(json_t *s, const char *id, json_t *n)
{
	json_array_append_new(json_object_get(s, "neighbours"),
		json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "router_id",
			id, "state", part(n, "nbrState", false), "role", part(n, "nbrState", true),
			"address", member(n, "ifaceAddress"), "interface", member(n, "ifaceName"),
			"area", area_id(n), "full_for_s",
			is_full(n) ? seconds(n, "lastPrgrsvChangeMsec") : json_null(), "dead_in_s",
			seconds(n, "routerDeadIntervalTimerDueMsec"), "state_changes",
			member(n, "stateChangeCounter"), "last_loss",
			member(n, "lastRegressiveChangeReason"), "graceful_restart",
			member(n, "grHelperStatus")));
	check_neighbour(json_object_get(s, "problems"), id, n);
}

static void add_neighbours(json_t *s, json_t *answer)
{
	json_t *list, *n;
	const char *id;
	size_t i;

	json_object_foreach(json_object_get(answer, "neighbors"), id, list)
		json_array_foreach(list, i, n) add_neighbour(s, id, n);
}

static const char *interface_name(const struct config *c, const struct ospf_interface_config *f)
{
	return c->interfaces[f->interface].name;
}

static int hellos_received(json_t *traffic, const char *name)
{
	return (int)json_integer_value(json_object_get(json_object_get(traffic, name), "helloIn"));
}

// An interface that OSPF runs on and where nobody is; `f` is what FRR says of it.
static void check_interface(json_t *problems, const struct ospf_interface_config *conf,
	const char *name, json_t *f, int hellos)
{
	json_t *interface = json_string(name);

	if (f == NULL)
		add_problem(problems, interface, NULL,
			"OSPF does not run here: the link is down, or there is no interface or "
			"address");
	else if (json_is_false(json_object_get(f, "ifUp")))
		add_problem(problems, interface, NULL, "the link is down");
	else if (!conf->passive && json_integer_value(json_object_get(f, "nbrCount")) == 0)
		add_problem(problems, interface, NULL,
			hellos > 0 ? "no neighbour: hellos came, and none comes or counts now. "
				     "Intervals, area type, mask or authentication differ, the "
				     "neighbour has this router's id, or it is gone"
				   : "no neighbour: no hello was accepted. Area or authentication "
				     "differ, or nobody is there");
	json_decref(interface);
}

static void add_interface(json_t *s, const struct config *c, const char *area,
	const struct ospf_interface_config *conf, json_t *answer, json_t *traffic)
{
	const char *name = interface_name(c, conf);
	json_t *f = json_object_get(json_object_get(answer, "interfaces"), name);
	int hellos = hellos_received(traffic, name);

	json_array_append_new(json_object_get(s, "interfaces"),
		json_pack("{s:s, s:s, s:o, s:o, s:i, s:i, s:i, s:b, s:o, s:o, s:o, s:i}", "name",
			name, "area", area, "up", member(f, "ifUp"), "state", member(f, "state"),
			"cost", (int)conf->cost, "hello_interval_s", (int)conf->hello_interval_s,
			"dead_interval_s", (int)conf->dead_interval_s, "passive", conf->passive,
			"network_type", member(f, "networkType"), "neighbours",
			member(f, "nbrCount"), "adjacent", member(f, "nbrAdjacentCount"),
			"hellos_received", hellos));
	check_interface(json_object_get(s, "problems"), conf, name, f, hellos);
}

static const char *area_type(enum ospf_area_type type)
{
	return type == OSPF_AREA_STUB ? "stub" : type == OSPF_AREA_NSSA ? "nssa" : "standard";
}

static void add_area(json_t *s, const char *id, const struct ospf_area_config *area, json_t *answer)
{
	json_t *a = json_object_get(json_object_get(answer, "areas"), id);

	json_array_append_new(json_object_get(s, "areas"),
		json_pack("{s:s, s:s, s:i, s:o, s:o, s:o}", "id", id, "type", area_type(area->type),
			"interfaces", (int)area->n_interfaces, "neighbours_full",
			member(a, "nbrFullAdjacentCounter"), "lsas", member(a, "lsaNumber"),
			"spf_runs", member(a, "spfExecutedCounter")));
}

struct answers {
	json_t *router, *interfaces, *traffic, *neighbours;
};

static void add_configured(json_t *s, const struct config *c, const struct answers *a)
{
	for (unsigned int i = 0; c != NULL && i < c->ospf.n_areas; i++) {
		const struct ospf_area_config *area = &c->ospf.areas[i];
		char id[INET_ADDRSTRLEN];

		inet_ntop(AF_INET, &area->id, id, sizeof(id));
		add_area(s, id, area, a->router);
		for (unsigned int k = 0; k < area->n_interfaces; k++)
			add_interface(s, c, id, &area->interfaces[k], a->interfaces, a->traffic);
	}
}

static int ask_all(const struct vtysh *v, struct answers *a)
{
	int rc = ask(v, "ospfd", "show ip ospf json", &a->router);

	if (rc == 0)
		rc = ask(v, "ospfd", "show ip ospf interface json", &a->interfaces);
	if (rc == 0)
		rc = ask(v, "ospfd", "show ip ospf interface traffic json", &a->traffic);
	if (rc == 0)
		rc = ask(v, "ospfd", "show ip ospf neighbor detail json", &a->neighbours);
	return rc;
}

json_t *ospf_state(const struct vtysh *v, const struct config *now)
{
	struct answers a = { 0 };
	bool wanted = now != NULL && now->ospf.n_areas > 0;
	bool running = wanted && ask_all(v, &a) == 0;
	json_t *s = json_pack("{s:b, s:b, s:o, s:[], s:[], s:[], s:[]}", "configured", wanted,
		"running", running, "router_id", member(a.router, "routerId"), "areas",
		"interfaces", "neighbours", "problems");

	if (s != NULL && running) {
		add_configured(s, now, &a);
		add_neighbours(s, a.neighbours);
	} else if (s != NULL && wanted) {
		add_problem(json_object_get(s, "problems"), NULL, NULL, "ospfd does not answer");
	}
	json_decref(a.router);
	json_decref(a.interfaces);
	json_decref(a.traffic);
	json_decref(a.neighbours);
	return s;
}

static json_t *hops_of(json_t *route)
{
	json_t *hops = json_array(), *hop;
	size_t i;

	json_array_foreach(json_object_get(route, "nexthops"), i, hop)
	{
		json_array_append_new(
			hops, json_pack("{s:o, s:o, s:b}", "address", member(hop, "ip"),
				      "interface", member(hop, "interfaceName"), "installed",
				      json_is_true(json_object_get(hop, "fib"))));
	}
	return hops;
}

static void add_route(json_t *list, const char *prefix, json_t *route)
{
	json_t *hops = hops_of(route), *first = json_array_get(hops, 0);

	json_array_append_new(
		list, json_pack("{s:s, s:o, s:o, s:o, s:b, s:b, s:o, s:o}", "prefix", prefix,
			      "next_hop", member(first, "address"), "interface",
			      member(first, "interface"), "next_hops", hops, "selected",
			      json_is_true(json_object_get(route, "selected")), "installed",
			      json_is_true(json_object_get(route, "installed")), "distance",
			      member(route, "distance"), "metric", member(route, "metric")));
}

int ospf_routes(const struct vtysh *v, json_t **out)
{
	json_t *answer, *entries, *route;
	const char *prefix;
	size_t i;
	int rc = ask(v, "zebra", "show ip route ospf json", &answer);

	if (rc < 0)
		return rc;
	*out = json_array();
	json_object_foreach(answer, prefix, entries) json_array_foreach(entries, i, route)
		add_route(*out, prefix, route);
	json_decref(answer);
	return *out != NULL ? 0 : -ENOMEM;
}

// zebra says of a blackhole which kind it is, in a member of its name.
static const char *type_of(json_t *route)
{
	json_t *hop = json_array_get(json_object_get(route, "nexthops"), 0);

	return json_is_true(json_object_get(hop, "blackhole"))	       ? "blackhole"
	       : json_is_true(json_object_get(hop, "adminProhibited")) ? "prohibit"
	       : json_is_true(json_object_get(hop, "reject"))	       ? "unreachable"
								       : "unicast";
}

static bool is_chosen(json_t *route)
{
	const char *protocol = json_string_value(json_object_get(route, "protocol"));

	return json_is_true(json_object_get(route, "selected")) && protocol != NULL &&
	       strcmp(protocol, "connected") != 0 && strcmp(protocol, "local") != 0;
}

static json_t *chosen(json_t *route)
{
	return json_pack("{s:s, s:o, s:o}", "type", type_of(route), "protocol",
		member(route, "protocol"), "next_hops", hops_of(route));
}

int zebra_routes(const struct vtysh *v, json_t **out)
{
	json_t *answer, *entries, *route;
	const char *prefix;
	size_t i;
	int rc = ask(v, "zebra", "show ip route json", &answer);

	if (rc < 0)
		return rc;
	*out = json_object();
	json_object_foreach(answer, prefix, entries) json_array_foreach(entries, i,
		route) if (is_chosen(route)) json_object_set_new(*out, prefix, chosen(route));
	json_decref(answer);
	return *out != NULL ? 0 : -ENOMEM;
}
