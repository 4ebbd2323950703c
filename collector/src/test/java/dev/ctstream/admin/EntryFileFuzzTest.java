package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Mistyped files of entries and mistyped filters: each line is an entry or has its problems in words. */
class EntryFileFuzzTest {
    private static final long SEED = Long.getLong("test.seed", 20_261_129);
    private static final int FILES = 8_000;
    private static final String ODD = ",;:\"'{}[]\\/=\n\r\t \u0000\u0085\u202e\uFEFF\uD83D09afxX+-.%*!äß";

    private static final List<String> GOOD = List.of("""
            protocol,source,source-port,destination,destination-port,timeout,zone,status,mark
            udp,10.0.0.1,1,10.0.0.2,2,60,7,"ASSURED,SEEN_REPLY",0x10/0xff
            tcp,fd00::1,65535,fd00::2,0,4294967295,65535,,4294967295
            """, """
            {"protocol":"icmp","source":"10.0.0.1","destination":"10.0.0.2","icmp-type":8,"icmp-code":0,"icmp-id":1,"timeout":60}
            {"ct_zone":7,"protocol":6,"source_address":"10.0.0.1","destination_address":"10.0.0.2","source_port":1,"destination_port":2,"timeout_seconds":60,"tcp_state":"ESTABLISHED","tcp":{"flags_reply":1},"labels":"00000000000000000000000000000001","master":{"protocol":6,"source_address":"10.0.0.1","destination_address":"10.0.0.2","source_port":1,"destination_port":21}}
            """);

    private final SplittableRandom random = new SplittableRandom(SEED);
    private int entries;
    private int refused;

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void eachLineIsAnEntryOrHasItsProblems() {
        for (int i = 0; i < FILES; i++) {
            String text = mistyped(GOOD.get(i % 2));
            try {
                read(text);
            } catch (RuntimeException | IOException e) {
                throw new AssertionError("file " + i + ", -Dtest.seed=" + SEED + ":\n" + text, e);
            }
        }
        assertThat(entries).isGreaterThan(FILES / 4);
        assertThat(refused).isGreaterThan(FILES / 2);
    }

    private String mistyped(String good) {
        StringBuilder text = new StringBuilder(good);
        for (int i = random.nextInt(1, 6); i > 0; i--) {
            int at = random.nextInt(text.length());
            char odd = ODD.charAt(random.nextInt(ODD.length()));
            switch (random.nextInt(4)) {
                case 0 -> text.setCharAt(at, odd);
                case 1 -> text.insert(at, odd);
                case 2 -> text.deleteCharAt(at);
                default -> text.insert(at, text.substring(at, Math.min(text.length(), at + random.nextInt(20))));
            }
        }
        return text.toString();
    }

    private void read(String text) throws IOException {
        EntryFile file = new EntryFile(new BufferedReader(new StringReader(text)));
        for (int lines = 0; ; lines++) {
            assertThat(lines).isLessThanOrEqualTo(text.length());
            try {
                Map<String, String> fields = file.next();
                if (fields == null) {
                    return;
                }
                filter(fields);
                EntryFields.spec(fields, "");
                entries++;
            } catch (FieldException e) {
                refused++;
                assertThat(e.problems()).isNotEmpty().noneMatch(String::isBlank);
                assertThat(String.join(" ", e.problems())).doesNotContain("Exception", "java.");
            }
        }
    }

    private static void filter(Map<String, String> fields) {
        try {
            EntryFields.filter(fields, "--");
        } catch (FieldException e) {
            assertThat(e.problems()).isNotEmpty();
        }
    }
}
