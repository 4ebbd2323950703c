package dev.ctstream.verify;

import dev.ctstream.proof.ProofReport;
import dev.ctstream.read.TimeText;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.PrintableText;
import dev.ctstream.record.StreamKey;
import java.time.ZoneId;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Writes a {@link VerifyReport} for people: runs, streams (those with findings first), holes, problems, remarks, totals,
 * verdict.
 */
public final class VerifyText {
    private static final int STREAMS_SHOWN = 40;
    private static final int HOLES_SHOWN = 40;
    private static final int WINDOWS_SHOWN = 5;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final String STREAM_ROW = "%-48s %6s %12s %12s %9s %9s %9s %9s %9s %9s %9s%n";

    private final TimeText time;
    private final StringBuilder text = new StringBuilder();

    /** Prints times in a time zone. */
    public VerifyText(ZoneId zone) {
        time = new TimeText(zone);
    }

    /** The report as lines. */
    public String format(VerifyReport report) {
        text.setLength(0);
        runs(report);
        streams(report);
        holes(report);
        report.problems.listed().forEach(problem -> line("PROBLEM  %s", problem.what()));
        if (report.problems.count() > report.problems.listed().size()) {
            line("... %,d problems in all", report.problems.count());
        }
        report.remarks.listed().forEach(remark -> line("REMARK   %s", remark.what()));
        if (report.remarks.count() > report.remarks.listed().size()) {
            line("... %,d remarks in all", report.remarks.count());
        }
        totals(report);
        flows(report);
        ProofReport proof = report.proof;
        if (proof != null) {
            proof(proof);
        }
        verdict(report);
        return text.toString();
    }

    private void runs(VerifyReport report) {
        line("RUNS (host / namespace and its id, began, ended)");
        for (RunAudit run : report.runs) {
            String end = run.stopped() ? "stopped" : run.endedUncleanly() ? "ended uncleanly" : "no end";
            line(
                    "  %s / %s   %s   %s   %,d streams   %,d control records%s",
                    run.key.hostId(),
                    run.key.namespace(),
                    time(run.key.streamEpoch()),
                    end,
                    run.streams.size(),
                    run.control.count(),
                    run.controlLost > 0 ? String.format(Locale.ROOT, ", %,d declared as lost", run.controlLost) : "");
            if (run.kernelLost() > 0) {
                line(
                        "    the kernel dropped %s%,d events, %,d GAP records",
                        run.exact ? "" : "at most ", run.kernelLost(), run.kernelGaps);
            }
            List<RunAudit.Window> windows = run.windows;
            for (RunAudit.Window window : windows.subList(0, Math.min(WINDOWS_SHOWN, windows.size()))) {
                line(
                        "    no collector observed from %s to %s: losses cannot be counted",
                        time(window.startNanos()), time(window.endNanos()));
            }
        }
    }

    private void streams(VerifyReport report) {
        line("");
        text.append(String.format(
                Locale.ROOT,
                STREAM_ROW,
                "STREAM (namespace and its id, run)",
                "zone",
                "first",
                "last",
                "again",
                "declared",
                "MISSING",
                "opened",
                "closed",
                "inferred",
                "open"));
        report.streams.stream()
                .sorted(Comparator.comparing((StreamAudit stream) -> stream.undeclared == 0 && stream.reordered == 0))
                .limit(STREAMS_SHOWN)
                .forEach(this::stream);
        if (report.streams.size() > STREAMS_SHOWN) {
            line("... %,d streams in all; -o json lists them", report.streams.size());
        }
    }

    private void stream(StreamAudit stream) {
        boolean any = stream.present() > 0;
        long declared = 0;
        for (long lost : stream.lost) {
            declared += lost;
        }
        FlowCounts flows = stream.flows;
        text.append(String.format(
                Locale.ROOT,
                STREAM_ROW,
                PrintableText.of(stream.run.key.namespace()) + " " + time(stream.key.streamEpoch()),
                stream.key.zone(),
                any ? stream.seen.first() : "-",
                any ? stream.seen.end() - 1 : "-",
                stream.duplicates,
                declared,
                stream.undeclared,
                flows.opened(),
                flows.observed + flows.inferred + flows.restart,
                flows.inferred,
                flows.open));
    }

