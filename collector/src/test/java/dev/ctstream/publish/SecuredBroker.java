package dev.ctstream.publish;

import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.record.TestCertificate;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;

/**
 * A broker with four listeners: one for the test itself, one with user and password (SCRAM) and access control by ACLs,
 * one with TLS, and one with TLS whose certificate is for another name.
 */
final class SecuredBroker implements AutoCloseable {
    static final String STORE_PASSWORD = TestCertificate.PASSWORD;

    private static final SplittableRandom RANDOM = new SplittableRandom();

    private final EmbeddedBroker broker;
    private final int[] ports = new int[5];
    private final Path folder;

    /** Makes the certificates and starts the broker. */
    SecuredBroker(Path folder) throws IOException, InterruptedException {
        this.folder = folder;
        for (int i = 0; i < ports.length; i++) {
            ports[i] = freePort();
        }
        TestCertificate.make(folder, "right", "ip:127.0.0.1");
        TestCertificate.make(folder, "named", "dns:kafka.example");
        TestCertificate.make(folder, "foreign", "ip:127.0.0.1");
        String at = "://127.0.0.1:";
        String listeners = "PLAINTEXT" + at + ports[0] + ",USER" + at + ports[1] + ",TLS" + at + ports[2] + ",NAMED"
                + at + ports[3];
        broker = EmbeddedBroker.temporary(Map.ofEntries(
                Map.entry("listeners", listeners + ",CONTROLLER" + at + ports[4]),
                Map.entry("advertised.listeners", listeners),
                Map.entry("controller.quorum.voters", "1@127.0.0.1:" + ports[4]),
                Map.entry(
                        "listener.security.protocol.map",
                        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,USER:SASL_PLAINTEXT,TLS:SSL,NAMED:SSL"),
                Map.entry("sasl.enabled.mechanisms", "SCRAM-SHA-256"),
                Map.entry(
                        "listener.name.user.scram-sha-256.sasl.jaas.config",
                        "org.apache.kafka.common.security.scram.ScramLoginModule required;"),
                Map.entry("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
                Map.entry("super.users", "User:ANONYMOUS"),
                Map.entry(
                        "listener.name.tls.ssl.keystore.location",
                        store("right").toString()),
                Map.entry("listener.name.tls.ssl.keystore.password", STORE_PASSWORD),
                Map.entry(
                        "listener.name.named.ssl.keystore.location",
                        store("named").toString()),
                Map.entry("listener.name.named.ssl.keystore.password", STORE_PASSWORD)));
        broker.start();
    }

    private static int freePort() throws IOException {
        while (true) {
            int port = RANDOM.nextInt(20_000, 32_000); // below the range of outgoing connections
            try (ServerSocket socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                return port;
            } catch (BindException e) {
                // The port is in use; try another one.
            }
        }
    }

    /** The key store of a name; it also serves as a trust store. */
    Path store(String name) {
        return folder.resolve(name + ".p12");
    }

    /** The listener without any check. */
    String plain() {
        return "127.0.0.1:" + ports[0];
    }

    /** The listener with user and password. */
    String userListener() {
        return "127.0.0.1:" + ports[1];
    }

    /** The listener with TLS. */
    String tlsListener() {
        return "127.0.0.1:" + ports[2];
    }

    /** The listener with TLS whose certificate is for another name. */
    String namedListener() {
        return "127.0.0.1:" + ports[3];
    }

    Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", plain()));
    }

    /** Creates a user or changes its password. */
    void setPassword(String user, String password) throws Exception {
        try (Admin admin = admin()) {
            admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                            user, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), password)))
                    .all()
                    .get(20, TimeUnit.SECONDS);
        }
    }

    @Override
    public void close() {
        broker.close();
    }
}
