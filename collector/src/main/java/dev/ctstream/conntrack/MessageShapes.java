package dev.ctstream.conntrack;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The first shapes seen, up to {@link #MAX_SHAPES} for each message length; lengths that differ by a multiple of 1 KiB
 * share slots. A host's traffic has about a dozen shapes. A shape is never replaced, so alternating messages allocate
 * nothing; a message whose shape found no slot is decoded in full.
 *
 * <p>Bounds: 1024 shapes of some 800 bytes. Threads: confined to one thread.
 */
final class MessageShapes {
    private static final int MAX_SHAPES = 4;
    private static final int LENGTHS = 256;
    private static final int ALIGNMENT_BITS = 2; // messages are padded to 4 bytes

    private int lengthMask; // 0 until the first shape is kept: all lengths share one empty set of slots
    private @Nullable MessageShape[] shapes = new MessageShape[MAX_SHAPES];

    /** The shape that fits, null when none does. */
    @Nullable
    MessageShape find(ByteBuffer buffer, int offset, int lengthBytes, int addressBytes) {
        int first = slot(lengthBytes);
        for (int i = 0; i < MAX_SHAPES; i++) {
            MessageShape shape = shapes[first + i];
            if (shape == null || shape.fits(buffer, offset, lengthBytes, addressBytes)) {
                return shape;
            }
        }
        return null;
    }

    /** Whether there is space for one more shape of this length. */
    boolean hasSpace(int lengthBytes) {
        return shapes[slot(lengthBytes) + MAX_SHAPES - 1] == null;
    }

    /** Keeps a new shape; call this only when there is space. */
    void keep(int lengthBytes, MessageShape shape) {
        if (lengthMask == 0) {
            lengthMask = LENGTHS - 1;
            shapes = new MessageShape[LENGTHS * MAX_SHAPES];
        }
        int slot = slot(lengthBytes);
        while (shapes[slot] != null) {
            slot++;
        }
        shapes[slot] = shape;
    }

    private int slot(int lengthBytes) {
        return ((lengthBytes >>> ALIGNMENT_BITS) & lengthMask) * MAX_SHAPES;
    }
}
