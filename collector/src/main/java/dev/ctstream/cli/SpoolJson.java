package dev.ctstream.cli;

import dev.ctstream.batch.RunIdentity;
import dev.ctstream.batch.StreamId;
import dev.ctstream.spool.Amount;
import dev.ctstream.spool.Loss;
import dev.ctstream.spool.SegmentInspection;
import dev.ctstream.spool.SpoolFile;
import dev.ctstream.spool.SpoolSurvey;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Shows a {@link SpoolSurvey} to programs: one object on one line; times are ns since the epoch. */
final class SpoolJson {
    private SpoolJson() {}

    /** What {@code spool list -o json} prints. */
    static String list(SpoolSurvey survey) {
        Amount all = SpoolText.appended(survey.segments());
        return "{" + head(survey)
                + ",\"segments\":"
                + array(
                        survey.segments(),
                        segment -> "{" + listed(segment) + amount(",\"waiting", segment.behind(survey.acknowledged()))
                                + "}")
                + ",\"dead_letters\":" + array(survey.deadLetters(), letter -> "{" + listed(letter) + "}")
                + ",\"totals\":{\"segments\":" + survey.segments().size()
                + ",\"bytes\":" + SpoolText.bytes(survey.segments())
                + amount(",\"", all)
                + ",\"streams\":" + survey.streams()
                + amount(",\"waiting", survey.waiting())
                + ",\"dead_letters\":" + survey.deadLetters().size() + "}}\n";
    }

    /** What {@code spool verify -o json} prints. */
    static String verify(SpoolSurvey survey) {
        return "{\"whole\":" + survey.whole() + "," + head(survey)
                + ",\"segments\":" + array(survey.segments(), SpoolJson::verified)
                + ",\"dead_letters\":" + array(survey.deadLetters(), SpoolJson::verified)
                + ",\"good\":{" + amount("\"", SpoolText.good(survey.segments())) + "}"
                + ",\"damaged\":{" + amount("\"", survey.damage()) + "}"
                + ",\"missing\":{" + amount("\"", survey.missing()) + "}"
                + ",\"lost\":{" + amount("\"", survey.lost()) + "}}\n";
    }

    private static String head(SpoolSurvey survey) {
        RunIdentity run = survey.run();
        return "\"collector_pid\":"
                + (survey.collector().isPresent() ? survey.collector().getAsLong() : "null")
                + ",\"ended_in_order\":" + survey.clean()
                + ",\"host_id\":" + (run == null ? "null" : Json.quoted(run.hostId()))
                + ",\"stream_epoch\":" + (run == null ? "null" : run.streamEpoch())
                + ",\"acknowledged_number\":"
                + (run == null ? "null" : survey.acknowledged().number() - 1);
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
                + amount(",\"", SpoolText.good(file))
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

    /** Two members; the prefix begins with their quote and may end in a word. */
    private static String amount(String prefix, Amount amount) {
        String join = prefix.endsWith("\"") ? "" : "_";
        return prefix + join + "batches\":" + amount.batches() + (prefix.startsWith(",") ? prefix : "," + prefix) + join
                + "events\":" + amount.events();
    }

    private static <T> String array(List<T> list, Function<T, String> each) {
        return list.stream().map(each).collect(Collectors.joining(",", "[", "]"));
    }
}
