package dev.ctstream.conntrack;

/**
 * Is told what the receive path does besides delivering events; {@link ReceiveMetrics} counts it.
 *
 * <p>Speed: some methods are called for each event. A process uses one implementation, so that the compiler inlines them.
 *
 * <p>Threads: the receive thread alone. Errors: none may be thrown.
 */
public interface ReceiveObserver {
    /** The receiver starts to receive from this source. */
    void added(EventSocket source);

    /** The source was drained for the last time. */
    void removed(EventSocket source);

    /** One system call returned this number of datagrams. */
    void received(int datagrams);

    /**
     * A flow event was decoded.
     *
     * @param eventType {@link FlowEvent#NEW}, {@link FlowEvent#UPDATE} or {@link FlowEvent#DESTROY}
     */
    void decoded(int eventType);

    /** A flow event or an entry of a dump had attributes that were skipped, see {@link FlowEvent}. */
    void skipped(int unknownAttributes, int unexpectedAttributes);

    /** A datagram was longer than its slot and was not decoded. */
    void truncated();

    /** A message, or the bytes after the last one, could not be decoded. */
    void malformed();

    /** A message was not a flow event. */
    void otherMessage();

    /** A message of a dump was processed between events. */
    void dumped();

    /** Time from the kernel's event time to receipt, of one event per receive call. */
    void lagged(long nanos);

    /** The kernel reported ENOBUFS. */
    void overrun();

    /** A source was drained and held this number of datagrams. */
    void drained(long datagrams);
}
