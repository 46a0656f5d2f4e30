// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Words for what the data plane says in numbers: names of objects by id, addresses, protocols.
#pragma once

#include <stddef.h>

#include <jansson.h>

#include "control/config/model.h"
#include "dataplane/api/proto.h"

// Names of the objects of one configuration.
struct names;

// References `c` (may be NULL) until names_destroy(). NULL on memory failure.
struct names *names_create(struct config *c);
void names_destroy(struct names *n);

// OBJ_PORT, OBJ_EIP, OBJ_PORT_FORWARD, OBJ_SNAT; NULL for an id that the configuration has not.
const char *names_get(const struct names *n, enum obj_kind kind, uint32_t id);

// Id of a name of these kinds, 0 when there is none.
uint32_t names_id(const struct names *n, enum obj_kind kind, const char *name);

// New references: text, or null where there is none to give.
json_t *json_name(const char *name); // NULL: null
json_t *json_address(const struct msg_addr *a);
json_t *json_prefix(const struct msg_addr *a);
json_t *json_mac(const uint8_t mac[6]);
json_t *json_wire_string(const char *text, size_t size); // NUL-terminated, or `size` bytes
json_t *json_protocol(uint8_t protocol);		 // "tcp", or the number as text

// Number of a protocol from its name or number, -1: neither.
int protocol_number(const char *text);

const char *kind_name(enum obj_kind kind); // "snat"; "none" for what is no rule
const char *driver_name(uint8_t driver);   // enum port_driver
const char *role_name(enum interface_role role);
const char *side_name(uint8_t side);	   // enum side of dataplane/packet/meta.h
const char *tcp_state_name(uint8_t state); // enum tcp_state of dataplane/session; NULL: not TCP
int tcp_state_number(const char *name);	   // -1: no such state
const char *punt_class_name(unsigned int punt_class);
