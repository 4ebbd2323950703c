package dev.ctstream.spool;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.FrameScan;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The frames that a history has written, which of them are durable, and which somebody has destroyed. */
final class CrashTruth {
    /** A batch or control record on the disk. */
    record Frame(
            int change,
            int inode,
            long offset,
            int bytes,
            RunIdentity run,
            BatchEnvelope envelope,
            @Nullable DeclaredGap gap) {
        AcknowledgedPosition.RunStream stream() {
            return new AcknowledgedPosition.RunStream(run, envelope.stream());
        }

        boolean overlaps(long from, long to) {
            return offset < to && offset + bytes > from;
        }
    }

    private final List<DiskChange> changes;
    private final Set<DiskChange> damages;
    private final Set<DiskChange> notTakenBack;
    /** Numbers of the chain of events whose write said that it failed. */
    final Set<Long> failedNumbers = new HashSet<>();

    private final Map<Integer, RunIdentity> runs = new HashMap<>();
    private final List<Frame> frames = new ArrayList<>();
    private final List<Frame> open = new ArrayList<>();
    private final List<Frame> lost = new ArrayList<>();
    private final List<Frame> takenBack = new ArrayList<>();
    final Map<AcknowledgedPosition.RunStream, BitSet> durable = new HashMap<>();
    /** What was destroyed, and what only destroyed GAP records named. */
    final Map<AcknowledgedPosition.RunStream, BitSet> destroyed = new HashMap<>();
    /** Destroyed GAP records of cause restart: begin of the window by epoch, ns since 1970-01-01 UTC. */
    final TreeMap<Long, Long> destroyedRestarts = new TreeMap<>();

    CrashTruth(List<DiskChange> changes, MemoryFiles files) {
        this.changes = changes;
        damages = files.damages();
        notTakenBack = files.notTakenBack();
    }

    /** After {@link CrashImages#advance}. */
    void advance(CrashImages images) {
        int index = images.count() - 1;
        DiskChange change = changes.get(index);
        switch (change.kind()) {
            case WRITE -> {
                if (change.isSegment()) {
                    write(index, change);
                }
            }
            case TRUNCATE -> remove(change.inode(), change.offset(), Long.MAX_VALUE);
            case SYNC, SYNC_DIRECTORY ->
                open.removeIf(frame -> {
                    boolean durableNow = images.isDurable(frame.change());
                    if (durableNow) {
                        set(durable, frame);
                    }
                    return durableNow;
                });
            default -> {
                // no frame
            }
        }
    }

    private void write(int index, DiskChange change) {
        byte[] bytes = change.bytes();
        if (damages.contains(change)) {
            destroy(change.inode(), change.offset(), change.offset() + bytes.length);
            return;
        }
        remove(change.inode(), change.offset(), change.offset() + bytes.length);
        RunIdentity header = change.offset() == 0 ? FrameScan.run(bytes) : null;
        if (header != null) {
            runs.put(change.inode(), header);
        }
        RunIdentity run = runs.get(change.inode());
        if (run == null) {
            return; // the zeros of a reserved file
        }
        for (FrameScan.Frame found : FrameScan.frames(bytes)) {
            if (found.isBatch() && found.whole()) {
                Frame frame = new Frame(
                        index,
                        change.inode(),
                        change.offset() + found.offset(),
                        found.bytes(),
                        run,
                        found.envelope(),
                        gap(bytes, found));
                frames.add(frame);
                if (!notTakenBack.contains(change)) {
                    open.add(frame);
                } else if (frame.envelope().kind() == BatchEnvelope.EVENTS) {
                    failedNumbers.add(frame.envelope().number());
                }
            }
        }
    }

    private static @Nullable DeclaredGap gap(byte[] bytes, FrameScan.Frame found) {
        if (found.envelope().kind() != BatchEnvelope.CONTROL) {
            return null;
        }
        Topics.ControlFrame frame = CrashLedger.decode(found.envelope(), FrameScan.body(bytes, found));
        return frame.isGap() ? DeclaredGap.of(frame) : null;
    }

