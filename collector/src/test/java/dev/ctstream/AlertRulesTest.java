package dev.ctstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The alert rules, their tests and the runbook fit together. {@code AlertRulesOracleIT} runs promtool on them. */
class AlertRulesTest {
    private static final Path RULES = Path.of("deploy/prometheus/ctstream.rules.yml");
    private static final Path TESTS = Path.of("deploy/prometheus/ctstream.rules.test.yml");
    private static final Path RUNBOOK = Path.of("docs/runbook.md");

    @Test
    void everyRuleAsksForMetricsAndLabelsOfTheReference() throws IOException {
        List<String> expressions = values(RULES, "expr");
        assertThat(expressions).hasSizeGreaterThan(20);
        for (String expression : expressions) {
            assertThat(PromQl.unknown(expression)).as(expression).isEmpty();
        }
    }

    @Test
    void whatIsNotInTheReferenceIsFound() {
        assertThat(PromQl.unknown("rate(ctstream_gone_total[5m]) > 0")).contains("series ctstream_gone_total");
        assertThat(PromQl.unknown("ctstream_ready{netns=\"a\"} == 0")).contains("label netns of ctstream_ready");
        assertThat(PromQl.unknown("sum by (zone) (ctstream_ready)")).contains("label zone");
        assertThat(PromQl.unknown("ctstream_spool_sync_seconds")).contains("series ctstream_spool_sync_seconds");
        assertThat(PromQl.unknown(
                        "histogram_quantile(0.9, sum by (le) (rate(ctstream_spool_sync_seconds_bucket[5m])))"))
                .isEmpty();
    }

    @Test
    void everyAlertHasARunbookEntryAndEveryEntryAnAlert() throws IOException {
        List<String> headings = Files.readAllLines(RUNBOOK).stream()
                .filter(line -> line.startsWith("## "))
                .map(line -> "runbook.md#"
                        + line.substring(3).toLowerCase(Locale.ROOT).replace(' ', '-'))
                .toList();
        assertThat(values(RULES, "runbook")).containsExactlyInAnyOrderElementsOf(headings);
        assertThat(values(RULES, "alert")).hasSameSizeAs(headings);
    }

    @Test
    void everyAlertIsTestedFiringAndEnded() throws IOException {
        List<String> tested = values(TESTS, "alertname");
        for (String alert : values(RULES, "alert")) {
            assertThat(tested).as(alert).filteredOn(alert::equals).hasSize(2);
        }
        assertThat(values(TESTS, "exp_alerts")).containsOnly("", "[]");
    }

    @Test
    void everyLinkInTheRunbookLeadsToAnEntry() throws IOException {
        String text = Files.readString(RUNBOOK);
        var links = Pattern.compile("\\]\\(#([a-z-]+)\\)").matcher(text);
        while (links.find()) {
            assertThat(values(RULES, "runbook")).contains("runbook.md#" + links.group(1));
        }
    }

    private static List<String> values(Path file, String key) throws IOException {
        Pattern line = Pattern.compile("[ -]*" + key + ": ?'?(.*?)'?");
        return Files.readAllLines(file).stream()
                .map(line::matcher)
                .filter(java.util.regex.Matcher::matches)
                .map(match -> match.group(1))
                .toList();
    }
}
