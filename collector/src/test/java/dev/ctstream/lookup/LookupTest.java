package dev.ctstream.lookup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.record.EventRecords;
import dev.ctstream.record.EventScanner;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.Recorded;
import dev.ctstream.verify.Verifier;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** Questions with known answers. Times are ms after the begin of the run. */
class LookupTest {
    private static final long BEGIN = Recorded.EPOCH / 1_000_000;
    private static final String PUBLIC = "192.0.2.7";
    private static final int PUBLIC_PORT = 61_000;
    private static final int ZONE = 7;
    private static final long AT = 60_000;

    private final Recorded topics = new Recorded();
    private final Recorded.Run run = topics.run(0);

    /** A collector that starts with an empty table, and lives until 100 s. */
    private void observed(long lastSequence) {
        observed(run, lastSequence);
    }

    private static void observed(Recorded.Run run, long lastSequence) {
        run.control("SNAPSHOT_BEGIN", Map.of("snapshot_id", 1L, "reason", "start"));
        run.snapshotEnd(1, true, 0, Map.of());
        for (int i = 0; i < 6; i++) {
            run.report("HEARTBEAT", 0, Map.of(ZONE, lastSequence + 1));
        }
    }

    /** An event of a flow from 10.0.0.1 that leaves as {@link #PUBLIC}. */
    private static GenericRecord event(long sequence, String type, long millis, String destination) {
        GenericRecord event = Recorded.event(sequence, type, 1);
        event.put("event_time", BEGIN + millis);
        event.put("received_time_ns", (BEGIN + millis) * 1_000_000);
        event.put("destination_address", destination);
        event.put("reply_source_address", destination);
        event.put("destination_port", 443);
        event.put("reply_source_port", 443);
        event.put("reply_destination_address", PUBLIC);
        event.put("reply_destination_port", PUBLIC_PORT);
        return event;
    }

    private static GenericRecord end(long sequence, long millis, String destination, long beginSequence) {
        GenericRecord end = event(sequence, "DESTROY", millis, destination);
        end.put("begin_sequence", beginSequence);
        return end;
    }

    private static Question question(long at) {
        return new Question(
                PUBLIC, OptionalInt.of(PUBLIC_PORT), OptionalInt.of(6), BEGIN + at, BEGIN - 3_600_000, BEGIN + 200_000);
    }

    private Answer ask(long at) {
        return ask(question(at), 100);
    }

    private Answer ask(Question question, int mostFlows) {
        Lookup lookup = new Lookup(question, new EventScanner(), new Verifier.Limits(1000, 1000, 1 << 16), mostFlows);
        Recorded.feed(new RecordDecoder(), topics.control, lookup::control);
        topics.events.forEach(placed -> {
            try {
                lookup.events(EventRecords.singleObject(placed.record()), OptionalLong.empty(), placed.partition());
            } catch (RecordException e) {
                throw new IllegalStateException(e);
            }
        });
        return lookup.finish();
    }

    private static List<String> lived(Answer answer) {
        return answer.flows().stream()
                .filter(flow -> flow.verdict() == Flow.Verdict.LIVED)
                .map(Flow::original)
                .toList();
    }

    @Test
    void lookupFindsTheFlowThatHadThePort() {
        run.started();
        run.batch(ZONE, 0, event(0, "NEW", 20_000, "198.51.100.1"), event(1, "NEW", 21_000, "198.51.100.9"));
        run.batch(ZONE, 0, end(2, 30_000, "198.51.100.9", 1), end(3, 70_000, "198.51.100.1", 0));
        observed(3);
        Answer answer = ask(AT);
        assertThat(lived(answer)).containsExactly("10.0.0.1:40000 > 198.51.100.1:443");
        assertThat(answer.flows().get(0).reply()).isEqualTo("198.51.100.1:443 > 192.0.2.7:61000");
        assertThat(answer.flows().get(0).beginMillis()).isEqualTo(BEGIN + 20_000);
        assertThat(answer.flows().get(0).endMillis()).isEqualTo(BEGIN + 70_000);
        assertThat(answer.reasons()).isEmpty();
        assertThat(answer.known()).isTrue();
        assertThat(answer.events()).isEqualTo(4);
    }

