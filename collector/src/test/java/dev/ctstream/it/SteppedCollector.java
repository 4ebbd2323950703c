package dev.ctstream.it;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.BatchSink;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.SteppedBatcher;
import dev.ctstream.conntrack.SteppedReceiver;
import dev.ctstream.control.RunDescription;
import dev.ctstream.control.SteppedControl;
import dev.ctstream.it.StepSettings.Fault;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.publish.FakeBroker;
import dev.ctstream.publish.SteppedPublisher;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.spool.PlantedBacklog;
import dev.ctstream.spool.Spool;
import dev.ctstream.spool.SpoolConfig;
import dev.ctstream.spool.SpoolMetrics;
import dev.ctstream.spool.SteppedSpool;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackMetrics;
import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** One run of the collector, built as {@code Collector} and {@code Tracking} do, with steps instead of threads. */
final class SteppedCollector {
    static final String HOST = "host";
    static final String HOST_ID = "1";
    private static final long WAIT_NANOS = 1_000_000;
    private static final long LOCAL_STOP_NANOS = 2_500_000_000L;

    private final StageClock clock;
    private final Metrics metrics = new Metrics();
    private final BatchRing ring;
    private final ControlOutbox outbox;
    /** Of the control stages, when a fault is planted between it and the real one; that of the batcher, too, for its marks. */
    private final @Nullable ControlOutbox front;

    private final Fault fault;
    private final SteppedSpool spool;
    private final Batcher batcher;
    private final FlowTracker tracker;
    final SteppedReceiver receiver;
    final SteppedControl control;
    final SteppedPublisher publisher;
    final RunIdentity identity;

    /** What it is made of. */
    record Parts(
            StepSettings.Sizes sizes,
            SpoolConfig spool,
            Fault fault,
            StageClock clock,
            FakeBroker broker,
            SplittableRandom random,
            StepTruth truth) {}

    /**
     * Opens the spool.
     *
     * @param before the identity of the run before, for the fault that uses it again
     */
    SteppedCollector(Parts parts, @Nullable RunIdentity before) throws IOException {
        clock = parts.clock();
        fault = parts.fault();
        ring = new BatchRing(parts.sizes().ringSlots(), 1 << 20);
        outbox = new ControlOutbox(ring);
        front = fault == Fault.STOPPED_AT_ZERO || fault == Fault.RESTART_UNDECLARED || fault == Fault.TAIL_UNMARKED
                ? new ControlOutbox(new BatchRing(1, 1))
                : null;
        spool = SteppedSpool.open(
                new Spool.Parts(
                        parts.spool(),
                        new Spool.Host("host-1", "boot-1", "node-1"),
                        ring,
                        outbox,
                        StreamId.control(HOST, HOST_ID),
                        new SpoolMetrics(metrics),
                        new Health()),
                clock);
        identity = spool.spool().identity();
        RunIdentity used = fault == Fault.SEQUENCES_AGAIN && before != null ? before : identity;
        BatchSink sink = fault == Fault.RING_FORGETS ? new ForgetfulRing(ring, parts.random()) : ring;
        ControlOutbox ofControl = front;
        batcher = SteppedBatcher.of(
                parts.sizes().batch(),
                used,
                sink,
                ofControl != null && fault == Fault.TAIL_UNMARKED ? ofControl : outbox,
                metrics,
                clock);
        tracker = new FlowTracker(
                parts.truth().new Recorder(batcher, identity.streamEpoch(), clock, fault == Fault.DROPS_UNDECLARED),
                parts.sizes().track(),
                new TrackMetrics(metrics),
                clock);
        receiver = new SteppedReceiver(tracker, metrics);
        Spool.PreviousRun previous = spool.spool().previousRun();
        control = new SteppedControl(
                new SteppedControl.Parts(
                        tracker,
                        batcher,
                        ofControl == null ? outbox : ofControl,
                        receiver.dumpRing(),
                        parts.sizes().track(),
                        metrics,
                        clock),
                identity,
                previous == null
                        ? null
                        : new RunDescription.PreviousRun(
                                previous.identity(), previous.aliveNanos(), previous.clean(), previous.open()));
        publisher = new SteppedPublisher(
                new PlantedBacklog(spool.spool(), planted(fault), before, what -> {
                    throw new StepTruth.Violation(what);
                }),
                parts.broker(),
                parts.sizes().batches(),
                metrics,
                clock,
                parts.random());
    }

