package dev.ctstream.conntrack;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** The event socket of a namespace without a kernel: a queue with a bound, and a counter of what did not fit. */
public final class FakeSocket implements EventSource {
    private final int index;
    private final String netns;
    private final String netnsId;
    private final int capacity;
    private final Deque<byte[]> queue = new ArrayDeque<>();
    private long drops;
    private long dropsRead;
    private boolean subscribed = true;

    /**
     * An empty queue.
     *
     * @param capacity events that it holds
     */
    public FakeSocket(int index, String netns, String netnsId, int capacity) {
        this.index = index;
        this.netns = netns;
        this.netnsId = netnsId;
        this.capacity = capacity;
    }

    /** Delivers a message, or drops and counts it. */
    void deliver(byte[] message) {
        if (subscribed && queue.size() < capacity) {
            queue.addLast(message);
        } else if (subscribed) {
            drops++;
        }
    }

    byte @Nullable [] receive() {
        return queue.pollFirst();
    }

    long readDrops() {
        long delta = drops - dropsRead;
        dropsRead = drops;
        return delta;
    }

    /** Takes no more events. */
    void unsubscribe() {
        subscribed = false;
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public String netns() {
        return netns;
    }

    @Override
    public String netnsId() {
        return netnsId;
    }

    @Override
    public long dropsTotal() {
        return drops;
    }
}
