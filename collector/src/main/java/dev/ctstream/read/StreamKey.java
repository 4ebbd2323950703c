package dev.ctstream.read;

/**
 * What a sequence belongs to.
 *
 * @param streamEpoch start of the collector run, ns since 1970-01-01 UTC
 */
public record StreamKey(String hostId, String bootId, String netns, int zone, long streamEpoch) {
    /** The stream of an event. */
    public static StreamKey of(ReadEvent event) {
        return new StreamKey(
                event.text("host_id"),
                event.text("boot_id"),
                event.text("netns"),
                event.zone(),
                event.number("stream_epoch").orElse(0L));
    }
}
