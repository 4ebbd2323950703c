package dev.ctstream.spool;

import dev.ctstream.netlink.StageClock;
import java.io.IOException;

/** The spool thread's work, one pass at a time. */
public final class SteppedSpool {
    private final Spool spool;

    private SteppedSpool(Spool spool) {
        this.spool = spool;
    }

    /** Opens a spool whose time is given. */
    public static SteppedSpool open(Spool.Parts parts, StageClock clock) throws IOException {
        SteppedSpool stepped = new SteppedSpool(Spool.open(parts, SpoolFileSystem.HOST, clock::realtimeNanos, clock));
        stepped.spool.begin();
        return stepped;
    }

    /** What it steps. */
    public Spool spool() {
        return spool;
    }

    /** A pass; true after the last one. */
    public boolean pass() {
        return spool.pass(0);
    }
}
