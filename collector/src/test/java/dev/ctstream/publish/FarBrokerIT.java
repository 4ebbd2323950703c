package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.broker.EmbeddedBroker;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Brokers in another region: a proxy holds back, drops and cuts a real broker's answers. {@code mvn verify -Pfar-brokers}
 * runs the long form, with five times the events a second.
 */
class FarBrokerIT {
    private static final int SHORT_SECONDS = 4;
    private static final int SECONDS = Integer.getInteger("far.seconds", SHORT_SECONDS);
    private static final int LESS = SECONDS == SHORT_SECONDS ? 5 : 1;
    private static final int BACKLOG_EVENTS = 200_000 / LESS;
    private static final Duration DRAINED = Duration.ofSeconds(10);

    private final PublisherHarness publisher = new PublisherHarness("far");
    private KafkaProxy proxy;
    private EmbeddedBroker broker;

    @BeforeEach
    void start() throws IOException {
        proxy = new KafkaProxy();
        broker = EmbeddedBroker.temporary(proxy.brokerProperties());
        broker.start();
        proxy.forwardTo(broker.bootstrapServers());
    }

    @AfterEach
    void end() throws Exception {
        publisher.end();
        broker.close();
        proxy.close();
    }

    @Test
    void answersLateBy300MillisKeepUpWithOneBusyZone() {
        keepsUp(300, 50_000 / LESS, 1);
    }

    @Test
    void answersLateBy100MillisKeepUpWithFourBusyZones() {
        keepsUp(100, 150_000 / LESS, 4);
    }

    private void keepsUp(long delayMillis, int eventsPerSecond, int zones) {
        publisher.start(publisher.config(Layout.BATCH, true, Map.of("bootstrap.servers", proxy.address())));
        LoadedQueue load = new LoadedQueue(publisher, zones);
        load.add(1_000, 1); // connects
        publisher.awaitPublished();
        proxy.delay(delayMillis);
        load.add(eventsPerSecond, SECONDS);
        long ended = System.nanoTime();
        await().atMost(DRAINED).until(() -> publisher.backlog.unacknowledged() == 0);
        System.out.printf(
                "far brokers: %d ms, %d events/s, %d zones: not acknowledged %s, drained after %.1f s, requests %d, failures %s%n",
                delayMillis,
                eventsPerSecond,
                zones,
                load.unacknowledgedEvents(),
                (System.nanoTime() - ended) / 1e9,
                proxy.produceRequests(),
                publisher.reason());
        // One request in flight and the one that fills meanwhile, and half a second for the machine.
        long bound = eventsPerSecond * (3 * delayMillis + 500) / 1_000;
        assertThat(load.unacknowledgedEvents()).allMatch(events -> events <= bound);
        proxy.delay(0);
        assertAllThere(load, zones);
    }

    /** The table of performance.md: how fast a backlog of one zone is published, by the time of an answer. */
    @Test
    void publishesABacklogOfOneZone() {
        publisher.start(publisher.config(Layout.BATCH, true, Map.of("bootstrap.servers", proxy.address())));
        LoadedQueue load = new LoadedQueue(publisher, 1);
        load.add(BACKLOG_EVENTS, 1); // warms up
        publisher.awaitPublished();
        for (long delayMillis : new long[] {1, 10, 100, 300}) {
            proxy.delay(delayMillis);
            load.add(BACKLOG_EVENTS, 1); // requests grow
            publisher.awaitPublished();
            long before = load.eventsOf(0);
            long requests = proxy.produceRequests();
            long begun = System.nanoTime();
            load.add(Integer.MAX_VALUE, (double) BACKLOG_EVENTS / Integer.MAX_VALUE);
            publisher.awaitPublished();
            double seconds = (System.nanoTime() - begun) / 1e9;
            System.out.printf(
                    "far brokers: %d ms, backlog of one zone: %.0f events/s, requests %d%n",
                    delayMillis, (load.eventsOf(0) - before) / seconds, proxy.produceRequests() - requests);
        }
        proxy.delay(0);
        assertAllThere(load, 1);
    }

    @Test
    void droppedAnswersAndCutConnectionsLoseNothing() {
        ScheduledExecutorService cutter = Executors.newSingleThreadScheduledExecutor();
        try {
            publisher.start(publisher.config(
                    Layout.BATCH, true, Map.of("bootstrap.servers", proxy.address(), "request.timeout.ms", "2000")));
            LoadedQueue load = new LoadedQueue(publisher, 2);
            load.add(1_000, 1);
            publisher.awaitPublished();
            proxy.drop(LESS * 0.01);
            var unused = cutter.scheduleAtFixedRate(proxy::cut, 1, 5, TimeUnit.SECONDS);
            load.add(20_000 / LESS, SECONDS);
            proxy.drop(0);
            cutter.shutdownNow();
            publisher.awaitPublished();
            System.out.printf(
                    "far brokers: answers dropped %d of %d: not acknowledged %s%n",
                    proxy.droppedAnswers(), proxy.produceRequests(), load.unacknowledgedEvents());
            assertAllThere(load, 2);
        } finally {
            cutter.shutdownNow();
        }
    }

    private void assertAllThere(LoadedQueue load, int zones) {
        Map<Integer, Long> next =
                PublisherHarness.gapFreeEnds(RawRecords.readAll(broker.bootstrapServers(), publisher.topic));
        for (int zone = 0; zone < zones; zone++) {
            assertThat(next).containsEntry(zone + 1, load.eventsOf(zone));
        }
        assertThat(publisher.backlog.setAside).isEmpty();
    }
}
