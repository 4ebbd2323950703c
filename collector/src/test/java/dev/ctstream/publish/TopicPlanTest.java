package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.record.Partitioning;
import dev.ctstream.record.ZoneWidths;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class TopicPlanTest {
    private static final Percentage CLOSE = Percentage.withPercentage(3);

    private static TopicPlan.Settings settings(int partitions, int brokers, String widths) {
        return new TopicPlan.Settings(
                new PublishConfig.TopicNames("conntrack.events", "conntrack.control", true, 12, 3),
                partitions,
                brokers,
                TimeUnit.DAYS.toMillis(7),
                ZoneWidths.parse(widths),
                BatchConfig.DEFAULT,
                10_000);
    }

    private static TopicPlan plan(HostClass hosts, int partitions, int brokers) {
        return TopicPlan.of(List.of(hosts), settings(partitions, brokers, ""));
    }

    @Test
    void skewIsThatOfThePartitionFunction() {
        HostClass hosts = HostClass.even("a", 100, 10, 2, 5);
        double[] expected = new double[12];
        Partitioning partitioning = new Partitioning(ZoneWidths.parse("3=4"));
        for (int host = 0; host < 100; host++) {
            for (String netns : List.of("host", "netns-1")) {
                for (int zone = 1; zone <= 5; zone++) {
                    expected[partitioning.ofEvents(hosts.hostId(host), netns, zone, 12)] += 1;
                }
            }
        }
        PartitionLoad load =
                TopicPlan.of(List.of(hosts), settings(12, 3, "3=4")).load();
        assertThat(load.eventsPerSecond()).containsExactly(expected, Offset.offset(1e-6));
        assertThat(load.skew()).isCloseTo(load.most() / (1000.0 / 12), CLOSE);
    }

    @Test
    void zonesLookHostLocalWhenMeanOverMaximumLoadFallsBelowOneHalfAtWidthOne() {
        TopicPlan local = plan(HostClass.even("a", 100, 50, 1, 5), 12, 3);
        assertThat(local.evenness()).isCloseTo(5 / 12.0, CLOSE);
        assertThat(local.hostLocalZones()).isTrue();
        assertThat(Objects.requireNonNull(local.spread()).skew()).isLessThan(1.7);

        assertThat(plan(HostClass.even("a", 100, 50, 1, 7), 12, 3).hostLocalZones())
                .isFalse();
        assertThat(plan(HostClass.even("a", 100, 50, 1, 4000), 12, 3).hostLocalZones())
                .isFalse();
    }

    /** A few hosts that have no zones load few partitions, which says nothing about zones. */
    @Test
    void hostsWithoutZonesNeverLookHostLocal() {
        TopicPlan plan = plan(HostClass.even("a", 2, 50, 1, 0), 12, 3);
        assertThat(plan.evenness()).isLessThan(0.5);
        assertThat(plan.hostLocalZones()).isFalse();
    }

    @Test
    void widthsThatSpreadZonesDoNotHideThatTheyLookHostLocal() {
        HostClass hosts = HostClass.even("a", 1000, 50, 1, 2);
        TopicPlan plan = TopicPlan.of(List.of(hosts), settings(12, 3, "*=all"));
        assertThat(plan.hostLocalZones()).isTrue();
        assertThat(plan.load().skew()).isLessThan(1.3);
    }

    /** Two ticks and a heartbeat each ten seconds, however many zones. */
    @Test
    void aQuietHostMakesAtMostTwoProduceRequestsASecondAndBroker() {
        for (int zones : new int[] {0, 1, 64, 4000}) {
            ClassLoad load =
                    plan(HostClass.even("a", 10, 50, 1, zones), 12, 1).classes().get(0);
            assertThat(load.requestsPerSecond()).as("%d zones", zones).isBetween(1.9, 2.1);
            ClassLoad three =
                    plan(HostClass.even("a", 10, 50, 1, zones), 12, 3).classes().get(0);
            assertThat(three.requestsPerSecond()).as("%d zones", zones).isBetween(1.9, zones <= 1 ? 2.1 : 6.3);
        }
    }

    /** With one event a minute a tick carries one event. */
    @Test
    void anEventThatComesAloneIsARequestOfItsOwn() {
        ClassLoad load =
                plan(HostClass.even("a", 1, 0.1, 1, 64), 12, 3).classes().get(0);
        assertThat(load.requestsPerSecond()).isCloseTo(0.1 + 0.1, Percentage.withPercentage(10));
        assertThat(load.eventsPerRecord()).isCloseTo(1, Percentage.withPercentage(10));
    }

    @Test
    void fullBatchesGatherBetweenTwoRoundsOfTheSpoolThread() {
        ClassLoad load =
                plan(HostClass.even("a", 1, 50_000, 1, 0), 12, 1).classes().get(0);
        assertThat(load.requestsPerSecond()).isBetween(40.0, 50.2);
        assertThat(load.eventsPerRecord()).isCloseTo(510, Percentage.withPercentage(3));
        assertThat(load.bytesPerEvent()).isBetween(40.0, 48.0);
    }

    /** 50 000 events/s of 64 zones: a tick each 82 ms. */
    @Test
    void theTickComesEarlierWhenManyEventsWait() {
        HostRates rates = HostRates.of(HostClass.even("a", 1, 50_000, 1, 64), BatchConfig.DEFAULT);
        assertThat(rates.tickSeconds()).isCloseTo(0.082, Percentage.withPercentage(2));
    }

    @Test
    void idleNamespacesReportWithEachSixthInterval() {
        assertThat(plan(HostClass.even("a", 100, 0, 1, 0), 12, 3).heartbeatsPerSecond())
                .isCloseTo(10, CLOSE);
        assertThat(plan(HostClass.even("a", 100, 0, 6, 0), 12, 3).heartbeatsPerSecond())
                .isCloseTo(10, CLOSE);
        assertThat(plan(HostClass.even("a", 100, 1000, 6, 0), 12, 3).heartbeatsPerSecond())
                .isCloseTo(60, CLOSE);
    }

    @Test
    void partitionsAreThoseThatKeepTheAverageOneWithinItsLimits() {
        assertThat(plan(HostClass.even("a", 1, 50, 1, 0), 0, 3).partitions()).isEqualTo(12);
        TopicPlan large = plan(HostClass.even("a", 1000, 1000, 1, 0), 0, 3);
        assertThat(large.partitions() % 12).isZero();
        assertThat(large.bytesPerSecond() / large.partitions())
                .isLessThanOrEqualTo(TopicPlan.PARTITION_BYTES_PER_SECOND);
        assertThat(large.bytesPerSecond() * 7 * 86_400 / large.partitions())
                .isLessThanOrEqualTo(TopicPlan.PARTITION_KEPT_BYTES);
        assertThat(plan(HostClass.even("a", 1000, 1000, 1, 0), 24, 3).partitions())
                .isEqualTo(24);
    }

    @Test
    void topicsHaveTheSettingsThatTheChecksWant() {
        List<WantedTopic> topics = plan(HostClass.even("a", 1, 50, 1, 0), 12, 3).topics();
        assertThat(topics).extracting(WantedTopic::name).containsExactly("conntrack.events", "conntrack.control");
        assertThat(topics.get(0).settings())
                .isEqualTo(Map.of(
                        "cleanup.policy",
                        "delete",
                        "retention.ms",
                        "604800000",
                        "message.timestamp.type",
                        "CreateTime",
                        "max.message.bytes",
                        "1048588",
                        "min.insync.replicas",
                        "2"));
    }

    @Test
    void largeFleetsAreComputedFromSomeOfTheirHosts() {
        HostClass hosts = HostClass.even("a", HostClass.HOSTS_LIMIT, 1, 1, 10);
        TopicPlan plan = plan(hosts, 12, 3);
        assertThat(plan.load().mean()).isCloseTo(HostClass.HOSTS_LIMIT / 12.0, CLOSE);
        assertThat(plan.eventsPerSecond()).isCloseTo(HostClass.HOSTS_LIMIT, CLOSE);
    }
}
