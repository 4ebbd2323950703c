package dev.ctstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.metrics.MetricDescription;
import dev.ctstream.metrics.StageMetric;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The reference of metrics. {@code -Ddocs.update=true} regenerates the tables. */
class MetricReferenceTest {
    private static final Path DOCUMENT = Path.of("docs/metrics.md");
    private static final String BEGIN = "<!-- tables: generated from the stages' enums -->\n";
    private static final String END = "\n<!-- end of the tables -->";
    private static final Path SOURCES = Path.of("src/main/java/dev/ctstream");

    @Test
    void theReferenceIsGeneratedFromTheStagesEnums() throws IOException {
        String text = Files.readString(DOCUMENT);
        int begin = text.indexOf(BEGIN) + BEGIN.length();
        int end = text.indexOf(END);
        if (Boolean.getBoolean("docs.update")) {
            text = text.substring(0, begin) + MetricReference.markdown() + text.substring(end);
            Files.writeString(DOCUMENT, text);
            end = text.indexOf(END);
        }
        assertThat(text.substring(begin, end))
                .as("mvn test -Dtest=MetricReferenceTest -Ddocs.update=true writes the tables")
                .isEqualTo(MetricReference.markdown());
    }

    @Test
    void everyStagesEnumIsInTheReference() {
        List<String> enums = sources()
                .map(file -> file.getFileName().toString().replace(".java", ""))
                .filter(name -> name.endsWith("Metric") && !name.equals("StageMetric"))
                .toList();
        assertThat(MetricReference.enums()).containsExactlyInAnyOrderElementsOf(enums);
        assertThat(MetricReference.all())
                .extracting(metric -> metric.description().name())
                .doesNotHaveDuplicates();
    }

    @Test
    void everyMetricOfTheReferenceIsRegistered() {
        String source = sources()
                .filter(file -> !file.toString().endsWith("Metric.java"))
                .map(MetricReferenceTest::read)
                .reduce("", String::concat);
        for (StageMetric metric : MetricReference.all()) {
            String constant = metric.getClass().getSimpleName() + "." + ((Enum<?>) metric).name();
            assertThat(source).as(constant).containsPattern(Pattern.quote(constant) + "\\b");
        }
    }

    @Test
    void noNameRepeatsAWord() {
        for (StageMetric metric : MetricReference.all()) {
            List<String> words = List.of(metric.description().name().split("_"));
            assertThat(words).as(metric.description().name()).doesNotHaveDuplicates();
        }
    }

    @Test
    void theDocumentsNameOnlyMetricsThatExist() throws IOException {
        Pattern name = Pattern.compile("`(ctstream_[a-z_]+)(\\{[^`]*)?`");
        List<String> known = MetricReference.all().stream()
                .map(StageMetric::description)
                .map(MetricDescription::name)
                .toList();
        try (Stream<Path> documents = Files.list(Path.of("docs"))) {
            for (Path document :
                    documents.filter(file -> file.toString().endsWith(".md")).toList()) {
                Matcher names = name.matcher(Files.readString(document));
                while (names.find()) {
                    assertThat(known).as("%s in %s", names.group(1), document).contains(names.group(1));
                }
            }
        }
    }

    private static Stream<Path> sources() {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
