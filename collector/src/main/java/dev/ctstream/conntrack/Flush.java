package dev.ctstream.conntrack;

/**
 * A request that deletes many entries at once. The kernel sees a DELETE without a tuple; only a value of this type
 * makes {@link ConntrackTable} send one.
 */
public sealed interface Flush extends DeleteRequest {
    /** Every entry of the namespace. */
    record Everything() implements Flush {}

    /** Every entry of one family, {@code AF_INET} or {@code AF_INET6}. */
    record Family(int family) implements Flush {
        /** Refuses AF_UNSPEC, which would mean everything. */
        public Family {
            if (family != NfGenMsg.AF_INET && family != NfGenMsg.AF_INET6) {
                throw new IllegalArgumentException("family " + family);
            }
        }
    }

    /**
     * Every entry of one zone, including entries whose zone is directional. A kernel before 6.8 ignores the zone and
     * deletes everything: {@link ConntrackTable#flush} verifies first that this kernel does not.
     */
    record Zone(int zone) implements Flush {
        /** Checks the range. */
        public Zone {
            ZoneScope.both(zone);
        }
    }
}