    private static PlantedBacklog.Fault planted(Fault fault) {
        return switch (fault) {
            case ACKNOWLEDGE_EARLY -> PlantedBacklog.Fault.ACKNOWLEDGE_EARLY;
            case REWIND_TOO_FAR -> PlantedBacklog.Fault.REWIND_TOO_FAR;
            case REWIND_TOO_SHORT -> PlantedBacklog.Fault.REWIND_TOO_SHORT;
            case HOLE_BEFORE_GAP -> PlantedBacklog.Fault.HOLE_BEFORE_GAP;
            case CONTROL_NUMBERS_AGAIN -> PlantedBacklog.Fault.CONTROL_NUMBERS_AGAIN;
            default -> PlantedBacklog.Fault.NONE;
        };
    }

    /** Says that it has taken a batch, and has not, now and then. */
    private record ForgetfulRing(BatchRing ring, SplittableRandom random) implements BatchSink {
        @Override
        public boolean offer(EncodedBatch batch) {
            return random.nextInt(50) == 0 || ring.offer(batch);
        }

        @Override
        public boolean accepting() {
            return ring.accepting();
        }

        @Override
        public boolean fits(EncodedBatch batch) {
            return ring.fits(batch);
        }

        @Override
        public void waitingSince(long receivedNanos) {
            ring.waitingSince(receivedNanos);
        }

        @Override
        public @Nullable EncodedBatch reclaim() {
            return ring.reclaim();
        }
    }

    /** Adds a namespace in the order of {@code Tracking.start}. */
    void add(SteppedControl.Namespace namespace, boolean atStart) {
        control.announce(namespace, atStart);
        receiver.add(namespace.source());
        control.dump(namespace, atStart);
    }

    /** All namespaces of the start are added. */
    void begin() {
        control.begin(StreamId.control(HOST, HOST_ID));
    }

    /** Removes a namespace that has gone. */
    void remove(SteppedControl.Namespace namespace) {
        tracker.gone(namespace.source());
        control.stopDumping(namespace.source());
        receiver.remove(namespace.source());
        control.removed(namespace.source());
    }

    void receive(int most) {
        receiver.time(clock.realtimeNanos());
        receiver.pass(most, clock.nanoTime(), clock.realtimeNanos());
    }

    boolean spool() {
        passOn();
        return spool.pass();
    }

    /** The planted faults between the control stages and the outbox. */
    private void passOn() {
        if (front == null) {
            return;
        }
        for (ControlOutbox.Entry entry = front.peek(); entry != null; entry = front.peek()) {
            if (entry instanceof ControlOutbox.Waiting waiting && !offer(waiting)) {
                return;
            }
            front.remove();
        }
    }

    private boolean offer(ControlOutbox.Waiting waiting) {
        ControlRecord record = waiting.record();
        if (fault == Fault.RESTART_UNDECLARED
                && record instanceof ControlRecord.Gap gap
                && gap.cause() == GapCause.RESTART) {
            return true;
        }
        return fault == Fault.STOPPED_AT_ZERO
                ? outbox.offer(waiting.namespace(), record, waiting.timeMillis())
                : outbox.offerAfterEvents(waiting.namespace(), record, waiting.timeMillis());
    }

    long unacknowledgedControl() {
        return spool.spool().control().unacknowledged();
    }

    long unacknowledged() {
        return spool.spool().unacknowledged();
    }

    /**
     * Stops in the order of {@code Collector.stop}; while it waits, the clock lets the other stages run.
     *
     * @return whether the run ended cleanly
     */
    boolean stop() throws IOException {
        control.close();
        receiver.time(clock.realtimeNanos());
        receiver.finish(clock.nanoTime());
        boolean stopped = false;
        if (await(() -> tracker.finish() && batcher.closeAll())) {
            var unused = await(spool.spool()::hasAppendedEverything);
            var unusedToo = publisher.awaitEventsPublished(Duration.ofSeconds(4));
            stopped = control.stopped();
            passOn();
        }
        spool.spool().stop();
        boolean appended = await(this::spool);
        publisher.stop(Duration.ofSeconds(1));
        while (publisher.step()) {
            clock.park(this, WAIT_NANOS);
        }
        spool.spool().close();
        metrics.close();
        return stopped && appended;
    }

    private boolean await(Condition condition) {
        long deadline = clock.nanoTime() + LOCAL_STOP_NANOS;
        while (!condition.holds()) {
            if (clock.nanoTime() - deadline >= 0) {
                return false;
            }
            clock.park(this, WAIT_NANOS);
        }
        return true;
    }

    private interface Condition {
        boolean holds();
    }

    /** Frees what a killed run held; nothing that it does counts any more. */
    void bury() throws IOException {
        spool.spool().close();
        metrics.close();
    }
}
