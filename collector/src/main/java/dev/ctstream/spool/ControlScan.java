package dev.ctstream.spool;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.ControlKind;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.StreamId;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.CompactRange;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.record.proof.LogOrigin;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.SignedNote;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the chain of control records tells a restart: which events were given up, which GAP records are owed, whether the
 * newest run ended cleanly, and whether any of it is damaged.
 *
 * <p>Threads: confined to the thread that opens the spool.
 */
final class ControlScan {
    private static final Logger LOG = LoggerFactory.getLogger(ControlScan.class);
    private static final String GAP = ControlKind.GAP.name();
    private static final String CHECKPOINT = ControlKind.CHECKPOINT.name();
    private static final String STARTED = ControlKind.STARTED.name();
    private static final String WITHDRAWN = ControlKind.WITHDRAWN.name();
    private static final String STOPPED = ControlKind.STOPPED.name();
    /** The brokers may answer while the run ends; and the log is signed with its STOPPED. */
    private static final Set<String> AFTER_STOPPED = Set.of(ControlKind.TOPIC.name(), CHECKPOINT, WITHDRAWN);

    private static final String EVENTS = "events";

    private final SpoolFileSystem files;
    private final long acknowledgedNumber;
    private final GivenUp givenUp;
    private final Owed owed;
    private final DeclaredLosses declared = new DeclaredLosses();
    private final SignedAppends appends = new SignedAppends();
    private final GenericDatumReader<GenericRecord> reader = new GenericDatumReader<>(Schemas.CONTROL);
    private final Map<StreamId, String> lastKinds = new HashMap<>();
    private @Nullable RunIdentity newestRun;
    private @Nullable CompactRange signed;
    private boolean damaged;
    private long firstDeclaration; // 0 = none

    /**
     * Scans nothing yet.
     *
     * @param acknowledgedNumber Kafka has every record up to this one
     * @param givenUp gets what the records give up
     * @param owed gets the GAP records that Kafka has not acknowledged
     */
    ControlScan(SpoolFileSystem files, long acknowledgedNumber, GivenUp givenUp, Owed owed) {
        this.files = files;
        this.acknowledgedNumber = acknowledgedNumber;
        this.givenUp = givenUp;
        this.owed = owed;
    }

    /** What the GAP records in these segments declare, as far as they are there and can be read. */
    static DeclaredLosses declared(SpoolFileSystem files, List<Segment> segments) {
        ControlScan scan = new ControlScan(files, Long.MAX_VALUE, new GivenUp(), new Owed());
        for (Segment segment : segments) {
            try {
                scan.read(segment);
            } catch (IOException e) {
                LOG.debug("declarations cannot be read file={}: {}", segment.file(), ErrorText.reason(e));
            }
        }
        return scan.declared;
    }

    /** Reads the segments, oldest first. */
    void read(List<Segment> segments) throws IOException {
        long next = 0;
        for (Segment segment : segments) {
            damaged |= next != 0 && segment.first().number() != next;
            next = segment.nextNumber();
            read(segment);
        }
    }

    private void read(Segment segment) throws IOException {
        if (!segment.identity().equals(newestRun)) {
            newestRun = segment.identity();
            lastKinds.clear();
            signed = null;
        }
        try (SegmentReader frames = SegmentReader.open(files, segment.file(), true)) {
            List<BatchEnvelope> perhapsTorn = new ArrayList<>();
            long tornNanos = 0;
            long skippedBytes = 0;
            while (frames.next() && frames.envelope().number() < segment.nextNumber()) {
                BatchEnvelope frame = frames.envelope();
                frames.damaged().forEach(this::givesUp);
                if (frames.skippedBytes() > skippedBytes) {
                    skippedBytes = frames.skippedBytes();
                    tornNanos = frame.firstReceivedNanos();
                }
                if (frame.firstReceivedNanos() != tornNanos) {
                    perhapsTorn.forEach(this::givesUp); // something was written after them
                    perhapsTorn.clear();
                    tornNanos = 0;
                }
                appends.control(segment.identity(), frame.logIndex());
                long lost = content(frame, segment.identity(), frames.body());
                MissingBatches batches = frame.givesUp();
                if (tornNanos != 0 && batches != null && lost < batches.events()) {
                    perhapsTorn.add(frame);
                } else {
                    givesUp(frame);
                }
            }
            // A torn tail was never synced, so nothing was given up because of it. So is the end of a GAP of several
            // records,
            // if the ones that declare the rest of what it gives up are missing before it.
            if (frames.sealedByItsWriter()) {
                perhapsTorn.forEach(this::givesUp);
                frames.damaged().forEach(this::givesUp);
            }
            damaged |= frames.skippedBytes() > 0;
        }
    }

