package dev.ctstream.bench;

import static dev.ctstream.conntrack.Cta.*;
import static dev.ctstream.conntrack.MessageBytes.*;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.conntrack.DumpEntryKind;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.Clock;
import dev.ctstream.netlink.NlAttr;
import dev.ctstream.netlink.NlMsgHdr;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.track.DumpEnd;
import dev.ctstream.track.DumpExchange;
import dev.ctstream.track.DumpRequest;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackConfig;
import dev.ctstream.track.TrackMetrics;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * CPU time on the receive thread of one dump of a table, with and without INTERIM events: merged into the ledger,
 * encoded and batched. Each dump shows other counters for each flow, so with INTERIM all of them are written: the most
 * that a dump can cost. What the kernel and the later stages need is not included.
 *
 * <pre>mvn -Pbench -DskipTests test -Dbench.main=dev.ctstream.bench.InterimCost -Djmh.args='[FLOWS [DUMPS]]'</pre>
 */
public final class InterimCost {
    private static final long SECONDS = TimeUnit.SECONDS.toNanos(1);
    private static final int TCP = 6;
    /** The value of the first attribute. */
    private static final int ID_OFFSET = NfGenMsg.ATTRIBUTES_OFFSET + NlAttr.HEADER_BYTES;
    /** Low half of the packets, in network order, after the headers of two nests. */
    private static final int PACKETS_OFFSET = ID_OFFSET + Integer.BYTES + 2 * NlAttr.HEADER_BYTES + Integer.BYTES;

    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();
    private final int flows;
    private long reported;
    private long reportedBytes;

    private record Source(int index, String netns) implements EventSource {
        @Override
        public String netnsId() {
            return Integer.toString(index);
        }

        @Override
        public long dropsTotal() {
            return 0;
        }
    }

    private InterimCost(int flows) {
        this.flows = flows;
    }

    /** Runs the measurement. */
    public static void main(String[] arguments) {
        int flows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 250_000;
        int dumps = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 8;
        System.out.println(
                "| INTERIM | flows | ms CPU for a dump | us for an entry | events of a dump | bytes of an event |");
        System.out.println("|---|---|---|---|---|---|");
        for (boolean on : new boolean[] {false, true, false, true}) {
            new InterimCost(flows).measure(on, dumps);
        }
    }

    private void measure(boolean on, int dumps) {
        try (Metrics metrics = new Metrics()) {
            BatchRing ring = new BatchRing();
            Batcher batcher = new Batcher(
                    BatchConfig.DEFAULT,
                    new RunIdentity("host-1", "boot-1", Clock.realtimeNanos()),
                    "node-1",
                    ring,
                    new ControlOutbox(ring),
                    new BatchMetrics(metrics));
            TrackConfig.Interim interim = on ? new TrackConfig.Interim(1_000, 86_400_000) : TrackConfig.Interim.OFF;
            TrackConfig config =
                    new TrackConfig(true, 1_000, 1_000_000, 10_000, false, interim, true, TrackConfig.Timing.DEFAULT);
            FlowTracker tracker = new FlowTracker(batcher, config, new TrackMetrics(metrics));
            Source source = new Source(0, "host");
            long now = System.nanoTime();
            long spent = 0;
            for (int dump = 0; dump <= dumps; dump++) {
                reported = 0;
                reportedBytes = 0;
                now += SECONDS;
                DumpRequest.Reason reason = dump == 0 ? DumpRequest.Reason.START : DumpRequest.Reason.RECONCILE;
                long nanos = dump(tracker, source, ring, new DumpRequest(dump, reason, false, now));
                spent += dump <= dumps / 2 ? 0 : nanos; // the first half warms up
            }
            double each = (double) spent / (dumps - dumps / 2);
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %d | %.0f | %.2f | %d | %d |%n",
                    on ? "on" : "off",
                    flows,
                    each / 1e6,
                    each / 1e3 / flows,
                    reported,
                    reported == 0 ? 0 : reportedBytes / reported);
        }
    }

    private long dump(FlowTracker tracker, Source source, BatchRing ring, DumpRequest request) {
        DumpExchange dumps = tracker.namespace(source).dumps();
        ByteBuffer entry = entry();
        dumps.request(request);
        long before = threadNanos();
        tracker.onDumpMark(source, DumpEntryKind.BEGIN);
        for (int flow = 0; flow < flows; flow++) {
            entry.putInt(ID_OFFSET, flow).putInt(PACKETS_OFFSET, (int) request.snapshotId() + 1);
            decoder.decode(event, entry, 0, entry.capacity());
            tracker.onDumpEntry(source, event, DumpEntryKind.ENTRY);
            if (flow % 1024 == 0) {
                take(ring);
            }
        }
        dumps.endReading(new DumpEnd(true, System.nanoTime()));
        tracker.onDumpMark(source, DumpEntryKind.END);
        take(ring);
        return threadNanos() - before;
    }

    private void take(BatchRing ring) {
        for (EncodedBatch batch = ring.poll(); batch != null; batch = ring.poll()) {
            batch.number(0); // as the spool thread does
            reported += batch.count();
            reportedBytes += batch.lengthBytes();
            ring.release(batch);
        }
    }

    /** An established TCP flow with counters and its start; each flow gets another id and other counters. */
    private static ByteBuffer entry() {
        byte[] client = {10, 0, 0, 5};
        byte[] server = {(byte) 198, 51, 100, 1};
        byte[] counters = concat(attribute(1, be64(100)), attribute(2, be64(10_000)));
        byte[] message = message(
                NfGenMsg.IPCTNL_MSG_CT_NEW,
                NlMsgHdr.NLM_F_MULTI,
                NfGenMsg.AF_INET,
                attribute(CTA_ID, be32(0)),
                nest(CTA_COUNTERS_ORIG, counters),
                nest(CTA_COUNTERS_REPLY, counters),
                nest(CTA_TUPLE_ORIG, ip(client, server), ports(TCP, 40_000, 443)),
                nest(CTA_TUPLE_REPLY, ip(server, client), ports(TCP, 443, 40_000)),
                attribute(CTA_STATUS, be32(0xe)),
                attribute(CTA_TIMEOUT, be32(431_999)),
                nest(CTA_TIMESTAMP, attribute(CTA_TIMESTAMP_START, be64(1_795_244_919_000_000_000L))),
                nest(CTA_PROTOINFO, nest(CTA_PROTOINFO_TCP, attribute(CTA_PROTOINFO_TCP_STATE, u8(3)))));
        ByteBuffer direct = ByteBuffer.allocateDirect(message.length).order(ByteOrder.nativeOrder());
        return direct.put(message).clear();
    }

    private static long threadNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
