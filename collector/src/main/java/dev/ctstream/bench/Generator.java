package dev.ctstream.bench;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.netlink.NetlinkException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The load generator, a separate process: for each {@link LoadSpec} on stdin it generates events and answers with one
 * line of JSON. It ends with its stdin.
 *
 * <p>Cost on a 2-core virtual machine: below 0.1 us per flow, without the kernel's work.
 */
public final class Generator {
    /** Maximum number of flows in one system call. */
    private static final int MAX_PER_STEP = 128;
    /** Slices of a paced load, per second. */
    private static final int SLICES = 1_000;
    /** Shorter pauses make no sense: {@code parkNanos} oversleeps by about this time. */
    private static final long MIN_PAUSE_NANOS = 20_000;

    private static final double NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private long nextFlow;

    private Generator() {}

    /** Takes no arguments. */
    public static void main(String[] arguments) throws IOException, NetlinkException {
        Generator generator = new Generator();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                System.out.println(generator.run(LoadSpec.parse(line)));
                System.out.flush();
            }
        }
    }

    private ObjectNode run(LoadSpec spec) throws NetlinkException {
        try (ConntrackTable table = ConntrackTable.open(null);
                Load load = open(spec)) {
            long entriesBefore = table.stats().entries();
            long cpuBefore = THREADS.getCurrentThreadCpuTime();
            long begin = System.nanoTime();
            pace(spec, load, begin);
            long nanos = System.nanoTime() - begin;
            long cpuNanos = THREADS.getCurrentThreadCpuTime() - cpuBefore;
            nextFlow = load.next();
            long entriesAfter = table.stats().entries();
            long ended = spec.kind() == LoadSpec.Kind.PACKETS
                    ? load.begun() + entriesBefore - entriesAfter // evicted or expired
                    : load.ended();
            ObjectNode result = JsonNodeFactory.instance.objectNode();
            result.put("begun", load.begun());
            result.put("ended", ended);
            result.put("failed", load.failed());
            result.put("entries", entriesAfter);
            result.put("seconds", nanos / NANOS_PER_SECOND);
            result.put("cpu_nanos", cpuNanos);
            return result;
        }
    }

    private Load open(LoadSpec spec) throws NetlinkException {
        return switch (spec.kind()) {
            case PACKETS -> PacketLoad.open(spec, nextFlow, MAX_PER_STEP);
            case CTNETLINK -> EntryLoad.open(spec, nextFlow, MAX_PER_STEP);
            case NONE -> throw new IllegalArgumentException("no load");
        };
    }

    private static void pace(LoadSpec spec, Load load, long begin) throws NetlinkException {
        long rate = spec.eventsPerSecond();
        int slice = rate == 0 ? MAX_PER_STEP : (int) Math.min(MAX_PER_STEP, Math.max(1, rate / (2 * SLICES)));
        long lengthNanos = (long) (spec.seconds() * NANOS_PER_SECOND);
        long events = 0;
        long now = begin;
        while (now - begin < lengthNanos || !load.settled()) {
            int asked = load.step(slice);
            if (asked == 0) {
                break;
            }
            events += asked;
            now = System.nanoTime();
            if (rate > 0) {
                now = pause(begin + (long) (events * NANOS_PER_SECOND / rate) - now);
            }
        }
    }

    private static long pause(long nanos) {
        if (nanos > MIN_PAUSE_NANOS) {
            LockSupport.parkNanos(nanos);
        }
        return System.nanoTime();
    }
}
