package dev.ctstream;

import dev.ctstream.control.BusyStreams;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.HtmlPage;
import dev.ctstream.spool.RecentRecords;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The page at {@code /}: what a person wants to see first. No script, nothing from elsewhere; state is in words beside its
 * color.
 *
 * <p>Threads: any.
 */
final class StatusPage {
    private static final int MOST_ZONES = 5;
    private static final int FULL_PERCENT = 100;
    private static final double LEAST_PERCENT = 0.1;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("MM-dd HH:mm:ss").withZone(ZoneOffset.UTC);

    private final StringBuilder page = new StringBuilder(16 << 10);
    private final Facts facts;
    private final boolean still;

    /**
     * What the page shows.
     *
     * @param running null while the collector is starting
     */
    record Facts(
            String host,
            String hostId,
            String version,
            double uptimeSeconds,
            boolean ready,
            boolean live,
            Map<String, Health.State> components,
            @Nullable Running running) {}

    /**
     * Of a collector that has started.
     *
     * @param moreNamespaces that are observed beside those of the list
     */
    record Running(
            Collector.Totals totals,
            long liveFlows,
            Spooled spool,
            Published publish,
            List<RateHistory.Sample> history,
            List<Namespace> namespaces,
            int moreNamespaces,
            List<String> waiting,
            List<RecentRecords.Line> records) {}

    /** The spool. */
    record Spooled(
            long bytes,
            long limitBytes,
            long unacknowledgedBatches,
            double ageSeconds,
            long owedEvents,
            double owedSeconds) {}

    /**
     * Publishing.
     *
     * @param sinceAcknowledgedSeconds NaN = nothing was acknowledged yet
     * @param ceilingEventsPerSecond 0 = Kafka keeps up
     */
    record Published(
            String brokers,
            long inFlightBytes,
            long inFlightLimitBytes,
            double sinceAcknowledgedSeconds,
            long ceilingEventsPerSecond) {}

    /**
     * An observed namespace.
     *
     * @param tableEntries null = not known
     */
    record Namespace(
            String netns,
            double eventsPerSecond,
            long liveFlows,
            long lostByKernel,
            @Nullable Long tableEntries,
            @Nullable Long tableMost) {}

    private StatusPage(Facts facts, boolean still) {
        this.facts = facts;
        this.still = still;
    }

    /**
     * The page as HTML.
     *
     * @param still whether it stays as it is, instead of coming anew
     */
    static String html(Facts facts, boolean still) {
        return new StatusPage(facts, still).build();
    }

    private String build() {
        page.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
                .append("<title>ctstream on ")
                .append(text(facts.host))
                .append("</title><link rel=\"icon\" href=\"data:,\"><style>")
                .append(HtmlPage.STYLE)
                .append("</style></head><body>\n");
        header();
        page.append("<main>\n");
        Running running = facts.running;
        if (running != null) {
            tiles(running);
            rates(running.history);
            zones(running.history);
            namespaces(running);
        }
        components();
        if (running != null) {
            records(running.records);
        }
        page.append("</main>\n<footer><a href=\"/metrics\">/metrics</a> <a href=\"/status\">/status</a> ")
                .append("<a href=\"/readyz\">/readyz</a> <a href=\"/livez\">/livez</a></footer>\n</body></html>\n");
        return page.toString();
    }

    private void header() {
        String state = !facts.live ? "Failed" : facts.ready ? "Ready" : "Not ready";
        page.append("<header><div class=\"title\"><h1>ctstream <span>on ")
                .append(text(facts.host))
                .append("</span></h1><p class=\"state ")
                .append(facts.ready ? "good" : "bad")
                .append("\">")
                .append(mark(facts.ready))
                .append(state)
                .append("</p></div>\n<p class=\"about\">Version ")
                .append(text(facts.version))
                .append(" · up ")
                .append(QuantityText.duration(facts.uptimeSeconds))
                .append(" · host_id <code>")
                .append(text(facts.hostId))
                .append("</code> · ")
                .append(still ? "stays as it is" : "renewed every 10 s")
                .append(", <a href=\"")
                .append(still ? "/\">renew it" : HtmlPage.STILL + "\">let it stay")
                .append("</a></p>\n");
        List<String> problems = new ArrayList<>();
        facts.components.forEach((name, one) -> {
            if (!one.ready()) {
                problems.add("<li><b>" + text(name) + "</b> " + text(one.reason()) + "</li>");
            }
        });
        if (!problems.isEmpty()) {
            page.append("<ul class=\"problems\">")
                    .append(String.join("", problems))
                    .append("</ul>\n");
        }
        page.append("</header>\n");
    }

