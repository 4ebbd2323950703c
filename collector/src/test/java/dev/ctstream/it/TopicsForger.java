package dev.ctstream.it;

import dev.ctstream.it.ProvenTopics.Lane;
import dev.ctstream.proof.Place;
import dev.ctstream.proof.Tampering;
import dev.ctstream.record.Framing;
import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.LeafGatherer;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.NoteKey;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.SignedNote;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/** Somebody who may change everything in the topics, but has not the host's key; and what of it must be named. */
final class TopicsForger {
    /** Kinds of manipulations. */
    static final int KINDS = 17;

    private static final Lane CONTROL = new Lane(true, 0);

    private final Map<Lane, List<byte[]>> lanes = new TreeMap<>();
    private final Map<Lane, List<byte[]>> fork;
    private final SplittableRandom random;
    private final RawRecordReader reader = new RawRecordReader();
    private final Set<Leaf> leaves = new HashSet<>();
    private final Set<Place> places = new HashSet<>();
    private final Set<RunIdentity> runs = new HashSet<>(); // any record of them

    private final Set<Range> excused = new HashSet<>(); // by a WITHDRAWN that is not as it was

    private record Leaf(RunIdentity run, long index) {}

    private record Range(RunIdentity run, long first, long next) {
        boolean has(RunIdentity of, long index) {
            return run.equals(of) && first <= index && index < next;
        }
    }

    /** A record by its partition and its offset. */
    private record At(Lane lane, int offset) {}

    TopicsForger(Map<Lane, List<byte[]>> lanes, Map<Lane, List<byte[]>> fork, SplittableRandom random) {
        lanes.forEach((lane, records) -> this.lanes.put(lane, new ArrayList<>(records)));
        this.fork = fork;
        this.random = random;
    }

    Map<Lane, List<byte[]>> lanes() {
        return lanes;
    }

    /** What is left of a lane that was there at the beginning. */
    private List<byte[]> records(Lane lane) {
        return Objects.requireNonNull(lanes.get(lane));
    }

    String expected() {
        return leaves + " " + places + " " + runs + " " + excused;
    }

    boolean expects(Tampering finding) {
        return (finding.run() != null
                        && (runs.contains(finding.run())
                                || leaves.contains(new Leaf(finding.run(), finding.index()))
                                || excused.stream().anyMatch(range -> range.has(finding.run(), finding.index()))))
                || (finding.place() != null && places.contains(finding.place()));
    }

    /** Does the n-th kind of manipulation; returns what it was. */
    String alter(int n) throws Exception {
        return switch (n % KINDS) {
            case 0 -> changeByte();
            case 1 -> drop("a dropped batch", any(at -> !at.lane.control()));
            case 2 -> drop("a dropped control record", any(at -> at.lane.control()));
            case 3 -> swap();
            case 4 -> cutTail();
            case 5 -> dropStream();
            case 6 -> replay();
            case 7 -> resign();
            case 8 -> forked();
            case 9 -> drop("a removed checkpoint", any(at -> kind(at).equals("CHECKPOINT")));
            case 10 -> changeControl();
            case 11 -> forge("GAP");
            case 12 -> forge("WITHDRAWN");
            case 13 -> forgedPiece();
            case 14 -> excusedLater();
            case 15 -> beyondTheEnd();
            default -> neverWas();
        };
    }

    private RawRecord raw(At at) {
        return raw(records(at.lane).get(at.offset));
    }

    private RawRecord raw(byte[] value) {
        try {
            return reader.read(value, OptionalLong.empty());
        } catch (RecordException e) {
            throw new AssertionError(e);
        }
    }

    private String kind(At at) {
        return at.lane.control() ? raw(at).text("kind") : "";
    }

    /** A record that a checkpoint has signed: the last one of all is not. */
    private At any(Predicate<At> wanted) {
        List<At> all = new ArrayList<>();
        lanes.forEach((lane, records) -> {
            for (int i = 0; i < records.size() - (lane.control() ? 1 : 0); i++) {
                all.add(new At(lane, i));
            }
        });
        List<At> fit = all.stream().filter(wanted).toList();
        return fit.get(random.nextInt(fit.size()));
    }

