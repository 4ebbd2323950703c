package dev.ctstream.verify;

import java.util.ArrayList;
import java.util.List;

/** Undeclared holes: all are counted, the first {@value #LISTED} are listed. */
final class Holes {
    static final int LISTED = 1000;

    private final List<Hole> listed = new ArrayList<>();
    private long holes;
    private long events;
    private long controlRecords;

    void add(Hole hole) {
        holes++;
        if (hole.control()) {
            controlRecords += hole.count();
        } else {
            events += hole.count();
        }
        if (listed.size() < LISTED) {
            listed.add(hole);
        }
    }

    List<Hole> listed() {
        return listed;
    }

    long holes() {
        return holes;
    }

    long events() {
        return events;
    }

    long controlRecords() {
        return controlRecords;
    }
}