    @Test
    void lookupAnswersNobodyWhenTheLogIsComplete() {
        run.started();
        run.batch(ZONE, 0, event(0, "NEW", 20_000, "198.51.100.1"), end(1, 30_000, "198.51.100.1", 0));
        run.batch(ZONE, 0, event(2, "NEW", 61_000, "198.51.100.1"), end(3, 62_000, "198.51.100.1", 2));
        observed(3);
        Answer answer = ask(AT);
        assertThat(answer.flows()).isEmpty();
        assertThat(answer.reasons()).isEmpty();
        assertThat(answer.known()).isTrue();
        assertThat(new AnswerText(java.time.ZoneOffset.UTC).format(answer))
                .startsWith("nobody had 192.0.2.7:61000 (tcp) at 2023-11-14 22:14:20.000+00:00\nthe log is complete");
    }

    @Test
    void lookupDoesNotAnswerNobodyWithAHoleInTheLog() {
        run.started();
        run.batch(ZONE, 0, event(0, "NEW", 20_000, "198.51.100.1"), end(1, 30_000, "198.51.100.1", 0));
        run.batch(ZONE, 0, event(5, "NEW", 61_000, "198.51.100.1"), end(6, 62_000, "198.51.100.1", 5));
        observed(6);
        Answer answer = ask(AT);
        assertThat(answer.flows()).isEmpty();
        assertThat(answer.known()).isFalse();
        assertThat(answer.reasons())
                .containsExactly(
                        "h/host, zone 7: sequences 2..4 are missing, and nothing declares them",
                        "a host may have sent them later than others: a longer --within reads on");
    }

    @Test
    void lookupFindsTwoFlowsOnOnePublicPort() {
        run.started();
        run.batch(ZONE, 0, event(0, "NEW", 20_000, "198.51.100.1"), event(1, "NEW", 25_000, "198.51.100.2"));
        run.batch(ZONE, 0, end(2, 70_000, "198.51.100.1", 0));
        observed(2);
        Answer answer = ask(AT);
        assertThat(lived(answer))
                .containsExactly("10.0.0.1:40000 > 198.51.100.1:443", "10.0.0.1:40000 > 198.51.100.2:443");
        assertThat(answer.flows().get(1).endMillis()).isEqualTo(Long.MAX_VALUE);
        assertThat(answer.known()).isTrue();
    }

    @Test
    void lookupFindsAFlowOfWhichOnlyTheEndWasRead() {
        run.started();
        GenericRecord end = event(0, "DESTROY", 70_000, "198.51.100.1");
        end.put("start_time_ns", (BEGIN - 5_000_000) * 1_000_000);
        end.put("stop_time_ns", (BEGIN + 65_000) * 1_000_000);
        run.batch(ZONE, 0, end);
        observed(0);
        assertThat(lived(ask(AT))).hasSize(1);
        assertThat(lived(ask(AT + 5_000))).hasSize(1);
        assertThat(ask(AT + 5_001).flows()).isEmpty();
    }

    @Test
    void everyEndOfAFlowIsLookedUpWithItsOwnPort() {
        run.started();
        run.batch(ZONE, 0, event(0, "NEW", 20_000, "198.51.100.1"));
        observed(0);
        Map.of("10.0.0.1", 40_000, "198.51.100.1", 443, PUBLIC, PUBLIC_PORT).forEach((address, port) -> {
            assertThat(lived(ask(asking(address, OptionalInt.of(port), OptionalInt.empty()), 100)))
                    .as(address)
                    .hasSize(1);
            assertThat(ask(asking(address, OptionalInt.of(port + 1), OptionalInt.empty()), 100)
                            .flows())
                    .isEmpty();
            assertThat(ask(asking(address, OptionalInt.of(port), OptionalInt.of(17)), 100)
                            .flows())
                    .isEmpty();
        });
    }

    private static Question asking(String address, OptionalInt port, OptionalInt protocol) {
        Question any = question(AT);
        return new Question(address, port, protocol, any.atMillis(), any.fromMillis(), any.untilMillis());
    }

    @Test
    void anInferredEndIsNoProofThatTheFlowLived() {
        run.started();
        GenericRecord end = end(1, 70_000, "198.51.100.1", 0);
        end.put("origin", "inferred");
        run.batch(ZONE, 0, event(0, "NEW", 20_000, "198.51.100.1"), end);
        observed(1);
        Answer answer = ask(AT);
        assertThat(answer.flows()).singleElement().extracting(Flow::verdict).isEqualTo(Flow.Verdict.POSSIBLE);
        assertThat(answer.known()).isFalse();
        assertThat(lived(ask(20_000))).hasSize(1);
    }

    @Test
    void aReportOfALivingFlowProvesThatItLived() {
        run.started();
        GenericRecord interim = event(0, "INTERIM", 80_000, "198.51.100.1");
        interim.put("origin", "dump");
        interim.put("start_time_ns", (BEGIN - 5_000_000) * 1_000_000);
        run.batch(ZONE, 0, interim);
        observed(0);
        assertThat(lived(ask(AT))).hasSize(1);
    }

