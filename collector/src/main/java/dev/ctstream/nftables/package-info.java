/**
 * Rules that make the kernel track connections, and a probe for such rules.
 *
 * <p>In: what to track, from the demo, the benchmark and the tests. Out: nftables messages over netlink, and what the
 * kernel answers.
 *
 * <p>Threads: every object here is confined to one thread.
 *
 * <p>Source: {@code uapi/linux/netfilter/nf_tables.h}, {@code net/netfilter/nf_tables_api.c}.
 */
@NullMarked
package dev.ctstream.nftables;

import org.jspecify.annotations.NullMarked;
