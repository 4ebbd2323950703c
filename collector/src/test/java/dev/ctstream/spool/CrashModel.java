package dev.ctstream.spool;

import dev.ctstream.segment.FrameScan;
import java.io.IOException;
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
 * with the production recovery, and checks it. Images whose contents were seen before are not recovered again, unless
 * Kafka had something else.
 *
 * <p>Threads: several may play at once.
 */
final class CrashModel {
    private static final long START_MOST_NANOS = 5_000_000_000L;
    /** Each so many images, there is a further start. */
    private static final int FURTHER_START_EACH = 8;

    private static final int STATE_SLOT_BYTES = 4096;
    private static final int STATE_LENGTH_OFFSET = 6;
    private static final int STATE_CRC_OFFSET = 8;
    private static final int STATE_EPOCH_OFFSET = 84;

    private final CrashFault fault;
    private final Set<Long> contents = ConcurrentHashMap.newKeySet();
    private final Set<Long> recovered = ConcurrentHashMap.newKeySet();
    private final AtomicLong made = new AtomicLong();
    private final AtomicLong histories = new AtomicLong();
    private final LongAccumulator slowestStartNanos = new LongAccumulator(Math::max, 0);

    CrashModel(CrashFault fault) {
        this.fault = fault;
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
        CrashLedger ledger = new CrashLedger();
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
                look(images, truth, ledger, gone);
            }
        }
        CrashCheck.running(ledger, truth, files);
    }

    private void look(CrashImages images, CrashTruth truth, CrashLedger ledger, boolean gone) {
        CrashBefore before = new CrashBefore(ledger, truth, images.count());
        CrashCheck check = new CrashCheck(before, truth);
        long seed =
                (before.events * 1009 + before.control) * 1009 + before.arrivals.size() * 31L + before.offered.size();
        images.forEach(image -> {
            made.incrementAndGet();
            contents.add(image.hash());
            if (recovered.add(image.hash() * 31 + seed)) {
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
        CrashLedger after = new CrashLedger();
        CrashClock clock = new CrashClock();
        clock.pass(1000 * CrashClock.SECOND_NANOS);
        long began = System.nanoTime();
        CrashSpool spool = new CrashSpool(files, after, clock, gone, CrashFault.NONE);
        long took = System.nanoTime() - began;
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
    private static void startAgain(MemoryFiles files, CrashSpool before, CrashClock clock, boolean gone)
            throws IOException {
        CrashLedger after = new CrashLedger();
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