    private void holes(VerifyReport report) {
        line("");
        report.holes.listed().stream().limit(HOLES_SHOWN).forEach(hole -> {
            StreamKey of = hole.stream();
            line(
                    "MISSING  %s %d..%d (%,d)  host %s, boot %s, namespace %s, %s, run %d%s",
                    hole.control() ? "control records" : "sequences",
                    hole.first(),
                    hole.last(),
                    hole.count(),
                    of.hostId(),
                    of.bootId(),
                    of.run().namespace(),
                    hole.control() ? "control stream" : "zone " + of.zone(),
                    of.streamEpoch(),
                    switch (hole.kind()) {
                        case HOLE -> "";
                        case TAIL -> ": the end of the stream";
                        case STREAM -> ": the whole stream";
                    });
        });
        if (report.holes.holes() > HOLES_SHOWN) {
            line("... %,d holes in all", report.holes.holes());
        }
    }

    private void totals(VerifyReport report) {
        line(
                "EVENTS   %,d present; %,d repetitions; %,d out of order",
                report.present(), report.duplicates(), report.reordered());
        StringBuilder causes = new StringBuilder();
        causes.append(String.format(Locale.ROOT, "kernel %,d", report.kernelLost()));
        for (GapCause cause : GapCause.values()) {
            if (report.lost(cause) > 0) {
                causes.append(String.format(Locale.ROOT, ", %s %,d", cause.word(), report.lost(cause)));
            }
        }
        line("LOST     %,d declared: %s", report.declared(), causes);
        if (report.inSpool() > 0) {
            line("         %,d are still in the spools of their hosts", report.inSpool());
        }
        if (report.expired() > 0 || report.trimmedPartitions > 0) {
            line(
                    "         %,d have expired: %d partitions no longer begin with their first record",
                    report.expired(), report.trimmedPartitions);
        }
    }

    private void flows(VerifyReport report) {
        FlowCounts flows = report.flows;
        line(
                "FLOWS    %,d opened (%,d NEW, %,d EXISTING%s), %,d without a beginning",
                report.flowsOpened(),
                flows.openedNew,
                flows.openedExisting,
                flows.openedUpdate == 0 ? "" : String.format(Locale.ROOT, ", %,d UPDATE", flows.openedUpdate),
                flows.unopened);
        line(
                "         %,d closed (%,d observed, %,d inferred, %,d ended by a restart), %,d open",
                report.flowsClosed(), flows.observed, flows.inferred, flows.restart, flows.open);
        if (flows.repeated + flows.late > 0) {
            line("         %,d events repeated with a different sequence, %,d late", flows.repeated, flows.late);
        }
        if (report.flowsUntracked > 0) {
            line(
                    "         %,d flows did not fit into the table (%,d at once): the count of open flows is inexact",
                    report.flowsUntracked, report.flowCapacity);
        }
    }

    private void proof(ProofReport proof) {
        proof.findings().forEach(finding -> line("ALTERED  %s", finding.text()));
        if (proof.findingsCount() > proof.findings().size()) {
            line("... %,d in all", proof.findingsCount());
        }
        proof.remarks().forEach(remark -> line("REMARK   %s", remark));
        for (ProofReport.Host host : proof.hosts()) {
            line(
                    "PROOF    host %s: %,d batches and control records in %,d logs are what it has signed%s",
                    host.id(),
                    host.proven(),
                    host.logs(),
                    host.untilMillis() == 0
                            ? ""
                            : "; nothing is cut off up to " + time.ofNanos(host.untilMillis() * NANOS_PER_MILLI));
            line(
                    "         %,d not proven, %,d given up by the host, %,d expired",
                    host.unproven(), host.givenUp(), host.expired());
        }
    }

    private void verdict(VerifyReport report) {
        line(
                "UNDECLARED %,d   COMPLETE %s %%   %s",
                report.undeclared(), percent(report), report.proven() ? "PROVEN" : "NOT PROVEN");
    }

    /** Formats the percentage; never 100 when something is missing. */
    private static String percent(VerifyReport report) {
        double percent = report.completenessPercent();
        return String.format(Locale.ROOT, "%.4f", percent < 100 ? Math.min(percent, 99.9999) : percent);
    }

    private String time(long nanos) {
        return time.ofNanos(nanos);
    }

    private void line(String format, Object... values) {
        String filled = values.length == 0 ? format : String.format(Locale.ROOT, format, values);
        text.append(PrintableText.of(filled)).append('\n');
    }
}
