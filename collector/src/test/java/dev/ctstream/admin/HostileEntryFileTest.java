package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import org.junit.jupiter.api.Test;

class HostileEntryFileTest {
    /** As {@code /dev/zero} or a line of 100 MB: it counts what is read of it. */
    private static final class Endless extends Reader {
        private long read;

        @Override
        public int read(char[] to, int offset, int length) {
            read += length;
            return length;
        }

        @Override
        public void close() {}
    }

    @Test
    void anEndlessLineIsNamedAndNotRead() {
        Endless endless = new Endless();
        EntryFile file = new EntryFile(new BufferedReader(endless));
        assertThatThrownBy(file::next)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("line 1 is longer than 65536");
        assertThat(endless.read).isLessThan(1 << 18);
    }

    @Test
    void everyLineEndIsOne() throws Exception {
        EntryFile file = new EntryFile(new BufferedReader(new StringReader("zone\r\n1\r2\n\n3")));
        StringBuilder zones = new StringBuilder();
        for (var fields = file.next(); fields != null; fields = file.next()) {
            zones.append(fields.get("zone"))
                    .append('@')
                    .append(file.lineNumber())
                    .append(' ');
        }
        assertThat(zones.toString()).isEqualTo("1@2 2@3 3@5 ");
    }
}
