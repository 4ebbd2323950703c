package dev.ctstream.bench;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.StreamId;
import dev.ctstream.spool.BatchQueue;
import dev.ctstream.spool.ProofConfig;
import dev.ctstream.spool.ProofKeyFile;
import dev.ctstream.spool.QueuedBatch;
import dev.ctstream.spool.Spool;
import dev.ctstream.spool.SpoolConfig;
import dev.ctstream.spool.SpoolMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * CPU time of the whole process and bytes of control records per event, with the proof of the log on and off. As {@link
 * SpoolCost}: decoding, encoding and batching as on the receive thread, at a fixed rate; one run alternates between both;
 * the first round warms up.
 *
 * <pre>mvn -Pbench -DskipTests test -Dbench.main=dev.ctstream.bench.ProofCost -Djmh.args='[EVENTS-A-SECOND [SECONDS [ROUNDS]]]'</pre>
 */
public final class ProofCost {
    private static final StreamId OWN = StreamId.control("host", "0");

    private final SteadyLoad load;
    private final Path directory;
    private final Path key;
    private volatile boolean ended;

    private record Cost(double micros, double controlBytes, double eventBytes) {}

    private ProofCost(int rate, int seconds) throws Exception {
        load = new SteadyLoad(rate, seconds);
        directory = Files.createTempDirectory("proof-cost");
        key = directory.resolve("proof.key");
        ProofKeyFile.generate("host-1").create(key);
    }

    /** Runs the measurement. */
    public static void main(String[] arguments) throws Exception {
        int rate = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 100_000;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 20;
        int rounds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 3;
        ProofCost cost = new ProofCost(rate, seconds);
        System.out.println(
                "| round | off, us CPU/event | on | the proof costs | control records, B/event: off | on | events, B each |");
        System.out.println("|---|---|---|---|---|---|---|");
        for (int round = 0; round <= rounds; round++) {
            Cost off = cost.measure(null);
            Cost on = cost.measure(new ProofConfig(cost.key, 10));
            if (round > 0) {
                System.out.printf(
                        Locale.ROOT,
                        "| %d | %.3f | %.3f | %.3f | %.3f | %.3f | %.1f |%n",
                        round,
                        off.micros,
                        on.micros,
                        on.micros - off.micros,
                        off.controlBytes,
                        on.controlBytes,
                        on.eventBytes);
            }
        }
    }

    private Cost measure(@Nullable ProofConfig proof) throws Exception {
        ended = false;
        BatchRing ring = new BatchRing();
        ControlOutbox outbox = new ControlOutbox(ring);
        AtomicLong eventBytes = new AtomicLong();
        AtomicLong controlBytes = new AtomicLong();
        try (Metrics metrics = new Metrics()) {
            Spool spool = Spool.open(new Spool.Parts(
                    new SpoolConfig(
                            directory.resolve("spool"),
                            4L << 30,
                            64 << 20,
                            64 << 20,
                            1000,
                            SpoolConfig.WhenFull.DROP_OLDEST,
                            proof),
                    new Spool.Host("host-1", "boot-1", "node-1"),
                    ring,
                    outbox,
                    OWN,
                    new SpoolMetrics(metrics),
                    new Health()));
            Batcher batcher = new Batcher(
                    BatchConfig.DEFAULT, spool.identity(), "node-1", ring, outbox, new BatchMetrics(metrics));
            ControlRecord.NamespaceState state = new ControlRecord.NamespaceState(
                    null, new ControlRecord.Sysctls(null, null, null, Map.of()), null, null, null);
            outbox.offer(
                    OWN,
                    new ControlRecord.Started(
                            "start", new ControlRecord.Settings("0", "", "all", "batch", 0), null, state),
                    0);
            Thread appender = new Thread(spool, "spool");
            Thread publisher = new Thread(
                    () -> {
                        boolean last = false;
                        while (!last) {
                            last = ended;
                            spool.await(SteadyLoad.PASS_NANOS);
                            while (take(spool.control(), controlBytes) || take(spool.events(), eventBytes)) {
                                last = false;
                            }
                        }
                    },
                    "publish");
            long before = SteadyLoad.processNanos();
            appender.start();
            publisher.start();
            load.run(batcher);
            spool.stop();
            appender.join();
            ended = true;
            publisher.join();
            long sent = load.events();
            double micros = (SteadyLoad.processNanos() - before) / 1e3 / sent;
            spool.close();
            return new Cost(micros, (double) controlBytes.get() / sent, (double) eventBytes.get() / sent);
        }
    }

    private static boolean take(BatchQueue queue, AtomicLong bytes) {
        try {
            QueuedBatch batch = queue.next();
            if (batch != null) {
                bytes.addAndGet(batch.lengthBytes());
                queue.acknowledge(batch.envelope().number());
            }
            return batch != null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
