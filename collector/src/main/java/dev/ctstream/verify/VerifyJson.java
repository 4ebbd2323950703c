package dev.ctstream.verify;

import dev.ctstream.proof.Place;
import dev.ctstream.proof.ProofReport;
import dev.ctstream.proof.Tampering;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.RunKey;
import dev.ctstream.record.StreamKey;
import dev.ctstream.record.proof.LogOrigin;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;

/**
 * Writes a {@link VerifyReport} as one JSON object: {@code proven}, {@code totals}, {@code flows}, {@code lost} (by
 * cause), {@code holes}, {@code problems}, {@code remarks}, {@code proof} (with
 * {@code --key}), {@code runs} (of a host and namespace in their order) and
 * {@code streams}. All streams are listed.
 *
 * <p>Threads: confined to one.
 */
public final class VerifyJson {
    private final JsonWriter json;

    /** Writes to a stream; the caller flushes it. */
    public VerifyJson(OutputStream out) {
        json = new JsonWriter(out);
    }

    /** Writes the report. */
    public void write(VerifyReport report) throws IOException {
        json.begin('{');
        json.name("proven").literal(report.proven());
        json.name("undeclared").number(report.undeclared());
        json.name("completeness_percent").literal(String.format(Locale.ROOT, "%.6f", report.completenessPercent()));
        totals(report);
        json.name("lost");
        causes(report.lost);
        json.name("flows");
        flows(report.flows);
        json.name("flows_untracked").number(report.flowsUntracked);
        json.name("holes_total").number(report.holes.holes());
        holes(report);
        json.name("problems_total").number(report.problems.count());
        findings("problems", report.problems);
        json.name("remarks_total").number(report.remarks.count());
        findings("remarks", report.remarks);
        ProofReport proof = report.proof;
        if (proof != null) {
            proof(proof);
        }
        runs(report);
        streams(report);
        json.end('}').line();
        json.flush();
    }

    private void totals(VerifyReport report) {
        json.name("totals");
        json.begin('{');
        json.name("streams").number(report.streams.size());
        json.name("present").number(report.present());
        json.name("duplicates").number(report.duplicates());
        json.name("reordered").number(report.reordered());
        json.name("declared_lost").number(report.declared());
        json.name("kernel_lost").number(report.kernelLost());
        json.name("expired").number(report.expired());
        json.name("in_spool").number(report.inSpool());
        json.name("trimmed_partitions").number(report.trimmedPartitions);
        json.end('}');
    }

    private void causes(long[] lost) {
        json.begin('{');
        for (GapCause cause : GapCause.values()) {
            if (cause != GapCause.KERNEL) { // written separately
                json.name(cause.word()).number(lost[cause.index()]);
            }
        }
        json.end('}');
    }

    private void flows(FlowCounts flows) {
        json.begin('{');
        json.name("opened_new").number(flows.openedNew);
        json.name("opened_existing").number(flows.openedExisting);
        json.name("opened_update").number(flows.openedUpdate);
        json.name("unopened").number(flows.unopened);
        json.name("closed_observed").number(flows.observed);
        json.name("closed_inferred").number(flows.inferred);
        json.name("closed_by_restart").number(flows.restart);
        json.name("open").number(flows.open);
        json.name("open_at_end_of_run").number(flows.undecided);
        json.name("repeated").number(flows.repeated);
        json.name("late").number(flows.late);
        json.end('}');
    }

    private void holes(VerifyReport report) {
        json.name("holes");
        json.begin('[');
        for (Hole hole : report.holes.listed()) {
            json.begin('{');
            stream(hole.stream());
            json.name("records").string(hole.control() ? "control" : "events");
            json.name("kind").string(hole.kind().name().toLowerCase(Locale.ROOT));
            json.name("first_sequence").number(hole.first());
            json.name("last_sequence").number(hole.last());
            json.end('}');
        }
        json.end(']');
    }

    private void findings(String name, Findings findings) {
        json.name(name);
        json.begin('[');
        for (Findings.Finding finding : findings.listed()) {
            json.begin('{');
            json.name("kind").string(finding.kind());
            json.name("text").string(finding.what());
            json.end('}');
        }
        json.end(']');
    }

