package dev.ctstream.cli.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import ch.qos.logback.classic.Logger;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each line of the log in each format, through the log's own configuration. */
class LogFormatTest {
    private static final String HOSTILE = "a \"b\" \\ c=d\n\t\u001b[2J\u007f\u0085\u202e€ end";

    @TempDir
    private Path folder;

    private static void logAll(Logger logger) {
        logger.info("started java={} zones={} ready={} of={}", "17.0.1", 12, true, null);
        logger.warn("refused: {} name={}", HOSTILE, HOSTILE);
        logger.error(
                "thread has failed thread={}",
                "spool",
                new IOException("first\nline", new IllegalStateException("cause \u0007")));
        logger.info("nothing named");
        logger.warn("level={} error={} message={}", "a", "b", "c");
    }

    @Test
    void eachLineOfJsonIsOneObject() throws Exception {
        List<Map<String, Object>> lines =
                LogContext.lines(Map.of("CTSTREAM_LOG_FORMAT", "json"), LogFormatTest::logAll).stream()
                        .map(LogFormatTest::object)
                        .toList();
        assertThat(lines).hasSize(5);
        assertThat(lines.get(0))
                .containsEntry("level", "INFO")
                .containsEntry("logger", "C")
                .containsEntry("thread", Thread.currentThread().getName())
                .containsEntry("message", "started java=17.0.1 zones=12 ready=true of=null")
                .containsEntry("java", "17.0.1")
                .containsEntry("zones", 12L)
                .containsEntry("ready", true)
                .containsEntry("of", null)
                .doesNotContainKey("error");
        assertThat((String) lines.get(0).get("time"))
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(Z|[+-]\\d\\d:\\d\\d)");
        assertThat(lines.get(1))
                .containsEntry("message", "refused: " + HOSTILE + " name=" + HOSTILE)
                .containsEntry("name", HOSTILE);
        assertThat(lines.get(2)).containsEntry("thread", Thread.currentThread().getName());
        assertThat((String) lines.get(2).get("error"))
                .startsWith("java.io.IOException: first\nline\n\tat ")
                .contains("Caused by: java.lang.IllegalStateException: cause \u0007");
        assertThat(lines.get(3).keySet()).containsExactly("time", "level", "thread", "logger", "message");
        assertThat(lines.get(4)).contains(entry("level", "WARN"), entry("message", "level=a error=b message=c"));
    }

    @Test
    void eachLineOfLogfmtHasItsPairs() throws Exception {
        List<Map<String, String>> lines =
                LogContext.lines(Map.of("CTSTREAM_LOG_FORMAT", "logfmt"), LogFormatTest::logAll).stream()
                        .map(Logfmt::parse)
                        .toList();
        assertThat(lines).hasSize(5);
        assertThat(lines.get(0))
                .containsEntry("level", "INFO")
                .containsEntry("message", "started java=17.0.1 zones=12 ready=true of=null")
                .containsEntry("java", "17.0.1")
                .containsEntry("zones", "12")
                .containsEntry("ready", "true");
        assertThat(lines.get(1))
                .containsEntry("message", "refused: " + HOSTILE + " name=" + HOSTILE)
                .containsEntry("name", HOSTILE);
        assertThat(lines.get(2).get("error"))
                .startsWith("java.io.IOException: first\nline\n\tat ")
                .contains("Caused by: java.lang.IllegalStateException: cause \u0007");
        assertThat(lines.get(3).keySet()).containsExactly("time", "level", "thread", "logger", "message");
    }