    /** What is written over, or cut off: a failed write is taken back. */
    private void remove(int inode, long from, long to) {
        List<Frame> gone = frames.stream()
                .filter(frame -> frame.inode() == inode && frame.overlaps(from, to))
                .toList();
        frames.removeAll(gone);
        open.removeAll(gone);
        takenBack.addAll(gone);
    }

    private void destroy(int inode, long from, long to) {
        for (Frame frame : List.copyOf(frames)) {
            if (frame.inode() == inode && frame.overlaps(from, to)) {
                open.remove(frame);
                frames.remove(frame);
                lost.add(frame);
                set(destroyed, frame);
                durable.getOrDefault(frame.stream(), new BitSet())
                        .clear((int) frame.envelope().firstSequence(), (int)
                                frame.envelope().nextSequence());
                DeclaredGap gap = frame.gap();
                if (gap != null) {
                    gap.restartWindow(destroyedRestarts);
                    gap.ranges()
                            .forEach(range ->
                                    sequences(destroyed, range.owner()).set((int) range.first(), (int) range.next()));
                }
            }
        }
    }

    /** Whether a batch or a control record was destroyed. */
    boolean anythingDestroyed() {
        return !lost.isEmpty();
    }

    private static void set(Map<AcknowledgedPosition.RunStream, BitSet> of, Frame frame) {
        sequences(of, frame.stream()).set((int) frame.envelope().firstSequence(), (int)
                frame.envelope().nextSequence());
    }

    private static BitSet sequences(
            Map<AcknowledgedPosition.RunStream, BitSet> of, AcknowledgedPosition.RunStream stream) {
        return of.computeIfAbsent(stream, key -> new BitSet());
    }

    /** Number of changes after which a control record was appended. */
    int appended(RunIdentity run, long number) {
        return frames.stream()
                .filter(frame -> frame.envelope().kind() == BatchEnvelope.CONTROL
                        && frame.run().equals(run)
                        && frame.envelope().number() == number)
                .mapToInt(Frame::change)
                .findFirst()
                .orElse(Integer.MAX_VALUE);
    }

    /** Number of the control record that was written together with another one and gives something up; 0 = none. */
    long givesUpWith(RunIdentity run, long number) {
        int change = appended(run, number);
        return frames.stream()
                .filter(frame -> frame.change() == change
                        && frame.envelope().kind() == BatchEnvelope.CONTROL
                        && frame.envelope().givesUp() != null)
                .mapToLong(frame -> frame.envelope().number())
                .max()
                .orElse(0);
    }

    /** What is wrong about the log_index of what was appended: it counts the appends of a run; null = nothing. */
    @Nullable
    String wrongLogIndex() {
        Map<Long, TreeMap<Long, Frame>> byRun = new TreeMap<>();
        List<Frame> all = new ArrayList<>(frames);
        all.addAll(lost);
        for (Frame frame : all) {
            Frame twice = byRun.computeIfAbsent(frame.run().streamEpoch(), key -> new TreeMap<>())
                    .put(frame.envelope().logIndex(), frame);
            if (twice != null && !twice.envelope().equals(frame.envelope())) {
                return "log_index twice: " + twice.envelope() + " and " + frame.envelope();
            }
        }
        // What is cut off after a failed sync may come back, so its log_index is not used again.
        takenBack.forEach(frame -> byRun.computeIfAbsent(frame.run().streamEpoch(), key -> new TreeMap<>())
                .putIfAbsent(frame.envelope().logIndex(), frame));
        for (TreeMap<Long, Frame> indexes : byRun.values()) {
            if (indexes.lastKey() != indexes.size() - 1) {
                return "log_index leaves out numbers: " + indexes.keySet();
            }
        }
        return null;
    }
}
