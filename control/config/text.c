// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The syntax of the model's text values. What is accepted here is also an allow-list for the
// places that the texts reach later: device arguments, netlink, daemons' configuration files.
#include "control/config/text.h"

#include <arpa/inet.h>
#include <string.h>

#define DIGITS	    "0123456789"
#define LOWER	    "abcdefghijklmnopqrstuvwxyz"
#define UPPER	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define NETDEV_NAME LOWER UPPER DIGITS "._-"

#define TAP_ADDRESS_MAX 59 // "tap:" and this fit the name of a descriptor (struct msg_fd)

// Decimal without sign or leading zeros, up to `max`. Returns the first character after it, NULL
// when there is none.
static const char *decimal(const char *text, uint32_t max, uint32_t *out)
{
	size_t digits = strspn(text, DIGITS);
	uint32_t value = 0;

	if (digits == 0 || digits > 6 || (text[0] == '0' && digits > 1))
		return NULL;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (uint32_t)(text[i] - '0');
	*out = value;
	return value <= max ? text + digits : NULL;
}

const char *text_address(const char *text, struct in_addr *out)
{
	if (inet_pton(AF_INET, text, out) == 1)
		return NULL;
	return strchr(text, '/') != NULL ? "expected an address without a prefix length"
					 : "not an IPv4 address";
}

const char *text_prefix(const char *text, struct ipv4_prefix *out)
{
	const char *slash = strchr(text, '/');
	char address[INET_ADDRSTRLEN];
	uint32_t plen = 0;

	if (slash == NULL)
		return "no prefix length, expected \"address/length\"";
	size_t len = (size_t)(slash - text);
	if (len >= sizeof(address))
		return "not an IPv4 address";
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, &out->addr) != 1)
		return "not an IPv4 address";
	const char *end = decimal(slash + 1, 32, &plen);
	if (end == NULL || *end != '\0')
		return "the prefix length is not a number from 0 to 32";
	out->plen = (uint8_t)plen;
	return NULL;
}

const char *text_ports(const char *text, uint16_t *first, uint16_t *last)
{
	static const char wrong[] =
		"expected a port \"n\" or a range \"n-m\" of numbers from 1 to 65535";
	uint32_t n = 0, m = 0;
	const char *end = decimal(text, UINT16_MAX, &n);

	if (end == NULL || n == 0)
		return wrong;
	m = n;
	if (*end == '-')
		end = decimal(end + 1, UINT16_MAX, &m);
	if (end == NULL || *end != '\0' || m == 0)
		return wrong;
	if (m < n)
		return "range end is below its start";
	*first = (uint16_t)n;
	*last = (uint16_t)m;
	return NULL;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *text_mac(const char *text, uint8_t out[6])
{
	static const char wrong[] = "not a MAC address, expected \"aa:bb:cc:dd:ee:ff\"";
	static const uint8_t zero[6];

	if (strlen(text) != 17)
		return wrong;
	for (unsigned int i = 0; i < 6; i++) {
		int high = hex(text[3 * i]), low = hex(text[3 * i + 1]);

		if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
			return wrong;
		out[i] = (uint8_t)(high << 4 | low);
	}
	if (out[0] & 1)
		return "a group address, not the address of a NIC";
	return memcmp(out, zero, sizeof(zero)) == 0 ? wrong : NULL;
}

// What FRR's line editor takes for more than a letter is not among them: ! # ? | $ quotes, spaces.
const char *text_ospf_key(const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len == 0)
		return "the key is empty";
	if (len > max)
		return max == OSPF_MD5_KEY_MAX ? "an MD5 key has at most 16 characters"
					       : "a plaintext key has at most 8 characters";
	return text[strspn(text, LOWER UPPER DIGITS "._-+/=@%:,")] == '\0'
		       ? NULL
		       : "a key has only A-Z a-z 0-9 . _ - + / = @ % : ,";
}

static bool letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// There are many names: strspn() would build its table anew for each.
const char *text_name(const char *text)
{
	size_t len = 0;

	while (letter_or_digit(text[len]) || text[len] == '-' || text[len] == '_' ||
		text[len] == '.')
		len++;
	if (len >= CONFIG_NAME_MAX || text[len] != '\0' || !letter_or_digit(text[0]))
		return "not a name: 1-63 of A-Z a-z 0-9 . _ -, a letter or digit first";
	return NULL;
}

