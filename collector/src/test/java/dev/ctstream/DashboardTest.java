package dev.ctstream;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Grafana's dashboard. */
class DashboardTest {
    private static final Path DASHBOARD = Path.of("deploy/grafana/ctstream.json");

    @Test
    void everyPanelAsksForMetricsAndLabelsThatExist() throws IOException {
        JsonNode dashboard = new ObjectMapper().readTree(DASHBOARD.toFile());
        List<String> expressions = new ArrayList<>();
        Set<Integer> ids = new HashSet<>();
        for (JsonNode panel : dashboard.get("panels")) {
            assertThat(ids.add(panel.get("id").asInt())).isTrue();
            if (panel.get("type").asText().equals("row")) {
                continue;
            }
            assertThat(panel.get("targets")).as(panel.get("title").asText()).isNotEmpty();
            for (JsonNode target : panel.get("targets")) {
                String expression = target.get("expr").asText();
                assertThat(PromQl.unknown(expression)).as(expression).isEmpty();
                expressions.add(expression);
            }
        }
        assertThat(expressions).hasSizeGreaterThan(25);
        String instances = dashboard.at("/templating/list/1/definition").asText();
        assertThat(MetricReference.series())
                .containsKey(instances.replaceAll("label_values\\((.*), instance\\)", "$1"));
    }
}
