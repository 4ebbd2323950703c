package dev.ctstream.track;

/**
 * A dump of one namespace, as the dump thread asks the receive thread to merge it. Immutable.
 *
 * @param snapshotId rises with each dump of the run
 * @param repeated the dump before was not complete: what it announced is announced again, so that one complete snapshot
 *     has all
 * @param beginNanos {@link System#nanoTime} before the first entry was read
 */
public record DumpRequest(long snapshotId, Reason reason, boolean repeated, long beginNanos) {
    /** Why a dump is made, which decides what it announces. */
    public enum Reason {
        /** The collector starts: all flows that have not raised NEW yet. */
        START("start", true, true),
        /** As {@link #START}, for a namespace that came later. */
        NAMESPACE_ADDED("namespace-added", true, true),
        /** Somebody wants to see everything: all flows. */
        REQUEST("request", true, false),
        /** Something was lost: flows that the ledger does not know. */
        GAP("gap", false, false),
        /** As {@link #GAP}, regularly. */
        RECONCILE("reconcile", false, false);

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

        /** Whether flows are announced even when the ledger has no room; else each such dump would announce them again. */
        public boolean announcesUntracked() {
            return announcesUntracked;
        }

        /** Whether no flow can have been seen before. */
        boolean firstSight() {
            return firstSight;
        }
    }
}
