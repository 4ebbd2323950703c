package dev.ctstream;

import dev.ctstream.config.CollectorConfig;
import dev.ctstream.control.BusyStreams;
import dev.ctstream.control.FullestTables;
import dev.ctstream.control.ObservedNamespace;
import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.Clock;
import dev.ctstream.publish.PublishMetrics;
import dev.ctstream.spool.Spool;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Gathers what the page shows. Any thread. */
final class PageFacts {
    private static final int MOST_NAMESPACES = 20;
    private static final double MILLIS = TimeUnit.SECONDS.toMillis(1);
    private static final double NANOS = TimeUnit.SECONDS.toNanos(1);

    private PageFacts() {}

    /**
     * The page of a collector.
     *
     * @param collector null while it is starting
     * @param still whether it stays as it is
     */
    static String page(
            CollectorConfig config,
            Collector.Program program,
            Health health,
            @Nullable Collector collector,
            boolean still) {
        return StatusPage.html(
                new StatusPage.Facts(
                        config.host().name(),
                        config.host().id(),
                        program.version(),
                        ManagementFactory.getRuntimeMXBean().getUptime() / MILLIS,
                        health.ready(),
                        health.live(),
                        health.components(),
                        collector == null ? null : running(config, collector)),
                still);
    }

    private static StatusPage.Running running(CollectorConfig config, Collector collector) {
        List<StatusPage.Namespace> namespaces = namespaces(collector);
        return new StatusPage.Running(
                collector.totals(),
                collector.busyStreams().namespaces().stream()
                        .mapToLong(BusyStreams.Figures::liveFlows)
                        .sum(),
                spooled(collector.spool()),
                published(config, collector.stages().publish()),
                collector.history().samples(),
                namespaces.subList(0, Math.min(MOST_NAMESPACES, namespaces.size())),
                Math.max(0, namespaces.size() - MOST_NAMESPACES),
                collector.namespaces().waiting(),
                collector.spool().recentRecords().list());
    }

    private static StatusPage.Spooled spooled(Spool spool) {
        return new StatusPage.Spooled(
                spool.sizeBytes(),
                spool.limitBytes(),
                spool.unacknowledged(),
                spool.ageSeconds(),
                spool.owedEvents(),
                spool.owedSeconds());
    }

    private static StatusPage.Published published(CollectorConfig config, PublishMetrics publish) {
        return new StatusPage.Published(
                config.publish().bootstrapServers(),
                publish.inFlightBytes(),
                publish.inFlightLimitBytes(),
                Clock.realtimeNanos() / NANOS - publish.lastAcknowledgementSeconds(),
                publish.ceilingEventsPerSecond());
    }

    /** The busiest first, then those with losses. */
    private static List<StatusPage.Namespace> namespaces(Collector collector) {
        Map<String, BusyStreams.Figures> busy = new HashMap<>();
        collector.busyStreams().namespaces().forEach(one -> busy.put(one.netns(), one));
        Map<String, FullestTables.Table> tables = new HashMap<>();
        collector.stages().control().tables().list().forEach(one -> tables.put(one.netns(), one));
        List<StatusPage.Namespace> all = new ArrayList<>();
        for (ObservedNamespace one : collector.namespaces().list()) {
            BusyStreams.Figures figures = busy.get(one.netns());
            FullestTables.Table table = tables.get(one.netns());
            all.add(new StatusPage.Namespace(
                    one.netns(),
                    figures == null ? 0 : figures.eventsPerSecond(),
                    figures == null ? 0 : figures.liveFlows(),
                    one.socket().dropsTotal(),
                    table == null ? null : table.entries(),
                    table == null ? null : table.most()));
        }
        all.sort(Comparator.comparingDouble(StatusPage.Namespace::eventsPerSecond)
                .thenComparingLong(StatusPage.Namespace::lostByKernel)
                .reversed());
        return all;
    }
}
