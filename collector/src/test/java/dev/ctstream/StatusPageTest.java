package dev.ctstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.control.BusyStreams;
import dev.ctstream.metrics.Health;
import dev.ctstream.record.ControlKind;
import dev.ctstream.spool.RecentRecords;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class StatusPageTest {
    private static final String EVIL = "<script>alert(1)</script>\"'&";

    /** A collector with something of everything. */
    static StatusPage.Facts facts(boolean ready, String name) {
        Map<String, Health.State> components = new TreeMap<>();
        components.put("kafka", new Health.State(ready, false, ready ? "connected to b:9092" : "no broker " + name));
        components.put("namespaces", new Health.State(true, false, "1 observed"));
        List<RateHistory.Sample> history = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            history.add(new RateHistory.Sample(
                    10, 100 + i, 0, 90, ready ? 0 : 3, 190, List.of(new BusyStreams.Figures(name, "7", 50 + i, 12))));
        }
        return new StatusPage.Facts(
                name,
                "id",
                "0.1.0",
                93_784,
                ready,
                true,
                components,
                new StatusPage.Running(
                        new Collector.Totals(1_234_567, 1_234_000, ready ? 0 : 5, ready ? 0 : 600),
                        12,
                        new StatusPage.Spooled(12_000_000, 4_294_967_296L, 3, 0.4, ready ? 0 : 605, ready ? 0 : 75),
                        new StatusPage.Published("b:9092", 1_000_000, 16_777_216, 2, ready ? 0 : 50_000),
                        history,
                        List.of(new StatusPage.Namespace(name, 129, 12, 0, 40_000L, 262_144L)),
                        3,
                        List.of("red"),
                        List.of(new RecentRecords.Line(0, ControlKind.GAP, name, "cause kernel, events lost: 5"))));
    }

    @Test
    void aPersonSeesRatesLossesSpoolBrokerNamespacesAndRecords() {
        String text = text(facts(false, "web-1"));
        assertThat(text)
                .contains("ctstream on web-1", "Not ready", "kafka no broker web-1", "Version 0.1.0 · up 1 d 2 h")
                .contains("Events 219/s")
                .contains("Flows 12 living now, in 4 namespaces")
                .contains("Lost 605", "5 by the kernel, 600 later; all declared")
                .contains("lost events that Kafka does not know of yet, for 1 min 15 s")
                .contains("Spool 12.0 MB", "3 batches wait, the oldest 0 s")
                .contains("In flight 1.00 MB")
                .contains("Kafka takes nothing events wait in the spool")
                .contains("Broker away b:9092; last acknowledgement 2 s ago")
                .contains("NEW 129 most 129", "DESTROY 90", "lost 3 ", "web-1 · zone 7 79")
                .contains("40 000, 15 % of 262 144", "3 more are observed", "Waits for red")
                .contains("01-01 00:00:00 GAP web-1 cause kernel, events lost: 5");
        assertThat(text(facts(true, "web-1"))).contains("Ready", "Lost nothing", "Owed nothing", "Broker connected");
    }

    @Test
    void nothingIsLoadedAndNothingRunsWhateverIsInTheTexts() {
        String page = StatusPage.html(facts(false, EVIL), false);
        assertThat(page)
                .doesNotContain("<script", "http:", "https:", " src=", " style=", "javascript", "@import", "url(")
                .contains("&lt;script&gt;");
        Matcher links = Pattern.compile(" href=\"([^\"]*)\"").matcher(page);
        List<String> found = new ArrayList<>();
        while (links.find()) {
            found.add(links.group(1));
        }
        assertThat(found).containsExactlyInAnyOrder("data:,", "/still", "/metrics", "/status", "/readyz", "/livez");
    }

    @Test
    void everyPlotAndTableHasAName() throws Exception {
        Document page = document(StatusPage.html(facts(true, EVIL), true));
        NodeList plots = page.getElementsByTagName("svg");
        for (int i = 0; i < plots.getLength(); i++) {
            Element plot = (Element) plots.item(i);
            assertThat(plot.getAttribute("aria-hidden") + plot.getAttribute("aria-label"))
                    .isNotEmpty();
        }
        assertThat(plots.getLength()).isGreaterThan(6);
        assertThat(page.getElementsByTagName("h1").getLength()).isEqualTo(1);
    }

    @Test
    void itIsShownWhileTheCollectorStarts() {
        StatusPage.Facts starting = new StatusPage.Facts(
                "web-1",
                "id",
                "0.1.0",
                1,
                false,
                true,
                Map.of("start", new Health.State(false, false, "the collector is starting")),
                null);
        assertThat(text(starting)).contains("Not ready", "the collector is starting");
    }

    @Test
    void theHistoryIsBounded() {
        AtomicLong received = new AtomicLong();
        BusyStreams busy = new dev.ctstream.control.ControlMetrics(new dev.ctstream.metrics.Metrics()).busyStreams();
        RateHistory history =
                new RateHistory(new RateHistory.Counters(type -> received.get(), () -> 0, () -> 0), busy, 0);
        for (int i = 1; i <= 100; i++) {
            received.addAndGet(20);
            history.take(i * 10_000_000_000L);
        }
        assertThat(history.samples()).hasSize(RateHistory.MOST).allSatisfy(sample -> {
            assertThat(sample.begun()).isEqualTo(2);
            assertThat(sample.seconds()).isEqualTo(10);
        });
    }

    private static String text(StatusPage.Facts facts) {
        return StatusPage.html(facts, false)
                .replaceFirst("(?s)<style>.*</style>", "")
                .replaceAll("<[^>]*>", " ")
                .replaceAll("[\\s\\u00a0\\u202f]+", " ")
                .replace("&quot;", "\"");
    }

    /** The page is also XML, once it is told how HTML's void elements end. */
    private static Document document(String html) throws Exception {
        String xml = html.replaceFirst("<!doctype html>", "").replaceAll("<(meta|link)([^>]*)>", "<$1$2/>");
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
    }
}