    private void givesUp(BatchEnvelope frame) {
        MissingBatches batches = frame.givesUp();
        if (batches != null && batches.batches() > ChainRecovery.MOST_MISSING) {
            damaged = true; // its checksum is good, but no collector wrote it
        } else if (batches != null) {
            givenUp.add(batches, frame.number());
        }
    }

    /** Takes what a record says; returns the events that it declares as lost. */
    private long content(BatchEnvelope frame, RunIdentity run, ByteBuffer body) {
        byte[] bytes = new byte[body.remaining()];
        body.get(bytes);
        try {
            GenericRecord control = reader.read(null, DecoderFactory.get().binaryDecoder(bytes, null));
            String kind = control.get("kind").toString();
            if (!AFTER_STOPPED.contains(kind) || !STOPPED.equals(lastKinds.get(frame.stream()))) {
                lastKinds.put(frame.stream(), kind);
            }
            if (kind.equals(CHECKPOINT)) {
                signed = tree(control);
                signed(control, "checkpoint_note");
            } else if (kind.equals(STARTED) && control.get("preceding_checkpoint") != null) {
                signed(control, "preceding_checkpoint");
            } else if (kind.equals(STOPPED)) {
                appends.stopped(run);
            } else if (kind.equals(WITHDRAWN)) {
                withdrawn(control, frame);
            }
            return kind.equals(GAP) ? gap(control, frame) : 0;
        } catch (IOException | RuntimeException e) {
            damaged = true; // its checksum is good, but no collector wrote it; whoever reads the topic will say so
            return 0;
        }
    }

    private void signed(GenericRecord record, String note) throws IOException {
        Checkpoint checkpoint = checkpoint(record.get(note));
        RunIdentity run = LogOrigin.run(checkpoint.origin());
        if (run != null) {
            int listed = record.get("leaf_hashes") instanceof Collection<?> hashes ? hashes.size() : 0;
            appends.signed(run, checkpoint.size(), listed);
        }
    }

    private void withdrawn(GenericRecord withdrawn, BatchEnvelope frame) {
        RunIdentity run = owner(withdrawn, frame).run();
        RunIdentity by = new RunIdentity(
                withdrawn.get("host_id").toString(), withdrawn.get("boot_id").toString(), (Long)
                        withdrawn.get("stream_epoch"));
        List<?> bounds = (List<?>) withdrawn.get("log_indexes");
        for (int i = 0; i + 1 < bounds.size(); i += 2) {
            SignedAppends.Range range = new SignedAppends.Range(run, (Long) bounds.get(i), (Long) bounds.get(i + 1));
            appends.withdrawn(range, by, frame.logIndex());
        }
    }

    private long gap(GenericRecord gap, BatchEnvelope frame) {
        boolean events = EVENTS.equals(String.valueOf(gap.get("gap_stream")));
        ControlRecord.Owner owner = owner(gap, frame);
        List<Loss> losses = losses(gap, owner, events);
        losses.forEach(declared::add);
        if (events && !losses.isEmpty() && firstDeclaration == 0) {
            firstDeclaration = frame.number();
        }
        Long count = (Long) gap.get("lost_count");
        long lost = events && count != null ? count : 0;
        if (frame.number() > acknowledgedNumber) {
            if (events && !losses.isEmpty()) {
                // which losses have numbers is not told
                givenUp.lostBefore(SpoolPosition.START, frame.number(), frame.number());
            }
            owed.add(frame.number(), frame.stream(), lost, losses, record(gap, owner, events));
        }
        return lost;
    }

    /** What the readable GAP records declare. */
    DeclaredLosses declared() {
        return declared;
    }

    /** Number of the first GAP that declares sequences of events as lost; 0 = none. */
    long firstDeclaration() {
        return firstDeclaration;
    }

