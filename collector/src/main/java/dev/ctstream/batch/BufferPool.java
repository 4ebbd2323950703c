package dev.ctstream.batch;

import org.jspecify.annotations.Nullable;

/**
 * Empty batches by size: {@value #SMALLEST_BYTES} bytes, then twice as much each, up to the largest batch. A batch
 * that outgrows its buffer moves to the next size, so that a zone with one event holds a small buffer and a busy zone
 * does not copy often.
 *
 * <p>Bounds: keeps at most the given bytes; what is given back beyond it is left to the garbage collector.
 *
 * <p>Threads: confined to the receive thread.
 */
final class BufferPool {
    static final int SMALLEST_BYTES = 1 << 10;
    /** Size class of a batch that was made for one huge event and is not kept. */
    static final int UNPOOLED = -1;

    private static final int GROWTH_SHIFT = 1;
    /** No event is shorter: two addresses in both directions and two times alone take more. */
    private static final int LEAST_EVENT_BYTES = 64;

    private final int[] sizes;
    private final int maxEvents;
    private final long maxPooledBytes;
    private final @Nullable EncodedBatch[] newest; // a stack for each size, linked
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

    /** The smallest size that holds so many bytes; {@link #UNPOOLED} when none does. */
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

    /** Whether there is a larger size than the batch's. */
    boolean canGrow(EncodedBatch batch) {
        return batch.sizeClass != UNPOOLED && batch.sizeClass < sizes.length - 1;
    }

    /** An empty batch of at least so many bytes, and of at least the size class. */
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
            return new EncodedBatch(chosen, new byte[size], new int[Math.min(maxEvents, size / LEAST_EVENT_BYTES)]);
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

    /** Batches that were made because none was at hand. */
    long allocatedBatches() {
        return allocatedBatches;
    }
}
