package dev.ctstream.bench;

import dev.ctstream.netlink.NetlinkException;

/** A way to generate events. Threads: confined to one. */
interface Load extends AutoCloseable {
    /**
     * Begins or ends some flows.
     *
     * @param most maximum number of flows
     * @return events that these requests cause; 0 when all flows of the {@link LoadSpec} have been made
     */
    int step(int most) throws NetlinkException;

    /** Whether this load has ended all flows that it must end itself. */
    boolean settled();

    /** Number of the next unused flow. */
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
