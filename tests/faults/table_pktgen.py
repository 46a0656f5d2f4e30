# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
"""The kept faults of the packet generator; see table.py."""

from fault import Fault

PKTGEN = [
    Fault("the generator sends UDP with a computed checksum of 0", "tests/perf/pktgen/frame.c",
          "csum != 0 ? csum : UINT16_MAX;", "csum;",
          "unit pktgen/pktgen_frame_test built_as_scapy_builds_it"),
    Fault("what a pass sent so far is not counted", "tests/perf/pktgen/losses.c",
          "p->pass + (counter < p->counter)", "p->pass",
          "unit pktgen/pktgen_results_test the_books_of_flows"),
    Fault("an even factor sends flows twice and others never", "tests/perf/pktgen/permutation.c",
          "(uint32_t)b | 1;", "(uint32_t)b & ~1u;",
          "unit pktgen/pktgen_order_test each_number_once_in_a_pass"),
    Fault("the generator answers ARP for the router", "tests/perf/pktgen/arp.c",
          "if (address == p->gateway)", "if (address == 0)",
          "unit pktgen/pktgen_results_test arp_is_answered_for_what_is_behind_the_port"),
]