    @Test
    void aNewThatComesAfterItsDestroyOpensNothing() {
        run.started();
        run.batch(
                ZONE,
                0,
                event(0, "DESTROY", 30_000, "198.51.100.1"),
                event(1, "NEW", 29_999, "198.51.100.1"),
                event(2, "UPDATE", 30_001, "198.51.100.1"));
        observed(2);
        Answer answer = ask(AT);
        assertThat(answer.flows()).isEmpty();
        assertThat(answer.known()).isTrue();
    }

    @Test
    void eventsThatComeTwiceCountOnce() {
        run.started();
        run.batch(ZONE, 0, event(0, "NEW", 20_000, "198.51.100.1"), end(1, 30_000, "198.51.100.1", 0));
        topics.events.add(topics.events.get(0)); // published again after a failure of the broker
        observed(1);
        Answer answer = ask(AT);
        assertThat(answer.flows()).isEmpty();
        assertThat(answer.known()).isTrue();
    }

    @Test
    void aRepeatedNewIsTheSameFlow() {
        run.started();
        GenericRecord repeated = event(1, "NEW", 21_000, "198.51.100.1");
        repeated.put("begin_sequence", 0L);
        run.batch(ZONE, 0, event(0, "NEW", 20_000, "198.51.100.1"), repeated);
        observed(1);
        assertThat(lived(ask(AT))).hasSize(1);
    }

    @Test
    void declaredLossesStandAgainstNobody() {
        run.started();
        run.batch(ZONE, 0, event(0, "NEW", 20_000, "198.51.100.1"), end(1, 30_000, "198.51.100.1", 0));
        run.gap("spool", ZONE, 2, 9);
        run.batch(ZONE, 0, event(10, "NEW", 70_000, "198.51.100.1"));
        observed(10);
        assertThat(ask(AT).known()).isFalse();
        assertThat(ask(AT).reasons()).containsExactly("8 events are declared as lost, cause spool");
    }

    @Test
    void whatTheKernelDroppedStandsAgainstNobody() {
        run.started();
        run.kernelGap(17);
        observed(-1);
        assertThat(ask(AT).known()).isFalse();
        assertThat(ask(AT).reasons()).containsExactly("h/host: the kernel dropped 17 events");
    }

    @Test
    void aFilterStandsAgainstNobody() {
        run.control("STARTED", Map.of("reason", "start", "filter_digest", "abcd"));
        observed(-1);
        assertThat(ask(AT).known()).isFalse();
        assertThat(ask(AT).reasons()).containsExactly("h/host: its collector follows only some flows (keys filter.*)");
    }

    @Test
    void whatPrivacyLeavesOutStandsAgainstNobody() {
        run.control("STARTED", Map.of("reason", "start", "privacy", "addresses truncated: /24 /48"));
        observed(-1);
        assertThat(ask(AT).known()).isFalse();
        assertThat(ask(AT).reasons())
                .containsExactly("h/host: its collector leaves out or shortens addresses (keys privacy.*)");
    }

    @Test
    void aTimeWithoutACollectorStandsAgainstNobody() {
        run.started();
        observed(-1);
        assertThat(ask(AT).known()).isTrue();
        assertThat(ask(150_000).reasons()).singleElement().asString().contains("no HEARTBEAT at or after");
        run.report("STOPPED", 0, Map.of());
        assertThat(ask(150_000).reasons()).singleElement().asString().contains("its collector had stopped");
        assertThat(ask(0).reasons()).singleElement().asString().contains("was not observed before its first run");
    }

    @Test
    void aRunThatBeganEarlierMayHaveFlowsThatNoEventShows() {
        for (int i = 0; i < 8; i++) {
            run.report("HEARTBEAT", 0, Map.of(ZONE, 1_000L));
        }
        run.batch(ZONE, 0, event(999, "NEW", 20_000, "198.51.100.9"), end(1_000, 21_000, "198.51.100.9", 999));
        Answer answer = ask(AT);
        assertThat(answer.flows()).isEmpty();
        assertThat(answer.reasons())
                .singleElement()
                .asString()
                .contains("flows that are older, and live on, are not known");
    }

    @Test
    void eventsAreReadUntilEachLivingFlowHasBeenReported() {
        assertThat(outlook()).isEqualTo(Outlook.DEFAULT_MILLIS);
        run.control("STARTED", Map.of("reason", "start", "interim_interval_seconds", 60L));
        assertThat(outlook()).isEqualTo(120_000);
        run.control("STARTED", Map.of("reason", "start", "interim_interval_seconds", 0L));
        assertThat(outlook()).isEqualTo(Outlook.DEFAULT_MILLIS);
    }

