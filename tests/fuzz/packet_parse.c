// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// libFuzzer target of the packet library: any bytes, in one exact buffer or cut in two, through the
// parser and all that writes to packets. The first two bytes of the input choose how.
#include <stdlib.h>
#include <string.h>

#include "tests/unit/packet/packet_test.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAME_MAX 4096

enum mode {
	MODE_PARTIAL = 1, // the port says that the checksum is partial
	MODE_KERNEL = 2,
	MODE_SPLIT = 4, // after as many bytes as the second byte says
	MODE_AS_IS = 8, // lengths and checksum are not repaired
};

static void *pool;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return packet_setup(&pool);
}

static struct rte_mbuf *make(const uint8_t *data, uint32_t len, uint8_t mode, uint8_t cut)
{
	const struct frame frame = { data, len };
	const struct shape shape = { cut, 2000 };

	return mode & MODE_SPLIT ? mbuf_shaped(&frame, &shape) : mbuf_exact(data, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum parse_result result;
	struct rte_mbuf *m;
	uint8_t frame[FRAME_MAX];

	if (size < 2 || size > sizeof(frame))
		return -1;
	memcpy(frame, data + 2, size - 2);
	if (!(data[0] & MODE_AS_IS))
		repair_frame(frame, (uint32_t)size - 2);
	m = make(frame, (uint32_t)size - 2, data[0], data[1]);
	if (data[0] & MODE_KERNEL)
		result = packet_parse_kernel(m, mbuf_meta(m));
	else
		result = parse_poisoned(m, data[0] & MODE_PARTIAL);
	if (result == PARSE_IP4 && !exercise(m))
		abort();
	if (result == PARSE_DROP && mbuf_meta(m)->reason == DROP_NONE)
		abort();
	rte_pktmbuf_free(m);
	return 0;
}
