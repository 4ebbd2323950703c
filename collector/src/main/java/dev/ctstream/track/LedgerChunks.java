package dev.ctstream.track;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Records of one length in chunks of native memory, which are allocated when they are first needed and kept. A record is
 * named by its number; freed ones are used again, the last freed first.
 *
 * <p>A record has two parts: a front, which begins at a cache line when its length is a multiple of one, and a rear.
 *
 * <pre>
 *  chunk:  | front 0 | front 1 | ... | front 4095 | rear 0 | rear 1 | ... | rear 4095 |
 * </pre>
 *
 * <p>Threads: confined to one.
 */
final class LedgerChunks {
    static final int NONE = -1;

    private static final int CHUNK_BITS = 12;
    /** 416 KiB of IPv4 records, zeroed in some 30 us: a pause that the receive thread can take. */
    private static final int CHUNK_RECORDS = 1 << CHUNK_BITS;

    private static final int CACHE_LINE_BYTES = 64;

    private final int frontBytes;
    private final int rearBytes;
    private final int nextFreeOffset;
    private final List<ByteBuffer> chunks = new ArrayList<>();
    private int used; // numbers that were ever given out
    private int free = NONE;
    private boolean memoryEnded;

    /** Makes an empty store; {@code nextFreeOffset} is where in its front a free record may hold 4 bytes. */
    LedgerChunks(int frontBytes, int rearBytes, int nextFreeOffset) {
        this.frontBytes = frontBytes;
        this.rearBytes = rearBytes;
        this.nextFreeOffset = nextFreeOffset;
    }

    /**
     * A record's number; its bytes are those of the last user. {@link #NONE} when native memory, which the JVM limits
     * ({@code MaxDirectMemorySize}), has ended.
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
        if (memoryEnded) {
            return false; // asking again would make the JVM collect garbage and wait each time
        }
        try {
            chunks.add(ByteBuffer.allocateDirect(chunkBytes() + CACHE_LINE_BYTES)
                    .alignedSlice(CACHE_LINE_BYTES)
                    .order(ByteOrder.nativeOrder()));
            return true;
        } catch (OutOfMemoryError e) { // of the native memory's own limit: nothing else is affected
            memoryEnded = true;
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

    /** Where the record lies, together with {@link #offset} and {@link #rearOffset}. */
    ByteBuffer chunk(int number) {
        return chunks.get(number >>> CHUNK_BITS);
    }

    int offset(int number) {
        return (number & (CHUNK_RECORDS - 1)) * frontBytes;
    }

    int rearOffset(int number) {
        return CHUNK_RECORDS * frontBytes + (number & (CHUNK_RECORDS - 1)) * rearBytes;
    }

    /** All numbers below were given out at some time. */
    int used() {
        return used;
    }

    long allocatedBytes() {
        return (long) chunks.size() * chunkBytes();
    }
}
