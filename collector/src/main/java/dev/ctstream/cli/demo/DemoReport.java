package dev.ctstream.cli.demo;

import dev.ctstream.Collector;
import dev.ctstream.cli.Console;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Paces the demo's connections, waits until the events of each have been read back from Kafka, and counts them. */
final class DemoReport {
    private static final long ROUND_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Console console;
    private final Collector collector;
    private final DemoReader reader;
    private final DemoTraffic traffic;

    DemoReport(Console console, Collector collector, DemoReader reader, DemoTraffic traffic) {
        this.console = console;
        this.collector = collector;
        this.reader = reader;
        this.traffic = traffic;
    }

    /** Makes one round of connections per second, so that a person can follow. */
    void makeConnections(int seconds) throws IOException {
        long begin = System.nanoTime();
        for (int round = 0; round < seconds; round++) {
            traffic.round();
            long next = begin + (round + 1) * ROUND_NANOS;
            for (long left = next - System.nanoTime(); left > 0; left = next - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            endExpired();
        }
        endAll();
    }

    /** A dump makes the kernel remove expired entries, which it otherwise does lazily. */
    private static void endExpired() throws IOException {
        try (ConntrackTable table = ConntrackTable.open(null)) {
            table.dump(DumpFilter.ALL, entry -> {});
        }
    }

    /** Deletes the remaining entries, so that the demo does not wait for the kernel's timeouts. */
    private static void endAll() throws IOException {
        try (ConntrackTable table = ConntrackTable.open(null)) {
            table.flush(new Flush.Everything());
        }
    }

    /** Waits until the consumer has read the end of every connection, or the time is up. */
    void awaitAll(long nanos) {
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < nanos && reader.failure() == null && !complete()) {
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    private boolean complete() {
        return reader.newEvents() >= traffic.connections() && reader.destroyEvents() >= traffic.connections();
    }

    /**
     * Prints the sums. Returns true when every connection was read back twice (NEW and DESTROY) and nothing was lost.
     */
    boolean print() throws IOException {
        Collector.Totals totals = collector.totals();
        long read = reader.newEvents() + reader.destroyEvents();
        long lost = totals.lostByKernel() + totals.lostLater();
        boolean good = reader.newEvents() == traffic.connections()
                && reader.destroyEvents() == traffic.connections()
                && totals.received() == read
                && lost == 0;
        console.print(String.format(
                """

                made       %s
                received   %d events from the kernel
                published  %d events, acknowledged by Kafka
                read back  %d events: %d NEW, %d DESTROY; zones %s, protocols %s
                lost       %d
                """,
                traffic.summary(),
                totals.received(),
                totals.acknowledged(),
                read,
                reader.newEvents(),
                reader.destroyEvents(),
                reader.zones(),
                reader.protocols(),
                lost));
        if (!good) {
            console.say("demo: the numbers do not agree"
                    + (reader.failure() == null ? "" : "; reading ended with " + ErrorText.of(reader.failure())));
        }
        return good;
    }
}
