package dev.ctstream.record;

/**
 * Names one run of the collector; the same in every record of it.
 *
 * @param hostId machine-id or {@code host.id}; never empty
 * @param bootId kernel boot id
 * @param streamEpoch start of this run, ns since 1970-01-01 UTC; sequences restart with it
 */
public record RunIdentity(String hostId, String bootId, long streamEpoch) {
    /** Refuses an empty host, because then the streams of two hosts would be one. */
    public RunIdentity {
        if (hostId.isEmpty()) {
            throw new IllegalArgumentException("host id is empty; set host.id");
        }
    }
}
