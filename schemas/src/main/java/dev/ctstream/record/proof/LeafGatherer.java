package dev.ctstream.record.proof;

import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.RunIdentity;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes leaves of records: of a control record, of a batch, and of the pieces or the single events of a batch when the
 * last one has come.
 *
 * <p>Bounds: one batch of each stream is open at a time; a stream is forgotten when its batch is complete.
 *
 * <p>Threads: confined to one. Pass the records of each partition in their order.
 */
public final class LeafGatherer {
    private final MessageDigest digest = Hash.digest();
    private final Map<Stream, Open> open = new HashMap<>();

    private record Stream(RunIdentity run, String netnsId, int zone) {}

    /** A batch of which some pieces have come. */
    private static final class Open {
        final long index;
        final MessageDigest events = Hash.digest();
        long next;

        Open(long index, long first) {
            this.index = index;
            next = first;
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
     * @return its leaf; null when more pieces of the batch must come, when it is a piece that was there before, or when
     *     the record is in no log
     * @throws RecordException when the record cannot be a piece of a batch: something in it was changed, or a piece before
     *     it is missing
     */
    public @Nullable Leaf take(RawRecord record) throws RecordException {
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
        return events(record, run, index);
    }

    private @Nullable Leaf events(RawRecord record, RunIdentity run, long index) throws RecordException {
        long first = record.number("batch_first_sequence").orElse(-1L);
        int count = record.number("batch_event_count").orElse(0L).intValue();
        int zone = record.number("ct_zone").orElse(0L).intValue();
        if (record.events() == 0
                || !record.rising()
                || record.firstSequence() < first
                || record.firstSequence() + record.events() > first + count) {
            throw new RecordException("its events are not those of its batch");
        }
        if (!record.timesFit()) {
            throw new RecordException("its first_event_time and last_event_time are not those of its events");
        }
        Stream stream = new Stream(run, record.text("netns_id"), zone);
        Open batch = open.get(stream);
        if (record.firstSequence() == first) {
            batch = new Open(index, first); // perhaps once more
            open.put(stream, batch);
        }
        if (batch == null || batch.index != index || record.firstSequence() > batch.next) {
            open.remove(stream);
            throw new RecordException("a piece of its batch is missing before it");
        }
        if (record.firstSequence() < batch.next) {
            return null; // it was there before
        }
        for (int i = 0; i < record.events(); i++) {
            batch.events.update(record.array(), record.eventOffset(i), record.eventBytes(i));
        }
        batch.next += record.events();
        if (batch.next < first + count) {
            return null;
        }
        open.remove(stream);
        byte[] leaf = LeafBytes.ofEvents(
                names(record), zone, first, count, record.number("lost_total").orElse(0L), batch.events.digest());
        return new Leaf(run, index, names(record), zone, first, count, Hash.ofLeaf(digest, leaf));
    }
}
