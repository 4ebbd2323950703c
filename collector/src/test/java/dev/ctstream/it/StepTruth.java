package dev.ctstream.it;

import dev.ctstream.batch.Batcher;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.RecordException;
import dev.ctstream.track.FlowSink;
import dev.ctstream.verify.Verifier;
import dev.ctstream.verify.VerifyReport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * What really happened in a history, and whether the topics say so: each event that was numbered, what each socket
 * dropped, and how each run ended.
 */
final class StepTruth {
    /** A killed run may have held events of this time, besides the linger. */
    private static final long SLACK_NANOS = 2_000_000_000L;

    private final Map<String, List<Item>> streams = new TreeMap<>(); // epoch/netns_id/zone
    private final Map<String, Long> drops = new TreeMap<>(); // epoch/netns_id
    private final Map<Long, Boolean> clean = new TreeMap<>(); // by epoch

    private record Item(String type, long ctId, String netns, long receivedNanos) {}

    /** A statement about the topics that does not hold. */
    static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Violation(String what) {
            super(what);
        }
    }

    /** Takes down what the batcher numbers. */
    final class Recorder implements FlowSink {
        private final Batcher batcher;
        private final long epoch;
        private final StageClock clock;
        private final boolean dropsUndeclared;

        Recorder(Batcher batcher, long epoch, StageClock clock, boolean dropsUndeclared) {
            this.batcher = batcher;
            this.epoch = epoch;
            this.clock = clock;
            this.dropsUndeclared = dropsUndeclared;
        }

        private long note(EventSource source, FlowEvent event, String type, long receivedNanos, long sequence) {
            List<Item> items = streams.computeIfAbsent(
                    epoch + "/" + source.netnsId() + "/" + event.zone(), added -> new ArrayList<>());
            if (items.size() != sequence) {
                throw new Violation("sequence " + sequence + " follows " + (items.size() - 1));
            }
            items.add(new Item(type, event.id(), source.netns(), receivedNanos));
            return sequence;
        }

        @Override
        public long event(EventSource source, FlowEvent event, long receivedNanos, long beginSequence) {
            String type = event.eventType() == FlowEvent.DESTROY ? "DESTROY" : "NEW";
            return note(source, event, type, receivedNanos, batcher.event(source, event, receivedNanos, beginSequence));
        }

        @Override
        public long existing(EventSource source, FlowEvent entry, long snapshotId, long beginSequence) {
            return note(
                    source,
                    entry,
                    "EXISTING",
                    clock.realtimeNanos(),
                    batcher.existing(source, entry, snapshotId, beginSequence));
        }

        @Override
        public long interim(EventSource source, FlowEvent entry, long beginSequence) {
            return note(source, entry, "INTERIM", clock.realtimeNanos(), batcher.interim(source, entry, beginSequence));
        }

        @Override
        public long inferred(EventSource source, FlowEvent entry, long beginSequence) {
            return note(
                    source, entry, "DESTROY", clock.realtimeNanos(), batcher.inferred(source, entry, beginSequence));
        }

        @Override
        public boolean lost(EventSource source, Count count, Window window) {
            return dropsUndeclared || batcher.lost(source, count, window);
        }

        @Override
        public void drained(EventSource source, long lost) {
            if (lost != 0) {
                drops.merge(epoch + "/" + source.netnsId(), lost, Long::sum);
            }
            batcher.drained(source, lost);
        }

        @Override
        public long pass(long nowNanos) {
            return batcher.pass(nowNanos);
        }

        @Override
        public boolean flush(EventSource source) {
            return batcher.flush(source);
        }

        @Override
        public void removed(EventSource source) {
            batcher.removed(source);
        }
    }

    /** A run has ended. */
    void ended(long epoch, boolean cleanly) {
        clean.put(epoch, cleanly);
    }

    /** Number of events that were numbered. */
    long events() {
        return streams.values().stream().mapToLong(List::size).sum();
    }

    /** Whether a socket has dropped something. */
    boolean anyDropped() {
        return !drops.isEmpty();
    }

    /**
     * Holds at any time: {@code verify} finds the events of each stream in order, and no hole that is not declared. Only
     * while Kafka refuses control records, events go on before the GAP of what is missing among them.
     */
    void checkNow(Map<TopicPartition, List<byte[]>> logs, boolean controlRefused) {
        VerifyReport report = verify(logs, true);
        if (report.reordered() != 0 || (report.undeclared() != 0 && !controlRefused)) {
            throw new Violation("verify, while running: undeclared=" + report.undeclared() + " holes=" + report.holes()
                    + " problems=" + report.problems());
        }
    }

    private static VerifyReport verify(Map<TopicPartition, List<byte[]>> logs, boolean running) {
        Verifier verifier = new Verifier(new Verifier.Limits(10_000, 100_000, 16 << 20));
        if (running) {
            verifier.eventEndsFixed();
        }
        RecordDecoder decoder = new RecordDecoder();
        for (boolean control : new boolean[] {true, false}) {
            logs.forEach((partition, log) -> {
                for (byte[] value : log) {
                    if (control == partition.topic().equals("control")) {
                        decode(decoder, value, record -> {
                            if (control) {
                                verifier.control(record, partition.partition());
                            } else {
                                verifier.event(record, partition.partition());
                            }
                        });
                    }
                }
            });
        }
        return verifier.finish();
    }

    private interface Taker {
        void take(DecodedRecord record);
    }

    private static void decode(RecordDecoder decoder, byte[] value, Taker taker) {
        try {
            var unused = decoder.decode(value, OptionalLong.empty(), record -> {
                taker.take(record);
                return true;
            });
        } catch (RecordException | IOException e) {
            throw new Violation("undecodable: " + e);
        }
    }

    /** Holds at the end, when everything is published and no flow is left. */
    void checkAtRest(Map<TopicPartition, List<byte[]>> logs, long lingerNanos) {
        new Contents(lingerNanos).check(logs);
        VerifyReport report = verify(logs, false);
        List<String> problems = report.problems();
        if (report.undeclared() != 0 || !report.holes().isEmpty() || !problems.isEmpty() || report.inSpool() != 0) {
            throw new Violation("verify: undeclared=" + report.undeclared() + " in_spool=" + report.inSpool()
                    + " holes=" + report.holes() + " problems=" + problems);
        }
        if (report.flowsOpen() != 0) {
            throw new Violation("verify: flows that never end=" + report.flowsOpen());
        }
    }

    /** What the topics hold, compared with the truth. */
    private final class Contents {
        private final long lingerNanos;
        private final Map<String, BitSet> seen = new TreeMap<>();
        private final Map<String, BitSet> declared = new TreeMap<>();
        private final Map<String, Long> kernel = new TreeMap<>();
        private final Map<String, TreeMap<Long, Long>> restarts = new TreeMap<>(); // netns, epoch: begin of the window
        private final Map<String, byte[]> controls = new TreeMap<>();

        Contents(long lingerNanos) {
            this.lingerNanos = lingerNanos;
        }

        void check(Map<TopicPartition, List<byte[]>> logs) {
            RecordDecoder decoder = new RecordDecoder();
            logs.forEach((partition, log) -> {
                for (byte[] value : log) {
                    decode(decoder, value, record -> {
                        if (record.control()) {
                            control(record, value);
                        } else {
                            event(record);
                        }
                    });
                }
            });
            streams.forEach(this::checkStream);
            drops.forEach(this::checkDrops);
        }

        private void event(DecodedRecord event) {
            String stream =
                    event.number("stream_epoch").orElseThrow() + "/" + event.text("netns_id") + "/" + event.zone();
            int sequence = Math.toIntExact(event.number("sequence").orElseThrow());
            List<Item> items = streams.getOrDefault(stream, List.of());
            if (sequence >= items.size()) {
                throw new Violation(stream + ": sequence " + sequence + " was never given");
            }
            Item item = items.get(sequence);
            if (!item.type.equals(event.text("event_type"))
                    || item.ctId != event.number("ct_id").orElseThrow()) {
                throw new Violation(stream + ": sequence " + sequence + " stands for two events: " + item + " and "
                        + event.text("event_type") + " " + event.number("ct_id"));
            }
            BitSet there = seen.computeIfAbsent(stream, added -> new BitSet());
            if (!there.get(sequence) && there.length() > sequence) {
                throw new Violation(stream + ": sequence " + sequence + " comes after " + (there.length() - 1));
            }
            there.set(sequence);
        }

        private void control(DecodedRecord record, byte[] value) {
            String stream = record.number("stream_epoch").orElseThrow() + "/" + record.text("netns_id");
            byte[] before = controls.put(
                    stream + "/" + record.number("control_sequence").orElseThrow(), value);
            if (before != null && !Arrays.equals(before, value)) {
                throw new Violation(
                        stream + ": control_sequence " + record.number("control_sequence") + " stands for two records");
            }
            if (before != null || !record.text("kind").equals("GAP")) {
                return;
            }
            long epoch = record.number("gap_stream_epoch")
                    .orElse(record.number("stream_epoch").orElseThrow());
            String netnsId =
                    record.text("gap_netns_id").isEmpty() ? record.text("netns_id") : record.text("gap_netns_id");
            switch (record.text("cause")) {
                case "kernel" ->
                    kernel.merge(stream, record.number("lost_count").orElseThrow(), Long::sum);
                case "restart" -> {
                    String netns = record.text("gap_netns").isEmpty() ? record.text("netns") : record.text("gap_netns");
                    restarts.computeIfAbsent(netns, added -> new TreeMap<>())
                            .merge(epoch, record.number("window_start_ns").orElseThrow(), Math::min);
                }
                default -> declare(record, epoch + "/" + netnsId);
            }
        }

        private void declare(DecodedRecord gap, String owner) {
            if (!(gap.value("ranges") instanceof List<?> ranges)
                    || gap.text("gap_stream").equals("control")) {
                return;
            }
            for (Object each : ranges) {
                GenericRecord range = (GenericRecord) each;
                declared.computeIfAbsent(owner + "/" + range.get("ct_zone"), added -> new BitSet())
                        .set(
                                Math.toIntExact((long) range.get("first_sequence")),
                                Math.toIntExact((long) range.get("last_sequence")) + 1);
            }
        }

        private void checkStream(String stream, List<Item> items) {
            BitSet known = (BitSet) seen.getOrDefault(stream, new BitSet()).clone();
            known.or(declared.getOrDefault(stream, new BitSet()));
            int hole = known.nextClearBit(0);
            if (hole >= items.size()) {
                return;
            }
            long epoch = Long.parseLong(stream.substring(0, stream.indexOf('/')));
            if (clean.getOrDefault(epoch, true) || hole < known.length()) {
                throw new Violation(stream + ": sequence " + hole + " of " + items.size()
                        + " is neither in the topic nor declared" + (hole < known.length() ? ", later ones are" : ""));
            }
            Item first = items.get(hole);
            Long since = restartSince(first.netns, epoch);
            if (since == null || first.receivedNanos < since - lingerNanos - SLACK_NANOS) {
                throw new Violation(stream + ": the run was killed and has lost from sequence " + hole
                        + " on, received " + first.receivedNanos + ", but no GAP of cause restart covers it: " + since);
            }
        }

        /**
         * Since when the end of a run is declared; null = it is not. A run that was killed before its own GAP of cause
         * restart was durable leaves that window to the next one, whose GAP names the newer run and begins as early (see
         * {@code Spool.save}).
         */
        private @Nullable Long restartSince(String netns, long epoch) {
            return restarts.getOrDefault(netns, new TreeMap<>()).tailMap(epoch).values().stream()
                    .min(Long::compare)
                    .orElse(null);
        }

        private void checkDrops(String namespace, long dropped) {
            long epoch = Long.parseLong(namespace.substring(0, namespace.indexOf('/')));
            long said = kernel.getOrDefault(namespace, 0L);
            boolean exact = clean.getOrDefault(epoch, true);
            if (said > dropped || (exact && said != dropped)) {
                throw new Violation(namespace + ": the kernel dropped " + dropped + ", the GAP records say " + said);
            }
        }
    }
}
