// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// vrouter-control: the one owner of the router's desired state.
#include <malloc.h>
#include <stdlib.h>

#include "control/main/control.h"
#include "control/main/log.h"

// Commits need the same memory again and again: it is kept, not given back to the kernel and
// cleared by it for the next one.
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
}

int main(int argc, char *argv[])
{
	struct control control = { .api_fds = { -1, -1 } };
	int ret;

	switch (options_parse(argc, argv, &control.options)) {
	case OPTIONS_RUN:
		break;
	case OPTIONS_EXIT:
		return EXIT_SUCCESS;
	case OPTIONS_ERROR:
		return 2;
	}
	keep_memory();
	ret = control_create(&control);
	if (ret == 0)
		ret = control_run(&control);
	control_destroy(&control);
	if (ret == 0)
		log_info("stopped");
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
