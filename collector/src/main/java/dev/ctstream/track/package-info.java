/**
 * What is lost, what is alive, what has ended. Kernel losses become GAP records. Live flows are kept in a ledger. Dumps
 * announce the flows that were there before, and show which flows ended without an event.
 *
 * <p>In: flow events from {@code conntrack}, and entries of dumps. Out: the same events and inferred ones, to the
 * {@link dev.ctstream.track.FlowSink}, and the kernel's losses.
 *
 * <p>Threads: all of it lives on the receive thread. Other threads see {@link dev.ctstream.track.TrackedNamespace} and
 * {@link dev.ctstream.track.DumpExchange}.
 */
@NullMarked
package dev.ctstream.track;

import org.jspecify.annotations.NullMarked;
