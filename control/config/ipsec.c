// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The list `ipsec`: site-to-site connections and what they protect.
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/context.h"
#include "control/config/text.h"

#define IKE_PORT     500  // RFC 7296, section 2
#define IKE_NAT_PORT 4500 // RFC 3948
#define DPD_DEFAULT  30	  // seconds
#define DPD_MAX	     3600
#define IKE_LIFETIME 86400 // seconds
#define ESP_LIFETIME 3600
#define LIFETIME_MIN 60
#define LIFETIME_MAX 604800
#define DH_GROUP     14 // 2048-bit MODP, RFC 3526
#define IKE_VERSION  2

static const char *const encryptions[] = {
	[ENCRYPTION_3DES] = "3des",
	[ENCRYPTION_AES128] = "aes128",
	[ENCRYPTION_AES192] = "aes192",
	[ENCRYPTION_AES256] = "aes256",
	[ENCRYPTION_AES128_GCM] = "aes128gcm16",
	[ENCRYPTION_AES256_GCM] = "aes256gcm16",
	[ENCRYPTION_CHACHA20_POLY1305] = "chacha20poly1305",
	NULL,
};
static const char *const integrities[] = {
	[INTEGRITY_MD5] = "md5",
	[INTEGRITY_SHA1] = "sha1",
	[INTEGRITY_SHA256] = "sha256",
	[INTEGRITY_SHA384] = "sha384",
	[INTEGRITY_SHA512] = "sha512",
	NULL,
};

// RFC 2409, 3526, 5903, 5114, 8031.
static bool known_group(uint32_t group)
{
	return group == 2 || group == 5 || (group >= 14 && group <= 26) || group == 31;
}

static void parse_group(
	const struct reader *r, const char *key, uint32_t least, struct ipsec_proposal *proposal)
{
	if (read_integer(r, key, OPTIONAL, least, 31, &proposal->dh_group) == READ_OK &&
		proposal->dh_group != 0 && !known_group(proposal->dh_group))
		report_member(r, key, "not a group: 2, 5, 14-26 or 31");
}

// A cipher of the kind "authenticated encryption" has its integrity built in: in ESP there is
// nothing left to choose, in IKE the PRF.
static void parse_ciphers(const struct reader *r, bool esp, struct ipsec_proposal *proposal)
{
	unsigned int encryption = proposal->encryption, integrity = proposal->integrity;

	(void)read_choice(r, "encryption", OPTIONAL, encryptions, &encryption);
	if (read_choice(r, "integrity", OPTIONAL, integrities, &integrity) == READ_OK && esp &&
		encryption >= ENCRYPTION_AES128_GCM)
		report_member(
			r, "integrity", "%s has integrity of its own", encryptions[encryption]);
	proposal->encryption = encryption;
	proposal->integrity = integrity;
}

// The reference system's defaults are among these: accepted, but said to be what they are.
static void warn_of_weakness(
	struct parse *ps, const struct path *path, const struct ipsec_proposal *proposal)
{
	uint32_t group = proposal->dh_group;
	bool aead = proposal->encryption >= ENCRYPTION_AES128_GCM;

	if (proposal->encryption == ENCRYPTION_3DES)
		report(&ps->config->warnings, path, NULL, "3des is a weak cipher");
	if (!aead && proposal->integrity <= INTEGRITY_SHA1)
		report(&ps->config->warnings, path, NULL, "%s is a weak hash",
			integrities[proposal->integrity]);
	if (group == 2 || group == 5 || group == 22 || group == 25)
		report(&ps->config->warnings, path, NULL, "group %u is weak", group);
}

static void parse_ike(struct parse *ps, const struct reader *r, struct ipsec_proposal *ike)
{
	static const char *const fields[] = { "encryption", "integrity", "dh_group", "lifetime_s",
		NULL };
	struct path path = { .up = r->path, .key = "ike" };
	struct reader sub;
	json_t *json = NULL;

	*ike = (struct ipsec_proposal){ ENCRYPTION_AES256, INTEGRITY_SHA256, DH_GROUP,
		IKE_LIFETIME };
	if (read_object(r, "ike", &json) != READ_OK ||
		!reader_open(&sub, json, &path, ps->problems, fields))
		return;
	parse_ciphers(&sub, false, ike);
	parse_group(&sub, "dh_group", 1, ike);
	(void)read_integer(
		&sub, "lifetime_s", OPTIONAL, LIFETIME_MIN, LIFETIME_MAX, &ike->lifetime_s);
	warn_of_weakness(ps, &path, ike);
}

static void parse_esp(struct parse *ps, const struct reader *r, struct ipsec_proposal *esp)
{
	static const char *const fields[] = { "encryption", "integrity", "pfs_group", "lifetime_s",
		NULL };
	struct path path = { .up = r->path, .key = "esp" };
	struct reader sub;
	json_t *json = NULL;

	*esp = (struct ipsec_proposal){ ENCRYPTION_AES256, INTEGRITY_SHA256, DH_GROUP,
		ESP_LIFETIME };
	if (read_object(r, "esp", &json) != READ_OK ||
		!reader_open(&sub, json, &path, ps->problems, fields))
		return;
	parse_ciphers(&sub, true, esp);
	parse_group(&sub, "pfs_group", 0, esp);
	(void)read_integer(
		&sub, "lifetime_s", OPTIONAL, LIFETIME_MIN, LIFETIME_MAX, &esp->lifetime_s);
	warn_of_weakness(ps, &path, esp);
}

