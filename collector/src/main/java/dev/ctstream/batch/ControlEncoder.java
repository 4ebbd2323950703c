package dev.ctstream.batch;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.StreamId;
import dev.ctstream.record.proof.Hash;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.jspecify.annotations.Nullable;

/**
 * Encodes control records. They are rare, so this allocates and uses Avro's own writer.
 *
 * <p>Threads: confined to one.
 */
public final class ControlEncoder {
    private static final Schema POSITION =
            Schemas.CONTROL.getField("streams").schema().getTypes().get(1).getElementType();
    private static final Schema RANGE =
            Schemas.CONTROL.getField("ranges").schema().getTypes().get(1).getElementType();

    private final RunIdentity run;
    private final String hostName;
    private final GenericDatumWriter<GenericRecord> writer = new GenericDatumWriter<>(Schemas.CONTROL);

    /**
     * An encoder for the records of one run.
     *
     * @param hostName the kernel's node name when the run began
     */
    public ControlEncoder(RunIdentity run, String hostName) {
        this.run = run;
        this.hostName = hostName;
    }

    /**
     * Encodes one record.
     *
     * @param stream {@link StreamId#control} of the record's namespace
     * @param timeMillis when the record was made, ms since 1970-01-01 UTC
     * @param part the streams of a HEARTBEAT, STOPPED or SNAPSHOT_END; null for any other record
     * @return a ConntrackControl without framing
     */
    public byte[] encode(
            StreamId stream,
            long timeMillis,
            ControlRecord control,
            ControlRecord.Numbers numbers,
            ControlRecord.@Nullable StreamPart part) {
        GenericRecordBuilder fields = new GenericRecordBuilder(Schemas.CONTROL)
                .set("host_id", run.hostId())
                .set("boot_id", run.bootId())
                .set("netns", stream.netns())
                .set("stream_epoch", run.streamEpoch())
                .set("control_sequence", numbers.controlSequence())
                .set("kind", control.kind().name())
                .set("time", timeMillis)
                .set("host_name", hostName)
                .set("netns_id", stream.netnsId())
                .set("log_index", numbers.logIndex());
        ControlRecord.Acknowledged acknowledged = numbers.acknowledged();
        if (acknowledged != null) {
            fields.set("acknowledged_epoch", acknowledged.streamEpoch())
                    .set("acknowledged_log_index", acknowledged.logIndex());
        }
        fill(fields, stream, control);
        if (part != null) {
            fillStreams(fields, part);
        }
        return write(fields.build());
    }

