// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The XDP program on the netdev of an AF_XDP port: every frame goes to the port's socket. Where
// there is none it is dropped, so that the kernel never forwards what should have been translated.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

// Sockets by receive queue. The DPDK driver finds the map by its name and fills it.
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

SEC("xdp")
int vrouter_xdp(struct xdp_md *ctx)
{
	return (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_DROP);
}

const char program_license[] SEC("license") = "BSD-3-Clause";
