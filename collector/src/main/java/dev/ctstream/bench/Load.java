package dev.ctstream.bench;

import dev.ctstream.netlink.NetlinkException;

/** A way to raise events. Threads: confined to one. */
interface Load extends AutoCloseable {
    /**
     * Makes or ends some flows.
     *
     * @param most how many
     * @return events that were asked for by that; 0 when all flows of the {@link LoadSpec} have been made
     */
    int step(int most) throws NetlinkException;

    /** Whether nothing that this load has begun is still to be ended by it. */
    boolean settled();

    /** Number of a flow that was not used yet. */
    long next();

    /** Flows begun so far. */
    long begun();

    /** Flows ended so far by this load itself; 0 when the kernel ends them. */
    long ended();

    /** Flows that the kernel refused to begin or to end. */
    long failed();

    @Override
    void close();
}
