/**
 * The benchmark: raises a known number of events in a private network namespace and measures what each reader of them
 * costs, from the kernel's queue to Kafka's acknowledgement.
 *
 * <p>In: a {@link dev.ctstream.bench.BenchConfig}. Out: one {@link dev.ctstream.bench.Measurement} for each reader, rate, number
 * of zones and round.
 *
 * <p>Threads: the load and each reader are processes of their own, each kept on one CPU; what is here runs on the
 * caller's thread and sleeps while they work.
 */
@NullMarked
package dev.ctstream.bench;

import org.jspecify.annotations.NullMarked;
