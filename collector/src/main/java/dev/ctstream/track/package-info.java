/**
 * Tracks losses, live flows and ends of flows. Kernel losses become GAP records. A ledger keeps the live flows. Dumps
 * announce the flows that existed before, and show which flows ended without an event. The end of a dump, and that of a
 * removed namespace, is reported to other threads after everything before it has been handed over.
 *
 * <p>In: flow events from {@code conntrack}, and dump entries. Out, to the {@link dev.ctstream.track.FlowSink}: the
 * same events, inferred events, and the kernel's losses.
 *
 * <p>Threads: everything runs on the receive thread. Other threads use {@link dev.ctstream.track.TrackedNamespace} and
 * {@link dev.ctstream.track.DumpExchange}.
 */
@NullMarked
package dev.ctstream.track;

import org.jspecify.annotations.NullMarked;
