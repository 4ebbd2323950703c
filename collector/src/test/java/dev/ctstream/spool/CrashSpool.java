package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A run of the production spool on a {@link MemoryFiles}, driven by one thread that is the spool thread and the publisher;
 * what it hands out goes to a {@link CrashLedger}.
 */
final class CrashSpool implements AutoCloseable {
    /** The clock was set back: epochs rise all the same. */
    private static final long EPOCH = 1_000;

    private static final int COUNT = 10;
    private static final int BODY_BYTES = 60;
    private static final int SLOTS = 64;
    private static final long MAX_BYTES = 6 << 10;
    private static final long SEGMENT_BYTES = 2400;
    private static final long CONTROL_BYTES = 80 << 10;
    private static final ThreadLocal<SpoolMetrics> METRICS = ThreadLocal.withInitial(
            () -> new SpoolMetrics(new Metrics())); // one for each run would take most of the time

    final MemoryFiles files;
    final CrashLedger ledger;
    final CrashClock clock;
    final Spool spool;
    final RunIdentity run;
    private final CrashFault fault;
    private final Health health = new Health();
    private final BatchRing ring = new BatchRing(SLOTS, 1L << 20);
    private final ControlOutbox outbox = new ControlOutbox(ring);
    private final Map<StreamId, Long> sequences = new HashMap<>();
    private long newestEvents;
    private long newestControl;
    private CrashLedger.@Nullable Arrival acknowledgedLast;
    private boolean rewound;

    CrashSpool(MemoryFiles files, CrashLedger ledger, CrashClock clock, boolean clockRises, CrashFault fault)
            throws IOException {
        this.files = files;
        this.ledger = ledger;
        this.clock = clock;
        this.fault = fault;
        SpoolConfig config = new SpoolConfig(
                MemoryFiles.ROOT,
                MAX_BYTES,
                SEGMENT_BYTES,
                CONTROL_BYTES,
                900,
                SpoolConfig.WhenFull.DROP_OLDEST,
                ledger.proof);
        spool = Spool.open(
                new Spool.Parts(
                        config,
                        new Spool.Host("host-1", "boot-1", "node-1"),
                        ring,
                        outbox,
                        TestSpool.OWN,
                        METRICS.get(),
                        health),
                files,
                clockRises ? clock::realtimeNanos : () -> EPOCH,
                clock);
        run = spool.identity();
        clock.others(() -> spool.pass(0));
        spool.begin();
        ledger.starts.add(new CrashLedger.Start(files.changes().size(), run, spool.previousRun()));
        offer(ControlRecords.started());
        declareRestart();
        pass();
    }

    /** As the reports of a namespace do. */
    private void declareRestart() {
        Spool.PreviousRun previous = spool.previousRun();
        if (previous != null && !previous.clean()) {
            offer(new ControlRecord.Gap(
                    GapCause.RESTART,
                    new ControlRecord.Lost(
                            new ControlRecord.Owner(
                                    previous.identity(), TestSpool.OWN.netns(), TestSpool.OWN.netnsId()),
                            ControlRecord.Lost.EVENTS,
                            List.of(),
                            new ControlRecord.Count((Long) null, null, null)),
                    new ControlRecord.Window(
                            previous.aliveNanos(), Math.max(previous.aliveNanos(), clock.realtimeNanos())),
                    null));
        }
    }

    private void offer(ControlRecord record) {
        outbox.offer(TestSpool.OWN, record, TimeUnit.NANOSECONDS.toMillis(clock.realtimeNanos()));
    }

    void pass() {
        boolean last = spool.pass(0);
        while (!last && spool.waitNanos() == 0) {
            last = spool.pass(0);
        }
    }

    void control(ControlRecord record) {
        offer(record);
        pass();
    }

    /** A second passes: what is due by time is done. */
    void second() throws IOException {
        clock.pass(CrashClock.SECOND_NANOS);
        pass();
        if (fault == CrashFault.CONTROL_DELETED_EARLY) {
            deleteControl();
        }
    }

    /** As the spool does, but without a look at what the segments give up. */
    private void deleteControl() throws IOException {
        Chain control = (Chain) spool.control();
        long number = control.acknowledged.number();
        for (Segment oldest = control.catalog.acknowledged(number);
                oldest != null && control.catalog.count() > 1;
                oldest = control.catalog.acknowledged(number)) {
            control.catalog.delete(oldest);
        }
    }

    void offer(int zone, boolean refused) {
        StreamId stream = MadeBatches.stream("host", zone);
        long first = sequences.merge(stream, (long) COUNT, Long::sum) - COUNT;
        ledger.offered.add(new CrashLedger.Offered(
                files.changes().size(),
                new AcknowledgedPosition.RunStream(run, stream),
                first,
                first + COUNT,
                clock.realtimeNanos()));
        if (!refused) {
            ring.offer(MadeBatches.events(run, stream, first, COUNT, BODY_BYTES));
        }
    }

    void events() {
        offer(1, false);
        offer(2, false);
        pass();
    }

