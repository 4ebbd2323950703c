package dev.ctstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Preconditions of every kernel test: this JVM has its own network namespace, and privileges in it. */
class PrivateNamespaceIT {
    @Test
    void networkNamespaceIsNotTheCallers() throws IOException {
        assertThat(Files.readSymbolicLink(Path.of("/proc/self/ns/net")))
                .asString()
                .startsWith("net:[")
                .isNotEqualTo(System.getenv("CTSTREAM_OUTER_NETNS"));
    }

    @Test
    void userIsRootInside() throws IOException {
        assertThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid")).isEqualTo(0);
    }

    @Test
    void homeIsTheCallers() {
        assertThat(System.getProperty("user.home")).isEqualTo(System.getenv("HOME"));
    }
}