    private void expect(At at) {
        RawRecord record = raw(at);
        leaves.add(new Leaf(
                Objects.requireNonNull(LeafGatherer.run(record)),
                record.number("log_index").orElse(-1L)));
        places.add(new Place(at.lane.control(), at.lane.partition(), at.offset));
        if (kind(at).equals("WITHDRAWN")) {
            excuses(fields(record, Schemas.CONTROL), Objects.requireNonNull(LeafGatherer.run(record)));
        }
    }

    /** Without this WITHDRAWN, what it excuses is the first thing that does not fit. */
    private void excuses(GenericRecord withdrawn, RunIdentity by) {
        RunIdentity run = withdrawn.get("gap_host_id") == null
                ? by
                : new RunIdentity(
                        withdrawn.get("gap_host_id").toString(),
                        withdrawn.get("gap_boot_id").toString(),
                        (Long) withdrawn.get("gap_stream_epoch"));
        List<Long> bounds = new ArrayList<>();
        ((List<?>) withdrawn.get("log_indexes")).forEach(bound -> bounds.add((Long) bound));
        for (int i = 0; i < bounds.size(); i += 2) {
            excused.add(new Range(run, bounds.get(i), bounds.get(i + 1)));
        }
    }

    private String changeByte() {
        At at = any(other -> true);
        expect(at);
        byte[] changed = records(at.lane).get(at.offset).clone();
        changed[random.nextInt(changed.length)] ^= (byte) (1 + random.nextInt(255));
        records(at.lane).set(at.offset, changed);
        return "a byte";
    }

    private String drop(String what, At at) {
        expect(at);
        records(at.lane).remove(at.offset);
        return what;
    }

    private String swap() {
        At at = any(other -> other.offset > 0
                && Objects.equals(
                        LeafGatherer.run(raw(other)), LeafGatherer.run(raw(new At(other.lane, other.offset - 1)))));
        At before = new At(at.lane, at.offset - 1);
        expect(at);
        expect(before);
        List<byte[]> lane = records(at.lane);
        byte[] kept = lane.get(at.offset);
        lane.set(at.offset, lane.get(before.offset));
        lane.set(before.offset, kept);
        return "two swapped";
    }

    /** Without the witness's file, a tail that is cut off all partitions at once is only seen by its time. */
    private String cutTail() {
        At at = any(other -> other.offset >= records(other.lane).size() / 2);
        List<byte[]> lane = records(at.lane);
        for (int i = at.offset; i < lane.size(); i++) {
            expect(new At(at.lane, i));
            if (at.lane.control()) {
                runs.add(Objects.requireNonNull(LeafGatherer.run(raw(lane.get(i))))); // where the rest of it ends
            }
        }
        lane.subList(at.offset, lane.size()).clear();
        return "a cut tail";
    }

    private String dropStream() {
        At one = any(at -> !at.lane.control());
        RawRecord of = raw(one);
        return removeAll(
                "a dropped stream",
                record -> !record.control()
                        && record.number("ct_zone").equals(of.number("ct_zone"))
                        && Objects.equals(LeafGatherer.run(record), LeafGatherer.run(of)));
    }

    private String removeAll(String what, Predicate<RawRecord> wanted) {
        lanes.forEach((lane, records) -> {
            for (int i = 0; i < records.size(); i++) {
                if (wanted.test(raw(records.get(i)))) {
                    expect(new At(lane, i));
                }
            }
            records.removeIf(value -> wanted.test(raw(value)));
        });
        return what;
    }

    /** A run once more, as if it were a later one. */
    private String replay() throws IOException {
        RunIdentity run = Objects.requireNonNull(LeafGatherer.run(raw(any(at -> true))));
        for (Map.Entry<Lane, List<byte[]>> lane : lanes.entrySet()) {
            List<byte[]> added = new ArrayList<>();
            for (byte[] value : lane.getValue()) {
                if (run.equals(LeafGatherer.run(raw(value)))) {
                    added.add(changed(
                            value,
                            record -> record.put(
                                    "stream_epoch", (Long) record.get("stream_epoch") + 50_000_000_000_000L)));
                }
            }
            for (byte[] value : added) {
                places.add(new Place(
                        lane.getKey().control(),
                        lane.getKey().partition(),
                        lane.getValue().size()));
                lane.getValue().add(value);
            }
        }
        return "a replayed run";
    }

