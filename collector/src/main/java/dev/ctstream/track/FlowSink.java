package dev.ctstream.track;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;

/**
 * Takes the flow events that the receive thread has tracked and assigns each its sequence. Also takes the kernel's
 * losses.
 *
 * <p>A {@code beginSequence} is the sequence of the NEW or EXISTING that opened the event's flow in this run. It is
 * {@link #UNKNOWN} for the event that opens a flow, and for an event of a flow that the ledger does not know.
 *
 * <p>Ownership: borrows events and their buffer until the call returns.
 *
 * <p>Threads: every method is called only on the receive thread, or after it has ended. No method may block.
 */
public interface FlowSink {
    /** An unknown {@code beginSequence}. */
    long UNKNOWN = -1;

    /** An event was not taken, because its namespace has too many streams. */
    long REFUSED = -2;

    /**
     * Takes the kernel's next event.
     *
     * @param receivedNanos CLOCK_REALTIME when the datagram that holds it was received
     * @return the sequence of the event in its stream, or {@link #REFUSED}
     */
    long event(EventSource source, FlowEvent event, long receivedNanos, long beginSequence);

    /**
     * Takes a dump entry that is to be announced as EXISTING.
     *
     * @return the sequence of the event in its stream, or {@link #REFUSED}
     */
    long existing(EventSource source, FlowEvent entry, long snapshotId, long beginSequence);

    /**
     * Takes a dump entry of a known flow that is to be reported as INTERIM.
     *
     * @return the sequence of the event in its stream, or {@link #REFUSED}
     */
    long interim(EventSource source, FlowEvent entry, long beginSequence);

    /**
     * Takes the DESTROY of a flow that disappeared without one.
     *
     * @param entry the last known values of the flow
     * @return the sequence of the event in its stream, or {@link #REFUSED}
     */
    long inferred(EventSource source, FlowEvent entry, long beginSequence);

    /**
     * Declares what the kernel dropped in a window of time.
     *
     * @return false when the loss cannot be taken now: keep it and try again in a later pass
     */
    boolean lost(EventSource source, Count count, Window window);

    /**
     * Called after each drain of the source's socket.
     *
     * @param lost events that the kernel dropped since the last call; {@link #lost} declares them later
     */
    void drained(EventSource source, long lost);

    /**
     * Called after each pass over all sources.
     *
     * @param nowNanos {@link System#nanoTime}
     * @return nanoseconds until the next call is needed; {@link Long#MAX_VALUE} = only when there is traffic
     */
    long pass(long nowNanos);

    /**
     * Hands over everything that was taken from the source.
     *
     * @return false when some of it cannot be handed over now: call again in a later pass
     */
    boolean flush(EventSource source);

    /** The source was removed, and everything of it is {@link #flush flushed}; no more will come. */
    void removed(EventSource source);

    /**
     * How much the kernel dropped.
     *
     * @param events lost events
     * @param failedAttempts deliveries that failed while the socket was reliable; the kernel repeats those of DESTROY
     * @param exact false when {@code events} is an upper bound
     */
    record Count(long events, long failedAttempts, boolean exact) {}

    /** Time between two readings of the drop counter, ns since 1970-01-01 UTC. */
    record Window(long startNanos, long endNanos) {}
}
