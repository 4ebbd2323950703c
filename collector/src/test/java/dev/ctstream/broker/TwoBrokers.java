package dev.ctstream.broker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.Uuid;

/**
 * Two brokers of one cluster, in a JVM each. The first is the controller too, so it must not be killed.
 *
 * <p>Ownership: owns both.
 */
public final class TwoBrokers implements AutoCloseable {
    private final EmbeddedBroker first;
    private final EmbeddedBroker second;
    private final String firstAddress;
    private final String secondAddress;

    private TwoBrokers(EmbeddedBroker first, EmbeddedBroker second, String firstAddress, String secondAddress) {
        this.first = first;
        this.second = second;
        this.firstAddress = firstAddress;
        this.secondAddress = secondAddress;
    }

    /** Starts both. */
    public static TwoBrokers start(Path folder) throws IOException {
        int controllerPort = BrokerServer.freePort();
        String controller = "1@127.0.0.1:" + controllerPort;
        String firstAddress = "127.0.0.1:" + BrokerServer.freePort();
        String secondAddress = "127.0.0.1:" + BrokerServer.freePort();
        Path data = folder.resolve("first");
        EmbeddedBroker first = EmbeddedBroker.at(
                data,
                Map.of(
                        "controller.quorum.voters",
                        controller,
                        "listeners",
                        "PLAINTEXT://" + firstAddress + ",CONTROLLER://127.0.0.1:" + controllerPort,
                        "advertised.listeners",
                        "PLAINTEXT://" + firstAddress));
        try {
            first.start();
            Map<String, String> settings = new HashMap<>();
            settings.put("process.roles", "broker");
            settings.put("node.id", "2");
            settings.put("controller.quorum.voters", controller);
            settings.put("listeners", "PLAINTEXT://" + secondAddress);
            settings.put("advertised.listeners", "PLAINTEXT://" + secondAddress);
            EmbeddedBroker second = EmbeddedBroker.at(join(data, folder.resolve("second")), settings);
            second.start();
            return new TwoBrokers(first, second, firstAddress, secondAddress);
        } catch (IOException | UncheckedIOException e) {
            first.close();
            throw e;
        }
    }

    /** Formats a directory for node 2 of the cluster whose node 1 has the other one. */
    private static Path join(Path first, Path second) throws IOException {
        Files.createDirectories(second);
        String ofFirst = Files.readString(first.resolve("meta.properties"));
        Files.writeString(
                second.resolve("meta.properties"),
                ofFirst.replace("node.id=1", "node.id=2")
                        .replaceAll("directory.id=.*", "directory.id=" + Uuid.randomUuid()));
        return second;
    }

    /** Addresses of both. */
    public String bootstrapServers() {
        return firstAddress + "," + secondAddress;
    }

    /** Address of the first. */
    public String firstAddress() {
        return firstAddress;
    }

    /** Kills the second one; its partitions move to the first. */
    public void killSecond() {
        second.kill();
    }

    /** Starts the second one again. */
    public void startSecond() throws IOException {
        second.start();
    }

    @Override
    public void close() {
        second.close();
        first.close();
    }
}
