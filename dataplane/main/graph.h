// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Graph assembly; see graph.c. Control thread only.
#pragma once

struct rte_graph;
struct worker;

// Puts the services on the arcs of the core nodes, before the first graph. 0 or negative errno.
int graph_attach_services(void);

// The graph of a worker, every node's context pointing to the worker. NULL on failure.
struct rte_graph *graph_create(struct worker *w, unsigned int index);
void graph_destroy(struct rte_graph *graph);
