package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.Collector;
import dev.ctstream.OfferedFlows;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.HostFacts;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.read.TopicContents;
import dev.ctstream.read.TopicSequences;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Topics that are deleted, created again or widened while a collector publishes what a kernel sends. */
class TopicsChangeKernelIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String EVENTS = "conntrack.events";
    private static final String CONTROL = "conntrack.control";
    private static final int ROUND = 1_024;

    private EmbeddedBroker broker;
    private TestNamespace namespace;
    private OfferedFlows flows;
    private Admin admin;

    @TempDir
    private Path folder;

    @BeforeEach
    void prepare() throws Exception {
        broker = EmbeddedBroker.temporary(Map.of());
        broker.start();
        namespace = TestNamespace.create();
        flows = OfferedFlows.in(namespace.handle());
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    @AfterEach
    void close() throws Exception {
        admin.close(Duration.ZERO);
        flows.close();
        namespace.close();
        broker.close();
    }

    private Collector start() throws Exception {
        Map<String, String> settings = new HashMap<>();
        settings.put("kafka.bootstrap.servers", broker.bootstrapServers());
        settings.put("netns", namespace.path().toString());
        settings.put("host.id", "it-host");
        settings.put("http.listen", "off");
        settings.put("batch.linger-millis", "20");
        settings.put("shutdown.timeout-seconds", "60"); // another test covers the timeout
        settings.put("spool.directory", folder.resolve("spool").toString());
        ConfigSources sources = new ConfigSources(Optional.empty(), Map.of(), settings, HostFacts.current(), true);
        return Collector.start(Configuration.load(sources).collector(), new Collector.Program("test", "digest"));
    }

    /** Creates and deletes entries until a condition is met, and in any case once. */
    private void load(Collector collector, BooleanSupplier until) throws Exception {
        long begin = System.nanoTime();
        do {
            flows.create(collector, ROUND);
            flows.deleteAll(collector);
            assertThat(System.nanoTime() - begin).isLessThan(SOON.toNanos());
        } while (!until.getAsBoolean());
    }

    private void create(String topic, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1)))
                .all()
                .get(20, TimeUnit.SECONDS);
    }

    /** What a control record says of the topics and of the reason. */
    private record Said(String reason, String eventsId, long partitions, Optional<Long> backlog) {}

    private List<Said> control(String kind) throws Exception {
        List<Said> records = new ArrayList<>();
        TopicSequences.walk(broker.bootstrapServers(), CONTROL, record -> {
            if (record.text("kind").equals(kind)) {
                records.add(new Said(
                        record.text("reason"),
                        record.text("topic_events_id"),
                        record.number("topic_events_partitions").orElse(0L),
                        record.number("topic_backlog_batches")));
            }
            return true;
        });
        return records;
    }

    private String verify(int code) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream to = new PrintStream(out, true, StandardCharsets.UTF_8);
        int result = Main.execute(
                new Console(out, to, Map.of(), false, false),
                "verify",
                "--bootstrap-server",
                broker.bootstrapServers());
        String text = out.toString(StandardCharsets.UTF_8);
        assertThat(result).as(text.replaceAll("(?m)^\\d+ \\(.*\\n", "")).isEqualTo(code);
        return text;
    }

    /** Collects why a collector is not ready, on a thread of its own. */
    private static final class Sampler implements AutoCloseable {
        private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        private final Set<String> said = new ConcurrentSkipListSet<>();

        Sampler(Collector collector) {
            var unused = timer.scheduleWithFixedDelay(
                    () -> said.addAll(collector.health().reasons().values()), 0, 20, TimeUnit.MILLISECONDS);
        }

        boolean newRun() {
            return said.stream().anyMatch(reason -> reason.contains("a new run begins"));
        }

        @Override
        public void close() {
            timer.shutdownNow();
        }
    }

    private static void awaitAcknowledged(Collector collector) {
        await().atMost(SOON)
                .until(() ->
                        collector.totals().acknowledged() >= collector.totals().received()
                                && collector.unacknowledgedBatches() == 0);
    }

    @Test
    void aTopicDeletedAndCreatedWithFewerPartitionsUnderLoad() throws Exception {
        create(EVENTS, 12);
        try (Collector collector = start()) {
            load(collector, () -> collector.totals().acknowledged() > 0);
            awaitAcknowledged(collector);
            load(collector, () -> true);
            admin.deleteTopics(List.of(EVENTS)).all().get(20, TimeUnit.SECONDS);
            create(EVENTS, 5);
            long begin = System.nanoTime();
            Set<String> said;
            try (Sampler sampler = new Sampler(collector)) {
                load(collector, sampler::newRun);
                load(collector, () -> collector.health().ready());
                said = sampler.said;
            }
            awaitAcknowledged(collector);
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
            System.out.printf("received = acknowledged after %d s; said %s; %s%n", seconds, said, collector.totals());
            assertThat(seconds).isLessThanOrEqualTo(15);
            assertThat(said)
                    .noneMatch(reason -> reason.contains("no broker answers"))
                    .anyMatch(reason -> reason.contains("deleted and created again: 12 partitions before, 5 now"));
            assertThat(collector.totals().lostByKernel()).isZero();
            assertThat(collector.stop()).isTrue();
            assertThat(collector.totals())
                    .isEqualTo(new Collector.Totals(
                            flows.offered(), collector.totals().acknowledged(), 0, 0));
        }
        List<Said> topics = control("TOPIC");
        assertThat(topics.stream().map(Said::partitions)).containsExactly(12L, 5L);
        assertThat(topics.stream().map(Said::eventsId).distinct()).hasSize(2);
        assertThat(topics.get(0).backlog()).isEmpty();
        assertThat(topics.get(1).backlog()).isPresent();
        assertThat(control("STOPPED").stream().map(Said::reason)).contains("topic-changed", "stop");
        assertThat(control("GAP")).isEmpty();
        assertThat(verify(0)).contains("REMARK", "the event topic was created again before this run", "PROVEN");
    }

    @Test
    void theTopicOfControlRecordsDeletedAndCreatedAgain() throws Exception {
        create(CONTROL, 4);
        try (Collector collector = start()) {
            load(collector, () -> collector.totals().acknowledged() > 0);
            awaitAcknowledged(collector);
            admin.deleteTopics(List.of(CONTROL)).all().get(20, TimeUnit.SECONDS);
            create(CONTROL, 4);
            try (Sampler sampler = new Sampler(collector)) {
                load(collector, sampler::newRun);
                load(collector, () -> collector.health().ready());
            }
            awaitAcknowledged(collector);
            assertThat(collector.stop()).isTrue();
            assertThat(collector.totals().lostByKernel() + collector.totals().lostLater())
                    .isZero();
        }
        assertThat(control("TOPIC")).hasSize(1);
        assertThat(verify(0)).contains("REMARK", "was created again before this run", "PROVEN");
    }

    @Test
    void partitionsRaisedUnderLoadThenAReconnectEveryStreamStaysOnOnePartition() throws Exception {
        create(EVENTS, 12);
        try (Collector collector = start()) {
            load(collector, () -> collector.totals().acknowledged() > 0);
            admin.createPartitions(Map.of(EVENTS, NewPartitions.increaseTo(24)))
                    .all()
                    .get(20, TimeUnit.SECONDS);
            load(collector, () -> true);
            broker.stop();
            load(collector, () -> true);
            broker.start();
            load(collector, () -> true);
            awaitAcknowledged(collector);
            assertThat(collector.stop()).isTrue();
        }
        TopicContents contents = TopicContents.read(broker.bootstrapServers(), EVENTS);
        Map<String, Set<Integer>> partitions = contents.places().stream()
                .collect(Collectors.groupingBy(
                        TopicContents.Place::key,
                        Collectors.mapping(TopicContents.Place::partition, Collectors.toSet())));
        assertThat(partitions)
                .hasSize(OfferedFlows.ZONES.size())
                .allSatisfy((stream, places) -> assertThat(places).hasSize(1));
        assertThat(partitions.values().stream().flatMap(Set::stream)).allMatch(partition -> partition < 12);
        contents.assertGapFree();
        verify(0);

        flows.restart();
        try (Collector collector = start()) {
            load(collector, () -> true);
            awaitAcknowledged(collector);
            assertThat(collector.stop()).isTrue();
        }
        assertThat(TopicContents.read(broker.bootstrapServers(), EVENTS).places().stream()
                        .map(TopicContents.Place::partition))
                .anyMatch(partition -> partition >= 12);
        verify(0);
    }
}