// `all` and `default` are directories of sysctl beside those of the interfaces.
static bool reserved(const char *text)
{
	static const char *const names[] = { ".", "..", "all", "default", "lo", "vr-tun" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0)
			return true;
	return strncmp(text, "ipsec", 5) == 0 || strncmp(text, "xfrm", 4) == 0;
}

const char *text_interface_name(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= MSG_NAME_MAX || text[strspn(text, LOWER DIGITS "._-")] != '\0')
		return "not an interface name: 1-15 of a-z 0-9 . _ -";
	return reserved(text) ? "the name is reserved" : NULL;
}

// RFC 1123, section 2.1: labels of letters, digits and inner hyphens.
const char *text_hostname(const char *text)
{
	static const char wrong[] = "not a host name: at most 63 characters, labels of "
				    "letters, digits and inner hyphens";
	size_t len = strlen(text);

	if (len == 0 || len >= CONFIG_NAME_MAX)
		return wrong;
	for (const char *label = text;;) {
		size_t n = strspn(label, LOWER UPPER DIGITS "-");

		if (n == 0 || label[0] == '-' || label[n - 1] == '-')
			return wrong;
		if (label[n] == '\0')
			return NULL;
		if (label[n] != '.')
			return wrong;
		label += n + 1;
	}
}

static const char *netdev_wrong(const char *text, size_t len)
{
	if (len == 0 || len >= MSG_NAME_MAX || strspn(text, NETDEV_NAME) < len || text[0] == '-' ||
		(text[0] == '.' && (len == 1 || (len == 2 && text[1] == '.'))))
		return "not a network device: 1-15 of A-Z a-z 0-9 . _ -";
	return NULL;
}

static const char *tap_wrong(const char *text)
{
	const char *at = strchr(text, '@');

	if (at == NULL)
		return "expected \"netdev@namespace\"";
	const char *name = at + 1;
	if (text_name(name) != NULL)
		return "not a namespace after the @: A-Z a-z 0-9 . _ -, a letter or digit first";
	if (strlen(text) > TAP_ADDRESS_MAX)
		return "longer than 59 characters";
	return netdev_wrong(text, (size_t)(at - text));
}

static const char *socket_wrong(const char *text)
{
	size_t len = strlen(text);

	if (text[0] != '/' || len < 2 || text[len - 1] == '/')
		return "not the absolute path of a socket";
	if (len >= MSG_ADDRESS_MAX)
		return "longer than 107 characters";
	return text[strspn(text, NETDEV_NAME "/@+")] != '\0'
		       ? "the path of a socket is of A-Z a-z 0-9 / . _ @ + -"
		       : NULL;
}

const char *text_file(const char *text)
{
	return socket_wrong(text) == NULL ? NULL
					  : "not the absolute path of a file, of at most 107 of "
					    "A-Z a-z 0-9 / . _ @ + -";
}

const char *text_psk(const char *text)
{
	size_t len = strlen(text);

	for (const char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			return "not a key: characters other than those of printable ASCII";
	return len == 0 || len >= CONFIG_SECRET_MAX ? "not a key: 1-255 characters" : NULL;
}

const char *text_identity(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= CONFIG_IDENTITY_MAX ||
		text[strspn(text, LOWER UPPER DIGITS "@._:=, *+/-")] != '\0')
		return "not an identity: 1-127 of A-Z a-z 0-9 @ . _ : = , * + / - and space";
	return NULL;
}

const char *text_uri(const char *text)
{
	size_t len = strlen(text);

	if (text[0] != '/' || len >= CONFIG_URI_MAX ||
		text[strspn(text, LOWER UPPER DIGITS "/._~%?&=+,:@-")] != '\0')
		return "not a path: a / and at most 254 of A-Z a-z 0-9 / . _ ~ % ? & = + , : @ -";
	return NULL;
}

