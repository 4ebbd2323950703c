package dev.ctstream.cli;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.errors.TimeoutException;

/** Asks whether a Kafka cluster answers, within a few seconds. */
final class BrokerProbe {
    private static final int TIMEOUT_MILLIS = 6000;

    private BrokerProbe() {}

    /**
     * Connects and asks for the cluster.
     *
     * @param kafka settings without prefix
     * @return what it is, as text for people
     */
    static String describe(Map<String, String> kafka) throws CommandFailure {
        String servers = kafka.getOrDefault(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, "");
        Map<String, Object> settings = new HashMap<>(kafka);
        settings.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, TIMEOUT_MILLIS);
        settings.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, TIMEOUT_MILLIS);
        Admin admin;
        try {
            admin = Admin.create(settings);
        } catch (KafkaException e) {
            throw failure(servers, e);
        }
        try {
            var cluster = admin.describeCluster();
            String id = cluster.clusterId().get(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
            String nodes = String.join(
                    ", ",
                    cluster.nodes().get(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS).stream()
                            .map(BrokerProbe::address)
                            .sorted()
                            .toList());
            return "cluster " + id + " with " + nodes;
        } catch (ExecutionException e) {
            throw failure(servers, e);
        } catch (java.util.concurrent.TimeoutException e) {
            throw failure(servers, new TimeoutException("no answer within " + TIMEOUT_MILLIS + " ms", e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failure(servers, e);
        } finally {
            admin.close(Duration.ZERO);
        }
    }

    private static String address(Node node) {
        return node.host() + ":" + node.port();
    }

    private static CommandFailure failure(String servers, Exception error) {
        Throwable root = error;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String text = root instanceof TimeoutException
                ? "no answer within " + TIMEOUT_MILLIS / 1000 + " s"
                : String.valueOf(root.getMessage());
        return new CommandFailure(
                ExitCode.FAILURE,
                "connect to Kafka at " + servers + ": " + text
                        + "; check kafka.bootstrap.servers, that the broker runs, and TLS and SASL settings",
                error);
    }
}
