package dev.ctstream.cli;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.Amount;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.spool.SpoolFile;
import dev.ctstream.spool.SpoolReport;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Writes a {@link SpoolReport} as JSON: one object on one line; times are ns since the epoch. */
final class SpoolJson {
    private SpoolJson() {}

    /** The output of {@code spool list -o json}. */
    static String list(SpoolReport report) {
        Amount all = SpoolText.appended(report.segments());
        return "{" + head(report)
                + ",\"segments\":"
                + array(
                        report.segments(),
                        segment -> "{" + listed(segment) + amount(",\"waiting", segment.behind(report.acknowledged()))
                                + "}")
                + ",\"control_segments\":"
                + array(
                        report.control(),
                        segment -> "{" + listed(segment) + ",\"waiting_records\":"
                                + segment.behind(report.controlAcknowledged()).batches() + "}")
                + ",\"dead_letters\":" + array(report.deadLetters(), letter -> "{" + listed(letter) + "}")
                + ",\"totals\":{\"segments\":" + report.segments().size()
                + ",\"bytes\":" + SpoolText.bytes(report.segments())
                + amount(",\"", all)
                + ",\"streams\":" + report.streams()
                + amount(",\"waiting", report.waiting())
                + ",\"waiting_control_records\":" + report.waitingControlRecords()
                + ",\"dead_letters\":" + report.deadLetters().size() + "}}\n";
    }

    /** The output of {@code spool verify -o json}. */
    static String verify(SpoolReport report) {
        return "{\"whole\":" + report.whole() + "," + head(report)
                + ",\"segments\":" + array(report.segments(), SpoolJson::verified)
                + ",\"control_segments\":" + array(report.control(), SpoolJson::verified)
                + ",\"dead_letters\":" + array(report.deadLetters(), SpoolJson::verified)
                + ",\"good\":{" + amount("\"", SpoolText.good(report.segments())) + "}"
                + ",\"damaged\":{" + amount("\"", report.damage()) + "}"
                + ",\"missing\":{" + amount("\"", report.missing()) + "}"
                + ",\"lost\":{" + amount("\"", report.lost()) + "}}\n";
    }

    private static String head(SpoolReport report) {
        RunIdentity run = report.run();
        return "\"collector_pid\":"
                + (report.collector().isPresent() ? report.collector().getAsLong() : "null")
                + ",\"ended_in_order\":" + report.clean()
                + ",\"host_id\":" + (run == null ? "null" : Json.quoted(run.hostId()))
                + ",\"stream_epoch\":" + (run == null ? "null" : run.streamEpoch())
                + ",\"acknowledged_number\":"
                + (run == null ? "null" : report.acknowledged().number() - 1);
    }

    private static String file(SpoolFile file) {
        return "\"file\":" + Json.quoted(file.name())
                + ",\"state\":\"" + SpoolText.state(file) + "\",\"bytes\":" + file.bytes()
                + ",\"problem\":" + (file.problem().isEmpty() ? "null" : Json.quoted(file.problem()));
    }

    private static String listed(SpoolFile file) {
        boolean any = file.appended().batches() > 0;
        return file(file)
                + ",\"first_number\":" + (any ? file.first().number() : "null")
                + amount(",\"", file.appended())
                + ",\"streams\":" + file.streams()
                + ",\"first_received_ns\":" + (file.firstNanos() == 0 ? "null" : file.firstNanos())
                + ",\"last_received_ns\":" + (file.lastNanos() == 0 ? "null" : file.lastNanos());
    }

    private static String verified(SpoolFile file) {
        SegmentInspection.Result found = file.found();
        return "{" + file(file)
                + ",\"whole\":" + !file.damaged()
                + amount(",\"", file.good())
                + amount(",\"damaged", file.damage())
                + ",\"damaged_bytes\":" + (found == null ? file.bytes() : found.damagedBytes())
                + ",\"unfinished_bytes\":" + file.unfinishedBytes()
                + ",\"losses\":" + (found == null ? "[]" : array(found.losses(), SpoolJson::loss)) + "}";
    }

    private static String loss(Loss loss) {
        StreamId stream = loss.stream();
        String named = stream == null
                ? "{\"netns\":null,\"ct_zone\":null,\"first_sequence\":null,\"last_sequence\":null"
                : "{\"netns\":" + Json.quoted(stream.netns())
                        + ",\"ct_zone\":" + (stream.zone() < 0 ? "null" : stream.zone())
                        + ",\"first_sequence\":" + loss.firstSequence()
                        + ",\"last_sequence\":" + (loss.nextSequence() - 1);
        return named + amount(",\"", new Amount(loss.batches(), loss.events())) + "}";
    }

    /** Writes two members, whose names start with the prefix; the prefix includes the opening quote. */
    private static String amount(String prefix, Amount amount) {
        String join = prefix.endsWith("\"") ? "" : "_";
        return prefix + join + "batches\":" + amount.batches() + (prefix.startsWith(",") ? prefix : "," + prefix) + join
                + "events\":" + amount.events();
    }

    private static <T> String array(List<T> list, Function<T, String> each) {
        return list.stream().map(each).collect(Collectors.joining(",", "[", "]"));
    }
}