const char *text_certificate(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((*c < ' ' || *c > '~') && strchr("\r\n\t", *c) == NULL)
			return "not PEM: characters other than those of printable ASCII";
	if (strlen(text) > CONFIG_CERTIFICATE_MAX)
		return "longer than 65536 characters";
	if (strstr(text, "-----BEGIN CERTIFICATE-----") == NULL)
		return "no certificate in it, expected PEM";
	return strstr(text, "PRIVATE KEY-----") == NULL ? "no private key in it, expected PEM"
							: NULL;
}

static const char *pci_wrong(const char *text)
{
	static const char pattern[] = "hhhh:hh:hh.h";
	size_t len = strlen(text);
	bool good = len == sizeof(pattern) - 1;

	for (size_t i = 0; good && i < len; i++)
		good = pattern[i] == 'h' ? strchr(DIGITS "abcdef", text[i]) != NULL
					 : text[i] == pattern[i];
	// Five bits of device, three of function.
	if (!good || text[8] > '1' || text[11] > '7')
		return "not a PCI address, expected \"0000:00:05.0\" in lower case";
	return NULL;
}

const char *text_port_address(const char *text, enum port_driver driver)
{
	switch (driver) {
	case PORT_TAP:
		return tap_wrong(text);
	case PORT_VHOST_USER:
	case PORT_MEMIF:
		return socket_wrong(text);
	case PORT_PCI:
		return pci_wrong(text);
	case PORT_AF_XDP:
	case PORT_AF_PACKET:
		return netdev_wrong(text, strlen(text));
	case PORT_DRIVER_COUNT:
		break;
	}
	return "no such driver";
}

in_addr_t prefix_mask(uint8_t plen)
{
	return plen == 0 ? 0 : htonl(UINT32_MAX << (32 - plen));
}

bool prefix_contains(const struct ipv4_prefix *prefix, struct in_addr address)
{
	return ((prefix->addr.s_addr ^ address.s_addr) & prefix_mask(prefix->plen)) == 0;
}

const char *address_not_host(struct in_addr address)
{
	uint32_t a = ntohl(address.s_addr);

	if (a >> 24 == 0)
		return "in 0.0.0.0/8, not the address of a host";
	if (a >> 24 == 127)
		return "a loopback address, not the address of a host";
	if (a >> 28 == 14)
		return "a multicast address, not the address of a host";
	return a >> 28 == 15 ? "in 240.0.0.0/4, not the address of a host" : NULL;
}

const char *address_not_in_subnet(struct in_addr address, uint8_t plen)
{
	in_addr_t host = ~prefix_mask(plen);

	if (plen >= 31)
		return NULL;
	if ((address.s_addr & host) == 0)
		return "the network address of its subnet";
	return (address.s_addr & host) == host ? "the broadcast address of its subnet" : NULL;
}

char *text_put_number(char *out, uint32_t number)
{
	char digits[10];
	unsigned int n = 0;

	do {
		digits[n++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (n > 0)
		*out++ = digits[--n];
	*out = '\0';
	return out;
}

char *text_put_address(char *out, struct in_addr address)
{
	uint32_t a = ntohl(address.s_addr);

	for (int shift = 24; shift >= 0; shift -= 8) {
		out = text_put_number(out, a >> shift & 0xff);
		if (shift > 0)
			*out++ = '.';
	}
	return out;
}

#define NEAREST_MAX 32 // characters compared; all names of fields are shorter

// Levenshtein distance, one row of the table at a time.
static unsigned int distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned int row[NEAREST_MAX + 1];

	for (unsigned int j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned int i = 1; i <= a_len; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (unsigned int j = 1; j <= b_len; j++) {
			unsigned int best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b_len];
}

unsigned int text_distance(const char *a, const char *b)
{
	return distance(a, strnlen(a, NEAREST_MAX), b, strnlen(b, NEAREST_MAX));
}

const char *text_nearest(const char *text, const char *const *names)
{
	const char *nearest = names[0];
	unsigned int least = UINT32_MAX;

	for (; *names != NULL; names++) {
		unsigned int d = text_distance(text, *names);

		if (d < least) {
			least = d;
			nearest = *names;
		}
	}
	return nearest;
}
