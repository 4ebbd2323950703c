package dev.ctstream.record;

/**
 * Identifies one run of the collector; the same in all records of the run.
 *
 * @param hostId machine-id or {@code host.id}; never empty
 * @param bootId kernel boot id
 * @param streamEpoch start of this run, ns since 1970-01-01 UTC; sequences restart with it
 */
public record RunIdentity(String hostId, String bootId, long streamEpoch) {
    /** Refuses an empty host id, because the streams of two such hosts would be mixed. */
    public RunIdentity {
        if (hostId.isEmpty()) {
            throw new IllegalArgumentException("host id is empty; set host.id");
        }
    }
}
