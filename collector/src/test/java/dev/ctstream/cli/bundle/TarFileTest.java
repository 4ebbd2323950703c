package dev.ctstream.cli.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;

/** What another program reads of it. */
class TarFileTest {
    @Test
    void anotherProgramReadsIt() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String longest = "folder/" + "n".repeat(92);
        try (TarFile tar = new TarFile(out, 1_796_000_000)) {
            tar.add("folder/empty", new byte[0]);
            tar.add(longest, "x".repeat(512).getBytes(StandardCharsets.UTF_8));
            tar.add("folder/b.txt", "größer\n".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(out.size()).isEqualTo(512 * (1 + 2 + 2 + 2));
        List<String> read = new ArrayList<>();
        try (TarArchiveInputStream in = new TarArchiveInputStream(new ByteArrayInputStream(out.toByteArray()))) {
            for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                read.add(entry.getName() + " " + new String(in.readAllBytes(), StandardCharsets.UTF_8));
                assertThat(entry.isFile()).isTrue();
                assertThat(entry.isCheckSumOK()).isTrue();
                assertThat(entry.getMode()).isEqualTo(0600);
                assertThat(entry.getLastModifiedDate()).hasTime(1_796_000_000_000L);
            }
        }
        assertThat(read).containsExactly("folder/empty ", longest + " " + "x".repeat(512), "folder/b.txt größer\n");
    }
}
