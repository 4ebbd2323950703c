package dev.ctstream.conntrack;

/**
 * One network namespace as a source of flow events, as their handler sees it.
 *
 * <p>Threads: the totals may be read by any thread, the other values never change.
 */
public interface EventSource {
    /** Name of the collector's own namespace. */
    String HOST = "host";

    /** Number of this source in this process, from 0; never reused. */
    int index();

    /** Name of the namespace; {@code host} for the collector's own. */
    String netns();

    /**
     * Identity of the namespace. The name is no identity: another namespace may get it later. This is the namespace's
     * cookie in decimal, unique until the host reboots; on a kernel without cookies {@code device:inode:nanos}: the
     * namespace file, and the time at which this source was opened. One that this process observes again, after its end, has
     * {@code cookie:nanos}, because its streams begin anew.
     */
    String netnsId();

    /** Events that the kernel could not queue for this source since it was opened. */
    long dropsTotal();

    /** Event messages of this source that arrived but could not be decoded: malformed or truncated. */
    default long undecodableTotal() {
        return 0;
    }

    /** Datagrams that arrived at this source but were not sent by the kernel; they are never decoded. */
    default long foreignTotal() {
        return 0;
    }

    /** Whether the kernel was asked, at the start, to repeat each DESTROY until this source could receive it. */
    default boolean reliable() {
        return false;
    }

    /** Whether the flow of a dump's entry passes this source's filter; its events have passed it in the kernel. */
    default boolean admits(FlowEvent entry) {
        return true;
    }

    /**
     * Whether the flow of an event, or of a dump's entry, is left out whatever {@link #opens} says. Asked for flows that
     * are not in the ledger. Receive thread.
     *
     * @param receivedNanos when the event was received, ns since the epoch; 0 for an entry
     */
    default boolean excludes(FlowEvent event, long receivedNanos) {
        return false;
    }

    /** Whether {@link #opens} may say no. Never changes. */
    default boolean selective() {
        return false;
    }

    /**
     * Whether an event, or a dump's entry, of a flow that is not followed makes it followed. What is judged here may change
     * during the flow's life, so a flow that is followed is not judged again.
     */
    default boolean opens(FlowEvent event) {
        return true;
    }
}
