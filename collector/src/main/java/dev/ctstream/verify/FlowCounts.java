package dev.ctstream.verify;

/**
 * What became of flows. {@code openedNew + openedExisting + unopened = observed + inferred + restart + open}, as long as
 * there was room for all open flows; for one stream without the flows that it took over from an earlier run.
 */
final class FlowCounts {
    /** Begun with NEW. */
    long openedNew;
    /** First seen as EXISTING, in a snapshot. */
    long openedExisting;
    /** First seen otherwise: their NEW was lost, or came before the collector. */
    long unopened;
    /** Ended with the kernel's DESTROY. */
    long observed;
    /** Ended with an inferred DESTROY. */
    long inferred;
    /** Ended while no collector ran. */
    long restart;
    /** Not ended; the part of them that an ended run left without a later snapshot is {@code undecided}. */
    long open;

    long undecided;
    /** NEW or DESTROY again, with another sequence. */
    long repeated;
    /** Events of a flow that had ended: a DESTROY after an inferred one, an UPDATE or EXISTING after the end. */
    long late;

    void add(FlowCounts other) {
        openedNew += other.openedNew;
        openedExisting += other.openedExisting;
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
