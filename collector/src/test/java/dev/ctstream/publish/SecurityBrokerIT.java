package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A publisher without access reports the reason and the remedy. Once that is fixed, everything arrives without a
 * restart.
 */
class SecurityBrokerIT {
    private static final int ZONES = 5;
    private static final int EVENTS = 20;

    @TempDir
    private static Path folder;

    private static SecuredBroker broker;

    private PublisherHarness publisher = new PublisherHarness("");

    @BeforeAll
    static void startBroker() throws Exception {
        broker = new SecuredBroker(folder);
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
    }

    @BeforeEach
    void nameTopic(TestInfo test) {
        publisher = new PublisherHarness(test.getTestMethod().orElseThrow().getName());
    }

    @AfterEach
    void stopPublisher() throws InterruptedException {
        publisher.end();
    }

    private PublishConfig asUser(String user, String password, boolean create) {
        return publisher.config(
                Layout.BATCH,
                create,
                Map.of(
                        "bootstrap.servers",
                        broker.userListener(),
                        "security.protocol",
                        "SASL_PLAINTEXT",
                        "sasl.mechanism",
                        "SCRAM-SHA-256",
                        "sasl.jaas.config",
                        "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + user
                                + "\" password=\"" + password + "\";"));
    }

    private PublishConfig withTls(String address, Path trusted) {
        return publisher.config(Layout.BATCH, true, tls(address, trusted));
    }

    private static Map<String, String> tls(String address, Path trusted) {
        return new HashMap<>(Map.of(
                "bootstrap.servers",
                address,
                "security.protocol",
                "SSL",
                "ssl.truststore.type",
                "PKCS12",
                "ssl.truststore.location",
                trusted.toString(),
                "ssl.truststore.password",
                SecuredBroker.STORE_PASSWORD));
    }

    private PublishConfig withCertificate(Path own) {
        Map<String, String> settings = tls(broker.mutualListener(), broker.store("right"));
        settings.put("ssl.keystore.location", own.toString());
        settings.put("ssl.keystore.password", SecuredBroker.STORE_PASSWORD);
        return publisher.config(Layout.BATCH, true, settings);
    }

    private PublishConfig withPlain(String password) {
        Map<String, String> settings = tls(broker.bothListener(), broker.store("right"));
        settings.put("security.protocol", "SASL_SSL");
        settings.put("sasl.mechanism", "PLAIN");
        settings.put(
                "sasl.jaas.config",
                "org.apache.kafka.common.security.plain.PlainLoginModule required username=\""
                        + SecuredBroker.PLAIN_USER + "\" password=\"" + password + "\";");
        return publisher.config(Layout.BATCH, true, settings);
    }

    private List<AclBinding> rights(String user, AclOperation... operations) {
        ResourcePattern topics = new ResourcePattern(ResourceType.TOPIC, publisher.topic, PatternType.PREFIXED);
        List<AclBinding> rights = new ArrayList<>();
        for (AclOperation operation : operations) {
            rights.add(new AclBinding(
                    topics, new AccessControlEntry("User:" + user, "*", operation, AclPermissionType.ALLOW)));
        }
        return rights;
    }

    private void grant(String user, AclOperation... operations) throws Exception {
        try (Admin admin = broker.admin()) {
            admin.createAcls(rights(user, operations)).all().get(20, TimeUnit.SECONDS);
        }
    }

    private void withdraw(String user, AclOperation... operations) throws Exception {
        List<AclBindingFilter> rights =
                rights(user, operations).stream().map(AclBinding::toFilter).toList();
        try (Admin admin = broker.admin()) {
            admin.deleteAcls(rights).all().get(20, TimeUnit.SECONDS);
            for (AclBindingFilter right : rights) { // the controller has answered, and the broker follows it
                await().atMost(PublisherHarness.SOON)
                        .until(() -> admin.describeAcls(right)
                                .values()
                                .get(20, TimeUnit.SECONDS)
                                .isEmpty());
            }
        }
    }