    private void proof(ProofReport proof) {
        json.name("proof");
        json.begin('{');
        json.name("proven").literal(proof.proven());
        json.name("altered_total").number(proof.findingsCount());
        json.name("altered");
        json.begin('[');
        for (Tampering finding : proof.findings()) {
            json.begin('{');
            json.name("kind").string(finding.manipulation().word());
            RunIdentity run = finding.run();
            json.name("log").string(run == null ? "" : LogOrigin.of(run));
            json.name("log_index").numberOrNull(finding.index() != Tampering.NO_INDEX, finding.index());
            Place place = finding.place();
            json.name("topic").string(place == null ? "" : place.control() ? "control" : "events");
            json.name("partition").numberOrNull(place != null, place == null ? 0 : place.partition());
            json.name("offset").numberOrNull(place != null, place == null ? 0 : place.offset());
            json.name("stream").string(finding.stream());
            json.name("text").string(finding.what());
            json.end('}');
        }
        json.end(']');
        json.name("remarks");
        json.begin('[');
        proof.remarks().forEach(json::string);
        json.end(']');
        json.name("hosts");
        json.begin('[');
        for (ProofReport.Host host : proof.hosts()) {
            json.begin('{');
            json.name("host_id").string(host.id());
            json.name("logs").number(host.logs());
            json.name("proven").number(host.proven());
            json.name("not_proven").number(host.unproven());
            json.name("given_up").number(host.givenUp());
            json.name("expired").number(host.expired());
            json.name("in_spool").number(host.inSpool());
            json.name("until_ms").numberOrNull(host.untilMillis() != 0, host.untilMillis());
            json.end('}');
        }
        json.end(']');
        json.end('}');
    }

    private void runs(VerifyReport report) throws IOException {
        json.name("runs");
        json.begin('[');
        for (RunAudit run : report.runs) {
            json.begin('{');
            run(run.key);
            json.name("end").string(run.stopped() ? "stopped" : run.endedUncleanly() ? "unclean" : "none");
            json.name("streams").number(run.streams.size());
            json.name("control_records").number(run.control.count());
            json.name("control_duplicates").number(run.controlDuplicates);
            json.name("control_declared_lost").number(run.controlLost);
            json.name("events_malformed").number(run.malformed);
            json.name("events_foreign").numberOrNull(run.foreign != null, run.foreign == null ? 0 : run.foreign);
            json.name("kernel_lost").number(run.kernelLost());
            json.name("kernel_lost_in_gaps").number(run.kernelDeclared);
            json.name("kernel_gaps").number(run.kernelGaps);
            json.name("loss_exact").literal(run.exact);
            json.name("failed_attempts").number(run.failedAttempts);
            json.name("gaps");
            causes(run.gaps);
            json.name("restarts").number(run.restarts);
            windows(run);
            json.end('}');
            json.flush();
        }
        json.end(']');
    }

    private void windows(RunAudit run) {
        json.name("restart_windows_ns");
        json.begin('[');
        for (RunAudit.Window window : run.windows) {
            json.begin('[');
            json.number(window.startNanos());
            json.number(window.endNanos());
            json.end(']');
        }
        json.end(']');
    }

    private void streams(VerifyReport report) throws IOException {
        json.name("streams");
        json.begin('[');
        for (StreamAudit stream : report.streams) {
            json.begin('{');
            stream(stream.key);
            boolean any = stream.present() > 0;
            json.name("first_sequence").numberOrNull(any, stream.seen.first());
            json.name("last_sequence").numberOrNull(any, stream.seen.end() - 1);
            json.name("reported_next_sequence").numberOrNull(stream.reportedNext > 0, stream.reportedNext);
            json.name("present").number(stream.present());
            json.name("duplicates").number(stream.duplicates);
            json.name("reordered").number(stream.reordered);
            json.name("undeclared").number(stream.undeclared);
            json.name("expired").number(stream.expired);
            json.name("in_spool").number(stream.inSpool);
            json.name("moved_partition").literal(stream.moved());
            json.name("settled_early").literal(stream.settledEarly);
            json.name("lost");
            causes(stream.lost);
            json.name("flows");
            flows(stream.flows);
            json.end('}');
            json.flush();
        }
        json.end(']');
    }

    private void run(RunKey key) {
        json.name("host_id").string(key.hostId());
        json.name("boot_id").string(key.bootId());
        json.name("netns").string(key.netns());
        json.name("netns_id").string(key.netnsId());
        json.name("stream_epoch").number(key.streamEpoch());
    }

    private void stream(StreamKey key) {
        run(key.run());
        json.name("ct_zone").numberOrNull(key.zone() >= 0, key.zone());
    }
}
