package dev.ctstream.conntrack;

/**
 * Receives flow events from the receive thread.
 *
 * <p>Ownership: events and their buffer are borrowed until the call returns.
 *
 * <p>Threads: every method is called on the receive thread only, and must not block.
 *
 * <p>Errors: an exception is a bug; it ends the receive thread.
 */
public interface FlowEventHandler {
    /** The most events in one call of {@link #onEvents}. */
    int MAX_EVENTS = 8;

    /**
     * The next events, in the kernel's order. Override this when part of the work is cheaper for several at once.
     *
     * @param events the first {@code count} are valid, at most {@link #MAX_EVENTS}
     * @param receivedTimeNanos CLOCK_REALTIME when the datagrams that hold them were received
     */
    default void onEvents(EventSource source, FlowEvent[] events, int count, long receivedTimeNanos) {
        for (int i = 0; i < count; i++) {
            onEvent(source, events[i], receivedTimeNanos);
        }
    }

    /**
     * One flow event, in the kernel's order.
     *
     * @param receivedTimeNanos CLOCK_REALTIME when the datagrams that hold it were received
     */
    void onEvent(EventSource source, FlowEvent event, long receivedTimeNanos);

    /**
     * A drain of the source's socket has ended: its queue was empty or the drain's budget was used up.
     *
     * @param dropsDelta events that the kernel could not queue since the last call
     */
    void onDrained(EventSource source, long dropsDelta);

    /**
     * A pass over all sources has ended. Called at least once per requested deadline.
     *
     * @param nowNanos {@link System#nanoTime}
     * @return nanoseconds until the handler wants to be called again; {@link Long#MAX_VALUE} = only when there is
     *     traffic
     */
    long onPass(long nowNanos);

    /**
     * One entry of another thread's dump; see {@link DumpRing}.
     *
     * @param kind {@link DumpEntryKind#ENTRY} or {@link DumpEntryKind#DYING}
     */
    default void onDumpEntry(EventSource source, FlowEvent event, DumpEntryKind kind) {}

    /**
     * The begin or the end of another thread's dump. Everything that it offered earlier, and every event that the
     * kernel sent earlier to any source, has already been passed to this handler.
     *
     * @param kind {@link DumpEntryKind#BEGIN} or {@link DumpEntryKind#END}
     */
    default void onDumpMark(EventSource source, DumpEntryKind kind) {}

    /** The source has been drained for the last time and will not appear again. */
    default void onRemoved(EventSource source) {}
}
