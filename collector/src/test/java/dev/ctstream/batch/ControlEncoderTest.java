package dev.ctstream.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.batch.ControlRecord.NamespaceState;
import dev.ctstream.batch.ControlRecord.StreamPart;
import dev.ctstream.batch.ControlRecord.StreamPosition;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.StreamId;
import dev.ctstream.record.proof.Hash;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Each kind of control record, with every field that it can have, is encoded and read back. */
class ControlEncoderTest {
    private static final NamespaceState STATE = new NamespaceState(
            1024L, new ControlRecord.Sysctls(1, 0, 1, Map.of("nf_conntrack_acct", 0)), "counted", "synchronized", "ff");
    private static final ControlRecord.Window WINDOW = new ControlRecord.Window(10, 20);
    private static final StreamPart STREAMS = new StreamPart(
            0,
            2,
            List.of(new StreamPosition(0, 5, null), new StreamPosition(65_535, 7, 3L)),
            new ControlRecord.StreamTotals(4, true, 12, 2, 3, 1));
    private static final ControlRecord.Report REPORT = new ControlRecord.Report(
            new ControlRecord.Received(20, 1, 2, 4, 3),
            new ControlRecord.KernelLosses(5, 6, true),
            new ControlRecord.Flows(8, 9),
            new ControlRecord.TableState(100L, 200L, Map.of("drop", 1L), -5L));
    private static final ControlRecord.Settings SETTINGS =
            new ControlRecord.Settings("0.1.0", "abcd", "NEW,DESTROY", "batch", 300, "addresses truncated");

    private static final List<ControlRecord> EVERY_KIND = List.of(
            new ControlRecord.Started(
                    ControlRecord.Started.AT_START,
                    SETTINGS,
                    new ControlRecord.PreviousRun(77, "boot-0", false),
                    STATE,
                    new ControlRecord.FoundBy("/var/run/netns/blue", "0123"),
                    new ControlRecord.Checkpoint("note", List.of(), List.of(Hash.EMPTY_ROOT))),
            new ControlRecord.Checkpoint("note", List.of(Hash.EMPTY_ROOT), List.of()),
            new ControlRecord.Key("key", "note"),
            new ControlRecord.Withdrawn(new RunIdentity("host-0", "boot-0", 77), List.of(3L, 5L)),
            new ControlRecord.Stopped("stop", REPORT, STATE),
            new ControlRecord.Heartbeat(REPORT, STATE),
            new ControlRecord.Gap(
                    GapCause.DAMAGE,
                    new ControlRecord.Lost(
                            new ControlRecord.Owner(new RunIdentity("host-0", "boot-0", 77), "red", "6"),
                            ControlRecord.Lost.EVENTS,
                            List.of(new ControlRecord.Range(5, 10, 12L)),
                            new ControlRecord.Count(3L, 1L, 2L, true)),
                    WINDOW,
                    "segment 4"),
            new ControlRecord.Topics(new ControlRecord.Topic("e", 12), new ControlRecord.Topic("c", 3), 4L),
            new ControlRecord.SnapshotBegin(3, "start"),
            new ControlRecord.SnapshotEnd(3, 250_000, true, WINDOW, Map.of(0, 250_000L)),
            new ControlRecord.Mode("reliable", "counted", "table 90 % full"),
            new ControlRecord.Operator(
                    new ControlRecord.Action("flush", "entries flush --zone 5", "zone=5", 4_000_000_000L),
                    new ControlRecord.Outcome(17, 1, "delete: ENOENT"),
                    new ControlRecord.Person(0, "root", 1000L, "web-1")));

    private static final ControlRecord.Numbers NUMBERS =
            new ControlRecord.Numbers(9, 40L, new ControlRecord.Acknowledged(77, 39));
    private static final StreamId BLUE = StreamId.control("blue", "4242");

    private final ControlEncoder encoder = new ControlEncoder(TestBatcher.RUN, "web-1");

    private GenericRecord encoded(ControlRecord control) {
        boolean listsStreams = control instanceof ControlRecord.Heartbeat
                || control instanceof ControlRecord.Stopped
                || control instanceof ControlRecord.SnapshotEnd;
        return read(encoder.encode(BLUE, 1234, control, NUMBERS, listsStreams ? STREAMS : null));
    }

    private static GenericRecord read(byte[] datum) {
        return Datums.read(Schemas.CONTROL, datum, 0, datum.length);
    }

    private GenericRecord gap(ControlRecord.Lost lost) {
        return encoded(new ControlRecord.Gap(GapCause.SPOOL, lost, WINDOW, null));
    }

