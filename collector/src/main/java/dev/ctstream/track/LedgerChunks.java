package dev.ctstream.track;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Stores records of one length in chunks of native memory. Chunks are allocated on demand and never released. A record
 * is identified by its number; freed records are reused, most recently freed first.
 *
 * <p>A record has two parts, a front and a rear. The front starts at a cache line if its length is a multiple of a
 * line.
 *
 * <pre>
 *  chunk:  | front 0 | front 1 | ... | front 4095 | rear 0 | rear 1 | ... | rear 4095 |
 * </pre>
 *
 * <p>Threads: confined to one thread.
 */
final class LedgerChunks {
    static final int NONE = -1;

    private static final int CHUNK_BITS = 12;
    /** 416 KiB of IPv4 records, zeroed in about 30 us: a pause that the receive thread can afford. */
    private static final int CHUNK_RECORDS = 1 << CHUNK_BITS;

    private static final int CACHE_LINE_BYTES = 64;

    private final int frontBytes;
    private final int rearBytes;
    private final int nextFreeOffset;
    private final List<ByteBuffer> chunks = new ArrayList<>();
    private int used; // numbers allocated at any time
    private int free = NONE;
    private boolean memoryExhausted;

    /** Creates an empty store. A free record uses 4 bytes at {@code nextFreeOffset} of its front for the free list. */
    LedgerChunks(int frontBytes, int rearBytes, int nextFreeOffset) {
        this.frontBytes = frontBytes;
        this.rearBytes = rearBytes;
        this.nextFreeOffset = nextFreeOffset;
    }

    /**
     * Allocates a record and returns its number; its bytes are undefined. Returns {@link #NONE} when native memory,
     * which the JVM limits ({@code MaxDirectMemorySize}), is exhausted.
     */
    int allocate() {
        int number = free;
        if (number != NONE) {
            free = chunk(number).getInt(offset(number) + nextFreeOffset);
            return number;
        }
        if (used == chunks.size() << CHUNK_BITS && !addChunk()) {
            return NONE;
        }
        return used++;
    }

    private boolean addChunk() {
        if (memoryExhausted) {
            return false; // each further attempt would make the JVM collect garbage and wait
        }
        try {
            chunks.add(ByteBuffer.allocateDirect(chunkBytes() + CACHE_LINE_BYTES)
                    .alignedSlice(CACHE_LINE_BYTES)
                    .order(ByteOrder.nativeOrder()));
            return true;
        } catch (OutOfMemoryError e) { // only the limit of native memory: the heap is not affected
            memoryExhausted = true;
            return false;
        }
    }

    void free(int number) {
        chunk(number).putInt(offset(number) + nextFreeOffset, free);
        free = number;
    }

    private int chunkBytes() {
        return CHUNK_RECORDS * (frontBytes + rearBytes);
    }

    /** The chunk that holds the record, at {@link #offset} and {@link #rearOffset}. */
    ByteBuffer chunk(int number) {
        return chunks.get(number >>> CHUNK_BITS);
    }

    int offset(int number) {
        return (number & (CHUNK_RECORDS - 1)) * frontBytes;
    }

    int rearOffset(int number) {
        return CHUNK_RECORDS * frontBytes + (number & (CHUNK_RECORDS - 1)) * rearBytes;
    }

    /** Every number below this one has been allocated at some time. */
    int used() {
        return used;
    }

    long allocatedBytes() {
        return (long) chunks.size() * chunkBytes();
    }
}
