// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The syntax of the model's text values: each function reads one kind and says what is wrong with
// it. Pure; they know neither JSON nor the document.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/config/model.h"

// All return NULL when `text` is good (then *out is set), else a static text that says why not.
const char *text_address(const char *text, struct in_addr *out);
const char *text_prefix(const char *text, struct ipv4_prefix *out);
const char *text_ports(const char *text, uint16_t *first, uint16_t *last); // "n" or "n-m"
const char *text_file(const char *text);				   // absolute path
const char *text_mac(const char *text, uint8_t out[6]);
const char *text_name(const char *text);
const char *text_interface_name(const char *text);
const char *text_hostname(const char *text);
// What goes into the configuration of daemons: what they could read as syntax is refused.
const char *text_psk(const char *text);
const char *text_identity(const char *text);		 // of an IPsec peer
const char *text_uri(const char *text);			 // origin form, RFC 7230 section 5.3.1
const char *text_certificate(const char *text);		 // PEM: certificates and a private key
const char *text_ospf_key(const char *text, size_t max); // a secret: say it to nobody
const char *text_port_address(const char *text, enum port_driver driver);

// Network-order masks and comparisons of IPv4 addresses.
in_addr_t prefix_mask(uint8_t plen);
bool prefix_contains(const struct ipv4_prefix *prefix, struct in_addr address);
// Why `address` cannot be a host's: "this" network, loopback, multicast, reserved (RFC 6890).
const char *address_not_host(struct in_addr address);
// Why it cannot be one in this subnet: its network or broadcast address (RFC 3021: not in a /31).
const char *address_not_in_subnet(struct in_addr address, uint8_t plen);

// Write a number (at most 10 characters) or an address (at most 15) and a final NUL, many times
// faster than printf() and inet_ntop(); return where that is.
char *text_put_number(char *out, uint32_t number);
char *text_put_address(char *out, struct in_addr address);

// Edit distance of the first 32 characters of both.
unsigned int text_distance(const char *a, const char *b);

// The known name nearest to `text` by edit distance; `names` ends with NULL and is not empty.
const char *text_nearest(const char *text, const char *const *names);
