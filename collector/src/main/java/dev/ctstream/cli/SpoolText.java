package dev.ctstream.cli;

import dev.ctstream.read.TimeText;
import dev.ctstream.record.PrintableText;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.Amount;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.spool.SpoolFile;
import dev.ctstream.spool.SpoolReport;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Writes a {@link SpoolReport} as text for people. Threads: confined to one. */
final class SpoolText {
    private static final String LIST_ROW = "%-32s %-10s %11s %9s %11s %8s  %-29s  %-29s %11s";
    private static final String VERIFY_ROW = "%-32s %-10s %11s %9s %11s %9s %11s  %s";
    private static final int LOSSES_SHOWN = 40;

    private final TimeText time;
    private final StringBuilder text = new StringBuilder();

    /** Creates a writer that shows times in this time zone. */
    SpoolText(ZoneId zone) {
        time = new TimeText(zone);
    }

    /** The output of {@code spool list}. */
    String list(SpoolReport report) {
        collector(report);
        row(LIST_ROW, "FILE", "STATE", "BYTES", "BATCHES", "EVENTS", "STREAMS", "FIRST RECEIVED", "LAST", "WAITING");
        for (SpoolFile segment : report.segments()) {
            listed(segment, Long.toString(segment.behind(report.acknowledged()).events()));
        }
        for (SpoolFile segment : report.control()) {
            listed(
                    segment,
                    Long.toString(segment.behind(report.controlAcknowledged()).batches()));
        }
        report.deadLetters().forEach(letter -> listed(letter, "refused"));
        Amount all = appended(report.segments());
        row(
                LIST_ROW,
                "all segments",
                report.segments().size(),
                bytes(report.segments()),
                all.batches(),
                all.events(),
                report.streams(),
                "",
                "",
                report.waiting().events());
        Amount waiting = report.waiting();
        line(
                "waiting for Kafka: %s, %s",
                amount(waiting), Counted.of(report.waitingControlRecords(), "control record"));
        both(report).forEach(this::problem);
        return text.toString();
    }

    private void listed(SpoolFile file, String waiting) {
        row(
                LIST_ROW,
                file.name(),
                state(file),
                file.bytes(),
                file.appended().batches(),
                file.appended().events(),
                file.streams(),
                time(file.firstNanos()),
                time(file.lastNanos()),
                waiting);
    }

    /** The output of {@code spool verify}. */
    String verify(SpoolReport report) {
        collector(report);
        row(VERIFY_ROW, "FILE", "STATE", "BYTES", "BATCHES", "EVENTS", "DAMAGED", "(EVENTS)", "");
        for (SpoolFile file : both(report)) {
            Amount good = file.good();
            row(
                    VERIFY_ROW,
                    file.name(),
                    state(file),
                    file.bytes(),
                    good.batches(),
                    good.events(),
                    file.damage().batches(),
                    file.damage().events(),
                    verdict(file));
        }
        both(report).forEach(this::problem);
        both(report).forEach(this::losses);
        line("whole:    %s", amount(good(report.segments())));
        line("damaged:  %s", amount(report.damage()));
        line("missing:  %s", amount(report.missing()));
        line(
                "lost:     %s%s",
                amount(report.lost()),
                report.lost().equals(report.damage().plus(report.missing())) ? "" : "; Kafka has the rest");
        line(report.whole() ? "WHOLE" : "DAMAGED");
        return text.toString();
    }

    private void collector(SpoolReport report) {
        RunIdentity run = report.run();
        String who = run == null
                ? "the file state, which holds Kafka's position, is missing or damaged"
                : "host " + run.hostId() + ", run of " + time(run.streamEpoch());
        String how = report.collector().isPresent()
                ? "running, process " + report.collector().getAsLong()
                : report.clean() ? "not running, clean shutdown" : "not running, or not visible from here";
        line("collector: %s (%s)", how, who);
    }

    private String verdict(SpoolFile file) {
        if (file.damaged()) {
            return "damaged";
        }
        return file.unfinishedBytes() > 0 ? "whole, " + file.unfinishedBytes() + " bytes unfinished" : "whole";
    }

    private void problem(SpoolFile file) {
        if (!file.problem().isEmpty()) {
            line("%s: %s; its contents count as missing", file.name(), file.problem());
        }
    }

    private void losses(SpoolFile file) {
        SegmentInspection.Result found = file.found();
        if (found == null) {
            return;
        }
        List<Loss> losses = found.losses();
        for (Loss loss : losses.subList(0, Math.min(LOSSES_SHOWN, losses.size()))) {
            line("%s: damaged: %s: %s", file.name(), name(loss), amount(new Amount(loss.batches(), loss.events())));
        }
        if (losses.size() > LOSSES_SHOWN) {
            line("%s: %d more; -o json lists them", file.name(), losses.size() - LOSSES_SHOWN);
        }
        if (file.damaged() && losses.isEmpty()) {
            line("%s: %d bytes are damaged, but no batch", file.name(), found.damagedBytes());
        }
    }

    private static String name(Loss loss) {
        StreamId stream = loss.stream();
        if (stream == null) {
            return "streams unknown";
        }
        String range = "sequences " + loss.firstSequence() + ".." + (loss.nextSequence() - 1);
        return "namespace " + stream.netns() + (stream.zone() < 0 ? ", control " : ", zone " + stream.zone() + ", ")
                + range;
    }

    private static List<SpoolFile> both(SpoolReport report) {
        List<SpoolFile> files = new ArrayList<>(report.segments());
        files.addAll(report.control());
        files.addAll(report.deadLetters());
        return files;
    }

    static Amount appended(List<SpoolFile> files) {
        return files.stream().map(SpoolFile::appended).reduce(Amount.NONE, Amount::plus);
    }

    static long bytes(List<SpoolFile> files) {
        return files.stream().mapToLong(SpoolFile::bytes).sum();
    }

    static Amount good(List<SpoolFile> files) {
        return files.stream().map(SpoolFile::good).reduce(Amount.NONE, Amount::plus);
    }

    static String state(SpoolFile file) {
        return file.state().name().toLowerCase(Locale.ROOT);
    }

    private static String amount(Amount amount) {
        return Counted.of(amount.batches(), "batch", "batches") + ", " + Counted.of(amount.events(), "event");
    }

    private String time(long nanos) {
        return nanos == 0 ? "-" : time.ofNanos(nanos);
    }

    private void row(String form, Object... cells) {
        line("%s", String.format(Locale.ROOT, form, cells).stripTrailing());
    }

    private void line(String form, Object... values) {
        text.append(PrintableText.of(String.format(Locale.ROOT, form, values))).append('\n');
    }
}