// Where the connection ends on our side; its IKE takes two ports there.
static void parse_local(
	struct parse *ps, const struct reader *r, size_t index, struct ipsec_config *connection)
{
	static const uint16_t ports[] = { IKE_PORT, IKE_NAT_PORT };
	bool interface = reader_member(r, "interface") != NULL;
	const char *key = interface ? "interface" : "vip";

	if (interface && reader_member(r, "vip") != NULL) {
		report_member(r, "vip", "either a VIP or an interface");
		return;
	}
	if (!parse_service_address(ps, r, key, &connection->local))
		return;
	if (interface != (connection->local.vip < 0)) {
		report_member(r, key,
			interface ? "is a VIP, see \"vip\"" : "is an interface, see \"interface\"");
		return;
	}
	if (ps->config->interfaces[connection->local.interface].role != INTERFACE_PUBLIC)
		report_member(r, key, "not on a public interface");
	for (unsigned int i = 0; i < 2; i++) {
		struct claim *claim = claim_ports(ps);

		if (claim != NULL)
			*claim = (struct claim){ .address = connection->local.address,
				.protocol = IPPROTO_UDP,
				.first = ports[i],
				.last = ports[i],
				.holder = CLAIM_IKE,
				.index = (uint32_t)index,
				.item = interface };
	}
}

static unsigned int parse_subnets(struct parse *ps, const struct reader *r, const char *key,
	struct ipv4_prefix out[CONFIG_SELECTORS])
{
	struct path list = { .up = r->path, .key = key };
	unsigned int good = 0;
	json_t *json = NULL;

	if (read_array(r, key, &json) == READ_BAD)
		return 0;
	size_t n = json_array_size(json);
	if (n == 0 || n > CONFIG_SELECTORS) {
		report(ps->problems, &list, NULL, "%zu subnets, expected 1 to %d", n,
			CONFIG_SELECTORS);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		struct path path = { .up = &list, .index = i };
		json_t *element = json_array_get(json, i);
		const char *text = json_string_value(element);
		const char *wrong = text != NULL ? text_prefix(text, &out[good])
						 : "expected \"address/length\"";

		if (wrong != NULL) {
			report(ps->problems, &path, element, "%s", wrong);
			continue;
		}
		out[good].addr.s_addr &= prefix_mask(out[good].plen);
		good++;
	}
	return good == n ? good : 0;
}

static void parse_identity(const struct reader *r, const char *key, char out[CONFIG_IDENTITY_MAX])
{
	const char *text = NULL;

	if (read_text(r, key, OPTIONAL, &text) != READ_OK)
		return;
	const char *wrong = text_identity(text);
	if (wrong != NULL)
		report_member(r, key, "%s", wrong);
	else
		memcpy(out, text, strlen(text) + 1);
}

static void parse_connection(struct parse *ps, json_t *json, const struct path *path, size_t index)
{
	static const char *const fields[] = { "name", "vip", "interface", "peer_address",
		"local_subnets", "remote_subnets", "psk", "ike_version", "local_id", "remote_id",
		"ike", "esp", "dpd_s", "start", NULL };
	struct ipsec_config *c = &ps->config->ipsec[index];
	const char *psk = NULL;
	struct reader r;

	if (!reader_open(&r, json, path, ps->problems, fields))
		return;
	c->ike_version = IKE_VERSION;
	c->dpd_s = DPD_DEFAULT;
	c->start = true;
	parse_name(ps, &r, "ipsec", &ps->names, index, text_name, c->name);
	parse_local(ps, &r, index, c);
	(void)parse_target(ps, &r, "peer_address", &c->peer);
	c->n_local = parse_subnets(ps, &r, "local_subnets", c->local_subnets);
	c->n_remote = parse_subnets(ps, &r, "remote_subnets", c->remote_subnets);
	if (read_secret(&r, "psk", REQUIRED, text_psk, &psk) == READ_OK)
		memcpy(c->psk, psk, strlen(psk) + 1);
	(void)read_integer(&r, "ike_version", OPTIONAL, 1, 2, &c->ike_version);
	parse_identity(&r, "local_id", c->local_id);
	parse_identity(&r, "remote_id", c->remote_id);
	parse_ike(ps, &r, &c->ike);
	parse_esp(ps, &r, &c->esp);
	(void)read_integer(&r, "dpd_s", OPTIONAL, 1, DPD_MAX, &c->dpd_s);
	(void)read_bool(&r, "start", &c->start);
}

void parse_ipsec(struct parse *ps)
{
	struct config *c = ps->config;
	struct path list;
	json_t *json = NULL;
	size_t n = parse_list(ps, "ipsec", CONFIG_IPSEC_MAX, &list, &json);

	c->ipsec = parse_alloc(ps, n, sizeof(*c->ipsec));
	if (c->ipsec == NULL)
		return;
	c->n_ipsec = (unsigned int)n;
	name_index_clear(&ps->names);
	for (size_t i = 0; i < n; i++) {
		struct path path = { .up = &list, .index = i };

		parse_connection(ps, json_array_get(json, i), &path, i);
	}
	check_selectors(ps);
	if (n > 0)
		report(&c->warnings, &list, NULL, "stored, not applied: this version has no IPsec");
}