    private void tiles(Running running) {
        page.append("<section aria-labelledby=\"now\"><h2 id=\"now\">Now</h2><dl class=\"tiles\">\n");
        List<RateHistory.Sample> history = running.history;
        RateHistory.Sample last = history.isEmpty() ? null : history.get(history.size() - 1);
        tile(
                "Events",
                last == null ? "–" : QuantityText.rate(last.begun() + last.updated() + last.ended()) + "/s",
                QuantityText.count(running.totals.received()) + " received since the start",
                true);
        tile(
                "Flows",
                QuantityText.count(running.liveFlows),
                "living now, in " + QuantityText.count(running.namespaces.size() + running.moreNamespaces)
                        + (running.namespaces.size() + running.moreNamespaces == 1 ? " namespace" : " namespaces"),
                true);
        long lost = running.totals.lostByKernel() + running.totals.lostLater();
        tile(
                "Lost",
                lost == 0 ? "nothing" : QuantityText.count(lost),
                lost == 0
                        ? "since the start"
                        : QuantityText.count(running.totals.lostByKernel()) + " by the kernel, "
                                + QuantityText.count(running.totals.lostLater()) + " later; all declared",
                lost == 0);
        Spooled spool = running.spool;
        boolean owes = spool.owedSeconds > 0;
        tile(
                "Owed",
                owes ? QuantityText.count(spool.owedEvents) : "nothing",
                owes
                        ? "lost events that Kafka does not know of yet, for " + QuantityText.duration(spool.owedSeconds)
                        : "every loss is declared in Kafka",
                !owes);
        double share = share(spool.bytes, spool.limitBytes);
        tile(
                "Spool",
                QuantityText.bytes((double) spool.bytes),
                percent(share) + " of " + QuantityText.bytes((double) spool.limitBytes) + ", "
                        + QuantityText.count(spool.unacknowledgedBatches) + " batches wait, the oldest "
                        + QuantityText.duration(spool.ageSeconds),
                share < 70,
                share);
        publishTiles(running.publish);
        page.append("</dl></section>\n");
    }

    private void publishTiles(Published publish) {
        double share = share(publish.inFlightBytes, publish.inFlightLimitBytes);
        tile(
                "In flight",
                QuantityText.bytes((double) publish.inFlightBytes),
                percent(share) + " of " + QuantityText.bytes((double) publish.inFlightLimitBytes)
                        + " sent and not acknowledged",
                true,
                share);
        Health.State kafka = facts.components.get("kafka");
        boolean well = kafka != null && kafka.ready();
        boolean slow = publish.ceilingEventsPerSecond > 0;
        tile(
                "Kafka takes",
                !well ? "nothing" : slow ? QuantityText.count(publish.ceilingEventsPerSecond) + "/s" : "all of it",
                !well
                        ? "events wait in the spool"
                        : slow ? "more events come: the backlog grows" : "no ceiling reached",
                well && !slow);
        double since = publish.sinceAcknowledgedSeconds;
        tile(
                "Broker",
                well ? "connected" : "away",
                publish.brokers + "; "
                        + (Double.isNaN(since)
                                ? "nothing acknowledged yet"
                                : "last acknowledgement " + QuantityText.duration(since) + " ago"),
                well);
    }

    private static String percent(double share) {
        return share > 0 && share < LEAST_PERCENT
                ? "less than " + LEAST_PERCENT + " %"
                : String.format(Locale.ROOT, share == 0 || share >= 10 ? "%.0f %%" : "%.1f %%", share);
    }

