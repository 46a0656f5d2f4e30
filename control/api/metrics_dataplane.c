// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The data plane's counters as metrics.
#include "control/api/metrics.h"

static void write_accounts(FILE *out, const struct counters *c)
{
	static const char *const names[] = {
#define X(sym, name) name,
		ACCOUNTS(X)
#undef X
	};

	// `held` is what waits now; the others only grow.
	metric_head(out, "packets_total", "counter",
		"Packets by worker and by where they came from or went.");
	for (unsigned int w = 0; w < c->workers; w++)
		for (unsigned int i = 0; i < ACCT_COUNT; i++)
			if (i != ACCT_HELD)
				fprintf(out,
					"vrouter_packets_total{worker=\"%u\",account=\"%s\"} "
					"%llu\n",
					w, names[i], (unsigned long long)c->worker[w].accounts[i]);
	metric_one(out, "packets_held", "gauge", "Packets that wait for a neighbour.",
		c->sum.accounts[ACCT_HELD]);
}

static void write_drops(FILE *out, const struct counters *c)
{
	static const char *const names[] = {
#define X(sym, name, text) name,
		DROP_REASONS(X)
#undef X
	};

	metric_head(out, "drops_total", "counter", "Packets dropped, by reason.");
	for (unsigned int i = DROP_NONE + 1; i < DROP_COUNT; i++)
		metric_sample(out, "drops_total", "reason", names[i], c->sum.drops[i]);
}

static void write_punts(FILE *out, const struct counters *c)
{
	metric_head(out, "punted_total", "counter", "Packets given to the kernel, by class.");
	for (unsigned int i = 0; i < PUNT_CLASS_COUNT; i++)
		metric_sample(out, "punted_total", "class", punt_class_name(i), c->sum.punts[i]);
	metric_head(out, "punt_policed_total", "counter",
		"Packets for the kernel over the rate of their class, by class.");
	for (unsigned int i = 0; i < PUNT_CLASS_COUNT; i++)
		metric_sample(
			out, "punt_policed_total", "class", punt_class_name(i), c->sum.policed[i]);
}

// `first` is of port 0, and the same number of every port is `size` bytes after that of the last
// one.
static void write_interface_counter(FILE *out, const struct config *now, const char *name,
	const char *help, const uint64_t *first, size_t size)
{
	metric_head(out, name, "counter", help);
	for (unsigned int i = 0; now && i < now->n_interfaces; i++) {
		const struct interface_config *conf = &now->interfaces[i];

		if (conf->id == 0 || conf->id >= LIMIT_PORTS)
			continue;
		metric_sample(out, name, "interface", conf->name,
			first[conf->id * size / sizeof(*first)]);
	}
}

static void write_interfaces(FILE *out, const struct counters *c, const struct config *now)
{
	const struct port_counters *p = c->sum.ports;
	const struct port_losses *l = c->losses;
	const struct {
		const char *name;
		const char *help;
		const uint64_t *first;
		size_t size;
	} counters[] = {
		{ "interface_receive_packets_total", "Packets received.", &p->rx_packets,
			sizeof(*p) },
		{ "interface_receive_bytes_total", "Bytes received.", &p->rx_bytes, sizeof(*p) },
		{ "interface_transmit_packets_total", "Packets sent.", &p->tx_packets, sizeof(*p) },
		{ "interface_transmit_bytes_total", "Bytes sent.", &p->tx_bytes, sizeof(*p) },
		{ "interface_from_kernel_packets_total",
			"Packets that the kernel sent by the interface.", &p->from_kernel,
			sizeof(*p) },
		{ "interface_to_kernel_packets_total",
			"Packets of the interface that were given to the kernel.", &p->to_kernel,
			sizeof(*p) },
		{ "interface_receive_missed_total",
			"Packets that found no room in the device's receive queues.", &l->rx_missed,
			sizeof(*l) },
		{ "interface_receive_no_buffer_total", "Packets that the device had no buffer for.",
			&l->rx_no_buffer, sizeof(*l) },
		{ "interface_receive_errors_total", "Bad frames that the device received.",
			&l->rx_errors, sizeof(*l) },
		{ "interface_transmit_errors_total", "Packets that the device could not send.",
			&l->tx_errors, sizeof(*l) },
	};

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		write_interface_counter(out, now, counters[i].name, counters[i].help,
			counters[i].first, counters[i].size);
}

