/**
 * What is lost, what is alive, what has ended: kernel losses become GAP records, live flows are kept in a ledger, dumps
 * announce the flows that were there before and show which have gone without a word, and regular reports let a consumer
 * check all of it.
 *
 * <p>In: flow events from {@code conntrack}, and entries of dumps. Out: the same events and inferred ones, to the
 * {@link dev.ctstream.track.FlowSink}; control records.
 *
 * <p>Threads: {@link dev.ctstream.track.FlowTracker} and the ledger live on the receive thread;
 * {@link dev.ctstream.track.Snapshots} owns {@code ctstream-dump}, {@link dev.ctstream.track.ControlTimer} owns
 * {@code ctstream-control}, {@link dev.ctstream.track.ReliableGuard} owns {@code ctstream-guard}.
 */
@NullMarked
package dev.ctstream.track;

import org.jspecify.annotations.NullMarked;
