package dev.ctstream.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

class PlotTest {
    private static final BenchConfig CONFIG = new BenchConfig(
            List.of(new Reader.Own(Stage.ENCODE)),
            new LoadSpec(LoadSpec.Kind.PACKETS, 0, 0, 1, 1, 50, 0, 1),
            List.of(1_000L, 100_000L),
            List.of(1),
            2,
            new BenchConfig.WarmUp(1, 0),
            new BenchConfig.Cpus(0, 0),
            List.of(),
            Map.of("batch.max-events", "128"),
            "1.2.3");

    private static JsonNode results() throws Exception {
        List<Measurement> cells = new ArrayList<>();
        for (int round = 1; round <= 2; round++) {
            for (LoadSpec load : CONFIG.loads()) {
                double rate = load.eventsPerSecond();
                cells.add(new Measurement("encode", load, round, values(rate, 1 + round / 10.0, 0)));
                cells.add(new Measurement("a<b", load, round, values(rate, 4, rate / 100)));
            }
        }
        return new ObjectMapper().readTree(new Report(CONFIG, cells).json());
    }

    private static Map<String, Double> values(double rate, double cpu, double lost) {
        return Map.of(Measurement.RATE, rate, Measurement.OFFERED, rate, Measurement.CPU, cpu, Measurement.LOST, lost);
    }

    @Test
    void theReportContainsMachineMeasurementsAndMediansWithRanges() throws Exception {
        JsonNode results = results();
        assertThat(results.at("/machine/ctstream").asText()).isEqualTo("1.2.3");
        assertThat(results.at("/machine/kernel").asText()).isNotEmpty();
        assertThat(results.at("/options/configuration/batch.max-events").asText())
                .isEqualTo("128");
        assertThat(results.path("measurements")).hasSize(8);
        assertThat(results.path("medians")).hasSize(4);
        JsonNode first = results.at("/medians/0");
        assertThat(first.path("reader").asText()).isEqualTo("encode");
        assertThat(first.at("/cpu_us_per_event/median").asDouble()).isEqualTo(1.15);
        assertThat(first.at("/cpu_us_per_event/least").asDouble()).isEqualTo(1.1);
        assertThat(first.at("/cpu_us_per_event/most").asDouble()).isEqualTo(1.2);
    }

    @Test
    void theTableHasARowPerReaderAndRate() {
        List<Measurement> cells = List.of(
                new Measurement("encode", CONFIG.loads().get(0), 1, values(1_000, 1.25, 0)),
                new Measurement("encode", CONFIG.loads().get(0), 2, values(1_000, 1.5, 0)));
        List<String> lines = new Report(CONFIG, cells).table().lines().toList();
        assertThat(lines.get(0)).contains("reader").contains("us/event");
        assertThat(lines.get(1)).startsWith("encode").contains("1.38 (1.25..1.50)");
    }

    @Test
    void aPlotHasAxesUnitsALegendAndACurvePerReader() throws Exception {
        String svg = Plot.svg(Plot.Kind.COST, List.of(results()));
        Document document = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
        List<String> texts = texts(document);
        assertThat(texts).contains("encode", "a<b", "events a second", "microseconds of CPU per event", "1000", "100k");
        assertThat(document.getElementsByTagName("circle").getLength()).isEqualTo(4);
    }

    @Test
    void lossesAreAShareOfTheOfferedEvents() throws Exception {
        assertThat(Plot.svg(Plot.Kind.LOSS, List.of(results()))).contains("per cent of the events offered");
    }

    @Test
    void reportsThatValuesAreMissing() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Plot.svg(Plot.Kind.LATENCY, List.of(results())))
                .withMessage("no values for a plot of latency");
    }

    @Test
    void axesHaveRoundEnds() {
        Axis up = Axis.around("", false, List.of(3.3, 4.4), 100, 0);
        assertThat(up.ticks()).containsExactly(0.0, 1.0, 2.0, 3.0, 4.0, 5.0);
        assertThat(up.position(0)).isEqualTo(100);
        assertThat(up.position(5)).isZero();
        Axis across = Axis.around("", true, List.of(1_200.0, 230_000.0), 0, 300);
        assertThat(across.ticks().stream().map(Axis::text))
                .containsExactly("1000", "2000", "5000", "10k", "20k", "50k", "100k", "200k", "500k");
        assertThat(across.position(1_000)).isZero();
        assertThat(across.position(500_000)).isBetween(299.9, 300.1);
        assertThat(Axis.around("", true, List.of(999.0, 203_000.0), 0, 1).ticks().stream()
                        .map(Axis::text))
                .startsWith("1000")
                .endsWith("200k");
        assertThat(List.of(Axis.text(250), Axis.text(0.5), Axis.text(20_000), Axis.text(1e6)))
                .containsExactly("250", "0.5", "20k", "1M");
    }

    private static List<String> texts(Document document) {
        NodeList nodes = document.getElementsByTagName("text");
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            texts.add(nodes.item(i).getTextContent());
        }
        return texts;
    }
}
