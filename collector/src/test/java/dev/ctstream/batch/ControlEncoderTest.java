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
    private static final StreamPart STREAMS =
            new StreamPart(0, 2, List.of(new StreamPosition(0, 5, null), new StreamPosition(65_535, 7, 3L)));
    private static final ControlRecord.Report REPORT = new ControlRecord.Report(
            4,
            STREAMS,
            true,
            new ControlRecord.Totals(
                    12,
                    2,
                    new ControlRecord.Received(20, 1, 2, 3),
                    new ControlRecord.Losses(4, 5, 6, true),
                    new ControlRecord.Flows(8, 9)),
            new ControlRecord.TableState(100L, 200L, Map.of("drop", 1L), -5L));

    private static final List<ControlRecord> EVERY_KIND = List.of(
            new ControlRecord.Started(
                    "start",
                    new ControlRecord.Settings("0.1.0", "abcd", "NEW,DESTROY", "batch"),
                    new ControlRecord.PreviousRun(77, "boot-0"),
                    STATE),
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
            new ControlRecord.SnapshotBegin(3, "start"),
            new ControlRecord.SnapshotEnd(3, 250_000, true, WINDOW, STREAMS),
            new ControlRecord.Mode("reliable", "counted", "table 90 % full"),
            new ControlRecord.Operator(
                    new ControlRecord.Action("flush", "entries flush --zone 5", "zone=5", 4_000_000_000L),
                    new ControlRecord.Outcome(17, 1, "delete: ENOENT"),
                    new ControlRecord.Person(0, "root", 1000L, "web-1")));

    private static final StreamId BLUE = StreamId.control("blue", "4242");

    private final ControlEncoder encoder = new ControlEncoder(TestBatcher.RUN, "web-1");

    private GenericRecord encoded(ControlRecord control) {
        return Datums.read(encoder.encode(BLUE, 9, 1234, control));
    }

    private GenericRecord gap(ControlRecord.Lost lost) {
        return encoded(new ControlRecord.Gap(GapCause.SPOOL, lost, WINDOW, null));
    }

    @Test
    void everyRecordHasItsStreamNumberAndTime() {
        for (ControlRecord control : EVERY_KIND) {
            EncodedBatch batch = encoder.encode(BLUE, 9, 1234, control);
            assertThat(batch.kind()).isEqualTo(EncodedBatch.CONTROL);
            assertThat(batch.stream()).isEqualTo(BLUE);
            assertThat(batch.firstSequence()).isEqualTo(9);
            assertThat(batch.count()).isEqualTo(1);
            assertThat(batch.firstReceivedNanos()).isEqualTo(1_234_000_000L);
            GenericRecord record = Datums.read(batch);
            assertThat(record.get("host_id")).hasToString("host-1");
            assertThat(record.get("boot_id")).hasToString("boot-1");
            assertThat(record.get("netns")).hasToString("blue");
            assertThat(record.get("stream_epoch")).isEqualTo(TestBatcher.RUN.streamEpoch());
            assertThat(record.get("control_sequence")).isEqualTo(9L);
            assertThat(record.get("kind")).hasToString(control.kind().name());
            assertThat(record.get("time")).isEqualTo(1234L);
            assertThat(record.get("host_name")).hasToString("web-1");
            assertThat(record.get("netns_id")).hasToString("4242");
            assertThat(record.get("log_index")).isNull();
        }
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
        assertThat(record.get("events_dropped")).isEqualTo(4L);
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
        EncodedBatch batch = encoder.encode(BLUE, 0, 0, new ControlRecord.Gap(GapCause.SPOOL, lost, WINDOW, null));
        assertThat(batch.lengthBytes()).isLessThan(32 << 10);

        List<ControlRecord.Range> more = Collections.nCopies(ControlRecord.Lost.MAX_RANGES + 1, range);
        assertThatThrownBy(() -> ControlRecord.Lost.of(null, ControlRecord.Lost.EVENTS, more, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void streamsPerRecordAreBounded() {
        List<StreamPosition> streams =
                Collections.nCopies(StreamPart.MAX_STREAMS, new StreamPosition(65_535, 1L << 50, null));
        ControlRecord.Report report = new ControlRecord.Report(
                0, new StreamPart(0, 1, streams), true, REPORT.totals(), ControlRecord.TableState.UNKNOWN);
        EncodedBatch batch = encoder.encode(BLUE, 0, 0, new ControlRecord.Heartbeat(report, STATE));
        assertThat(batch.lengthBytes()).isLessThan(64 << 10);

        List<StreamPosition> more = Collections.nCopies(StreamPart.MAX_STREAMS + 1, streams.get(0));
        assertThatThrownBy(() -> new StreamPart(0, 1, more)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void submittedRecordsAreNumberedWhenTheSinkHasSpace() {
        try (TestBatcher test = new TestBatcher()) {
            NamespaceStreams host = test.batcher.streams(TestBatcher.HOST);
            NamespaceStreams blue = test.batcher.streams(new TestSource(1, "blue"));
            ControlRecord mode = new ControlRecord.Mode("counted", "reliable", "calm");
            assertThat(test.batcher.submit(host, mode, 1)).isTrue();
            assertThat(test.batcher.submit(blue, mode, 2)).isTrue();
            assertThat(test.batcher.submit(host, mode, 3)).isTrue();
            assertThat(test.sink.batches).isEmpty();
            test.sink.controlCapacity = 1;
            assertThat(test.batcher.pass(0)).isEqualTo(10_000_000L);
            test.sink.controlCapacity = 5;
            assertThat(test.batcher.pass(0)).isEqualTo(Long.MAX_VALUE);
            List<GenericRecord> records =
                    test.sink.batches.stream().map(Datums::read).toList();
            assertThat(records).extracting(record -> record.get("time")).containsExactly(1L, 2L, 3L);
            assertThat(records)
                    .extracting(record -> record.get("control_sequence"))
                    .containsExactly(0L, 0L, 1L);
        }
    }

    @Test
    void tooManyWaitingRecordsAreRefused() {
        try (TestBatcher test = new TestBatcher()) {
            NamespaceStreams host = test.batcher.streams(TestBatcher.HOST);
            ControlRecord begin = new ControlRecord.SnapshotBegin(1, "request");
            for (int i = 0; i < ControlChannel.WAITING_MAX; i++) {
                assertThat(test.batcher.submit(host, begin, 0)).isTrue();
            }
            assertThat(test.batcher.submit(host, begin, 0)).isFalse();
        }
    }
}