// Four limits for each power of two from 32 to 8192 cycles.
static void write_burst_cycles(FILE *out, const struct cycles_histogram *h, unsigned int worker)
{
	uint64_t below = 0;
	unsigned int i = 0;

	for (uint32_t le = CYCLES_LINEAR; le <= 8192;) {
		for (; cycles_floor(i) < le; i++)
			below += h->bucket[i];
		fprintf(out, "vrouter_worker_burst_cycles_bucket{worker=\"%u\",le=\"%u\"} %llu\n",
			worker, le, (unsigned long long)below);
		le = cycles_floor(i + CYCLES_LINEAR / 4);
	}
	fprintf(out,
		"vrouter_worker_burst_cycles_bucket{worker=\"%u\",le=\"+Inf\"} %llu\n"
		"vrouter_worker_burst_cycles_sum{worker=\"%u\"} %llu\n"
		"vrouter_worker_burst_cycles_count{worker=\"%u\"} %llu\n",
		worker, (unsigned long long)cycles_samples(h), worker, (unsigned long long)h->sum,
		worker, (unsigned long long)cycles_samples(h));
}

static void write_workers(FILE *out, const struct counters *c)
{
	metric_head(out, "worker_walks_total", "counter", "Graph walks of a worker.");
	for (unsigned int w = 0; w < c->workers; w++)
		fprintf(out, "vrouter_worker_walks_total{worker=\"%u\"} %llu\n", w,
			(unsigned long long)c->worker[w].walks);
	metric_head(out, "worker_busy_seconds_total", "counter",
		"Time of a worker in walks that received packets.");
	for (unsigned int w = 0; w < c->workers && c->process.tsc_hz; w++)
		fprintf(out, "vrouter_worker_busy_seconds_total{worker=\"%u\"} %.6f\n", w,
			(double)c->worker[w].busy_cycles / c->process.tsc_hz);
	metric_head(out, "worker_burst_cycles", "histogram",
		"TSC cycles per packet of walks that brought 256 packets.");
	for (unsigned int w = 0; w < c->workers; w++)
		write_burst_cycles(out, &c->worker[w].cycles, w);
}

static void write_process(FILE *out, const struct counters *c)
{
	const struct process_stats *p = &c->process;

	metric_one(out, "dataplane_generation", "gauge", "Generation that the data plane runs.",
		p->generation);
	metric_one(out, "sessions", "gauge", "Sessions in use.", p->sessions);
	metric_one(out, "sessions_max", "gauge", "Sessions that fit.", p->sessions_max);
	metric_one(out, "sessions_created_total", "counter", "Sessions created.",
		c->sum.sessions_created);
	metric_one(out, "sessions_degraded_total", "counter",
		"Sessions that got an endpoint-dependent port because no port was free.",
		c->sum.sessions_degraded);
	metric_one(out, "sessions_ended_total", "counter", "Sessions ended.", p->sessions_ended);
	metric_one(out, "sessions_half_open_ended_total", "counter",
		"Half-open sessions ended because the table was nearly full.",
		p->sessions_half_open_ended);
	metric_one(
		out, "nat_log_written_total", "counter", "Lines of the NAT log.", p->log_written);
	metric_one(out, "nat_log_failed_total", "counter",
		"Lines of the NAT log that could not be written.", p->log_failed);
	metric_one(out, "nat_log_lost_total", "counter",
		"Events for the NAT log that came faster than it is written.", p->log_lost);
	metric_one(out, "neighbours", "gauge", "Neighbours known.", p->neighbours);
	metric_one(out, "routes", "gauge", "Routes in the data plane.", p->routes);
	metric_one(out, "routes_pending", "gauge",
		"Changes of routes that the data plane has not completed.", p->routes_pending);
	metric_one(out, "kernel_path_receive_packets_total", "counter",
		"Packets read from mirrors and TAP ports.", p->mirror_rx);
	metric_one(out, "kernel_path_transmit_packets_total", "counter",
		"Packets written to mirrors and TAP ports.", p->mirror_tx);
	metric_one(out, "kernel_path_receive_drops_total", "counter",
		"Packets read from mirrors and TAP ports that no worker had room for.",
		p->mirror_rx_drops);
	metric_one(out, "kernel_path_transmit_drops_total", "counter",
		"Packets for mirrors and TAP ports that the kernel refused.", p->mirror_tx_drops);
}

void metrics_counters(FILE *out, const struct counters *c, const struct config *now)
{
	write_process(out, c);
	write_workers(out, c);
	write_accounts(out, c);
	write_drops(out, c);
	write_punts(out, c);
	write_interfaces(out, c, now);
}
