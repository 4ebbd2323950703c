package dev.ctstream.spool;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.record.ControlKind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The last control records of this run that were appended, {@value #MOST} at most, for people to look at. HEARTBEAT is not
 * among them: it would push out all others.
 *
 * <p>Threads: the spool thread adds; any thread reads.
 */
public final class RecentRecords {
    private static final int MOST = 20;

    private final Deque<Line> lines = new ArrayDeque<>();

    /**
     * A control record in short.
     *
     * @param netns of its stream
     * @param text what it says, in words
     */
    public record Line(long timeMillis, ControlKind kind, String netns, String text) {}

    synchronized void add(ControlItem item) {
        if (item.record().kind() == ControlKind.HEARTBEAT) {
            return;
        }
        lines.addFirst(new Line(
                item.timeMillis(), item.record().kind(), item.namespace().netns(), text(item)));
        if (lines.size() > MOST) {
            lines.removeLast();
        }
    }

    private static String text(ControlItem item) {
        ControlRecord record = item.record();
        if (record instanceof ControlRecord.Gap gap) {
            return item.lostEvents() > 0
                    ? "cause " + gap.cause().word() + ", events lost: " + item.lostEvents()
                    : "cause " + gap.cause().word();
        }
        if (record instanceof ControlRecord.Started started) {
            return started.reason();
        }
        if (record instanceof ControlRecord.Stopped stopped) {
            return stopped.reason();
        }
        if (record instanceof ControlRecord.SnapshotBegin begin) {
            return begin.reason();
        }
        if (record instanceof ControlRecord.SnapshotEnd end) {
            return "entries: " + end.entries() + (end.complete() ? "" : ", incomplete");
        }
        if (record instanceof ControlRecord.Mode mode) {
            return "from " + mode.from() + " to " + mode.to() + ": " + mode.reason();
        }
        return "";
    }

    /** The newest first. */
    public synchronized List<Line> list() {
        return List.copyOf(lines);
    }
}