    private static double share(long bytes, long limit) {
        return limit == 0 ? 0 : (double) FULL_PERCENT * bytes / limit;
    }

    private void tile(String name, String value, String note, boolean good) {
        tile(name, value, note, good, Double.NaN);
    }

    private void tile(String name, String value, String note, boolean good, double percent) {
        page.append("<div class=\"tile ")
                .append(good ? "calm" : "bad")
                .append("\"><dt>")
                .append(name)
                .append("</dt><dd class=\"value\">")
                .append(good ? "" : mark(false))
                .append(text(value))
                .append("</dd><dd class=\"note\">")
                .append(text(note))
                .append("</dd>");
        if (!Double.isNaN(percent)) {
            page.append("<dd class=\"bar\">").append(bar(percent)).append("</dd>");
        }
        page.append("</div>\n");
    }

    /** Beside the words, so it says nothing to those who listen. */
    private static String bar(double percent) {
        double width = Math.max(0, Math.min(FULL_PERCENT, percent));
        return "<svg aria-hidden=\"true\" class=\"meter\" viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\">"
                + "<rect class=\"track\" width=\"100\" height=\"4\"/><rect class=\"fill\" width=\""
                + QuantityText.number(width) + "\" height=\"4\"/></svg>";
    }

    private static String mark(boolean good) {
        return good
                ? "<svg aria-hidden=\"true\" viewBox=\"0 0 16 16\" class=\"mark\"><path d=\"M3 8.5l3.2 3.2L13 4.8\"/></svg>"
                : "<svg aria-hidden=\"true\" viewBox=\"0 0 16 16\" class=\"mark\"><path d=\"M8 2.5v7M8 12.2v1.3\"/></svg>";
    }

    private void rates(List<RateHistory.Sample> history) {
        page.append("<section aria-labelledby=\"rates\"><h2 id=\"rates\">Events per second")
                .append(span(history))
                .append("</h2><div class=\"plots\">\n");
        plot("NEW", history, RateHistory.Sample::begun, "");
        plot("UPDATE", history, RateHistory.Sample::updated, "");
        plot("DESTROY", history, RateHistory.Sample::ended, "");
        plot("acknowledged", history, RateHistory.Sample::acknowledged, "");
        plot("lost", history, RateHistory.Sample::lost, " loss");
        page.append("</div></section>\n");
    }

    private static String span(List<RateHistory.Sample> history) {
        double seconds =
                history.stream().mapToDouble(RateHistory.Sample::seconds).sum();
        return history.isEmpty() ? "" : " <small>last " + QuantityText.duration(seconds) + "</small>";
    }

    private void plot(
            String name, List<RateHistory.Sample> history, ToDoubleFunction<RateHistory.Sample> value, String kind) {
        plot(name, history.stream().mapToDouble(value).toArray(), kind);
    }

    private void plot(String name, double[] values, String kind) {
        double most = 0;
        for (double one : values) {
            most = Math.max(most, one);
        }
        String now = values.length == 0 ? "–" : QuantityText.rate(values[values.length - 1]);
        String label = values.length < 2
                ? name + ": no values yet"
                : name + ": now " + now + ", most " + QuantityText.rate(most) + " events per second";
        page.append("<figure class=\"plotted")
                .append(kind)
                .append(most > 0 && !kind.isEmpty() ? " some" : "")
                .append("\"><figcaption><b>")
                .append(text(name))
                .append("</b> <span>")
                .append(now)
                .append("</span> <small>most ")
                .append(QuantityText.rate(most))
                .append("</small></figcaption>")
                .append(RatePlot.svg(label, values, RateHistory.MOST))
                .append("</figure>\n");
    }

