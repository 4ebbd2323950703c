package dev.ctstream.control;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.metrics.Metrics;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * State of the conntrack tables of the namespaces that have most entries, {@value #MOST} at most, as it was at their last
 * heartbeats.
 *
 * <p>Threads: {@code ctstream-control} shows them with the heartbeats; any thread reads the last ones.
 */
public final class FullestTables {
    private static final int MOST = BusyStreams.MOST;

    private volatile List<Table> shown = List.of();

    /**
     * One table.
     *
     * @param entries null = the kernel did not say
     * @param most {@code nf_conntrack_max}; null = the kernel did not say
     */
    public record Table(
            String netns, @Nullable Long entries, @Nullable Long most, ControlRecord.Sysctls sysctls) {
        private long size() {
            return entries == null ? 0 : entries;
        }
    }

    /** Registers the gauges. */
    FullestTables(Metrics metrics) {
        metrics.gauges(
                ControlMetric.TABLE,
                () -> shown.stream()
                        .flatMap(one -> series(one.entries, one.netns).stream())
                        .toList());
        metrics.gauges(
                ControlMetric.TABLE_MAX,
                () -> shown.stream()
                        .flatMap(one -> series(one.most, one.netns).stream())
                        .toList());
        metrics.gauges(ControlMetric.SYSCTL, this::sysctls);
    }

    private List<Metrics.Series> sysctls() {
        List<Metrics.Series> all = new ArrayList<>();
        for (Table one : shown) {
            Sysctls.values(one.sysctls).forEach((name, value) -> all.addAll(series(value, one.netns, name)));
        }
        return all;
    }

    private static List<Metrics.Series> series(@Nullable Number value, String... labels) {
        return value == null ? List.of() : List.of(new Metrics.Series(List.of(labels), value.doubleValue()));
    }

    /** Shows the fullest of these. Control thread. */
    void show(Collection<Table> all) {
        shown = all.stream()
                .sorted(Comparator.comparingLong(Table::size).reversed())
                .limit(MOST)
                .toList();
    }

    /** The fullest, most entries first; empty before the first heartbeat. */
    public List<Table> list() {
        return shown;
    }
}
