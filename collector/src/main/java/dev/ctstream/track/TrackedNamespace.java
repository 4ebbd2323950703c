package dev.ctstream.track;

import dev.ctstream.conntrack.EventSource;

/**
 * A tracked namespace as other threads see it: the state that the receive thread publishes, and the state that other
 * threads pass to the receive thread. The receive thread's own state is {@link NamespaceTrack}.
 *
 * <p>Ownership: each field has one writer, named beside it, and refers to an immutable object.
 *
 * <p>Threads: any thread may call the getters; each setter names its thread.
 */
public final class TrackedNamespace {
    final EventSource source;
    final long addedTimeNanos;
    private final DumpExchange dumps = new DumpExchange();
    private final ZoneCounts liveByZone = new ZoneCounts();

    // receive thread
    private volatile Counts counts = new Counts(0, 0, 0, 0, 0);
    private volatile Phase phase = Phase.RECEIVING;
    // guard thread
    private volatile Delivery delivery;
    // control thread
    private volatile boolean exactLosses = true;
    private volatile boolean silent;
    // the thread that removes the source
    private volatile boolean gone;

    /** Life cycle of a namespace. */
    private enum Phase {
        RECEIVING,
        REMOVED,
        FINISHED
    }

    /**
     * Counts as of the last drain.
     *
     * @param received events
     * @param filtered the part of {@code received} whose flows are not followed
     */
    public record Counts(long received, long filtered, long unknownAttributes, long live, long untracked) {}

    /**
     * The delivery mode of the event socket.
     *
     * @param reliable whether {@code NETLINK_BROADCAST_ERROR} is set; already false while it is being cleared
     * @param switches grows with each change of mode
     */
    public record Delivery(boolean reliable, int switches) {}

    TrackedNamespace(EventSource source, long addedTimeNanos) {
        this.source = source;
        this.addedTimeNanos = addedTimeNanos;
        delivery = new Delivery(source.reliable(), 0);
    }

    /** Counts of received events and live flows. */
    public Counts counts() {
        return counts;
    }

    /** Living flows of a zone. */
    public int liveFlows(int zone) {
        return liveByZone.of(zone);
    }

    /** Receive thread: a flow of the zone began or ended. */
    void countLive(int zone, int change) {
        liveByZone.add(zone, change);
    }

    /** The dumps of this namespace. */
    public DumpExchange dumps() {
        return dumps;
    }

    /** Whether the source was drained for the last time; entries that a dump still delivers are ignored. */
    public boolean removed() {
        return phase != Phase.RECEIVING;
    }

    /** Whether, after {@link #removed}, all its events and losses were handed over. */
    public boolean finished() {
        return phase == Phase.FINISHED;
    }

    /** The current delivery mode. */
    public Delivery delivery() {
        return delivery;
    }

    /** Guard thread: call it before a switch to counted delivery, and after a switch to reliable delivery. */
    public void switchDelivery(boolean reliable) {
        delivery = new Delivery(reliable, delivery.switches + 1);
    }

    /** Control thread: false while the kernel may count a loss more than once. */
    public void exactLosses(boolean exact) {
        exactLosses = exact;
    }

    /** Control thread: whether new flows raise no events ({@code nf_conntrack_events=0}), so that only dumps find them. */
    public void silent(boolean now) {
        silent = now;
    }

    /** Whether a dump may find something: a flow to close, one that raised no event, or what a loss has hidden. */
    public boolean worthDumping() {
        return silent || counts.live > 0 || counts.untracked > 0 || dumps.gapOpen();
    }

    boolean exactLosses() {
        return exactLosses;
    }

    /** The thread that removes the source, before it does: the namespace and all its flows no longer exist. */
    void setGone() {
        gone = true;
    }

    boolean gone() {
        return gone;
    }

    /** Receive thread. */
    void publish(Counts now) {
        counts = now;
    }

    /** Receive thread. */
    void setRemoved() {
        phase = Phase.REMOVED;
    }

    /** Receive thread. */
    void setFinished() {
        phase = Phase.FINISHED;
    }
}
