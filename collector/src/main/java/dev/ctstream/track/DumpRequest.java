package dev.ctstream.track;

/**
 * A dump of one namespace that the dump thread asks the receive thread to merge. Immutable.
 *
 * @param snapshotId rises with each dump of the run
 * @param repeated the previous dump was incomplete: its flows are announced again, so that one complete snapshot has
 *     them all
 * @param beginNanos {@link System#nanoTime} before the first entry was read
 */
public record DumpRequest(long snapshotId, Reason reason, boolean repeated, long beginNanos) {
    /** Reason for a dump, which decides what the dump announces. */
    public enum Reason {
        /** The collector starts: announce all flows whose NEW was not received. */
        START("start", true, true),
        /** Same as {@link #START}, for a namespace that was added later. */
        NAMESPACE_ADDED("namespace-added", true, true),
        /** A user requested a snapshot: announce all flows. */
        REQUEST("request", true, false),
        /** Events were lost: announce the flows that the ledger does not know. */
        GAP("gap", false, false),
        /** Same as {@link #GAP}, at regular intervals. */
        RECONCILE("reconcile", false, false),
        /** Same as {@link #GAP}, for the last counters of a namespace that is about to be removed. */
        NAMESPACE_REMOVED("namespace-removed", false, false);

        private final String text;
        private final boolean announcesUntracked;
        private final boolean firstSight;

        Reason(String text, boolean announcesUntracked, boolean firstSight) {
            this.text = text;
            this.announcesUntracked = announcesUntracked;
            this.firstSight = firstSight;
        }

        /** The word in control records. */
        public String text() {
            return text;
        }

        /** Whether flows are announced even when the ledger is full. A regular dump would announce them each time. */
        public boolean announcesUntracked() {
            return announcesUntracked;
        }

        /** Whether this is the first dump, so that no flow was seen before. */
        boolean firstSight() {
            return firstSight;
        }
    }
}
