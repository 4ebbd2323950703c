package dev.ctstream.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Test;

/** The documents that list every key. {@code -Ddocs.update=true} regenerates the table. */
class ConfigTableTest {
    private static final Path DOCUMENT = Path.of("docs/configuration.md");
    private static final Path SAMPLE = Path.of("etc/ctstream.properties");
    private static final String BEGIN = "<!-- table: generated from config/Keys.java -->\n";
    private static final String END = "<!-- end of the table -->";

    @Test
    void theDocumentContainsTheGeneratedTable() throws IOException {
        String text = Files.readString(DOCUMENT);
        int begin = text.indexOf(BEGIN) + BEGIN.length();
        int end = text.indexOf(END);
        if (Boolean.getBoolean("docs.update")) {
            text = text.substring(0, begin) + ConfigTable.markdown() + text.substring(end);
            Files.writeString(DOCUMENT, text);
            end = text.indexOf(END);
        }
        assertThat(text.substring(begin, end))
                .as("mvn test -Dtest=ConfigTableTest -Ddocs.update=true writes the table")
                .isEqualTo(ConfigTable.markdown());
    }

    @Test
    void theSampleListsEveryKeyWithItsDefault() throws IOException {
        Properties sample = new Properties();
        List<String> commented = new ArrayList<>();
        for (String line : Files.readAllLines(SAMPLE)) {
            commented.add(line.replaceFirst("^#(?=[a-z][a-z.-]*=)", ""));
        }
        sample.load(new java.io.StringReader(String.join("\n", commented)));
        Keys.definition().configKeys().values().forEach(key -> {
            assertThat(sample).as(key.name).containsKey(key.name);
            if (!Keys.DEFAULT_TEXTS.containsKey(key.name)) {
                assertThat(sample.getProperty(key.name)).as(key.name).isEqualTo(ConfigTable.defaultText(key));
            }
        });
        assertThat(Keys.definition().names()).containsAll(sample.stringPropertyNames());
    }
}
