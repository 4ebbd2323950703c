package dev.ctstream.control;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.CpuStats;
import dev.ctstream.conntrack.TableStats;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.StageClock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel's counters of a namespace's table, and the steps of the wall clock, from one report to the next.
 *
 * <p>Ownership: owns its request channel. Threads: confined to one thread at a time.
 */
final class TableCounters implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TableCounters.class);
    private static final long U32 = 0xFFFF_FFFFL;

    private final NamespaceAccess namespace;
    private final StageClock clock;
    private final Map<Integer, CpuStats> before = new HashMap<>();
    private @Nullable ConntrackTable table;
    private boolean warned;
    private long clockBeforeNanos;
    private List<CpuStats> lastRead = List.of();
    private long lastClockNanos;

    TableCounters(NamespaceAccess namespace, StageClock clock) {
        this.namespace = namespace;
        this.clock = clock;
        clockBeforeNanos = clockOffsetNanos();
        lastClockNanos = clockBeforeNanos;
    }

    /** Reads all counters; growth counts from the last {@link #reported}. Those that the kernel refuses are null. */
    ControlRecord.TableState read() {
        long offset = clockOffsetNanos();
        long step = offset - clockBeforeNanos;
        lastClockNanos = offset;
        try {
            ConntrackTable open = table;
            if (open == null) {
                open = namespace.openTable();
                table = open;
            }
            TableStats stats = open.stats();
            lastRead = open.statsPerCpu();
            return new ControlRecord.TableState(stats.entries(), stats.maxEntries(), growth(lastRead), step);
        } catch (NetlinkException e) {
            close(); // a broken channel stays broken
            if (!warned) {
                LOG.warn("cannot read the table's counters: netns={}", namespace.netns(), e);
            }
            warned = true;
            return new ControlRecord.TableState(null, null, Map.of(), step);
        }
    }

    /** The values of the last {@link #read} are in a record. */
    void reported() {
        lastRead.forEach(cpu -> before.put(cpu.cpu(), cpu));
        clockBeforeNanos = lastClockNanos;
    }

    private long clockOffsetNanos() {
        return clock.realtimeNanos() - clock.nanoTime();
    }

    private Map<String, Long> growth(List<CpuStats> now) {
        Map<String, Long> sum = new TreeMap<>();
        for (CpuStats cpu : now) {
            CpuStats from = before.computeIfAbsent(cpu.cpu(), first -> cpu);
            add(sum, "found", cpu.found() - from.found());
            add(sum, "invalid", cpu.invalid() - from.invalid());
            add(sum, "insert", cpu.insert() - from.insert());
            add(sum, "insert_failed", cpu.insertFailed() - from.insertFailed());
            add(sum, "drop", cpu.drop() - from.drop());
            add(sum, "early_drop", cpu.earlyDrop() - from.earlyDrop());
            add(sum, "error", cpu.error() - from.error());
            add(sum, "search_restart", cpu.searchRestart() - from.searchRestart());
            add(sum, "clash_resolve", cpu.clashResolve() - from.clashResolve());
            add(sum, "chain_toolong", cpu.chainTooLong() - from.chainTooLong());
        }
        return sum;
    }

    /** The kernel's counters are u32 and wrap. */
    private static void add(Map<String, Long> sum, String name, long growth) {
        sum.merge(name, growth & U32, Long::sum);
    }

    @Override
    public void close() {
        ConntrackTable open = table;
        table = null;
        if (open != null) {
            open.close();
        }
    }
}
