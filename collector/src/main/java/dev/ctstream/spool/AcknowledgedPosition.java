package dev.ctstream.spool;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SpoolPosition;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The position of one chain up to which Kafka has everything, and the next sequence of each stream after it.
 *
 * <p>Numbers that hold no batch are never handed out. They count as acknowledged as soon as all earlier numbers are.
 *
 * <p>Bounds: one entry for each batch that was handed out and is not acknowledged, whose number the publisher limits, and
 * one for each stream that was acknowledged and is not forgotten.
 *
 * <p>Threads: any.
 */
final class AcknowledgedPosition {
    private record Handed(
            long number, SpoolPosition next, @Nullable Sent sent) {}

    private record Sent(BatchEnvelope batch, RunIdentity run) {}

    /** A stream of one run. */
    record RunStream(RunIdentity run, StreamId stream) {}

    private final Deque<Handed> handed = new ArrayDeque<>();
    private final Map<RunStream, Long> sequences = new HashMap<>();
    private SpoolPosition position;
    private ControlRecord.@Nullable Acknowledged last;
    private volatile long number;

    /**
     * Starts at a stored position.
     *
     * @param oldest the run of the first batch after it; everything of earlier runs is acknowledged. Null = none
     */
    AcknowledgedPosition(SpoolPosition position, @Nullable RunIdentity oldest) {
        this.position = position;
        last = oldest == null ? null : new ControlRecord.Acknowledged(oldest.streamEpoch(), 0);
        number = position.number() - 1;
    }

    /** Every batch up to this one is acknowledged. */
    long number() {
        return number;
    }

    /** The position after the last acknowledged batch. */
    synchronized SpoolPosition position() {
        return position;
    }

    /** The newest acknowledged batch: all of earlier runs, and of its run up to it. Null = not known yet. */
    synchronized ControlRecord.@Nullable Acknowledged last() {
        return last;
    }

    /** Receive time of the oldest event that is handed out but not acknowledged, ns since the epoch; 0 = none. */
    synchronized long oldestReceivedNanos() {
        for (Handed entry : handed) {
            Sent sent = entry.sent();
            if (sent != null) {
                return sent.batch().firstReceivedNanos();
            }
        }
        return 0;
    }

    /** The sequence after the last acknowledged one of a stream; null when none was acknowledged since the start. */
    synchronized @Nullable Long nextSequence(RunStream stream) {
        return sequences.get(stream);
    }

    /** Forgets how far a stream is acknowledged: nothing of it comes any more. */
    synchronized void forget(RunStream stream) {
        sequences.remove(stream);
    }

    /** Records that a batch goes to the publisher. */
    synchronized void handedOut(QueuedBatch batch) {
        BatchEnvelope envelope = batch.envelope();
        Handed newest = handed.peekLast();
        if (newest == null || newest.number() < envelope.number()) { // otherwise it is a repeat after a rewind
            handed.addLast(new Handed(envelope.number(), envelope.next(), new Sent(envelope, batch.identity())));
        }
    }

    /** Records that the numbers from {@code first} up to but excluding {@code next} hold no batch. */
    synchronized void skipped(long first, SpoolPosition next) {
        handed.removeIf(entry -> entry.number() >= first && entry.number() < next.number());
        Deque<Handed> later = new ArrayDeque<>();
        while (!handed.isEmpty() && handed.getLast().number() >= next.number()) {
            later.addFirst(handed.removeLast());
        }
        handed.addLast(new Handed(next.number() - 1, next, null));
        handed.addAll(later);
        settle();
    }

    /** Begins again at a later position; everything before it counts as acknowledged. */
    synchronized void restart(SpoolPosition next) {
        handed.clear();
        position = next;
        number = next.number() - 1;
    }

    /** Records that every batch up to this one is in Kafka. */
    synchronized void acknowledge(long newNumber) {
        if (newNumber > number) {
            number = newNumber;
            settle();
        }
    }

    private void settle() {
        for (Handed head = handed.peekFirst(); head != null; head = handed.peekFirst()) {
            Sent sent = head.sent();
            if (head.number() > number && sent != null) {
                return;
            }
            number = Math.max(number, head.number());
            position = head.next().number() > position.number() ? head.next() : position;
            if (sent != null) {
                BatchEnvelope batch = sent.batch();
                sequences.put(new RunStream(sent.run(), batch.stream()), batch.nextSequence());
                last = new ControlRecord.Acknowledged(sent.run().streamEpoch(), batch.logIndex() + 1);
            }
            handed.removeFirst();
        }
    }
}
