// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Which of the devices in a folder like /sys/bus/pci/devices are NICs for the data plane.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/api/devices.h"

#define ADDRESS "0000:00:05.0"

static char folder[] = "/tmp/vrouter-devices-XXXXXX";

static void path_of(char path[128], const char *name, const char *file)
{
	snprintf(path, 128, "%s/%s/%s", folder, name, file);
}

// As sysfs shows a device; `driver` NULL: bound to none.
static void make(const char *name, const char *class, const char *driver)
{
	char path[128], target[128];
	FILE *f;

	path_of(path, name, "");
	assert_int_equal(mkdir(path, 0700), 0);
	path_of(path, name, "class");
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "%s\n", class);
	assert_int_equal(fclose(f), 0);
	if (driver == NULL)
		return;
	path_of(path, name, "driver");
	snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
	assert_int_equal(symlink(target, path), 0);
}

static void clear(const char *name)
{
	char path[128];

	path_of(path, name, "class");
	unlink(path);
	path_of(path, name, "driver");
	unlink(path);
	path_of(path, name, "");
	assert_int_equal(rmdir(path), 0);
}

static int setup(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/vrouter-devices-XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	return rmdir(folder);
}

static bool usable(const char *name, const char *class, const char *driver, struct dump_device *out)
{
	bool is;

	make(name, class, driver);
	is = device_usable(folder, name, out);
	clear(name);
	return is;
}

static void nics_for_user_space(void **state)
{
	struct dump_device d;

	assert_true(usable(ADDRESS, "0x020000", "uio_pci_generic", &d));
	assert_string_equal(d.address, ADDRESS);
	assert_string_equal(d.driver, "uio_pci_generic");
	assert_int_equal(d.in_use, 0);
	assert_true(usable(ADDRESS, "0x028000", "vfio-pci", &d));
	assert_string_equal(d.driver, "vfio-pci");
	assert_true(usable(ADDRESS, "0x020000", "igb_uio", &d));
}

static void everything_else(void **state)
{
	struct dump_device d;

	assert_false(usable(ADDRESS, "0x020000", "virtio-pci", &d));
	assert_false(usable(ADDRESS, "0x020000", NULL, &d));
	assert_false(usable(ADDRESS, "0x010000", "uio_pci_generic", &d));
	assert_false(usable(ADDRESS, "", "uio_pci_generic", &d));
	assert_false(usable("0000-00-05.0", "0x020000", "uio_pci_generic", &d));
	assert_false(device_usable(folder, ADDRESS, &d));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nics_for_user_space),
		TEST(everything_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