    /** The run and the namespace that a GAP is about. */
    private static ControlRecord.Owner owner(GenericRecord gap, BatchEnvelope frame) {
        boolean other = gap.get("gap_stream_epoch") != null;
        RunIdentity loser = new RunIdentity(
                gap.get(other ? "gap_host_id" : "host_id").toString(),
                gap.get(other ? "gap_boot_id" : "boot_id").toString(),
                (Long) gap.get(other ? "gap_stream_epoch" : "stream_epoch"));
        StreamId own = frame.stream();
        return new ControlRecord.Owner(
                loser,
                other ? gap.get("gap_netns").toString() : own.netns(),
                other ? gap.get("gap_netns_id").toString() : own.netnsId());
    }

    /** The record of a GAP, so that it can be appended again if the files vanish. */
    private static ControlRecord.Gap record(GenericRecord gap, ControlRecord.Owner owner, boolean events) {
        Long start = (Long) gap.get("window_start_ns");
        Long end = (Long) gap.get("window_end_ns");
        Object detail = gap.get("detail");
        return new ControlRecord.Gap(
                GapCause.of(String.valueOf(gap.get("cause"))),
                new ControlRecord.Lost(
                        owner,
                        events ? ControlRecord.Lost.EVENTS : ControlRecord.Lost.CONTROL,
                        List.of(),
                        new ControlRecord.Count(
                                (Long) gap.get("lost_count"),
                                (Long) gap.get("lost_batches"),
                                (Long) gap.get("failed_attempts"),
                                (Boolean) gap.get("loss_exact"))),
                start == null || end == null ? null : new ControlRecord.Window(start, end),
                detail == null ? null : detail.toString());
    }

    /** What a GAP declares, by stream; empty when it names none. */
    private static List<Loss> losses(GenericRecord gap, ControlRecord.Owner owner, boolean events) {
        List<Loss> losses = new ArrayList<>();
        if (!(gap.get("ranges") instanceof Collection<?> ranges)) {
            return losses;
        }
        for (Object element : ranges) {
            GenericRecord range = (GenericRecord) element;
            long first = (Long) range.get("first_sequence");
            long next = (Long) range.get("last_sequence") + 1;
            int zone = events ? (Integer) range.get("ct_zone") : StreamId.CONTROL_ZONE;
            losses.add(new Loss(
                    GapCause.DAMAGE,
                    owner.run(),
                    events ? BatchEnvelope.EVENTS : BatchEnvelope.CONTROL,
                    new StreamId(owner.netns(), owner.netnsId(), zone),
                    first,
                    next,
                    next - first,
                    0,
                    0,
                    0));
        }
        return losses;
    }

    /** Whether some of the chain is unreadable: what its GAP records declared may be unknown. */
    boolean damaged() {
        return damaged;
    }

    /** The newest run that has a record in the chain; null = none. */
    @Nullable
    RunIdentity newestRun() {
        return newestRun;
    }

    private static CompactRange tree(GenericRecord record) throws IOException {
        List<Hash> leaves = hashes(record.get("leaf_hashes"));
        long size = checkpoint(record.get("checkpoint_note")).size();
        CompactRange tree = CompactRange.of(size - leaves.size(), hashes(record.get("compact_range")));
        tree.append(leaves);
        return tree;
    }

    private static Checkpoint checkpoint(Object note) throws IOException {
        try {
            return Checkpoint.parse(SignedNote.parse(note.toString()).text());
        } catch (NoteException e) {
            throw new IOException("a CHECKPOINT is damaged", e);
        }
    }

    private static List<Hash> hashes(Object list) {
        return ((Collection<?>) list)
                .stream().map(bytes -> Hash.of((ByteBuffer) bytes)).toList();
    }

    /** The log of that run as its newest CHECKPOINT has it; null = there is none in the chain. */
    @Nullable
    CompactRange signed() {
        return signed;
    }

    /** What the control records say of the appends of each run. */
    SignedAppends appends() {
        return appends;
    }

    /** The control streams of that run whose newest record is not STOPPED. */
    List<StreamId> open() {
        return lastKinds.entrySet().stream()
                .filter(last -> !last.getValue().equals(STOPPED))
                .map(Map.Entry::getKey)
                .sorted(Comparator.comparing(StreamId::netns).thenComparing(StreamId::netnsId))
                .toList();
    }

    /** Whether the newest records of that run are its STOPPED. */
    boolean clean() {
        return !damaged && !lastKinds.isEmpty() && lastKinds.values().stream().allMatch(STOPPED::equals);
    }
}
