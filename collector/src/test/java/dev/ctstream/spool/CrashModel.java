package dev.ctstream.spool;

import dev.ctstream.segment.FrameScan;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAccumulator;
import org.jspecify.annotations.Nullable;

/**
 * Plays histories of the production spool, makes every image that a crash in the last step may leave, recovers each
 * with the production recovery, and checks it. An image is not recovered again if recovery sees the same (see {@link
 * CrashImages.Image#seen}) and the same was known when the power failed. In histories of more than {@value
 * #FULL_LENGTH} steps that only write, the same contents are enough.
 *
 * <p>Threads: several may play at once.
 */
final class CrashModel {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    /** CPU time: a machine that does much else must not fail the test. */
    private static final long START_MOST_NANOS = 5_000_000_000L;
    /** Each so many images, there is a further start. */
    private static final int FURTHER_START_EACH = 16;

    private static final int FULL_LENGTH = 3;
    private static final long MULTIPLIER = 0x9E37_79B9_7F4A_7C15L;

    private static final int STATE_SLOT_BYTES = 4096;
    private static final int STATE_LENGTH_OFFSET = 6;
    private static final int STATE_CRC_OFFSET = 8;
    private static final int STATE_EPOCH_OFFSET = 84;

    private final CrashFault fault;
    private final @Nullable ProofConfig proof;
    private final Set<Long> contents = ConcurrentHashMap.newKeySet();
    private final Set<Long> recovered = ConcurrentHashMap.newKeySet();
    private final AtomicLong made = new AtomicLong();
    private final AtomicLong histories = new AtomicLong();
    private final LongAccumulator slowestStartNanos = new LongAccumulator(Math::max, 0);

    CrashModel(CrashFault fault) {
        this(fault, null);
    }

    /** A model of a spool whose log is proven, or not. */
    CrashModel(CrashFault fault, @Nullable ProofConfig proof) {
        this.fault = fault;
        this.proof = proof;
    }

    /** Another one of the same kind, which has seen no image. */
    CrashModel anew() {
        return new CrashModel(fault, proof);
    }

    /** Whether the log of the spool is proven. */
    boolean isProving() {
        return proof != null;
    }

    /** CPU time of this thread. */
    static long cpuNanos() {
        return THREADS.getCurrentThreadCpuTime();
    }

    /** Images that are distinct by their contents. */
    long images() {
        return contents.size();
    }

    /** Images that were made. */
    long made() {
        return made.get();
    }

    /** Images that were recovered. */
    long recoveries() {
        return recovered.size();
    }

    long histories() {
        return histories.get();
    }

    double slowestStartMillis() {
        return slowestStartNanos.get() / 1e6;
    }

    /** Plays a history and checks the crashes in its last step. */
    void play(List<CrashStep> history) throws IOException {
        histories.incrementAndGet();
        boolean gone = history.contains(CrashStep.GONE); // then no file tells the epoch of the run before
        MemoryFiles files = new MemoryFiles(fault);
        CrashLedger ledger = new CrashLedger(proof);
        CrashClock clock = new CrashClock();
        CrashSpool spool = new CrashSpool(files, ledger, clock, gone, fault);
        int from = 0;
        for (int i = 0; i < history.size(); i++) {
            from = i == 0 ? 0 : files.changes().size();
            if (history.get(i).play(spool)) {
                spool = new CrashSpool(files, ledger, clock, gone, fault);
            }
        }
        if (history.get(history.size() - 1) == CrashStep.GONE) {
            from = files.changes().size(); // until its GAP is durable nothing tells what was there (ADR 18)
        }
        List<DiskChange> changes = List.copyOf(files.changes());
        spool.kill();
        CrashTruth truth = new CrashTruth(changes, files);
        CrashImages images = new CrashImages(changes);
        while (images.count() < changes.size()) {
            images.advance();
            truth.advance(images);
            if (images.count() >= from) {
                look(images, truth, ledger, history);
            }
        }
        CrashCheck.running(ledger, truth, files);
    }