    @Test
    void textIsOneLineForAnException() throws Exception {
        List<String> lines = LogContext.lines(Map.of(), LogFormatTest::logAll);
        assertThat(lines).hasSize(5);
        assertThat(lines.get(0))
                .matches("time=\\S+ level=INFO thread=.* logger=C started java=17.0.1 zones=12 ready=true of=null");
        assertThat(lines.get(1)).contains("a \"b\" \\ c=d | \\u001b[2J\\u007f\\u0085\\u202e€ end");
        assertThat(lines.get(2))
                .contains("thread has failed thread=spool error=java.io.IOException: first | line | at ")
                .contains("Caused by: java.lang.IllegalStateException: cause \\u0007");
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "json", "logfmt"})
    void noFormatPassesControlCharactersOn(String format) throws Exception {
        assertThat(LogContext.lines(Map.of("CTSTREAM_LOG_FORMAT", format), LogFormatTest::logAll))
                .hasSize(5)
                .allSatisfy(line -> assertThat(line).doesNotContainPattern("[\\p{Cntrl}\u0085\u202e]"));
    }

    @Test
    void aLongExceptionIsCutAndStaysValid() throws Exception {
        List<String> lines = LogContext.lines(
                Map.of("CTSTREAM_LOG_FORMAT", "json"),
                logger -> logger.warn("w", new IOException("x".repeat(100_000))));
        assertThat(lines).hasSize(1);
        assertThat((String) object(lines.get(0)).get("error")).hasSize(8195).endsWith("x...");
    }

    @ParameterizedTest
    @CsvSource({"text, <4>time=", "json, <4>{", "logfmt, <4>time="})
    void theJournalIsToldThePriority(String format, String begin) throws Exception {
        String stderr = identity(2);
        List<String> lines =
                LogContext.lines(Map.of("CTSTREAM_LOG_FORMAT", format, "JOURNAL_STREAM", stderr), logger -> {
                    logger.warn("w");
                    logger.error("e");
                    logger.info("i");
                });
        assertThat(lines.get(0)).startsWith(begin);
        assertThat(lines).extracting(line -> line.substring(0, 3)).containsExactly("<4>", "<3>", "<6>");
    }

    @Test
    void anotherStderrThanTheJournalsGetsNoPriority() throws IOException {
        Path file = Files.createFile(folder.resolve("stderr"));
        assertThat(LogSettings.isJournal(Map.of("JOURNAL_STREAM", identity(2)), 2))
                .isTrue();
        assertThat(LogSettings.isJournal(Map.of("JOURNAL_STREAM", identity(file)), 2))
                .isFalse();
        assertThat(LogSettings.isJournal(Map.of("JOURNAL_STREAM", "8:1234567"), 2))
                .isFalse();
        assertThat(LogSettings.isJournal(Map.of("JOURNAL_STREAM", identity(2)), 12_345))
                .isFalse();
        assertThat(LogSettings.isJournal(Map.of(), 2)).isFalse();
    }

    private static String identity(int descriptor) throws IOException {
        return identity(Path.of("/proc/self/fd/" + descriptor));
    }

    private static String identity(Path file) throws IOException {
        return Files.getAttribute(file, "unix:dev") + ":" + Files.getAttribute(file, "unix:ino");
    }

    @Test
    void aSentenceHas20LinesAMinuteAndTheRestOneSummary() throws Exception {
        List<Map<String, Object>> lines = LogContext.lines(Map.of("CTSTREAM_LOG_FORMAT", "json"), logger -> {
                    IntStream.range(0, 300).forEach(i -> logger.warn("netns={} is waited for", "n" + i));
                    IntStream.range(0, 50).forEach(i -> logger.error("{}", "the spool is full, " + i + " bytes"));
                    logger.info("another sentence");
                })
                .stream()
                .map(LogFormatTest::object)
                .toList();
        assertThat(lines).hasSize(20 + 20 + 1 + 1);
        assertThat(lines.get(41))
                .containsEntry("level", "WARN")
                .containsEntry("logger", "LimitedAppender")
                .containsEntry("lines", 310L)
                .containsEntry("sentences", 2L)
                .containsEntry(
                        "message",
                        "lines of the log were left out, since a sentence has at most 20 a minute lines=310"
                                + " sentences=2; most often, 280 times: netns={} is waited for");
    }

    @Test
    void debugIsNotLimited() throws Exception {
        assertThat(LogContext.lines(Map.of(), logger -> {
                    logger.setLevel(ch.qos.logback.classic.Level.DEBUG);
                    IntStream.range(0, 200).forEach(i -> logger.debug("step={}", i));
                }))
                .hasSize(200);
    }

    private static Map<String, Object> object(String line) {
        Map<String, Object> object = new LinkedHashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(line)) {
            assertThat(parser.nextToken()).isEqualTo(JsonToken.START_OBJECT);
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                Object value = switch (parser.nextToken()) {
                    case VALUE_STRING -> parser.getText();
                    case VALUE_NUMBER_INT -> parser.getLongValue();
                    case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
                    case VALUE_NULL -> null;
                    default -> throw new AssertionError(line);
                };
                if (object.containsKey(name)) {
                    throw new AssertionError("twice: " + name);
                }
                object.put(name, value);
            }
            assertThat(parser.nextToken()).isNull();
            return object;
        } catch (IOException e) {
            throw new AssertionError(line, e);
        }
    }
}
