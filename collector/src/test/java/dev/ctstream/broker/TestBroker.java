package dev.ctstream.broker;

import dev.ctstream.netlink.TestJvm;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The broker of tests that every version must pass: the embedded one, or, with {@code mvn verify -Poldest-broker}, the
 * oldest that README.md names.
 */
public final class TestBroker {
    /** The folder with the jars of the oldest broker; null = the embedded one. */
    private static final @Nullable String OLDEST = System.getProperty("ctstream.test.oldest-broker");

    private TestBroker() {}

    /** As {@link EmbeddedBroker#temporary}. */
    public static EmbeddedBroker temporary(Map<String, String> properties) throws IOException {
        if (OLDEST == null) {
            return EmbeddedBroker.temporary(properties);
        }
        Path data = Files.createTempDirectory("ctstream-broker-");
        return new EmbeddedBroker(data, true, properties, (port, folder, extra) -> oldest(OLDEST, port, folder, extra));
    }

    /** The topic setting of the oldest time that the broker takes. */
    public static String timestampBeforeMaxMillis() {
        return OLDEST == null ? "message.timestamp.before.max.ms" : "message.timestamp.difference.max.ms";
    }

    private static List<String> oldest(String jars, int port, Path data, Map<String, String> properties)
            throws IOException {
        if (!Files.isDirectory(Path.of(jars))) {
            throw new IOException("no jars of the oldest broker in " + jars);
        }
        Path own = Path.of(TestBroker.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath());
        List<String> command = TestJvm.command(
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                own + File.pathSeparator + Path.of(jars, "*"),
                ZooKeeperBroker.class.getName(),
                Integer.toString(port),
                data.toString());
        properties.forEach((key, value) -> command.add(key + "=" + value));
        return command;
    }
}
