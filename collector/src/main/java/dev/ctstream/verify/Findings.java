package dev.ctstream.verify;

import dev.ctstream.record.RunKey;
import java.util.ArrayList;
import java.util.List;

/** Problems or remarks other than holes: all are counted, the first {@value #LISTED} are listed. */
final class Findings {
    static final int LISTED = 100;

    // Problems.
    static final String NO_CONTROL = "no-control";
    static final String NO_END = "no-end";
    static final String IDENTITY = "identity";
    static final String PARTITIONS = "partitions";
    static final String MALFORMED = "malformed";
    static final String TOTALS = "totals";
    static final String KERNEL = "kernel";
    static final String SNAPSHOT = "snapshot";
    static final String ORDER = "order";
    static final String UNDECODABLE = "undecodable";
    static final String INVALID = "invalid";

    // Remarks.
    static final String TOPIC = "topic";
    static final String CHAINS = "chains";
    static final String IN_SPOOL = "in-spool";
    static final String OPEN = "open";
    static final String FOREIGN = "foreign";

    private final List<Finding> listed = new ArrayList<>();
    private long count;

    /** One finding; {@code what} is text for people. */
    record Finding(String kind, String what) {}

    void add(String kind, RunKey run, String what) {
        add(kind, run.hostId() + "/" + run.namespace() + " run " + run.streamEpoch() + ": " + what);
    }

    void add(String kind, String what) {
        count++;
        if (listed.size() < LISTED) {
            listed.add(new Finding(kind, what));
        }
    }

    long count() {
        return count;
    }

    List<Finding> listed() {
        return listed;
    }
}
