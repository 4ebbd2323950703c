package dev.ctstream.verify;

/**
 * Counts of flows by beginning and end.
 * {@code openedNew + openedExisting + openedUpdate + unopened = observed + inferred + restart + open}, if all open flows fitted into
 * the table. For a single stream this leaves out the flows that it took over from an earlier run.
 */
final class FlowCounts {
    /** Started with NEW. */
    long openedNew;
    /** First seen as EXISTING, in a snapshot. */
    long openedExisting;
    /** First seen in an UPDATE of a run with a filter: it admits a flow when its mark changes. */
    long openedUpdate;
    /** First seen otherwise: their NEW was lost, or came before the collector. */
    long unopened;
    /** Ended with the kernel's DESTROY. */
    long observed;
    /** Ended with an inferred DESTROY. */
    long inferred;
    /** Ended while no collector ran. */
    long restart;
    /** Not ended. {@code undecided} counts those among them whose run ended and has no later snapshot. */
    long open;

    long undecided;
    /** NEW or DESTROY again, with another sequence. */
    long repeated;
    /**
     * Events of a flow that had already ended: a DESTROY after an inferred one, an UPDATE or EXISTING after the end.
     */
    long late;

    /** The run has no filter: what an UPDATE shows first has lost its beginning. */
    void expectNoneByUpdate() {
        unopened += openedUpdate;
        openedUpdate = 0;
    }

    /** First seen in an event that begins or announces them. */
    long opened() {
        return openedNew + openedExisting + openedUpdate;
    }

    void add(FlowCounts other) {
        openedNew += other.openedNew;
        openedExisting += other.openedExisting;
        openedUpdate += other.openedUpdate;
        unopened += other.unopened;
        observed += other.observed;
        inferred += other.inferred;
        restart += other.restart;
        open += other.open;
        undecided += other.undecided;
        repeated += other.repeated;
        late += other.late;
    }
}
