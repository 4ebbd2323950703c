package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.broker.TestBroker;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.it.ProvenTopics.Fate;
import dev.ctstream.it.ProvenTopics.Lane;
import dev.ctstream.proof.ProofReport;
import dev.ctstream.record.EventRecords;
import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.Schemas;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ctstream verify --key}, {@code proof export} and {@code proof check} with a broker. */
class ProofBrokerIT {
    private static final int MANIPULATIONS = 6;

    @TempDir
    static Path folder;

    private static EmbeddedBroker broker;
    private static FilledTopics filled;
    private static ProvenTopics topics;
    private static Path keys;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeAll
    static void fill() throws Exception {
        broker = TestBroker.temporary(Map.of());
        broker.start();
        filled = new FilledTopics(broker);
        topics = new ProvenTopics(folder);
        keys = Files.writeString(folder.resolve("hosts.keys"), topics.publicKey() + "\n");
        SplittableRandom random = new SplittableRandom(3);
        for (Fate fate : List.of(Fate.STOPS, Fate.REFUSED, Fate.STOPS)) {
            topics.run(fate, random);
        }
        filled.create(ProvenTopics.PARTITIONS, "control", "batches", "pieces", "flat");
        for (Map.Entry<Lane, List<byte[]>> lane : topics.records().entrySet()) {
            int partition = lane.getKey().partition();
            if (lane.getKey().control()) {
                filled.produce("control", partition, lane.getValue());
            } else {
                filled.produce("batches", partition, lane.getValue());
                filled.produce("pieces", partition, recoded(lane.getValue(), ProofBrokerIT::pieces));
                filled.produce("flat", partition, recoded(lane.getValue(), ProofBrokerIT::flat));
            }
        }
    }

    @AfterAll
    static void stop() {
        filled.close();
        broker.close();
    }

    /** Makes other records of a batch. */
    private interface Recoding {
        List<GenericRecord> of(GenericRecord batch);
    }

    private static List<byte[]> recoded(List<byte[]> batches, Recoding recoding) throws Exception {
        List<byte[]> values = new ArrayList<>();
        RawRecordReader reader = new RawRecordReader();
        for (byte[] value : batches) {
            RawRecord raw = reader.read(value, OptionalLong.empty());
            GenericRecord batch = new GenericDatumReader<GenericRecord>(Schemas.BATCH)
                    .read(null, DecoderFactory.get().binaryDecoder(raw.array(), raw.offset(), raw.lengthBytes(), null));
            for (GenericRecord record : recoding.of(batch)) {
                values.add(EventRecords.singleObject(record));
            }
        }
        return values;
    }

    private static List<?> events(GenericRecord batch) {
        return (List<?>) batch.get("events");
    }

    private static List<GenericRecord> pieces(GenericRecord batch) {
        List<?> events = events(batch);
        int middle = (events.size() + 1) / 2;
        return Stream.of(events.subList(0, middle), events.subList(middle, events.size()))
                .filter(part -> !part.isEmpty())
                .map(part -> {
                    GenericRecord piece = new GenericData.Record((GenericData.Record) batch, false);
                    piece.put("events", part);
                    piece.put("first_event_time", time(part.get(0)));
                    piece.put("last_event_time", time(part.get(part.size() - 1)));
                    return piece;
                })
                .toList();
    }

    private static Object time(Object event) {
        return ((GenericRecord) event).get("event_time");
    }

    private static List<GenericRecord> flat(GenericRecord batch) {
        List<GenericRecord> records = new ArrayList<>();
        for (Object event : events(batch)) {
            GenericRecord flat = new GenericData.Record(Schemas.FLAT);
            for (Schema.Field field : Schemas.FLAT.getFields()) {
                GenericRecord from = batch.getSchema().getField(field.name()) != null ? batch : (GenericRecord) event;
                flat.put(field.pos(), from.get(field.name()));
            }
            records.add(flat);
        }
        return records;
    }