    /** All checkpoints of a run signed by another key. */
    private String resign() throws Exception {
        NoteSigner stranger = NoteSigner.generate("ctstream/" + ProvenTopics.HOST, NoteKey.ED25519);
        RunIdentity run = Objects.requireNonNull(LeafGatherer.run(raw(any(at -> kind(at).equals("CHECKPOINT")))));
        List<byte[]> control = records(CONTROL);
        for (int i = 0; i < control.size(); i++) {
            RawRecord record = raw(control.get(i));
            if (run.equals(LeafGatherer.run(record)) && record.text("kind").equals("CHECKPOINT")) {
                expect(new At(CONTROL, i));
                control.set(
                        i,
                        changed(
                                control.get(i),
                                fields -> fields.put(
                                        "checkpoint_note", resigned(record.text("checkpoint_note"), stranger))));
            }
        }
        return "a re-signed log";
    }

    private static String resigned(String note, NoteSigner signer) {
        try {
            return Checkpoint.parse(SignedNote.parse(note).text()).sign(signer).format();
        } catch (NoteException e) {
            throw new AssertionError(e);
        }
    }

    /** The last run has another history beside it, signed with the same key: all of it, or in place of the other. */
    private String forked() {
        RunIdentity run = Objects.requireNonNull(
                LeafGatherer.run(raw(records(CONTROL).get(records(CONTROL).size() - 1))));
        boolean beside = random.nextBoolean();
        runs.add(run);
        if (!beside) {
            lanes.values().forEach(records -> records.removeIf(value -> run.equals(LeafGatherer.run(raw(value)))));
        }
        fork.forEach((lane, records) -> {
            for (byte[] value : records) {
                if (run.equals(LeafGatherer.run(raw(value)))) {
                    records(lane).add(value);
                }
            }
        });
        return beside ? "a log beside a forked one" : "a forked log";
    }

    private String changeControl() throws IOException {
        At at = any(other -> other.lane.control());
        expect(at);
        byte[] value = records(at.lane).get(at.offset);
        records(at.lane).set(at.offset, changed(value, record -> {
            if (record.get("kind").toString().equals("GAP") && record.get("lost_count") != null) {
                record.put("lost_count", (Long) record.get("lost_count") + 1);
            } else {
                record.put("time", (Long) record.get("time") + 1);
            }
        }));
        return "a changed control record";
    }

    /** A record that the host has not written, at a random place; with it, something that it would explain goes. */
    private String forge(String kind) throws IOException {
        At at = any(other -> other.lane.control() && kind(other).equals("HEARTBEAT"));
        RawRecord of = raw(at);
        RunIdentity run = Objects.requireNonNull(LeafGatherer.run(of));
        byte[] forged = changed(records(at.lane).get(at.offset), record -> {
            record.put("kind", kind);
            if (kind.equals("WITHDRAWN")) {
                record.put("log_indexes", List.of(0L, 1L << 40));
            } else {
                record.put("cause", "spool");
                record.put("gap_stream", "events");
                record.put("lost_count", 1L);
            }
        });
        if (random.nextBoolean()) {
            expect(at);
            records(at.lane).set(at.offset, forged); // in place of another one
            return "a forged " + kind + " for another record";
        }
        At batch = any(other -> !other.lane.control() && run.equals(LeafGatherer.run(raw(other))));
        expect(batch);
        expect(at);
        records(batch.lane).remove(batch.offset);
        records(CONTROL).add(at.offset + 1, forged);
        places.add(new Place(true, 0, at.offset + 1));
        return "a forged " + kind + " beside the others";
    }

