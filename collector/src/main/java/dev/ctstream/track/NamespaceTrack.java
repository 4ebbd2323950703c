package dev.ctstream.track;

import dev.ctstream.batch.NamespaceStreams;
import dev.ctstream.conntrack.EventSource;
import org.jspecify.annotations.Nullable;

/**
 * What is tracked of one source (the event socket of a namespace).
 *
 * <p>Threads: plain fields belong to the receive thread, which publishes them at each drain; volatile ones have one
 * writer, named beside them.
 */
final class NamespaceTrack {
    final EventSource source;
    final NamespaceStreams streams;
    final LossWindow losses;

    long received;
    long unknownAttributes;
    long live;
    long untracked;

    /** Number of the last dump that began. */
    int generation;

    /** The dump under way, null = none. */
    @Nullable
    DumpState dump;

    /** Dump thread: the dump that the next mark begins. */
    volatile @Nullable DumpState nextDump;

    /** Guard thread: whether {@code NETLINK_BROADCAST_ERROR} is set; false already while it is being cleared. */
    volatile boolean reliable;

    /** Guard thread: grows with each change of {@link #reliable}, before a change to false and after one to true. */
    volatile int modeSwitches;

    /** Control thread: false when losses may be counted more than once. */
    volatile boolean exactLosses = true;

    /** Whoever removes it: the namespace no longer exists, and none of its flows. */
    volatile boolean gone;

    /** Receive thread: the source was drained for the last time; what a dump still shows of it is ignored. */
    volatile boolean removed;

    /** Receive thread: after {@link #removed}, everything of it was handed to the batches. */
    volatile boolean finished;

    /** Receive thread: {@link System#nanoTime} of the first GAP that no dump has followed yet; 0 = none. */
    volatile long gapSinceNanos;

    private volatile Published published = new Published(0, 0, 0, 0);

    /** Counts as of the last drain. */
    record Published(long received, long unknownAttributes, long live, long untracked) {}

    NamespaceTrack(EventSource source, NamespaceStreams streams, LossWindow losses, boolean reliable) {
        this.source = source;
        this.streams = streams;
        this.losses = losses;
        this.reliable = reliable;
    }

    void publish() {
        Published last = published;
        if (last.received != received
                || last.unknownAttributes != unknownAttributes
                || last.live != live
                || last.untracked != untracked) {
            published = new Published(received, unknownAttributes, live, untracked);
        }
    }

    Published published() {
        return published;
    }
}
