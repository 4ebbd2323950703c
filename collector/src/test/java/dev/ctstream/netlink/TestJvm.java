package dev.ctstream.netlink;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line of a second JVM, with the flags that the launcher gives, so that no warning stands in what it prints. */
public final class TestJvm {
    private TestJvm() {}

    /** This JVM's program and the launcher's flags, then these arguments. */
    public static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        if (Runtime.version().feature() >= 24) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(List.of(arguments));
        return command;
    }
}
