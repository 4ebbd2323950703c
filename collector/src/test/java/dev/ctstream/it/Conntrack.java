package dev.ctstream.it;

import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.netlink.NetlinkException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The program {@code conntrack} of conntrack-tools, run in a namespace. */
final class Conntrack {
    private Conntrack() {}

    /** Its lines on standard output. */
    static List<String> run(TestNamespace namespace, String... arguments) throws NetlinkException {
        return namespace.call(() -> {
            List<String> command = new ArrayList<>(List.of("conntrack"));
            command.addAll(List.of(arguments));
            try {
                Process process = new ProcessBuilder(command)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
                return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                        .lines()
                        .toList();
            } catch (IOException e) {
                throw new UncheckedIOException("conntrack is needed: install conntrack-tools", e);
            }
        });
    }
}
