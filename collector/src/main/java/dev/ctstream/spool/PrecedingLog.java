package dev.ctstream.spool;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.CompactRange;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.record.proof.TreeWindow;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SegmentReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Rebuilds the end of the log of an earlier run: from the tree in the file {@code state} or in its newest CHECKPOINT, and the
 * frames after it. A frame that is signed may be missing all the same: its write failed, and it could not be taken back.
 *
 * <p>Threads: confined to the thread that opens the spool.
 */
final class PrecedingLog {
    private final SpoolFileSystem files;
    private final RunIdentity run;
    private final CompactRange before;
    private final Map<Long, Hash> leaves = new TreeMap<>();
    private long damaged = -1; // log_index of the last control record that is destroyed, or follows bytes that are

    private PrecedingLog(SpoolFileSystem files, RunIdentity run, CompactRange before) {
        this.files = files;
        this.run = run;
        this.before = before;
    }

    /**
     * The tree of a run up to its last append that is known without a gap.
     *
     * @param stored what the file {@code state} says
     * @param signed what the newest CHECKPOINT of that run says; null = there is none
     * @param events segments, oldest first
     * @param control as {@code events}
     * @return null when nothing of it was proven, or when a destroyed control record may have signed more of it
     */
    static @Nullable TreeWindow of(
            SpoolFileSystem files,
            RunIdentity run,
            SpoolCheckpoint.@Nullable Values stored,
            @Nullable CompactRange signed,
            List<Segment> events,
            List<Segment> control)
            throws IOException {
        CompactRange known = stored != null && stored.identity().equals(run) ? stored.proven() : null;
        if (signed != null && (known == null || signed.size() > known.size())) {
            known = signed;
        }
        PrecedingLog log = new PrecedingLog(files, run, known == null ? new CompactRange() : known.copy());
        log.read(events);
        log.damaged = -1; // an event has signed nothing
        log.read(control);
        List<Hash> next = new ArrayList<>();
        for (Map.Entry<Long, Hash> leaf : log.leaves.entrySet()) {
            if (leaf.getKey() != log.before.size() + next.size()) {
                break;
            }
            next.add(leaf.getValue());
        }
        TreeWindow window = new TreeWindow(log.before, next);
        return window.end() == 0 || window.end() <= log.damaged ? null : window;
    }

    private void read(List<Segment> chain) throws IOException {
        for (int i = chain.size() - 1; i >= 0; i--) {
            Segment segment = chain.get(i);
            if (segment.identity().equals(run) && read(segment)) {
                return; // those before it are older
            }
        }
    }

    /** Reads a segment; whether it begins before what is wanted. */
    private boolean read(Segment segment) throws IOException {
        boolean reaches = false;
        try (SegmentReader frames = SegmentReader.open(files, segment.file(), true)) {
            boolean more = true;
            long skippedBytes = 0;
            while (more) {
                more = frames.next() && frames.envelope().number() < segment.nextNumber();
                for (BatchEnvelope frame : frames.damaged()) {
                    reaches |= take(frame, segment);
                    damaged = Math.max(damaged, frame.logIndex());
                }
                if (more) {
                    reaches |= take(frames.envelope(), segment);
                    if (frames.skippedBytes() > skippedBytes) {
                        damaged = Math.max(damaged, frames.envelope().logIndex());
                    }
                    skippedBytes = frames.skippedBytes();
                }
            }
        }
        return reaches;
    }

    private boolean take(BatchEnvelope frame, Segment segment) {
        Hash leaf = frame.leaf();
        if (frame.logIndex() >= before.size() && leaf != null && frame.number() < segment.nextNumber()) {
            leaves.put(frame.logIndex(), leaf);
        }
        return frame.logIndex() < before.size();
    }
}