    @Test
    void everyRecordHasItsStreamNumberAndTime() {
        for (ControlRecord control : EVERY_KIND) {
            GenericRecord record = encoded(control);
            assertThat(record.get("host_id")).hasToString("host-1");
            assertThat(record.get("boot_id")).hasToString("boot-1");
            assertThat(record.get("netns")).hasToString("blue");
            assertThat(record.get("stream_epoch")).isEqualTo(TestBatcher.RUN.streamEpoch());
            assertThat(record.get("control_sequence")).isEqualTo(9L);
            assertThat(record.get("kind")).hasToString(control.kind().name());
            assertThat(record.get("time")).isEqualTo(1234L);
            assertThat(record.get("host_name")).hasToString("web-1");
            assertThat(record.get("netns_id")).hasToString("4242");
            assertThat(record.get("log_index")).isEqualTo(40L);
            assertThat(record.get("acknowledged_epoch")).isEqualTo(77L);
            assertThat(record.get("acknowledged_log_index")).isEqualTo(39L);
        }
    }

    @Test
    void aRecordOutsideTheSpoolHasNoLogIndex() {
        GenericRecord record = read(encoder.encode(
                BLUE,
                1234,
                new ControlRecord.Mode("counted", "reliable", "calm"),
                new ControlRecord.Numbers(0, null, null),
                null));
        assertThat(record.get("control_sequence")).isEqualTo(0L);
        assertThat(record.get("log_index")).isNull();
        assertThat(record.get("acknowledged_epoch")).isNull();
        assertThat(record.get("acknowledged_log_index")).isNull();
    }

    @Test
    void startedNamesThePrecedingRunAlwaysAndThePreviousOnlyAfterAnUncleanEnd() {
        GenericRecord unclean = started(ControlRecord.Started.AT_START, false);
        assertThat(unclean.get("preceding_epoch")).isEqualTo(77L);
        assertThat(unclean.get("preceding_boot_id")).hasToString("boot-0");
        assertThat(unclean.get("previous_epoch")).isEqualTo(77L);
        assertThat(unclean.get("previous_boot_id")).hasToString("boot-0");
        for (GenericRecord other :
                List.of(started(ControlRecord.Started.AT_START, true), started("namespace-added", false))) {
            assertThat(other.get("preceding_epoch")).isEqualTo(77L);
            assertThat(other.get("preceding_boot_id")).hasToString("boot-0");
            assertThat(other.get("previous_epoch")).isNull();
            assertThat(other.get("previous_boot_id")).isNull();
        }
    }

    private GenericRecord started(String reason, boolean clean) {
        return encoded(
                new ControlRecord.Started(reason, SETTINGS, new ControlRecord.PreviousRun(77, "boot-0", clean), STATE));
    }

    @Test
    void everyFieldIsFilledBySomeKindUnlessDocumentedAsUnfilled() {
        Set<String> filled = new HashSet<>();
        EVERY_KIND.forEach(control ->
                filled.addAll(ExpectedEvent.withoutNulls(encoded(control)).keySet()));
        assertThat(Schemas.CONTROL.getFields().stream()
                        .filter(field -> !field.doc().contains("this version does not fill it"))
                        .map(Schema.Field::name))
                .containsExactlyInAnyOrderElementsOf(filled);
    }

    @Test
    void reportHasTotalsAndStreams() {
        GenericRecord record = encoded(new ControlRecord.Heartbeat(REPORT, STATE));
        assertThat(record.get("events_sequenced")).isEqualTo(12L);
        assertThat(record.get("stream_count")).isEqualTo(2);
        assertThat(record.get("events_dropped")).isEqualTo(3L);
        assertThat(record.get("events_owed")).isEqualTo(1L);
        assertThat(record.get("events_foreign")).isEqualTo(4L);
        assertThat(record.get("report_id")).isEqualTo(4L);
        assertThat(record.get("streams_complete")).isEqualTo(true);
        assertThat(record.get("lost_total")).isEqualTo(5L);
        assertThat(record.get("kernel_drops")).isEqualTo(6L);
        assertThat(record.get("report_parts")).isEqualTo(2);
        assertThat(record.get("streams"))
                .hasToString("[{\"ct_zone\": 0, \"next_sequence\": 5, \"event_count\": null}, "
                        + "{\"ct_zone\": 65535, \"next_sequence\": 7, \"event_count\": 3}]");
        assertThat(record.get("cpu_stats")).hasToString("{drop=1}");
        assertThat(record.get("cause")).isNull();
    }

    @Test
    void aSnapshotListsStreamsWithoutTotals() {
        StreamPart part = new StreamPart(1, 2, List.of(new StreamPosition(7, 9, 4L)), null);
        GenericRecord record = read(encoder.encode(
                BLUE, 1234, new ControlRecord.SnapshotEnd(3, 4, true, WINDOW, Map.of(7, 4L)), NUMBERS, part));
        assertThat(record.get("report_part")).isEqualTo(1);
        assertThat(record.get("streams")).hasToString("[{\"ct_zone\": 7, \"next_sequence\": 9, \"event_count\": 4}]");
        assertThat(record.get("entries")).isEqualTo(4L);
        assertThat(record.get("events_sequenced")).isNull();
        assertThat(record.get("report_id")).isNull();
    }