    @Test
    void anUnknownUserAndAWrongPasswordAreReportedAndRecoveredFrom() throws Exception {
        grant("late", AclOperation.WRITE, AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.CREATE);
        publisher.add(4, ZONES, EVENTS);
        publisher.start(asUser("late", "right", true));
        publisher.awaitReason("login refused by", broker.userListener(), "kafka.sasl.jaas.config");
        double tries = failures();
        broker.setPassword("late", "wrong");
        await().atMost(PublisherHarness.SOON).until(() -> failures() > tries + 1);
        assertThat(publisher.reason()).contains("login refused by");

        broker.setPassword("late", "right");

        publisher.awaitPublished();
        publisher.assertAllThere(broker.plain(), ZONES, 4 * EVENTS);
    }

    private double failures() {
        return publisher
                .metrics
                .prometheusText()
                .lines()
                .filter(line -> line.startsWith("ctstream_publish_failures_total "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    @Test
    void aNewUserTakesOverWithoutALoss() throws Exception {
        for (String user : List.of("before", "after")) {
            broker.setPassword(user, "right");
            grant(user, AclOperation.WRITE, AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.CREATE);
        }
        publisher.add(4, ZONES, EVENTS);
        publisher.start(asUser("before", "right", true));
        publisher.awaitPublished();

        assertThat(publisher.renewCredentials(asUser("after", "wrong", true))).containsExactly("sasl.jaas.config");
        publisher.add(4, ZONES, EVENTS);
        publisher.awaitPublished(); // as "before"

        assertThat(publisher.renewCredentials(asUser("after", "right", true))).containsExactly("sasl.jaas.config");
        publisher.add(4, ZONES, EVENTS);
        await().atMost(PublisherHarness.SOON)
                .until(() -> publisher
                        .renewCredentials(asUser("after", "right", true))
                        .isEmpty());
        withdraw("before", AclOperation.WRITE, AclOperation.DESCRIBE);
        publisher.add(4, ZONES, EVENTS);
        publisher.awaitPublished();
        publisher.assertAllThere(broker.plain(), ZONES, 16 * EVENTS);
    }

    @Test
    void missingAndRevokedRightsAreReportedAndNothingIsLost() throws Exception {
        broker.setPassword("clerk", "secret");
        publisher.add(4, ZONES, EVENTS);
        publisher.start(asUser("clerk", "secret", true));
        publisher.awaitReason("not permitted by", publisher.topic, "grant the user", "WRITE");

        grant("clerk", AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.CREATE);
        publisher.awaitReason("not permitted by", "grant the user");
        grant("clerk", AclOperation.WRITE);
        publisher.awaitPublished();

        withdraw("clerk", AclOperation.WRITE);
        publisher.add(4, ZONES, EVENTS);
        publisher.awaitReason("not permitted by", "grant the user");
        assertThat(publisher.queue.unacknowledged()).isPositive();
        grant("clerk", AclOperation.WRITE);

        publisher.awaitPublished();
        publisher.assertAllThere(broker.plain(), ZONES, 8 * EVENTS);
    }

    @Test
    void eventsGoOnWhileControlRecordsMayNotBeWritten() throws Exception {
        broker.setPassword("half", "secret");
        grant("half", AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.CREATE);
        AclBinding events = write("half", publisher.topic);
        AclBinding control = write("half", publisher.topic + "-control");
        try (Admin admin = broker.admin()) {
            admin.createAcls(List.of(events)).all().get(20, TimeUnit.SECONDS);
            publisher.backlog.addControl(3);
            publisher.add(4, ZONES, EVENTS);
            publisher.start(asUser("half", "secret", true));

            await().atMost(PublisherHarness.SOON)
                    .untilAsserted(() -> assertThat(publisher.health.reasons().getOrDefault("kafka-control", ""))
                            .contains("topic " + publisher.topic + "-control", "not permitted by", "WRITE"));
            publisher.add(4, ZONES, EVENTS);
            await().atMost(PublisherHarness.SOON).until(() -> publisher.queue.unacknowledged() == 0);
            assertThat(publisher.backlog.control().acknowledged()).isZero();

            admin.createAcls(List.of(control)).all().get(20, TimeUnit.SECONDS);
        }
        publisher.awaitPublished();
        publisher.assertAllThere(broker.plain(), ZONES, 8 * EVENTS);
        assertThat(RawRecords.readAll(broker.plain(), publisher.topic + "-control"))
                .hasSize(3);
    }

    private static AclBinding write(String user, String topic) {
        return new AclBinding(
                new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL),
                new AccessControlEntry("User:" + user, "*", AclOperation.WRITE, AclPermissionType.ALLOW));
    }

    @Test
    void anUntrustedCertificateIsReportedAndTheStoreMayBeFixedInPlace() throws Exception {
        Path trusted = folder.resolve("trusted.p12");
        Files.copy(broker.store("foreign"), trusted);
        publisher.add(4, ZONES, EVENTS);
        publisher.start(withTls(broker.tlsListener(), trusted));
        publisher.awaitReason(
                "SSL handshake failed",
                "certificate is not trusted",
                "kafka.ssl.truststore.location",
                "valid certification path");

        Files.copy(broker.store("right"), trusted, StandardCopyOption.REPLACE_EXISTING);

        publisher.awaitPublished();
        publisher.assertAllThere(broker.plain(), ZONES, 4 * EVENTS);
    }

    @Test
    void aCertificateForAnotherNameIsReported() throws Exception {
        publisher.add(1, ZONES, EVENTS);
        publisher.start(withTls(broker.namedListener(), broker.store("named")));
        publisher.awaitReason("subject alternative names matching IP address 127.0.0.1", "is for other names");

        publisher.stop(Duration.ofMinutes(10), PublisherHarness.SAYS_SO); // waiting cannot help
        assertThat(publisher.queue.unacknowledged()).isEqualTo(ZONES);

        publisher.start(withTls(broker.tlsListener(), broker.store("right"))); // the next start
        publisher.awaitPublished();
        publisher.assertAllThere(broker.plain(), ZONES, EVENTS);
    }

    @Test
    void aTlsListenerIsReportedToAClientWithoutTls() throws Exception {
        publisher.add(1, ZONES, EVENTS);
        publisher.start(publisher.config(Layout.BATCH, true, Map.of("bootstrap.servers", broker.tlsListener())));
        publisher.awaitReason("no broker answers at", broker.tlsListener(), "kafka.security.protocol");
        publisher.stop(Duration.ofMinutes(10), PublisherHarness.SAYS_SO);

        publisher.start(withTls(broker.tlsListener(), broker.store("right")));
        publisher.awaitPublished();
        publisher.assertAllThere(broker.plain(), ZONES, EVENTS);
    }

    @Test
    void aWrongPasswordOfSaslPlainIsReportedAndTheRightOneTakenWithoutARestart() throws Exception {
        grant(
                SecuredBroker.PLAIN_USER,
                AclOperation.WRITE,
                AclOperation.DESCRIBE,
                AclOperation.DESCRIBE_CONFIGS,
                AclOperation.CREATE);
        publisher.add(2, ZONES, EVENTS);
        publisher.start(withPlain("wr0ng-secret"));
        publisher.awaitReason("login refused by", broker.bothListener(), "kafka.sasl.jaas.config");
        assertThat(publisher.reason()).doesNotContain("wr0ng-secret");

        assertThat(publisher.renewCredentials(withPlain(SecuredBroker.PLAIN_PASSWORD)))
                .containsExactly("sasl.jaas.config");

        publisher.awaitPublished();
        publisher.assertAllThere(broker.plain(), ZONES, 2 * EVENTS);
    }

    @Test
    void anExpiredCertificateIsReported() throws Exception {
        publisher.add(1, ZONES, EVENTS);
        publisher.start(withTls(broker.expiredListener(), broker.store("authority")));
        publisher.awaitReason("TLS handshake failed with", broker.expiredListener(), "NotAfter", "has expired");
        publisher.stop(Duration.ofMinutes(10), PublisherHarness.SAYS_SO);
        assertThat(publisher.queue.unacknowledged()).isEqualTo(ZONES);
    }

    @Test
    void aMissingAndAForeignCertificateOfTheClientAreReportedAndARenewedOneIsTakenWithoutARestart() throws Exception {
        for (String user : List.of("CN=client-1", "CN=client-2")) {
            grant(user, AclOperation.DESCRIBE_CONFIGS, AclOperation.CREATE);
        }
        grant("CN=client-1", AclOperation.WRITE);
        publisher.add(1, ZONES, EVENTS);
        publisher.start(withTls(broker.mutualListener(), broker.store("right")));
        publisher.awaitReason(
                "TLS handshake failed with", "demand a certificate that they trust", "kafka.ssl.keystore.location");

        Path own = folder.resolve("own.p12");
        Files.copy(broker.store("foreign"), own);
        assertThat(publisher.renewCredentials(withCertificate(own))).contains("ssl.keystore.location");
        double tries = failures();
        await().atMost(PublisherHarness.SOON).until(() -> failures() > tries + 1);
        publisher.awaitReason("demand a certificate that they trust");

        Files.copy(broker.store("client-1"), own, StandardCopyOption.REPLACE_EXISTING);
        assertThat(publisher.renewCredentials(withCertificate(own))).containsExactly("ssl.keystore.location");
        publisher.awaitPublished();

        Files.copy(broker.store("client-2"), own, StandardCopyOption.REPLACE_EXISTING);
        assertThat(publisher.renewCredentials(withCertificate(own))).containsExactly("ssl.keystore.location");
        grant("CN=client-2", AclOperation.WRITE);
        await().atMost(PublisherHarness.SOON)
                .until(() -> publisher.renewCredentials(withCertificate(own)).isEmpty());
        withdraw("CN=client-1", AclOperation.WRITE);
        publisher.add(2, ZONES, EVENTS);
        publisher.awaitPublished();
        publisher.assertAllThere(broker.plain(), ZONES, 3 * EVENTS);
    }

    /** What {@code docs/security.md} says. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    NONE             |
                    WRITE            | WRITE
                    DESCRIBE_CONFIGS | DESCRIBE_CONFIGS
                    CREATE           | CREATE if topic.create=true
                    """)
    void exactlyTheLeastRightsSufficeAndEachMissingOneIsNamed(String missing, @Nullable String named) throws Exception {
        publisher = new PublisherHarness("least-" + missing);
        String user = "least-" + missing;
        broker.setPassword(user, "secret");
        List<String> topics = List.of(publisher.topic, publisher.topic + "-control");
        AclOperation[] granted = Stream.of(AclOperation.WRITE, AclOperation.DESCRIBE_CONFIGS, AclOperation.CREATE)
                .filter(operation -> !operation.name().equals(missing))
                .toArray(AclOperation[]::new);
        broker.grant(user, topics, granted);
        if (missing.equals("DESCRIBE_CONFIGS")) { // a topic's settings are read when it is there
            try (Admin admin = broker.admin()) {
                admin.createTopics(topics.stream()
                                .map(topic -> new NewTopic(topic, 12, (short) 1))
                                .toList())
                        .all()
                        .get(20, TimeUnit.SECONDS);
            }
        }
        publisher.add(1, ZONES, EVENTS);
        try (LogLines log = new LogLines()) {
            publisher.start(asUser(user, "secret", true));
            if (named != null && !missing.equals("DESCRIBE_CONFIGS")) {
                publisher.awaitReason("not permitted by", named);
                assertThat(publisher.queue.unacknowledged()).isPositive();
                broker.grant(user, topics, AclOperation.valueOf(missing));
            }
            publisher.awaitPublished();
            List<String> warnings =
                    log.lines.stream().filter(line -> !line.startsWith("INFO")).toList();
            if (named == null) {
                assertThat(warnings).isEmpty();
            } else {
                assertThat(warnings).anySatisfy(line -> assertThat(line).contains("not permitted by", named));
            }
        }
        publisher.assertAllThere(broker.plain(), ZONES, EVENTS);
    }
}
