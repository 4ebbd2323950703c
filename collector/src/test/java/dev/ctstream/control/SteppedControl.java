package dev.ctstream.control;

import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpRing;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FakeSocket;
import dev.ctstream.conntrack.FakeTable;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackConfig;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The control thread's and the dump thread's work, one step at a time. */
public final class SteppedControl {
    private static final long STOP_MILLIS = 2_500;

    private final NamespaceReporter reporter;
    private final Snapshots snapshots;

    /** What the stages work with. */
    public record Parts(
            FlowTracker tracker,
            Batcher batcher,
            ControlOutbox outbox,
            DumpRing ring,
            TrackConfig config,
            Metrics metrics,
            StageClock clock) {}

    /** A namespace of the fake kernel. */
    public record Namespace(FakeSocket source, FakeTable table, BooleanSupplier interrupted)
            implements NamespaceAccess {
        @Override
        public long receiveBufferBytes() {
            return 0;
        }

        @Override
        public ControlRecord.Sysctls sysctls() {
            return ControlRecord.Sysctls.UNKNOWN;
        }

        @Override
        public ControlRecord.Sysctls manageSysctls() {
            return sysctls();
        }

        @Override
        public ConntrackTable openTable() {
            return table.open(interrupted);
        }

        @Override
        public OtherListeners otherListeners() {
            return new OtherListeners() {
                @Override
                public boolean reliable() {
                    return false;
                }

                @Override
                public void close() {}
            };
        }
    }

    /** Starts nothing. */
    public SteppedControl(Parts parts, RunIdentity run, RunDescription.@Nullable PreviousRun before) {
        RunDescription facts =
                new RunDescription(run, new ControlRecord.Settings("0", "d", "NEW,DESTROY", "batch", 0), before, null);
        ControlMetrics metrics = new ControlMetrics(parts.metrics());
        reporter = new NamespaceReporter(
                parts.tracker(),
                parts.batcher(),
                parts.outbox(),
                parts.config(),
                facts,
                metrics,
                new Health(),
                parts.clock());
        snapshots =
                new Snapshots(parts.tracker(), parts.outbox(), parts.config(), metrics, parts.ring(), parts.clock());
    }

    /**
     * All namespaces of the start are added. The first heartbeat is an interval after this.
     *
     * @param own control stream of the collector's own namespace
     */
    public void begin(StreamId own) {
        reporter.declareGone(own);
        reporter.begin();
    }

    /** Hands over STARTED; before the source is added to the receiver. */
    public void announce(Namespace namespace, boolean atStart) {
        reporter.added(namespace, reason(atStart));
    }

    /** Dumps the namespace; after its source was added to the receiver. */
    public void dump(Namespace namespace, boolean atStart) {
        snapshots.added(namespace, reason(atStart));
    }

    private static String reason(boolean atStart) {
        return atStart ? ControlRecord.Started.AT_START : "namespace-added";
    }

    /** Stops dumping; before the source is removed from the receiver. */
    public void stopDumping(EventSource source) {
        snapshots.removed(source);
    }

    /** STOPPED follows; after the source was removed from the receiver. */
    public void removed(EventSource source) {
        reporter.removed(source);
    }

    /** A step of the control thread. */
    public void report(long nowNanos) {
        var unused = reporter.step(nowNanos);
    }

    /** A step of the dump thread. */
    public void dump(long nowNanos) {
        var unused = snapshots.step(nowNanos);
    }

    /** Announces all flows again. */
    public void requestSnapshot() {
        snapshots.request();
    }

    /** Ends both. */
    public void close() {
        snapshots.close();
        reporter.close();
    }

    /** Hands over STOPPED for all namespaces. */
    public boolean stopped() {
        return reporter.stopped("stop", STOP_MILLIS);
    }
}