    private long outlook() {
        Outlook outlook = new Outlook();
        Recorded.feed(new RecordDecoder(), topics.control, (record, partition) -> outlook.control(record));
        return outlook.millis();
    }

    @Test
    void aNamespaceThatWasMadeAgainIsJudgedByItself() {
        run.started();
        run.batch(ZONE, 0, event(0, "NEW", 1_000, "198.51.100.9"), end(1, 2_000, "198.51.100.9", 0));
        observed(1);
        run.control("STOPPED", Map.of("reason", "namespace-removed", "time", BEGIN + 40_000));
        Recorded.Run again = topics.new Run("host", "2", "b", Recorded.EPOCH);
        again.control("STARTED", Map.of("reason", "namespace-added", "time", BEGIN + 50_000));
        again.control("SNAPSHOT_BEGIN", Map.of("snapshot_id", 1L, "reason", "namespace-added"));
        again.snapshotEnd(1, true, 0, Map.of());
        for (int i = 0; i < 8; i++) {
            again.report("HEARTBEAT", 0, Map.of());
        }
        assertThat(ask(AT).reasons()).isEmpty();
        again.control("STOPPED", Map.of("reason", "stop", "time", BEGIN + 55_000));
        assertThat(ask(AT).reasons()).anyMatch(reason -> reason.contains("its collector had stopped"));
    }

    @Test
    void aFlowThatTheNextRunDoesNotKnowHadEnded() {
        Recorded.Run before = topics.run(0);
        before.started();
        before.batch(ZONE, 0, event(0, "NEW", 1_000, "198.51.100.1"), event(1, "NEW", 1_000, "198.51.100.2"));
        observed(before, 1);
        before.report("STOPPED", 0, Map.of(ZONE, 2L));
        long later = 200_000;
        Recorded.Run after = topics.run(later * 1_000_000);
        after.startedAfterEnd(before);
        GenericRecord existing = Recorded.existing(0, 1, 1);
        event(0, "EXISTING", later + 20_000, "198.51.100.2")
                .getSchema()
                .getFields()
                .forEach(field -> {
                    if (!field.name().equals("snapshot_id")) {
                        existing.put(
                                field.name(),
                                event(0, "EXISTING", later + 20_000, "198.51.100.2")
                                        .get(field.name()));
                    }
                });
        existing.put("origin", "dump");
        after.batch(ZONE, 0, existing);
        after.control("SNAPSHOT_BEGIN", Map.of("snapshot_id", 1L, "reason", "start"));
        after.snapshotEnd(1, true, 1, Map.of(ZONE, 1L));
        for (int i = 0; i < 6; i++) {
            after.report("HEARTBEAT", 0, Map.of(ZONE, 1L));
        }
        Answer answer = ask(
                new Question(
                        PUBLIC,
                        OptionalInt.of(PUBLIC_PORT),
                        OptionalInt.empty(),
                        BEGIN + later + 60_000,
                        BEGIN - 1000,
                        BEGIN + later + 70_000),
                100);
        assertThat(lived(answer)).containsExactly("10.0.0.1:40000 > 198.51.100.2:443");
    }

    @Test
    void moreFlowsThanFitAreRefused() {
        run.started();
        run.batch(
                ZONE,
                0,
                Stream.of(1, 2, 3, 4)
                        .map(i -> event(i - 1, "NEW", 1_000, "198.51.100." + i))
                        .toArray(GenericRecord[]::new));
        observed(3);
        assertThat(lived(ask(question(AT), 4))).hasSize(4);
        assertThatThrownBy(() -> ask(question(AT), 3))
                .isInstanceOf(Lookup.LimitException.class)
                .hasMessageContaining("--port");
    }

    @Test
    void jsonHasOneObject() throws Exception {
        run.started();
        run.batch(ZONE, 0, event(0, "NEW", 20_000, "198.51.100.1"));
        observed(0);
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        new AnswerJson(out).write(ask(AT));
        assertThat(out.toString(java.nio.charset.StandardCharsets.UTF_8))
                .startsWith("{\"address\":\"192.0.2.7\",\"port\":61000,\"protocol\":6,\"at\":" + (BEGIN + AT))
                .contains(
                        "\"known\":true,\"complete\":true,\"reasons\":[],\"flows\":[{\"lived\":true,\"host_id\":\"h\"")
                .contains("\"end\":null")
                .endsWith("}]}\n");
    }
}
