package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.Schemas;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

/** {@code docs/downstream/mapping.md} has a row for each field, with three columns, and one number for each element. */
class MappingTest {
    private static final Pattern FIELD = Pattern.compile("^\\| `(\\w+)` \\|.*", Pattern.MULTILINE);
    private static final Pattern ELEMENT = Pattern.compile("`(\\w+)` \\((\\d+)\\)");
    private static final int ELEMENTS_AT_LEAST = 30;

    private static List<MatchResult> rows() throws IOException {
        return FIELD.matcher(DownstreamKit.text("mapping.md")).results().toList();
    }

    @Test
    void everyFieldOfAnEventHasARow() throws IOException {
        assertThat(rows().stream().map(row -> row.group(1)))
                .containsExactlyElementsOf(Schemas.FLAT.getFields().stream()
                        .map(Schema.Field::name)
                        .toList());
        assertThat(rows())
                .allSatisfy(row -> assertThat(row.group().split("\\|")).hasSize(5));
    }

    @Test
    void anElementOfIpfixHasOneNumberAndANumberOneElement() throws IOException {
        Map<String, String> numbers = new HashMap<>();
        Map<String, String> names = new HashMap<>();
        ELEMENT.matcher(DownstreamKit.text("mapping.md")).results().forEach(element -> {
            assertThat(numbers.getOrDefault(element.group(1), element.group(2))).isEqualTo(element.group(2));
            assertThat(names.getOrDefault(element.group(2), element.group(1))).isEqualTo(element.group(1));
            numbers.put(element.group(1), element.group(2));
            names.put(element.group(2), element.group(1));
        });
        assertThat(numbers).hasSizeGreaterThan(ELEMENTS_AT_LEAST).containsEntry("natEvent", "230");
    }
}
