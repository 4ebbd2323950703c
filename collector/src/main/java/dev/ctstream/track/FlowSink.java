package dev.ctstream.track;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;

/**
 * Takes the flow events that the receive thread has tracked, gives each its sequence, and takes the kernel's losses.
 *
 * <p>A {@code beginSequence} is the sequence of the NEW or EXISTING that opened the event's flow in this run. It is
 * {@link #UNKNOWN} for the event that opens a flow, and for an event of a flow that the ledger does not know.
 *
 * <p>Ownership: events and their buffer are borrowed until the call returns.
 *
 * <p>Threads: every method is called on the receive thread only, or after it has ended, and must not wait.
 */
public interface FlowSink {
    /** Stands for a {@code beginSequence} that is not known. */
    long UNKNOWN = -1;

    /**
     * The next event of the kernel.
     *
     * @param receivedNanos CLOCK_REALTIME when the datagram that holds it was received
     * @return the sequence of the event in its stream
     */
    long event(EventSource source, FlowEvent event, long receivedNanos, long beginSequence);

    /**
     * An entry of a dump, to be announced as EXISTING.
     *
     * @return the sequence of the event in its stream
     */
    long existing(EventSource source, FlowEvent entry, long snapshotId, long beginSequence);

    /**
     * The DESTROY of a flow that has gone without one.
     *
     * @param entry the last that was known of the flow
     * @return the sequence of the event in its stream
     */
    long inferred(EventSource source, FlowEvent entry, long beginSequence);

    /**
     * Declares what the kernel dropped in a window of time.
     *
     * @return false when it cannot be taken now: keep it and come again at a later pass
     */
    boolean lost(EventSource source, Count count, Window window);

    /**
     * A drain of the source's socket has ended.
     *
     * @param lost events that the kernel dropped since the last call; {@link #lost} declares them later
     */
    void drained(EventSource source, long lost);

    /**
     * A pass over all sources has ended.
     *
     * @param nowNanos {@link System#nanoTime}
     * @return nanoseconds until the next call is wanted; {@link Long#MAX_VALUE} = only when there is traffic
     */
    long pass(long nowNanos);

    /** The source was added; its events come from now on. */
    void added(EventSource source);

    /** Everything of the source was handed over; nothing of it comes any more. */
    void removed(EventSource source);

    /**
     * How much the kernel dropped.
     *
     * @param events lost events
     * @param failedAttempts deliveries that failed while the socket was reliable: the kernel repeats those of DESTROY
     * @param exact false when {@code events} is an upper bound
     */
    record Count(long events, long failedAttempts, boolean exact) {}

    /** Time between two readings of the drop counter, ns since 1970-01-01 UTC. */
    record Window(long startNanos, long endNanos) {}
}
