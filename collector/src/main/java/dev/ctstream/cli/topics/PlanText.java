package dev.ctstream.cli.topics;

import dev.ctstream.QuantityText;
import dev.ctstream.cli.Counted;
import dev.ctstream.publish.ClassLoad;
import dev.ctstream.publish.HostClass;
import dev.ctstream.publish.PartitionLoad;
import dev.ctstream.publish.TopicPlan;
import dev.ctstream.publish.WantedTopic;
import dev.ctstream.record.PrintableText;
import java.util.Locale;

/** A plan as text for people. Threads: confined to one. */
final class PlanText {
    private static final String ROW = "%-16s %9s %11s %10s %6s %11s %12s %12s%n";
    private static final int SECONDS_OF_DAY = 86_400;
    /** A broker has better things to do than this many requests. */
    private static final int MANY_REQUESTS_PER_BROKER = 10_000;

    private final TopicPlan plan;
    private final StringBuilder text = new StringBuilder();

    private PlanText(TopicPlan plan) {
        this.plan = plan;
    }

    /** The whole plan. */
    static String of(TopicPlan plan) {
        PlanText text = new PlanText(plan);
        text.classes();
        text.topics();
        text.remarks();
        text.settings();
        return text.text.toString();
    }

    private void line(String name, String form, Object... values) {
        text.append(String.format(Locale.ROOT, "%-12s", name))
                .append(String.format(Locale.ROOT, form, values))
                .append('\n');
    }

    private void classes() {
        text.append(String.format(
                ROW,
                "CLASS",
                "HOSTS",
                "EVENTS/S",
                "NAMESPACES",
                "ZONES",
                "REQUESTS/S",
                "EVENTS/RECORD",
                "BYTES/EVENT"));
        for (ClassLoad load : plan.classes()) {
            HostClass hosts = load.hosts();
            text.append(String.format(
                    Locale.ROOT,
                    ROW,
                    PrintableText.of(hosts.name()),
                    hosts.hosts(),
                    QuantityText.number(hosts.eventsPerSecond()),
                    hosts.namespaces().size(),
                    hosts.numberedZones(),
                    QuantityText.number(load.requestsPerSecond()),
                    QuantityText.number(load.eventsPerRecord()),
                    QuantityText.number(load.bytesPerEvent())));
        }
        text.append("events, zones and requests are those of one host\n\n");
    }

    private void topics() {
        TopicPlan.Settings settings = plan.settings();
        PartitionLoad load = plan.load();
        double perDay = plan.bytesPerSecond() * SECONDS_OF_DAY;
        line("fleet", "%s, %s events/s", Counted.of(plan.hosts(), "host"), QuantityText.number(plan.eventsPerSecond()));
        line("partitions", "%d for each topic", plan.partitions());
        line(
                "skew",
                "%.2f (maximum over mean): %s events/s on partition %d, %s on average",
                load.skew(),
                QuantityText.number(load.most()),
                load.hottest(),
                QuantityText.number(load.mean()));
        line(
                "bytes",
                "%s/s, %s a day, %s in %s; in one replica",
                QuantityText.bytes(plan.bytesPerSecond()),
                QuantityText.bytes(perDay),
                QuantityText.bytes(plan.bytesPerSecond() * settings.retentionMillis() / 1000.0),
                time(settings.retentionMillis()));
        line("records", "%s/s", QuantityText.number(plan.recordsPerSecond()));
        line(
                "requests",
                "%s produce requests/s, %s for each of %s",
                QuantityText.number(plan.requestsPerSecond()),
                QuantityText.number(plan.requestsPerSecond() / settings.brokers()),
                Counted.of(settings.brokers(), "broker"));
        line(
                "heartbeats",
                "%s records/s, %s/s, %s a day",
                QuantityText.number(plan.heartbeatsPerSecond()),
                QuantityText.bytes(plan.heartbeatBytesPerSecond()),
                QuantityText.bytes(plan.heartbeatBytesPerSecond() * SECONDS_OF_DAY));
        text.append(
                "near brokers; TCP flows with counters and times; events even over hosts, namespaces and zones\n\n");
    }

    private void remarks() {
        int length = text.length();
        PartitionLoad spread = plan.spread();
        if (spread != null) {
            text.append(String.format(
                    Locale.ROOT,
                    "zones look host-local: with each zone on one partition, mean over maximum load is %.2f.%n"
                            + "  If hosts number their zones by themselves, partition.zone.width=*=all: skew %.2f, and a zone"
                            + " is on all partitions.%n",
                    plan.evenness(),
                    spread.skew()));
        }
        if (plan.settings().partitions() > 0 && plan.enoughPartitions() > plan.partitions()) {
            text.append("few partitions: ")
                    .append(plan.enoughPartitions())
                    .append(" keep the average one below ")
                    .append(QuantityText.bytes(TopicPlan.PARTITION_BYTES_PER_SECOND))
                    .append("/s and ")
                    .append(QuantityText.bytes(TopicPlan.PARTITION_KEPT_BYTES))
                    .append('\n');
        }
        if (plan.requestsPerSecond() / plan.settings().brokers() > MANY_REQUESTS_PER_BROKER) {
            text.append("many requests for each broker: a longer batch.linger-millis makes fewer and larger ones\n");
        }
        if (text.length() > length) {
            text.append('\n');
        }
    }

    private void settings() {
        text.append("collectors\n  topic.partitions=").append(plan.partitions()).append('\n');
        if (plan.spread() != null) {
            text.append("  partition.zone.width=*=all\n");
        }
        for (WantedTopic topic : plan.topics()) {
            text.append(topic.name()).append('\n').append(ChangeText.settings(topic.settings()));
        }
        if (plan.settings().topics().replicationFactor() < 0) {
            text.append(
                    "replicas and min.insync.replicas are the brokers' defaults; topic.replication-factor sets them\n");
        }
    }

    private static String time(long millis) {
        if (millis % 86_400_000 == 0) {
            return Counted.of(millis / 86_400_000, "day");
        }
        return millis % 3_600_000 == 0 ? Counted.of(millis / 3_600_000, "hour") : Counted.of(millis / 1000, "second");
    }
}
