package dev.ctstream.spool;

import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SpoolPosition;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The position up to which Kafka has everything, and the number of events before it.
 *
 * <p>The numbers of lost batches are never handed out. They count as acknowledged as soon as all earlier numbers are.
 *
 * <p>Bounds: one entry for each batch that was handed out and is not acknowledged. The publisher limits their number.
 *
 * <p>Threads: any.
 */
final class AcknowledgedPosition {
    private record Handed(long number, SpoolPosition next, long receivedNanos, boolean lost) {}

    private final Deque<Handed> handed = new ArrayDeque<>();
    private SpoolPosition position;
    private volatile long number;

    AcknowledgedPosition(SpoolPosition position) {
        this.position = position;
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

    /** Receive time of the oldest event that is handed out but not acknowledged, ns since the epoch; 0 = none. */
    synchronized long oldestReceivedNanos() {
        Handed head = handed.peekFirst();
        return head == null ? 0 : head.receivedNanos();
    }

    /** Records that a batch goes to the publisher. */
    synchronized void handedOut(BatchEnvelope batch) {
        Handed last = handed.peekLast();
        if (last == null || last.number() < batch.number()) { // otherwise it is a repeat after a rewind
            handed.addLast(new Handed(batch.number(), batch.next(), batch.firstReceivedNanos(), false));
        }
    }

    /** Records that the batches from {@code first} up to but excluding {@code next} are lost. */
    synchronized void lost(long first, SpoolPosition next) {
        handed.removeIf(entry -> entry.number() >= first && entry.number() < next.number());
        Deque<Handed> later = new ArrayDeque<>();
        while (!handed.isEmpty() && handed.getLast().number() >= next.number()) {
            later.addFirst(handed.removeLast());
        }
        handed.addLast(new Handed(next.number() - 1, next, 0, true));
        handed.addAll(later);
        settle();
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
            if (head.number() > number && !head.lost()) {
                return;
            }
            number = Math.max(number, head.number());
            position = head.next().number() > position.number() ? head.next() : position;
            handed.removeFirst();
        }
    }
}
