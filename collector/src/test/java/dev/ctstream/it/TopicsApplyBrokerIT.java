package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ctstream topics apply} against a broker. */
class TopicsApplyBrokerIT {
    private static final String EVENTS = "conntrack.events";
    private static final String CONTROL = "conntrack.control";
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    @Test
    void topicsAreCreatedAndWidenedAfterShowingWhatChangesAndNeverShrunk() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of());
                Admin admin = admin(broker)) {
            assertThat(apply(broker, "12")).as(err()).isEqualTo(2);
            assertThat(out())
                    .contains(EVENTS + ": does not exist; create it with 12 partitions", "retention.ms=86400000");
            assertThat(err()).contains("--yes", "nothing was changed");
            assertThat(admin.listTopics().names().get(20, TimeUnit.SECONDS)).isEmpty();

            assertThat(apply(broker, "12", "--yes")).as(err()).isZero();
            assertThat(out()).contains("created " + EVENTS, "created " + CONTROL);
            awaitPartitions(admin, EVENTS, 12);
            awaitPartitions(admin, CONTROL, 12);
            awaitSetting(admin, EVENTS, "retention.ms", "86400000");
            awaitSetting(admin, CONTROL, "cleanup.policy", "delete");

            assertThat(apply(broker, "12", "--yes")).as(err()).isZero();
            assertThat(out())
                    .contains(EVENTS + ": has 12 partitions, as planned")
                    .doesNotContain("created", "widened");

            assertThat(apply(broker, "24")).isEqualTo(2);
            assertThat(out()).contains(EVENTS + ": has 12 partitions; widen it to 24", "warning: ");
            assertThat(partitions(admin, EVENTS)).isEqualTo(12);
            assertThat(apply(broker, "24", "--yes")).as(err()).isZero();
            awaitPartitions(admin, EVENTS, 24);
            awaitPartitions(admin, CONTROL, 24);

            assertThat(apply(broker, "6", "--yes", "--retention", "2d")).isEqualTo(1);
            assertThat(out())
                    .contains("has 24 partitions, more than the 6 of the plan; nothing is changed", "--partitions 24")
                    .contains("stays: retention.ms=86400000, the plan has 172800000");
            assertThat(partitions(admin, EVENTS)).isEqualTo(24);
            awaitSetting(admin, EVENTS, "retention.ms", "86400000");

            assertThat(run("plan", broker.bootstrapServers(), "36")).as(err()).isZero();
            assertThat(out()).contains("for each of 1 broker", EVENTS + ": has 24 partitions; widen it to 36");
            assertThat(partitions(admin, EVENTS)).isEqualTo(24);
        }
        assertThat(run("apply", "127.0.0.1:1", "12", "--yes")).isEqualTo(1);
        assertThat(err()).contains("127.0.0.1:1");
    }

    private static Admin admin(EmbeddedBroker broker) throws Exception {
        broker.start();
        return Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    private int apply(EmbeddedBroker broker, String partitions, String... more) {
        return run("apply", broker.bootstrapServers(), partitions, more);
    }

    private int run(String command, String servers, String partitions, String... more) {
        out.reset();
        err.reset();
        String[] fixed = {
            "topics",
            command,
            "-D",
            "host.id=planner",
            "--bootstrap-server",
            servers,
            "--partitions",
            partitions,
            "--hosts",
            "100",
            "--events-per-second",
            "50",
            "--retention",
            "1d"
        };
        String[] arguments = Stream.concat(
                        Arrays.stream(fixed)
                                .filter(option -> !List.of(more).contains("--retention")
                                        || !List.of("--retention", "1d").contains(option)),
                        Arrays.stream(more))
                .toArray(String[]::new);
        Console console = new Console(
                out,
                new PrintStream(err, true, StandardCharsets.UTF_8),
                Map.of("STATE_DIRECTORY", folder.toString()),
                false,
                false);
        return Main.execute(console, arguments);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private static int partitions(Admin admin, String topic) throws Exception {
        return admin.describeTopics(List.of(topic))
                .allTopicNames()
                .get(20, TimeUnit.SECONDS)
                .values()
                .iterator()
                .next()
                .partitions()
                .size();
    }

    /** The brokers learn of a change a little after it was made. */
    private static void awaitPartitions(Admin admin, String topic, int expected) {
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(partitions(admin, topic)).isEqualTo(expected));
    }

    private static void awaitSetting(Admin admin, String topic, String name, String expected) {
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(setting(admin, topic, name)).isEqualTo(expected));
    }

    private static String setting(Admin admin, String topic, String name) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Config config = admin.describeConfigs(List.of(resource))
                .all()
                .get(20, TimeUnit.SECONDS)
                .values()
                .iterator()
                .next();
        return config.get(name).value();
    }
}
