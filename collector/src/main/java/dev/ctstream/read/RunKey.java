package dev.ctstream.read;

/**
 * One run of a collector in one network namespace.
 *
 * @param streamEpoch start of the run, ns since 1970-01-01 UTC
 */
public record RunKey(String hostId, String bootId, String netns, long streamEpoch) {
    /** The run that an event or a control record belongs to. */
    public static RunKey of(ReadEvent event) {
        return new RunKey(
                event.text("host_id"),
                event.text("boot_id"),
                event.text("netns"),
                event.number("stream_epoch").orElse(0L));
    }

    StreamKey stream(int zone) {
        return new StreamKey(hostId, bootId, netns, zone, streamEpoch);
    }
}