    /** The disk refuses to write events. */
    void failedEvents() {
        files.refuse(change ->
                change.kind() == DiskChange.Kind.WRITE && change.ofEventSegment() ? RecordedFiles.FULL : null);
        events();
        files.refuse(change -> null);
        if (fault == CrashFault.LOG_INDEX_KEPT) {
            keepLogIndex();
        }
    }

    /** A write says that it failed, although all of it is there, and it cannot be taken back. */
    void failedCutBack(boolean ofControl) throws IOException {
        files.failAfterwards(change -> ofControl ? change.ofControlSegment() : change.ofEventSegment());
        offer(1, false);
        offer(2, false);
        offer(ControlRecords.mode());
        pass();
        files.failAfterwards(change -> false);
        second();
    }

    /** Reaches into the appender, since no interface lets anybody do that. */
    private void keepLogIndex() {
        try {
            Field records = Spool.class.getDeclaredField("records");
            records.setAccessible(true);
            Field index = ControlAppender.class.getDeclaredField("logIndex");
            index.setAccessible(true);
            ControlAppender.LogIndex log = (ControlAppender.LogIndex) index.get(records.get(spool));
            log.next(log.next() + 2);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("fields of the spool", e);
        }
    }

    boolean hasLost() {
        return spool.lostEvents() > 0;
    }

    /** Hands out what there is of one chain. */
    private boolean read(BatchQueue queue, boolean control) throws IOException {
        boolean any = false;
        for (QueuedBatch batch = queue.next(); batch != null; batch = queue.next()) {
            any = true;
            if (!control && rewound) {
                rewound = false;
                CrashLedger.Arrival again = acknowledgedLast;
                if (fault == CrashFault.REWOUND_TOO_SHORT) {
                    newestEvents = batch.envelope().number();
                    continue;
                } else if (fault == CrashFault.REWOUND_TOO_FAR && again != null) {
                    ledger.again(again, files.changes().size());
                }
            }
            CrashLedger.Arrival arrival =
                    ledger.handedOut(batch, control, files.changes().size());
            if (control) {
                newestControl = arrival.number();
            } else {
                newestEvents = arrival.number();
                if (fault == CrashFault.ACKNOWLEDGED_EARLY) {
                    queue.acknowledge(newestEvents);
                }
            }
        }
        return any;
    }

    /** Hands out what there is; Kafka has the control records. */
    void read() throws IOException {
        boolean more = true;
        while (more) {
            more = read(spool.control(), true);
            acknowledge(spool.control(), true, newestControl);
            more |= read(spool.events(), false);
        }
        files.release();
    }

    private void acknowledge(BatchQueue queue, boolean control, long number) {
        if (number > 0) {
            ledger.acknowledged(control, number, files.changes().size());
            queue.acknowledge(number);
        }
    }

    void acknowledge() throws IOException {
        read();
        acknowledgeEvents();
    }

    private void acknowledgeEvents() {
        acknowledge(spool.events(), false, newestEvents);
        if (newestEvents > 0 && !ledger.arrivals.isEmpty()) {
            acknowledgedLast = ledger.arrivals.stream()
                    .filter(arrival -> !arrival.control() && arrival.number() == newestEvents)
                    .findFirst()
                    .orElse(null);
        }
    }

    /** Kafka refuses control records: events go on. */
    void refusedControl() throws IOException {
        spool.controlBlocked(true);
        read(spool.events(), false);
        acknowledgeEvents();
        spool.control().rewind();
        spool.controlBlocked(false);
    }

    void rewind() {
        spool.events().rewind();
        spool.control().rewind();
        ledger.inFlightIsLost(files.changes().size());
        newestEvents = 0;
        newestControl = 0;
        rewound = true;
    }

    void setAside() throws IOException {
        QueuedBatch next = spool.events().next();
        if (next != null) {
            spool.setAside(next, "refused by a test");
        }
    }

    void vanish() {
        ledger.inFlightIsLost(
                files.changes().size()); // it is declared: no chain waits for its acknowledgement any more
        files.removeAll();
        spool.checkDirectoryNow();
        pass();
    }

    @Nullable
    String foundButNotDeclared() {
        return health.reasons().get("spool-found");
    }

    void stop() throws IOException {
        long millis = TimeUnit.NANOSECONDS.toMillis(clock.realtimeNanos());
        if (fault == CrashFault.STOPPED_AT_ZERO) {
            outbox.offer(TestSpool.OWN, ControlRecords.stopped(), millis);
        } else {
            outbox.offerAfterEvents(TestSpool.OWN, ControlRecords.stopped(), millis);
        }
        pass();
        ledger.inFlightIsLost(files.changes().size());
        close();
    }

    /** The process ends as it is. */
    void kill() {
        ledger.killed(files.changes().size());
        files.kill();
        try {
            spool.close();
        } catch (IOException killed) {
            return; // only what it holds in memory is freed
        } finally {
            files.reopen();
        }
    }

    @Override
    public void close() throws IOException {
        spool.close();
    }
}
