package dev.ctstream.spool;

import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SpoolPosition;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Up to where Kafka has everything, and how many events that were.
 *
 * <p>Numbers that will never be handed out, because their batches are lost, count as acknowledged as soon as all before
 * them are.
 *
 * <p>Bounds: one entry for each batch that was handed out and is not acknowledged, which the publisher bounds.
 *
 * <p>Threads: any.
 */
final class AcknowledgedPosition {
    private record Handed(long number, SpoolPosition next, long receivedNanos, boolean lost) {}

    private final Deque<Handed> handed = new ArrayDeque<>();
    private SpoolPosition place;
    private volatile long number;

    AcknowledgedPosition(SpoolPosition place) {
        this.place = place;
        number = place.number() - 1;
    }

    /** Every batch up to this one is acknowledged. */
    long number() {
        return number;
    }

    /** The place behind the last batch that is acknowledged. */
    synchronized SpoolPosition place() {
        return place;
    }

    /** When the oldest event that is handed out and not acknowledged was received, ns since the epoch; 0 = none is. */
    synchronized long oldestReceivedNanos() {
        Handed head = handed.peekFirst();
        return head == null ? 0 : head.receivedNanos();
    }

    /** A batch goes to the publisher. */
    synchronized void handedOut(BatchEnvelope batch) {
        Handed last = handed.peekLast();
        if (last == null || last.number() < batch.number()) { // else it goes there again
            handed.addLast(new Handed(batch.number(), batch.next(), batch.firstReceivedNanos(), false));
        }
    }

    /** The batches from {@code first} to before {@code next} are lost. */
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

    /** Every batch up to this one is in Kafka. */
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
            place = head.next().number() > place.number() ? head.next() : place;
            handed.removeFirst();
        }
    }
}