    private int ctstream(String... arguments) {
        out.reset();
        err.reset();
        PrintStream to = new PrintStream(err, true, StandardCharsets.UTF_8);
        return Main.execute(new Console(out, to, Map.of(), false, false), arguments);
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8);
    }

    private int verify(String events, String control) {
        return ctstream(
                "verify",
                "--bootstrap-server",
                broker.bootstrapServers(),
                "--topic",
                events,
                "--control-topic",
                control,
                "--key",
                keys.toString());
    }

    /** Retention cuts at segments of Kafka, and knows nothing of batches. */
    @Test
    void partitionsMayBeginWithinABatch() throws Exception {
        Map<Lane, List<byte[]>> lanes = new TreeMap<>(topics.records());
        for (Lane lane : List.copyOf(lanes.keySet())) {
            if (!lane.control()) {
                lanes.put(lane, recoded(Objects.requireNonNull(lanes.get(lane)), ProofBrokerIT::flat));
            }
        }
        for (int cut = 1; cut < 40; cut++) {
            Map<Lane, Integer> trimmed = new HashMap<>();
            for (Lane lane : lanes.keySet()) {
                trimmed.put(lane, lane.control() ? 0 : cut);
            }
            ProofReport report = AlteredTopicsTest.audit(topics.publicKey(), List.of(), lanes, trimmed);
            assertThat(report.findings()).as("without the first %d events", cut).isEmpty();
        }
    }

    @Test
    void everyLayoutIsProven() {
        for (String events : List.of("batches", "pieces", "flat")) {
            assertThat(verify(events, "control")).as("%s: %s", events, output()).isZero();
            assertThat(output())
                    .contains("are what it has signed; nothing is cut off up to")
                    .contains("   PROVEN");
        }
    }

    @Test
    void manipulationsOfTopicsAreNamed() throws Exception {
        for (int i = 0; i < MANIPULATIONS; i++) {
            TopicsForger forger = new TopicsForger(topics.records(), topics.records(), new SplittableRandom(100 + i));
            String what = forger.alter(new int[] {0, 1, 3, 5, 9, 10}[i]);
            String events = "altered-" + i;
            String control = "altered-control-" + i;
            filled.create(ProvenTopics.PARTITIONS, events, control);
            for (Map.Entry<Lane, List<byte[]>> lane : forger.lanes().entrySet()) {
                filled.produce(
                        lane.getKey().control() ? control : events,
                        lane.getKey().partition(),
                        lane.getValue());
            }
            assertThat(verify(events, control)).as("%s: %s", what, output()).isEqualTo(1);
            assertThat(output()).as(what).contains("ALTERED  ").contains("NOT PROVEN");
        }
    }

    /** An auditor gets the files and the public key, and nothing else. */
    @Test
    void exportedBatchesProveThemselves() throws Exception {
        RawRecord one = new RawRecordReader()
                .read(
                        Objects.requireNonNull(topics.records().get(new Lane(false, 1)))
                                .get(0),
                        OptionalLong.empty());
        String stream = String.join(
                "/",
                one.text("host_id"),
                one.text("boot_id"),
                one.text("stream_epoch"),
                one.text("netns_id"),
                one.text("ct_zone"));
        for (String events : List.of("batches", "pieces", "flat")) {
            Path proofs = folder.resolve("proofs-" + events);
            assertThat(ctstream(
                            "proof",
                            "export",
                            "--bootstrap-server",
                            broker.bootstrapServers(),
                            "--topic",
                            events,
                            "--control-topic",
                            "control",
                            "--stream",
                            stream,
                            "--sequences",
                            "0-2",
                            "--directory",
                            proofs.toString()))
                    .as(output())
                    .isZero();
            List<Path> files = files(proofs);
            assertThat(files).isNotEmpty();
            for (Path file : files) {
                assertThat(ctstream("proof", "check", "--key", keys.toString(), "-o", "json", file.toString()))
                        .as(output())
                        .isZero();
                assertThat(output()).contains(": proven: leaf ").contains("\"host_id\":\"host-1\"");
                Path altered = Files.writeString(
                        folder.resolve("altered.tlog-proof"),
                        Files.readString(file).replaceFirst("\nextra (.)..", "\nextra $1AA"));
                assertThat(ctstream("proof", "check", "--key", keys.toString(), altered.toString()))
                        .isEqualTo(1);
                assertThat(output()).contains("NOT PROVEN");
            }
        }
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }
}
