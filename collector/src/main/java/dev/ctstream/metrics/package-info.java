/**
 * Counters, gauges, latency histograms, health, and their HTTP page. Knows nothing about the stages.
 *
 * <p>In: numbers that the stages keep; each stage registers its own in one class of its own package. Out: Prometheus
 * text, readiness with its reasons, a status document.
 *
 * <p>Threads: recording is wait-free and confined to the recording stage's thread; everything else is the control side
 * and may be called from any thread.
 */
@NullMarked
package dev.ctstream.metrics;

import org.jspecify.annotations.NullMarked;
