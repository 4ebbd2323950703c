package dev.ctstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code architecture.md} names classes that exist. */
class ArchitectureTextTest {
    private static final Pattern CLASS = Pattern.compile("`([a-z]+(?:\\.[a-z]+)*\\.[A-Z]\\w*)[^`]*`");

    private List<String> lines = List.of();

    @BeforeEach
    void read() throws IOException {
        lines = Files.readAllLines(Path.of("docs", "architecture.md"));
    }

    @Test
    void everyNamedClassExists() {
        List<String> unknown = new ArrayList<>();
        int found = 0;
        for (String line : lines) {
            for (Matcher name = CLASS.matcher(line); name.find(); found++) {
                if (!exists(name.group(1))) {
                    unknown.add(name.group(1));
                }
            }
        }
        assertThat(found).isGreaterThan(50);
        assertThat(unknown).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"**Makes**", "**Numbers**", "**Stores**", "**Removes**"})
    void oneClassMakesNumbersStoresAndRemovesAGap(String word) {
        List<String> rows = lines.stream().filter(line -> line.contains(word)).toList();
        assertThat(rows).hasSize(1);
        Optional<String> name = CLASS.matcher(rows.get(0)).results().findFirst().map(found -> found.group(1));
        assertThat(name).isPresent();
        assertThat(exists(name.orElseThrow())).as(name.orElseThrow()).isTrue();
    }

    private static boolean exists(String name) {
        try {
            Class.forName("dev.ctstream." + name, false, ArchitectureTextTest.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }
}
