package dev.ctstream.record.proof;

import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.RunIdentity;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes leaves of records: of a control record, of a batch, and of the pieces or the single events of a batch when the
 * last one has come. All pieces must have the same fields beside the events, and the copies of an event must be equal.
 *
 * <p>Bounds: one batch of each stream is open at a time, with 32 bytes for each event if it comes in pieces; a stream is
 * forgotten when its batch is complete. At most {@value #MOST_UNFINISHED} batches that were not completed and others followed are kept.
 *
 * <p>Threads: confined to one. Pass the records of each partition in their order.
 *
 * @param <P> where a record lies
 */
public final class LeafGatherer<P> {
    /** Batches that were not completed, and that are kept. */
    public static final int MOST_UNFINISHED = 1000;

    private final MessageDigest digest = Hash.digest();
    private final Map<Stream, Open<P>> open = new HashMap<>();
    private final List<Unfinished<P>> unfinished = new ArrayList<>();

    private record Stream(RunIdentity run, String netnsId, int zone) {}

    /** What all pieces of a batch have in common. */
    private record Head(long index, LeafBytes.Names names, long first, int count, long lostTotal) {}

    /**
     * A batch of which some pieces never came, as far as it was read.
     *
     * @param index its log_index
     * @param place of its first piece
     */
    public record Unfinished<P>(RunIdentity run, long index, P place) {}

    /** A batch of which some pieces have come. */
    private static final class Open<P> {
        final Head head;
        final P place;
        final MessageDigest events = Hash.digest();
        final List<Hash> seen = new ArrayList<>(); // of each event, also of copies that began anew
        long next;

        Open(Head head, P place) {
            this.head = head;
            this.place = place;
            next = head.first;
        }
    }

    /** The run of a record; null when it names none, as a damaged one. */
    public static @Nullable RunIdentity run(RawRecord record) {
        String host = record.text("host_id");
        return host.isEmpty()
                ? null
                : new RunIdentity(
                        host,
                        record.text("boot_id"),
                        record.number("stream_epoch").orElse(0L));
    }

    private static LeafBytes.Names names(RawRecord record) {
        return new LeafBytes.Names(record.text("netns_id"), record.text("netns"), record.text("host_name"));
    }

    /**
     * Takes a record.
     *
     * @param place where it lies
     * @return its leaf; null when more pieces of the batch must come, when it is a piece that was there before, or when
     *     the record is in no log
     * @throws MissingPieceException when a piece before it is missing
     * @throws RecordException when the record cannot be a piece of a batch: something in it was changed
     */
    public @Nullable Leaf take(RawRecord record, P place) throws RecordException {
        Long index = record.number("log_index").orElse(null);
        RunIdentity run = run(record);
        if (index == null || run == null) {
            return null;
        }
        if (record.control()) {
            digest.reset();
            digest.update(record.array(), record.offset(), record.lengthBytes());
            long sequence = record.number("control_sequence").orElse(-1L);
            byte[] leaf = LeafBytes.ofControl(names(record), sequence, digest.digest());
            return new Leaf(run, index, names(record), LeafBytes.NO_ZONE, sequence, 1, Hash.ofLeaf(digest, leaf));
        }
        return events(record, run, index, place);
    }

    private @Nullable Leaf events(RawRecord record, RunIdentity run, long index, P place) throws RecordException {
        Head head = new Head(
                index,
                names(record),
                record.number("batch_first_sequence").orElse(-1L),
                record.number("batch_event_count").orElse(0L).intValue(),
                record.number("lost_total").orElse(0L));
        int zone = record.number("ct_zone").orElse(0L).intValue();
        if (record.events() == 0
                || !record.rising()
                || record.firstSequence() < head.first
                || record.firstSequence() + record.events() > head.first + head.count) {
            throw new RecordException("its events are not those of its batch");
        }
        if (!record.timesFit()) {
            throw new RecordException("its first_event_time and last_event_time are not those of its events");
        }
        Stream stream = new Stream(run, record.text("netns_id"), zone);
        Open<P> batch = open.get(stream);
        if (batch != null && batch.head.index != index) {
            abandon(stream, batch);
            batch = null;
        }
        if (batch == null && record.firstSequence() == head.first) {
            batch = new Open<>(head, place);
            open.put(stream, batch);
        }
        if (batch == null || record.firstSequence() > batch.next) {
            if (batch != null) {
                abandon(stream, batch);
            }
            throw new MissingPieceException("a piece of its batch is missing before it");
        }
        if (!batch.head.equals(head)) {
            throw new RecordException("its fields are not those of the other pieces of its batch");
        }
        if (record.firstSequence() == head.first && batch.next > head.first) {
            batch.events.reset(); // once more
            batch.next = head.first;
        }
        boolean whole = record.events() == head.count;
        if (!whole || !batch.seen.isEmpty()) {
            compare(record, batch);
        }
        if (record.firstSequence() < batch.next) {
            return null; // it was there before
        }
        for (int i = 0; i < record.events(); i++) {
            batch.events.update(record.array(), record.eventOffset(i), record.eventBytes(i));
        }
        batch.next += record.events();
        if (batch.next < head.first + head.count) {
            return null;
        }
        open.remove(stream);
        byte[] leaf =
                LeafBytes.ofEvents(head.names, zone, head.first, head.count, head.lostTotal, batch.events.digest());
        return new Leaf(run, index, head.names, zone, head.first, head.count, Hash.ofLeaf(digest, leaf));
    }

    /** Compares events with their copies, and keeps the others. */
    private void compare(RawRecord record, Open<P> batch) throws RecordException {
        int from = Math.toIntExact(record.firstSequence() - batch.head.first);
        for (int i = 0; i < record.events(); i++) {
            digest.reset();
            digest.update(record.array(), record.eventOffset(i), record.eventBytes(i));
            Hash hash = Hash.of(digest.digest());
            if (from + i >= batch.seen.size()) {
                batch.seen.add(hash);
            } else if (!batch.seen.get(from + i).equals(hash)) {
                throw new RecordException("another record before it has the same events, and they are not equal");
            }
        }
    }

    private void abandon(Stream stream, Open<P> batch) {
        open.remove(stream);
        if (unfinished.size() < MOST_UNFINISHED) {
            unfinished.add(new Unfinished<>(stream.run, batch.head.index, batch.place));
        }
    }

    /** The batches that were begun and not completed; to be called when everything was read. */
    public List<Unfinished<P>> unfinished() {
        List<Unfinished<P>> all = new ArrayList<>(unfinished);
        open.forEach((stream, batch) -> all.add(new Unfinished<>(stream.run, batch.head.index, batch.place)));
        return all;
    }

    /** A piece of a batch before this one is missing: perhaps retention has removed it. */
    public static final class MissingPieceException extends RecordException {
        private static final long serialVersionUID = 1;

        MissingPieceException(String message) {
            super(message);
        }
    }
}
