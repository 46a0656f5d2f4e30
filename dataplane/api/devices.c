// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Sysfs tells which devices there are and who drives them; DPDK tells their MAC addresses.
#include "dataplane/api/devices.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "dataplane/main/log.h"
#include "dataplane/port/devargs.h"

#define PCI_CLASS_NETWORK 0x02 // first byte of the three of the class

static const char *const user_drivers[] = { "vfio-pci", "uio_pci_generic", "igb_uio" };

static bool is_network(const char *folder, const char *name)
{
	char path[PATH_MAX];
	unsigned int class = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/class", folder, name);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	if (fscanf(f, "%x", &class) != 1)
		class = 0;
	fclose(f);
	return class >> 16 == PCI_CLASS_NETWORK;
}

// The name of the driver that the device is bound to; NULL: of none for user space.
static const char *user_driver(const char *folder, const char *name)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *last;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s/driver", folder, name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return NULL;
	target[n] = '\0';
	last = strrchr(target, '/');
	last = last != NULL ? last + 1 : target;
	for (size_t i = 0; i < RTE_DIM(user_drivers); i++)
		if (strcmp(last, user_drivers[i]) == 0)
			return user_drivers[i];
	return NULL;
}

bool device_usable(const char *folder, const char *name, struct dump_device *out)
{
	const char *driver;

	if (!devargs_pci_ok(name) || !is_network(folder, name))
		return false;
	driver = user_driver(folder, name);
	if (driver == NULL)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out->address, name, strlen(name)); // as long as devargs_pci_ok() says
	snprintf(out->driver, sizeof(out->driver), "%s", driver);
	return true;
}

void device_read_mac(struct dump_device *device)
{
	struct rte_ether_addr mac;
	uint16_t port;
	int rc = 0;

	if (rte_eth_dev_get_port_by_name(device->address, &port) < 0) {
		rc = rte_dev_probe(device->address);
		if (rc == 0)
			rc = rte_eth_dev_get_port_by_name(device->address, &port);
	}
	if (rc == 0)
		rc = rte_eth_macaddr_get(port, &mac);
	if (rc == 0)
		memcpy(device->mac, &mac, sizeof(device->mac));
	else
		log_error("DPDK cannot open %s: %s", device->address, strerror(-rc));
}

int devices_each(void (*emit)(void *ctx, const struct dump_device *device),
	bool (*in_use)(void *ctx, const char *address), void *ctx)
{
	const struct dirent *entry;
	struct dump_device device;
	DIR *dir = opendir(DEVICES_SYSFS);

	if (dir == NULL) // a machine without PCI
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)) != NULL) {
		if (!device_usable(DEVICES_SYSFS, entry->d_name, &device))
			continue;
		device_read_mac(&device);
		device.in_use = in_use(ctx, device.address);
		emit(ctx, &device);
	}
	closedir(dir);
	return 0;
}
