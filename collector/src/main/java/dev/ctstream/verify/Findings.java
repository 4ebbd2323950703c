package dev.ctstream.verify;

import dev.ctstream.record.RunKey;
import java.util.ArrayList;
import java.util.List;

/** Inconsistencies other than holes: all are counted, the first {@value #LISTED} are listed. */
final class Problems {
    static final int LISTED = 100;
    static final String NO_CONTROL = "no-control";
    static final String NO_END = "no-end";
    static final String TOTALS = "totals";
    static final String KERNEL = "kernel";
    static final String SNAPSHOT = "snapshot";
    static final String ORDER = "order";
    static final String UNDECODABLE = "undecodable";
    static final String INVALID = "invalid";

    private final List<Problem> listed = new ArrayList<>();
    private long count;

    /** One problem; {@code what} is text for people. */
    record Problem(String kind, String what) {}

    void add(String kind, RunKey run, String what) {
        add(kind, run.hostId() + "/" + run.namespace() + " run " + run.streamEpoch() + ": " + what);
    }

    void add(String kind, String what) {
        count++;
        if (listed.size() < LISTED) {
            listed.add(new Problem(kind, what));
        }
    }

    long count() {
        return count;
    }

    List<Problem> listed() {
        return listed;
    }
}