    private void look(CrashImages images, CrashTruth truth, CrashLedger ledger, List<CrashStep> history) {
        boolean gone = history.contains(CrashStep.GONE);
        CrashBefore before = new CrashBefore(ledger, truth, images.count());
        CrashCheck check = new CrashCheck(before, truth);
        boolean byContents = history.size() > FULL_LENGTH && CrashStep.WRITING.containsAll(history);
        long known = byContents ? 0 : before.known() * MULTIPLIER;
        images.forEach(image -> {
            made.incrementAndGet();
            contents.add(image.hash());
            if (recovered.add(image.seen() ^ known)) {
                try {
                    recover(image, check, gone);
                } catch (IOException e) {
                    throw new CrashCheck.Broken("cannot start: " + e + ", after change " + images.count() + " with: "
                            + image.name().get());
                } catch (CrashCheck.Broken e) {
                    throw new CrashCheck.Broken(e.getMessage() + "; crash after change " + images.count() + " with: "
                            + image.name().get());
                }
            }
        });
    }

    private void recover(CrashImages.Image image, CrashCheck check, boolean gone) throws IOException {
        Map<String, byte[]> contents = image.contents();
        SpoolCheckpoint.@Nullable Values stored =
                SpoolCheckpoint.read(MemoryFiles.of(contents), SpoolDirectory.stateFile(MemoryFiles.ROOT));
        MemoryFiles files = MemoryFiles.of(fault.ofRecovery() ? planted(contents) : contents);
        CrashLedger after = new CrashLedger(proof);
        CrashClock clock = new CrashClock();
        clock.pass(1000 * CrashClock.SECOND_NANOS);
        long began = cpuNanos();
        CrashSpool spool = new CrashSpool(files, after, clock, gone, CrashFault.NONE);
        long took = cpuNanos() - began;
        slowestStartNanos.accumulate(took);
        if (took > START_MOST_NANOS) {
            throw new CrashCheck.Broken("the start took " + took / 1_000_000 + " ms");
        }
        spool.acknowledge();
        spool.second();
        spool.events();
        spool.acknowledge();
        spool.second();
        check.recovered(image, stored, spool, after);
        spool.close();
        if (recovered.size() % FURTHER_START_EACH == 0) {
            startAgain(files, spool, clock, gone);
        }
    }

    /** A further start finds nothing to send, and nothing to declare but how the run before ended. */
    private void startAgain(MemoryFiles files, CrashSpool before, CrashClock clock, boolean gone) throws IOException {
        CrashLedger after = new CrashLedger(proof);
        CrashSpool spool = new CrashSpool(files, after, clock, gone, CrashFault.NONE);
        spool.read();
        for (CrashLedger.Arrival arrival : after.arrivals) {
            DeclaredGap gap = arrival.gap();
            if (!arrival.control() || (gap != null && !gap.cause().equals("restart"))) {
                throw new CrashCheck.Broken("a further start sends " + arrival);
            }
        }
        if (spool.run.streamEpoch() <= before.run.streamEpoch()) {
            throw new CrashCheck.Broken("the epoch does not rise at a further start");
        }
        spool.kill();
    }

    private Map<String, byte[]> planted(Map<String, byte[]> image) {
        Map<String, byte[]> changed = new HashMap<>(image);
        switch (fault) {
            case POSITION_IGNORED -> changed.remove("state");
            case GIVES_UP_IGNORED ->
                changed.replaceAll((path, bytes) -> isSegment(path, true) ? FrameScan.withoutGivingUp(bytes) : bytes);
            case EPOCH_NOT_RISING -> {
                changed.replaceAll((path, bytes) ->
                        isSegment(path, false) || isSegment(path, true) ? FrameScan.byEarlierEpoch(bytes) : bytes);
                changed.computeIfPresent("state", (path, bytes) -> earlierState(bytes));
            }
            case EVENT_NUMBERS_AGAIN -> newestIsForgotten(changed, false);
            case CONTROL_NUMBERS_AGAIN -> newestIsForgotten(changed, true);
            default -> throw new IllegalStateException(fault.toString());
        }
        return changed;
    }

    private static boolean isSegment(String path, boolean control) {
        return path.endsWith(".segment") && control == path.indexOf('/') >= 0;
    }

    private static byte[] earlierState(byte[] state) {
        byte[] changed = state.clone();
        for (int slot = 0; slot + STATE_SLOT_BYTES <= state.length; slot += STATE_SLOT_BYTES) {
            FrameScan.earlier(changed, slot, STATE_EPOCH_OFFSET, STATE_LENGTH_OFFSET, STATE_CRC_OFFSET);
        }
        return changed;
    }

    private static void newestIsForgotten(Map<String, byte[]> image, boolean control) {
        image.keySet().stream()
                .filter(path -> isSegment(path, control))
                .max(String::compareTo)
                .ifPresent(newest -> image.computeIfPresent(newest, (path, bytes) -> FrameScan.withoutNewest(bytes)));
    }
}
