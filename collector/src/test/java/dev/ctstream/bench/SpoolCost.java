package dev.ctstream.bench;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.Clock;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.spool.QueuedBatch;
import dev.ctstream.spool.Spool;
import dev.ctstream.spool.SpoolConfig;
import dev.ctstream.spool.SpoolMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/**
 * CPU time of the whole process per event, with a spool between ring and publisher and with a publisher that reads the
 * ring directly. Decoding, encoding and batching run as on the receive thread, at a fixed rate; batches are
 * acknowledged at once. One run alternates between both; the first round warms up. The kernel's write-back is not
 * included.
 *
 * <pre>mvn -Pbench -DskipTests test -Dbench.main=dev.ctstream.bench.SpoolCost -Djmh.args='[DIRECTORY [EVENTS-A-SECOND [SECONDS [ROUNDS]]]]'</pre>
 */
public final class SpoolCost {
    private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Path directory;
    private final SteadyLoad load;
    private volatile boolean ended;

    private SpoolCost(Path directory, int rate, int seconds) {
        this.directory = directory;
        load = new SteadyLoad(rate, seconds);
    }

    /** Runs the measurement. */
    public static void main(String[] arguments) throws Exception {
        Path directory = arguments.length > 0 ? Path.of(arguments[0]) : Files.createTempDirectory("spool-cost");
        int rate = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 100_000;
        int seconds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 10;
        int rounds = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 3;
        SpoolCost cost = new SpoolCost(directory, rate, seconds);
        System.out.println("| round | off, us CPU/event | on | the spool costs | events each |");
        System.out.println("|---|---|---|---|---|");
        for (int round = 0; round <= rounds; round++) {
            double off = cost.measure(false);
            double on = cost.measure(true);
            if (round > 0) {
                System.out.printf(
                        Locale.ROOT,
                        "| %d | %.3f | %.3f | %.3f | %d |%n",
                        round,
                        off,
                        on,
                        on - off,
                        cost.load.events());
            }
        }
    }

    /** CPU time of the process per event, in us. */
    private double measure(boolean spooled) throws Exception {
        ended = false;
        BatchRing ring = new BatchRing();
        AtomicLong received = new AtomicLong();
        try (Metrics metrics = new Metrics()) {
            RunIdentity run = new RunIdentity("host-1", "boot-1", Clock.realtimeNanos());
            ControlOutbox outbox = new ControlOutbox(ring);
            Batcher batcher = new Batcher(BatchConfig.DEFAULT, run, "node-1", ring, outbox, new BatchMetrics(metrics));
            SpoolConfig config =
                    new SpoolConfig(directory, 4L << 30, 64 << 20, 64 << 20, 1000, SpoolConfig.WhenFull.DROP_OLDEST);
            Spool spool = spooled
                    ? Spool.open(new Spool.Parts(
                            config,
                            new Spool.Host("host-1", "boot-1", "node-1"),
                            ring,
                            outbox,
                            StreamId.control("host", "0"),
                            new SpoolMetrics(metrics),
                            new Health()))
                    : null;
            Thread appender = new Thread(
                    () -> {
                        if (spool != null) {
                            spool.run();
                        }
                    },
                    "spool");
            Thread publisher = new Thread(
                    () -> consume(() -> spool == null ? take(ring, received) : take(spool, received)), "publish");
            long before = SteadyLoad.processNanos();
            appender.start();
            publisher.start();
            load.run(batcher);
            if (spool != null) {
                spool.stop();
            }
            appender.join();
            ended = true;
            publisher.join();
            double cost = (SteadyLoad.processNanos() - before) / 1e3 / load.events();
            if (spool != null) {
                spool.close();
            }
            if (received.get() != load.events()) {
                throw new IllegalStateException(received.get() + " of " + load.events() + " events arrived");
            }
            return cost;
        }
    }

    private void consume(BooleanSupplier take) {
        boolean last = false;
        while (!last) {
            last = ended; // nothing is added after that
            while (take.getAsBoolean()) {
                last = false;
            }
        }
    }

    private static boolean take(BatchRing ring, AtomicLong received) {
        ring.await(WAIT_NANOS);
        EncodedBatch batch = ring.poll();
        if (batch != null) {
            received.addAndGet(batch.count());
            ring.release(batch);
        }
        return batch != null;
    }

    private static boolean take(Spool spool, AtomicLong received) {
        try {
            spool.await(WAIT_NANOS);
            QueuedBatch batch = spool.events().next();
            if (batch != null) {
                received.addAndGet(batch.envelope().events());
                spool.events().acknowledge(batch.envelope().number());
                spool.wake(); // there may be more
            }
            return batch != null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
