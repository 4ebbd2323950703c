package dev.ctstream.publish;

import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.record.TestCertificate;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * A broker with seven listeners and access control by ACLs: one for the test itself, one with user and password (SCRAM),
 * one with TLS, one with TLS whose certificate is for another name, one whose certificate has expired, one that demands a
 * certificate of the client, and one with TLS and user and password (SCRAM or PLAIN).
 */
public final class SecuredBroker implements AutoCloseable {
    public static final String STORE_PASSWORD = TestCertificate.PASSWORD;

    private static final SplittableRandom RANDOM = new SplittableRandom();

    private final EmbeddedBroker broker;
    /** The user of SASL PLAIN, and the password. */
    static final String PLAIN_USER = "plain";

    static final String PLAIN_PASSWORD = "pl4in-secret";

    private final int[] ports = new int[8];
    private final Path folder;

    /** Makes the certificates and starts the broker. */
    public SecuredBroker(Path folder) throws Exception {
        this(folder, true);
    }

    /** A broker whose listeners for other certificates than the right one are missing. */
    public static SecuredBroker withUsers(Path folder) throws Exception {
        return new SecuredBroker(folder, false);
    }

    private SecuredBroker(Path folder, boolean certificates) throws Exception {
        this.folder = folder;
        for (int i = 0; i < ports.length; i++) {
            ports[i] = freePort();
        }
        TestCertificate.make(folder, "right", "ip:127.0.0.1");
        String at = "://127.0.0.1:";
        String listeners = "PLAINTEXT" + at + ports[0] + ",USER" + at + ports[1] + ",TLS" + at + ports[2] + ",BOTH" + at
                + ports[7];
        if (certificates) {
            listeners += ",NAMED" + at + ports[3] + ",MUTUAL" + at + ports[5] + ",EXPIRED" + at + ports[6];
            makeOthers();
        }
        Map<String, String> settings = new HashMap<>(Map.of(
                "listeners",
                listeners + ",CONTROLLER" + at + ports[4],
                "advertised.listeners",
                listeners,
                "controller.quorum.voters",
                "1@127.0.0.1:" + ports[4],
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,USER:SASL_PLAINTEXT,TLS:SSL,NAMED:SSL,MUTUAL:SSL,"
                        + "EXPIRED:SSL,BOTH:SASL_SSL",
                "sasl.enabled.mechanisms",
                "SCRAM-SHA-256,PLAIN",
                "authorizer.class.name",
                "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users",
                "User:ANONYMOUS"));
        if (certificates) {
            settings.put("listener.name.mutual.ssl.client.auth", "required");
            settings.put("listener.name.mutual.ssl.truststore.type", "PEM");
            settings.put(
                    "listener.name.mutual.ssl.truststore.location", clients().toString());
        }
        String modules = "org.apache.kafka.common.security.";
        for (String listener : List.of("user", "both")) {
            settings.put(
                    "listener.name." + listener + ".scram-sha-256.sasl.jaas.config",
                    modules + "scram.ScramLoginModule required;");
            settings.put(
                    "listener.name." + listener + ".plain.sasl.jaas.config",
                    modules + "plain.PlainLoginModule required user_" + PLAIN_USER + "=\"" + PLAIN_PASSWORD + "\";");
        }
        Map.of("tls", "right", "named", "named", "mutual", "right", "expired", "expired", "both", "right")
                .forEach((listener, name) -> {
                    String prefix = "listener.name." + listener + ".ssl.keystore.";
                    settings.put(prefix + "location", store(name).toString());
                    settings.put(prefix + "password", STORE_PASSWORD);
                });
        broker = EmbeddedBroker.temporary(settings);
        broker.start();
    }

    private void makeOthers() throws Exception {
        TestCertificate.make(folder, "named", "dns:kafka.example");
        TestCertificate.make(folder, "foreign", "ip:127.0.0.1");
        TestCertificate.makeExpired(folder, "expired", "ip:127.0.0.1");
        for (String name : List.of("client-1", "client-2")) {
            Path certificate = TestCertificate.make(folder, name, "dns:" + name).pem();
            Files.writeString(
                    clients(), Files.readString(certificate), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
    }

    /** The certificates of clients that the broker trusts. */
    private Path clients() {
        return folder.resolve("clients.pem");
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
    public Path store(String name) {
        return folder.resolve(name + ".p12");
    }

    /** The listener without any check. */
    public String plain() {
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

    /** The listener that demands a certificate of the client. */
    String mutualListener() {
        return "127.0.0.1:" + ports[5];
    }

    /** The listener with TLS whose certificate has expired. */
    String expiredListener() {
        return "127.0.0.1:" + ports[6];
    }

    /** The listener with TLS, and with user and password. */
    public String bothListener() {
        return "127.0.0.1:" + ports[7];
    }

    Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", plain()));
    }

    /** Creates a user or changes its password. */
    public void setPassword(String user, String password) throws Exception {
        try (Admin admin = admin()) {
            admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                            user, new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), password)))
                    .all()
                    .get(20, TimeUnit.SECONDS);
        }
    }

    /** Permits a user operations on these topics and no others. */
    public void grant(String user, List<String> topics, AclOperation... operations) throws Exception {
        try (Admin admin = admin()) {
            admin.createAcls(rights(user, topics, operations)).all().get(20, TimeUnit.SECONDS);
        }
    }

    static List<AclBinding> rights(String user, List<String> topics, AclOperation... operations) {
        List<AclBinding> rights = new ArrayList<>();
        for (String topic : topics) {
            for (AclOperation operation : operations) {
                rights.add(new AclBinding(
                        new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL),
                        new AccessControlEntry("User:" + user, "*", operation, AclPermissionType.ALLOW)));
            }
        }
        return rights;
    }

    @Override
    public void close() {
        broker.close();
    }
}