    private byte[] write(GenericRecord built) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        try {
            writer.write(built, encoder);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("encode a control record", e); // cannot happen: the output is in memory
        }
        return out.toByteArray();
    }

    private void fill(GenericRecordBuilder to, StreamId stream, ControlRecord control) {
        if (control instanceof ControlRecord.Started started) {
            fillStarted(to, started);
        } else if (control instanceof ControlRecord.Stopped stopped) {
            to.set("reason", stopped.reason());
            fillReport(to, stopped.report());
            fillState(to, stopped.state());
        } else if (control instanceof ControlRecord.Heartbeat heartbeat) {
            fillReport(to, heartbeat.report());
            fillState(to, heartbeat.state());
        } else if (control instanceof ControlRecord.Gap gap) {
            fillGap(to, gap);
            fillOwner(to, stream, gap.lost().owner());
        } else if (control instanceof ControlRecord.SnapshotBegin begin) {
            to.set("snapshot_id", begin.snapshotId()).set("reason", begin.reason());
        } else if (control instanceof ControlRecord.SnapshotEnd end) {
            fillSnapshotEnd(to, end);
        } else if (control instanceof ControlRecord.Mode mode) {
            to.set("mode_from", mode.from()).set("mode_to", mode.to()).set("reason", mode.reason());
        } else if (control instanceof ControlRecord.Operator operator) {
            fillOperator(to, operator);
        } else if (control instanceof ControlRecord.Topics topics) {
            to.set("topic_events_id", topics.events().id())
                    .set("topic_events_partitions", topics.events().partitions())
                    .set("topic_control_id", topics.control().id())
                    .set("topic_control_partitions", topics.control().partitions())
                    .set("topic_backlog_batches", topics.backlogBatches());
        } else if (control instanceof ControlRecord.Checkpoint checkpoint) {
            to.set("checkpoint_note", checkpoint.note());
            fillTree(to, checkpoint);
        } else if (control instanceof ControlRecord.Key key) {
            to.set("next_key", key.next()).set("next_key_signature", key.statement());
        } else if (control instanceof ControlRecord.Withdrawn withdrawn) {
            to.set("log_indexes", withdrawn.logIndexes());
            fillOwner(to, stream, new ControlRecord.Owner(withdrawn.run(), stream.netns(), stream.netnsId()));
        } else {
            throw new IllegalArgumentException(control.kind().name());
        }
    }

    private static void fillTree(GenericRecordBuilder to, ControlRecord.Checkpoint checkpoint) {
        to.set("compact_range", buffers(checkpoint.compactRange()))
                .set("leaf_hashes", buffers(checkpoint.leafHashes()));
    }

    private static List<ByteBuffer> buffers(List<Hash> hashes) {
        return hashes.stream().map(Hash::buffer).toList();
    }

    private static void fillStarted(GenericRecordBuilder to, ControlRecord.Started started) {
        ControlRecord.Settings settings = started.settings();
        to.set("reason", started.reason())
                .set("version", settings.version())
                .set("configuration_digest", settings.configurationDigest())
                .set("subscribed_events", settings.subscribedEvents())
                .set("record_layout", settings.recordLayout())
                .set("interim_interval_seconds", settings.interimIntervalSeconds())
                .set("netns_path", started.foundBy().path())
                .set("container_id", started.foundBy().containerId())
                .set("privacy", settings.privacy());
        ControlRecord.PreviousRun previous = started.previous();
        if (previous != null) {
            to.set("preceding_epoch", previous.streamEpoch()).set("preceding_boot_id", previous.bootId());
        }
        if (previous != null && !previous.clean() && started.reason().equals(ControlRecord.Started.AT_START)) {
            to.set("previous_epoch", previous.streamEpoch()).set("previous_boot_id", previous.bootId());
        }
        ControlRecord.Checkpoint preceding = started.preceding();
        if (preceding != null) {
            to.set("preceding_checkpoint", preceding.note());
            fillTree(to, preceding);
        }
        fillState(to, started.state());
    }

    private static void fillState(GenericRecordBuilder to, ControlRecord.NamespaceState state) {
        ControlRecord.Sysctls sysctls = state.sysctls();
        to.set("receive_buffer_bytes", state.receiveBufferBytes())
                .set("sysctl_events", sysctls.events())
                .set("sysctl_acct", sysctls.acct())
                .set("sysctl_timestamp", sysctls.timestamp())
                .set("sysctls_changed", nullWhenEmpty(sysctls.changed()))
                .set("delivery_mode", state.deliveryMode())
                .set("clock_state", state.clockState())
                .set("filter_digest", state.filterDigest());
    }

    private static void fillReport(GenericRecordBuilder to, ControlRecord.Report report) {
        ControlRecord.Received received = report.received();
        ControlRecord.KernelLosses losses = report.losses();
        to.set("events_received", received.understood())
                .set("events_malformed", received.malformed())
                .set("events_filtered", received.filtered())
                .set("events_foreign", received.foreign())
                .set("unknown_attributes", received.unknownAttributes())
                .set("lost_total", losses.lostTotal())
                .set("kernel_drops", losses.kernelDrops())
                .set("loss_exact", losses.exact());
        ControlRecord.Flows flows = report.flows();
        if (flows != null) {
            to.set("flows_live", flows.live()).set("flows_untracked", flows.untracked());
        }
        ControlRecord.TableState table = report.table();
        to.set("table_count", table.count())
                .set("table_max", table.max())
                .set("cpu_stats", nullWhenEmpty(table.cpuStats()))
                .set("clock_step_ns", table.clockStepNanos());
    }

    private static void fillStreams(GenericRecordBuilder to, ControlRecord.StreamPart part) {
        List<GenericRecord> positions =
                part.streams().stream().map(ControlEncoder::position).toList();
        to.set("report_part", part.part()).set("report_parts", part.parts()).set("streams", positions);
        ControlRecord.StreamTotals totals = part.totals();
        if (totals != null) {
            to.set("report_id", totals.reportId())
                    .set("streams_complete", totals.complete())
                    .set("events_sequenced", totals.sequenced())
                    .set("stream_count", totals.streams())
                    .set("events_dropped", totals.dropped())
                    .set("events_owed", totals.owed());
        }
    }

    private static GenericRecord position(ControlRecord.StreamPosition position) {
        GenericData.Record fields = new GenericData.Record(POSITION);
        fields.put("ct_zone", position.zone());
        fields.put("next_sequence", position.nextSequence());
        fields.put("event_count", position.eventCount());
        return fields;
    }

    private static void fillGap(GenericRecordBuilder to, ControlRecord.Gap gap) {
        ControlRecord.Lost lost = gap.lost();
        ControlRecord.Count count = lost.count();
        to.set("cause", gap.cause().word())
                .set("gap_stream", lost.stream())
                .set("lost_count", count.events())
                .set("lost_batches", count.batches())
                .set("failed_attempts", count.failedAttempts())
                .set("loss_exact", count.exact())
                .set("detail", gap.detail());
        if (!lost.ranges().isEmpty()) {
            to.set("ranges", lost.ranges().stream().map(ControlEncoder::range).toList());
        }
        fillWindow(to, gap.window());
    }

    private static GenericRecord range(ControlRecord.Range range) {
        GenericData.Record fields = new GenericData.Record(RANGE);
        fields.put("ct_zone", range.zone());
        fields.put("first_sequence", range.first());
        fields.put("last_sequence", range.last());
        fields.put("count", range.count());
        return fields;
    }

    /** Sets all fields of the owner of the lost sequences, or none when the record's own stream lost them. */
    private void fillOwner(GenericRecordBuilder to, StreamId declaring, ControlRecord.@Nullable Owner owner) {
        ControlRecord.Owner own = new ControlRecord.Owner(run, declaring.netns(), declaring.netnsId());
        if (owner != null && !owner.equals(own)) {
            to.set("gap_host_id", owner.run().hostId())
                    .set("gap_boot_id", owner.run().bootId())
                    .set("gap_stream_epoch", owner.run().streamEpoch())
                    .set("gap_netns", owner.netns())
                    .set("gap_netns_id", owner.netnsId());
        }
    }

    private static void fillWindow(GenericRecordBuilder to, ControlRecord.@Nullable Window window) {
        if (window != null) {
            to.set("window_start_ns", window.startNanos()).set("window_end_ns", window.endNanos());
        }
    }

    private static void fillSnapshotEnd(GenericRecordBuilder to, ControlRecord.SnapshotEnd end) {
        to.set("snapshot_id", end.snapshotId()).set("entries", end.entries()).set("snapshot_complete", end.complete());
        fillWindow(to, end.window());
    }

    private static void fillOperator(GenericRecordBuilder to, ControlRecord.Operator operator) {
        ControlRecord.Action action = operator.action();
        ControlRecord.Outcome outcome = operator.outcome();
        ControlRecord.Person person = operator.person();
        to.set("operation", action.operation())
                .set("command", action.command())
                .set("filter", action.filter())
                .set("requester_port_id", action.requesterPortId())
                .set("affected_count", outcome.affected())
                .set("failed_count", outcome.failed())
                .set("error", outcome.error())
                .set("user_id", person.userId())
                .set("user_name", person.userName())
                .set("login_user_id", person.loginUserId())
                .set("operator_host", person.host());
    }

    private static <V> @Nullable Map<String, V> nullWhenEmpty(Map<String, V> map) {
        return map.isEmpty() ? null : map;
    }
}