    @Test
    void kernelGapHasACountButNoStream() {
        GenericRecord gap = encoded(new ControlRecord.Gap(GapCause.KERNEL, ControlRecord.Lost.kernel(5), WINDOW, null));
        assertThat(gap.get("lost_count")).isEqualTo(5L);
        assertThat(gap.get("ranges")).isNull();
        assertThat(gap.get("gap_stream_epoch")).isNull();
    }

    @Test
    void gapHasRangesAndTheirSum() {
        GenericRecord gap = gap(ControlRecord.Lost.of(
                null,
                ControlRecord.Lost.EVENTS,
                List.of(new ControlRecord.Range(0, 5, 5L), new ControlRecord.Range(65_535, 10, 19L)),
                3));
        assertThat(gap.get("ranges"))
                .hasToString("[{\"ct_zone\": 0, \"first_sequence\": 5, \"last_sequence\": 5, \"count\": 1}, "
                        + "{\"ct_zone\": 65535, \"first_sequence\": 10, \"last_sequence\": 19, \"count\": 10}]");
        assertThat(gap.get("lost_count")).isEqualTo(11L);
        assertThat(gap.get("lost_batches")).isEqualTo(3L);
    }

    @Test
    void gapWithAnOpenRangeHasNoCount() {
        GenericRecord gap = gap(ControlRecord.Lost.of(
                null,
                ControlRecord.Lost.CONTROL,
                List.of(new ControlRecord.Range(null, 1, 2L), new ControlRecord.Range(null, 5, null)),
                1));
        assertThat(gap.get("ranges"))
                .asString()
                .contains("{\"ct_zone\": null, \"first_sequence\": 5, \"last_sequence\": null, \"count\": null}");
        assertThat(gap.get("lost_count")).isNull();
    }

    @Test
    void gapNamesTheWholeOwnerIfAnyPartDiffers() {
        RunIdentity run = TestBatcher.RUN;
        RunIdentity rebooted = new RunIdentity(run.hostId(), "boot-0", run.streamEpoch());
        assertThat(identity(gap(lost(run, "blue", "4242")))).containsOnlyNulls();
        assertThat(identity(gap(lost(run, "blue", "4243"))))
                .containsExactly("host-1", "boot-1", "" + run.streamEpoch(), "blue", "4243");
        assertThat(identity(gap(lost(run, "host", "1"))))
                .containsExactly("host-1", "boot-1", "" + run.streamEpoch(), "host", "1");
        assertThat(identity(gap(lost(rebooted, "blue", "4242"))))
                .containsExactly("host-1", "boot-0", "" + run.streamEpoch(), "blue", "4242");
    }

    private static ControlRecord.Lost lost(RunIdentity run, String netns, String netnsId) {
        ControlRecord.Owner owner = new ControlRecord.Owner(run, netns, netnsId);
        return ControlRecord.Lost.of(owner, ControlRecord.Lost.EVENTS, List.of(new ControlRecord.Range(7, 0, 9L)), 1);
    }

    private static List<@Nullable String> identity(GenericRecord gap) {
        List<@Nullable String> values = new ArrayList<>();
        for (String name : List.of("host_id", "boot_id", "stream_epoch", "netns", "netns_id")) {
            Object value = gap.get("gap_" + name);
            values.add(value == null ? null : value.toString());
        }
        return values;
    }

    @Test
    void rangesPerGapAreBounded() {
        ControlRecord.Range range = new ControlRecord.Range(65_535, 1L << 50, (1L << 50) + 9);
        List<ControlRecord.Range> most = Collections.nCopies(ControlRecord.Lost.MAX_RANGES, range);
        ControlRecord.Lost lost = ControlRecord.Lost.of(null, ControlRecord.Lost.EVENTS, most, 1);
        ControlRecord gap = new ControlRecord.Gap(GapCause.SPOOL, lost, WINDOW, null);
        assertThat(encoder.encode(BLUE, 0, gap, NUMBERS, null)).hasSizeLessThan(32 << 10);

        List<ControlRecord.Range> more = Collections.nCopies(ControlRecord.Lost.MAX_RANGES + 1, range);
        assertThatThrownBy(() -> ControlRecord.Lost.of(null, ControlRecord.Lost.EVENTS, more, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void streamsPerRecordAreBounded() {
        List<StreamPosition> streams =
                Collections.nCopies(StreamPart.MAX_STREAMS, new StreamPosition(65_535, 1L << 50, null));
        StreamPart part = new StreamPart(0, 1, streams, STREAMS.totals());
        assertThat(encoder.encode(BLUE, 0, new ControlRecord.Heartbeat(REPORT, STATE), NUMBERS, part))
                .hasSizeLessThan(64 << 10);

        List<StreamPosition> more = Collections.nCopies(StreamPart.MAX_STREAMS + 1, streams.get(0));
        assertThatThrownBy(() -> new StreamPart(0, 1, more, null)).isInstanceOf(IllegalArgumentException.class);
    }
}
