/**
 * The benchmark: generates a known number of events in a private network namespace and measures what each reader of
 * these events costs, from the kernel's queue to Kafka's acknowledgement.
 *
 * <p>In: a {@link dev.ctstream.bench.BenchConfig}. Out: one {@link dev.ctstream.bench.Measurement} per reader, rate,
 * number of zones and round.
 *
 * <p>Threads: the load and each reader are separate processes, each pinned to one CPU. The classes of this package run
 * on the caller's thread, which sleeps while those processes work.
 */
@NullMarked
package dev.ctstream.bench;

import org.jspecify.annotations.NullMarked;
