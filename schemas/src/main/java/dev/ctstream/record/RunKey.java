package dev.ctstream.record;

import org.jspecify.annotations.Nullable;

/**
 * Identifies one run of a collector in one network namespace. The namespace's name is for people: two keys that differ
 * only in the name are equal.
 *
 * @param netns name of the namespace
 * @param netnsId identity of the namespace
 * @param streamEpoch start of the run, ns since 1970-01-01 UTC
 */
public record RunKey(String hostId, String bootId, String netns, String netnsId, long streamEpoch) {
    /** The run of an event or a control record. */
    public static RunKey of(DecodedRecord event) {
        return new RunKey(
                event.text("host_id"),
                event.text("boot_id"),
                event.text("netns"),
                event.text("netns_id"),
                event.number("stream_epoch").orElse(0L));
    }

    /** The namespace for people: its name, and its identity in parentheses. */
    public String namespace() {
        return netns + " (" + netnsId + ")";
    }

    /** The stream of a zone in this run. */
    public StreamKey stream(int zone) {
        return new StreamKey(hostId, bootId, netns, netnsId, zone, streamEpoch);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RunKey that
                && streamEpoch == that.streamEpoch
                && netnsId.equals(that.netnsId)
                && bootId.equals(that.bootId)
                && hostId.equals(that.hostId);
    }

    @Override
    public int hashCode() {
        int texts = 31 * (31 * hostId.hashCode() + bootId.hashCode()) + netnsId.hashCode();
        return 31 * texts + Long.hashCode(streamEpoch);
    }
}
