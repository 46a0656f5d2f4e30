// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// vrouter-control: the one owner of the router's desired state.
#include <stdlib.h>

#include "control/main/control.h"
#include "control/main/log.h"

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
	ret = control_create(&control);
	if (ret == 0)
		ret = control_run(&control);
	control_destroy(&control);
	if (ret == 0)
		log_info("stopped");
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
