package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    /** A file, with $ for the end of a line, and the first problem of its first bad line; none if all lines are good. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            ``                                          | ``
            $$  $                                       | ``
            zone$                                       | ``
            \uFEFFzone$7$                               | ``
            \uFEFF{"zone":7}                            | ``
            zone , mark $ 7 , 5 $                       | ``
            zone;mark$7;5$                              | zone;mark is not a field of an entry
            zone\tmark$7\t5$                            | is not a field of an entry
            Zone$7$                                     | Zone is not a field of an entry
            zone,colour$7,red$                          | colour is not a field of an entry
            zone,$7,8$                                  | is not a field of an entry
            zone,mark$7$                                | has 1 values, but the first line names 2 columns
            zone$7,8$                                   | has 2 values, but the first line names 1 columns
            zone$"7$                                    | ends inside quotes
            # a comment$zone$7                          | # a comment is not a field of an entry
            [{"zone":7}]                                | is not a field of an entry
            {"zone":7                                   | is not a JSON object
            {"zone":7}}                                 | is not a JSON object
            {"zone":7}{"zone":8}                        | is not a JSON object
            {'zone':7}                                  | is not a JSON object
            {"zone":[7]}                                | zone is not a single value
            {"zone":{"a":7}}                            | zone is not a single value
            {"zone":7,"ct_zone":7}                      | zone is given twice
            {"zone":7,"zone":7}                         | zone is given twice
            PK\u0003\u0004                              | is not a field of an entry
            """)
    void aClumsyFileHasItsProblem(String text, String problem) throws IOException {
        String file = text.replace('$', '\n')
                .replace("\\t", "\t")
                .replace("\\uFEFF", "\uFEFF")
                .replace("\\u0003", "\u0003");
        EntryFile lines = new EntryFile(new BufferedReader(new StringReader(file)));
        String first = "";
        try {
            while (lines.next() != null) {
                first = "";
            }
        } catch (FieldException e) {
            first = e.problems().get(0);
        }
        assertThat(first).contains(problem);
        assertThat(first.isEmpty()).isEqualTo(problem.isEmpty());
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