    private void zones(List<RateHistory.Sample> history) {
        Map<List<String>, double[]> zones = new LinkedHashMap<>();
        if (!history.isEmpty()) {
            history.get(history.size() - 1).zones().stream()
                    .limit(MOST_ZONES)
                    .forEach(one -> zones.put(List.of(one.netns(), one.zone()), new double[history.size()]));
        }
        if (zones.isEmpty()) {
            return;
        }
        for (int i = 0; i < history.size(); i++) {
            for (var one : history.get(i).zones()) {
                double[] values = zones.get(List.of(one.netns(), one.zone()));
                if (values != null) {
                    values[i] = one.eventsPerSecond();
                }
            }
        }
        page.append("<section aria-labelledby=\"zones\"><h2 id=\"zones\">Busiest zones <small>events per second")
                .append("</small></h2><div class=\"plots\">\n");
        zones.forEach((key, values) -> plot(
                key.get(1).equals(BusyStreams.OTHER) ? "all others" : key.get(0) + " · zone " + key.get(1),
                values,
                ""));
        page.append("</div></section>\n");
    }

    private void namespaces(Running running) {
        page.append("<section aria-labelledby=\"netns\"><h2 id=\"netns\">Network namespaces</h2>");
        table("Network namespaces", "name", "events/s", "living flows", "lost by the kernel", "conntrack table");
        for (Namespace one : running.namespaces) {
            Long entries = one.tableEntries;
            Long most = one.tableMost;
            page.append("<tr><th scope=\"row\">").append(text(one.netns)).append("</th>");
            number(QuantityText.rate(one.eventsPerSecond));
            number(QuantityText.count(one.liveFlows));
            number(one.lostByKernel == 0 ? "nothing" : QuantityText.count(one.lostByKernel));
            number(
                    entries == null
                            ? "–"
                            : QuantityText.count(entries)
                                    + (most == null
                                            ? ""
                                            : ", " + percent(share(entries, most)) + " of "
                                                    + QuantityText.count(most)));
            page.append("</tr>\n");
        }
        page.append("</tbody></table></div>");
        if (running.moreNamespaces > 0) {
            page.append("<p>").append(running.moreNamespaces).append(" more are observed; /status lists them.</p>");
        }
        if (!running.waiting.isEmpty()) {
            page.append("<p>Waits for ")
                    .append(text(String.join(", ", running.waiting)))
                    .append(".</p>");
        }
        page.append("</section>\n");
    }

    private void components() {
        page.append("<section aria-labelledby=\"parts\"><h2 id=\"parts\">Components</h2>");
        table("Components", "component", "state", "");
        facts.components.forEach((name, state) -> page.append("<tr><th scope=\"row\">")
                .append(text(name))
                .append("</th><td class=\"word ")
                .append(state.ready() ? "good" : "bad")
                .append("\">")
                .append(mark(state.ready()))
                .append(state.ready() ? "ready" : state.failed() ? "failed" : "not ready")
                .append("</td><td>")
                .append(text(state.reason()))
                .append("</td></tr>\n"));
        page.append("</tbody></table></div></section>\n");
    }

    private void records(Collection<RecentRecords.Line> records) {
        page.append("<section aria-labelledby=\"records\"><h2 id=\"records\">Recent control records")
                .append(" <small>UTC, without HEARTBEAT</small></h2>");
        if (records.isEmpty()) {
            page.append("<p>None yet.</p></section>\n");
            return;
        }
        table("Recent control records", "time", "kind", "namespace", "says");
        for (RecentRecords.Line line : records) {
            page.append("<tr><td>")
                    .append(TIME.format(Instant.ofEpochMilli(line.timeMillis())))
                    .append("</td><td>")
                    .append(line.kind())
                    .append("</td><td>")
                    .append(text(line.netns()))
                    .append("</td><td>")
                    .append(text(line.text()))
                    .append("</td></tr>\n");
        }
        page.append("</tbody></table></div></section>\n");
    }

    /** Begins a table that scrolls by itself when it is wider than the page. */
    private void table(String name, String... columns) {
        page.append("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"")
                .append(name)
                .append(", table\"><table><thead><tr>");
        for (String column : columns) {
            page.append(column.isEmpty() ? "<td></td>" : "<th scope=\"col\">" + column + "</th>");
        }
        page.append("</tr></thead><tbody>\n");
    }

    private void number(String value) {
        page.append("<td class=\"number\">").append(value).append("</td>");
    }

    private static String text(String text) {
        return QuantityText.html(text);
    }
}
