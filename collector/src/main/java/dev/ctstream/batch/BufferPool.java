package dev.ctstream.batch;

import org.jspecify.annotations.Nullable;

/**
 * A pool of empty batches by size: {@value #SMALLEST_BYTES} bytes, doubling up to the largest batch. A batch that
 * outgrows its buffer moves to the next size. So a zone with one event holds a small buffer, and a busy zone rarely
 * copies.
 *
 * <p>Bounds: keeps at most {@code maxPooledBytes}; batches released beyond that are left to the garbage collector.
 *
 * <p>Threads: confined to the receive thread.
 */
final class BufferPool {
    static final int SMALLEST_BYTES = 1 << 10;
    /** Size class of a batch that was allocated for one huge event and is not pooled. */
    static final int UNPOOLED = -1;

    private static final int GROWTH_SHIFT = 1;
    /** No event is shorter: its four addresses and two times alone take more. */
    private static final int MIN_EVENT_BYTES = 64;

    private final int[] sizes;
    private final int maxEvents;
    private final long maxPooledBytes;
    private final @Nullable EncodedBatch[] newest; // by size: the top of a linked stack
    private long pooledBytes;
    private long allocatedBatches;

    BufferPool(BatchConfig config, long maxPooledBytes) {
        sizes = sizes(config.maxBytes());
        maxEvents = config.maxEvents();
        this.maxPooledBytes = maxPooledBytes;
        newest = new EncodedBatch[sizes.length];
    }

    private static int[] sizes(int largest) {
        int count = 1;
        while ((long) SMALLEST_BYTES << (GROWTH_SHIFT * (count - 1)) < largest) {
            count++;
        }
        int[] sizes = new int[count];
        for (int i = 0; i < count; i++) {
            sizes[i] = (int) Math.min((long) SMALLEST_BYTES << (GROWTH_SHIFT * i), largest);
        }
        return sizes;
    }

    /** The smallest size class that holds {@code bytes}; {@link #UNPOOLED} when none does. */
    int sizeClass(int bytes) {
        for (int i = 0; i < sizes.length; i++) {
            if (sizes[i] >= bytes) {
                return i;
            }
        }
        return UNPOOLED;
    }

    int sizeClassOrLargest(int bytes) {
        int fitting = sizeClass(bytes);
        return fitting == UNPOOLED ? sizes.length - 1 : fitting;
    }

    /** Whether there is a larger size class than the batch's. */
    boolean canGrow(EncodedBatch batch) {
        return batch.sizeClass != UNPOOLED && batch.sizeClass < sizes.length - 1;
    }

    /** Returns an empty batch of at least {@code bytes} and at least the size class. */
    EncodedBatch acquire(int sizeClass, int bytes) {
        int fitting = sizeClass(bytes);
        if (fitting == UNPOOLED) {
            allocatedBatches++;
            return new EncodedBatch(UNPOOLED, new byte[bytes], new int[1]);
        }
        int chosen = Math.max(sizeClass, fitting);
        EncodedBatch batch = newest[chosen];
        if (batch == null) {
            allocatedBatches++;
            int size = sizes[chosen];
            return new EncodedBatch(chosen, new byte[size], new int[Math.min(maxEvents, size / MIN_EVENT_BYTES)]);
        }
        newest[chosen] = batch.nextEmpty;
        batch.nextEmpty = null;
        pooledBytes -= batch.capacityBytes();
        return batch;
    }

    void release(EncodedBatch batch) {
        int bytes = batch.capacityBytes();
        if (batch.sizeClass == UNPOOLED || pooledBytes + bytes > maxPooledBytes) {
            return;
        }
        batch.nextEmpty = newest[batch.sizeClass];
        newest[batch.sizeClass] = batch;
        pooledBytes += bytes;
    }

    long pooledBytes() {
        return pooledBytes;
    }

    /** Batches that were allocated because the pool had none. */
    long allocatedBatches() {
        return allocatedBatches;
    }
}
