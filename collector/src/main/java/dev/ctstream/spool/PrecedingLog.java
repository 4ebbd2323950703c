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
     * @param chains the segments of each, oldest first
     * @return null when nothing of it was proven
     */
    static @Nullable TreeWindow of(
            SpoolFileSystem files,
            RunIdentity run,
            SpoolCheckpoint.@Nullable Values stored,
            @Nullable CompactRange signed,
            List<List<Segment>> chains)
            throws IOException {
        CompactRange known = stored != null && stored.identity().equals(run) ? stored.proven() : null;
        if (signed != null && (known == null || signed.size() > known.size())) {
            known = signed;
        }
        PrecedingLog log = new PrecedingLog(files, run, known == null ? new CompactRange() : known.copy());
        for (List<Segment> chain : chains) {
            log.read(chain);
        }
        List<Hash> next = new ArrayList<>();
        for (Map.Entry<Long, Hash> leaf : log.leaves.entrySet()) {
            if (leaf.getKey() != log.before.size() + next.size()) {
                break;
            }
            next.add(leaf.getValue());
        }
        TreeWindow window = new TreeWindow(log.before, next);
        return window.end() == 0 ? null : window;
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
            while (more) {
                more = frames.next() && frames.envelope().number() < segment.nextNumber();
                for (BatchEnvelope damaged : frames.damaged()) {
                    reaches |= take(damaged, segment);
                }
                if (more) {
                    reaches |= take(frames.envelope(), segment);
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