    /** The beginning of a batch with other events, as if the rest came later. */
    private String forgedPiece() throws IOException {
        At at = any(other -> !other.lane.control() && raw(other).events() > 1);
        expect(at);
        byte[] piece = changed(records(at.lane).get(at.offset), record -> {
            List<GenericRecord> events = new ArrayList<>();
            ((List<?>) record.get("events")).forEach(event -> events.add((GenericRecord) event));
            events.remove(events.size() - 1);
            events.forEach(event -> event.put("source_port", 666));
            record.put("events", events);
            List<Long> times = events.stream()
                    .map(event -> (Long) event.get("event_time"))
                    .sorted()
                    .toList();
            record.put("first_event_time", times.get(0));
            record.put("last_event_time", times.get(times.size() - 1));
        });
        int to = random.nextBoolean() ? at.offset + 1 : records(at.lane).size();
        records(at.lane).add(to, piece);
        places.add(new Place(false, at.lane.partition(), to));
        return "a forged piece of a batch";
    }

    /** A batch is dropped, and a WITHDRAWN after the last checkpoint says that it was given up. */
    private String excusedLater() throws IOException {
        At at = any(other -> !other.lane.control());
        expect(at);
        GenericRecord gone = fields(raw(at), Schemas.BATCH);
        records(at.lane).remove(at.offset);
        List<byte[]> control = records(CONTROL);
        control.add(changed(control.get(control.size() - 1), record -> {
            for (String field : List.of("checkpoint_note", "leaf_hashes", "compact_range")) {
                record.put(field, null);
            }
            record.put("kind", "WITHDRAWN");
            record.put("log_index", (Long) record.get("log_index") + 1);
            record.put("control_sequence", (Long) record.get("control_sequence") + 1);
            record.put("gap_host_id", gone.get("host_id"));
            record.put("gap_boot_id", gone.get("boot_id"));
            record.put("gap_stream_epoch", gone.get("stream_epoch"));
            Long index = (Long) gone.get("log_index");
            record.put("log_indexes", List.of(index, index + 1));
        }));
        return "a dropped batch with a later WITHDRAWN";
    }

    /** A batch after the end of a run that has stopped, and that the next one has signed. */
    private String beyondTheEnd() throws IOException {
        RunIdentity newest =
                LeafGatherer.run(raw(records(CONTROL).get(records(CONTROL).size() - 1)));
        At stopped = any(at -> kind(at).equals("STOPPED")
                && !raw(at).text("reason").equals("namespace-removed")
                && !Objects.equals(LeafGatherer.run(raw(at)), newest));
        RunIdentity run = Objects.requireNonNull(LeafGatherer.run(raw(stopped)));
        At at = any(other -> !other.lane.control());
        int beyond = 1000 + random.nextInt(1 << 20);
        records(at.lane).add(changed(records(at.lane).get(at.offset), record -> {
            record.put("host_id", run.hostId());
            record.put("boot_id", run.bootId());
            record.put("stream_epoch", run.streamEpoch());
            record.put("log_index", (long) beyond);
        }));
        places.add(new Place(false, at.lane.partition(), records(at.lane).size() - 1));
        return "a batch beyond the end of its log";
    }

    /** Events of a run that the host has not had. */
    private String neverWas() throws IOException {
        for (Map.Entry<Lane, List<byte[]>> lane : lanes.entrySet()) {
            List<byte[]> records = lane.getValue();
            if (!lane.getKey().control()) {
                for (byte[] value : List.copyOf(records)) {
                    places.add(new Place(false, lane.getKey().partition(), records.size()));
                    records.add(changed(value, record -> record.put("stream_epoch", 1_895_000_000_000_000_000L)));
                }
            }
        }
        return "a run that never was";
    }

    /** A record decoded, changed, and encoded. */
    private byte[] changed(byte[] value, Consumer<GenericRecord> change) throws IOException {
        RawRecord raw = raw(value);
        Schema schema = raw.control() ? Schemas.CONTROL : Schemas.BATCH;
        GenericRecord record = fields(raw, schema);
        change.accept(record);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(Framing.SINGLE_OBJECT.prefix(schema, 0));
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        new GenericDatumWriter<GenericRecord>(schema).write(record, encoder);
        return out.toByteArray();
    }

    private static GenericRecord fields(RawRecord raw, Schema schema) {
        try {
            return new GenericDatumReader<GenericRecord>(schema)
                    .read(null, DecoderFactory.get().binaryDecoder(raw.array(), raw.offset(), raw.lengthBytes(), null));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
