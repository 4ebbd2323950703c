package dev.ctstream.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version of this build. */
public final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
        return new String[] {
            "ctstream " + current(),
            "Java " + System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + "), Linux "
                    + System.getProperty("os.version") + " " + System.getProperty("os.arch")
        };
    }

    /** For instance {@code 0.1.0}. */
    public static String current() throws IOException {
        Properties properties = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            properties.load(Objects.requireNonNull(in, "version.properties is not on the class path"));
        }
        return properties.getProperty("version", "unknown");
    }
}
