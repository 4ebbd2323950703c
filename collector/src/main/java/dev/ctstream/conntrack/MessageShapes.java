package dev.ctstream.conntrack;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The shapes that were seen first, up to {@link #MAX_SHAPES} for each length of a message; lengths that are a multiple of
 * 1 KiB apart share their places. A host's traffic has a dozen shapes. None is ever replaced, so that messages that
 * alternate allocate nothing; one without a place is decoded in full.
 *
 * <p>Bounds: 1024 shapes of some 800 bytes. Threads: confined to one.
 */
final class MessageShapes {
    private static final int MAX_SHAPES = 4;
    private static final int LENGTHS = 256;
    private static final int ALIGNMENT_BITS = 2; // messages are padded to 4 bytes

    private int lengthMask; // all lengths share one place, which is empty, until the first shape is kept
    private @Nullable MessageShape[] shapes = new MessageShape[MAX_SHAPES];

    /** The shape that fits, null when none does. */
    @Nullable
    MessageShape find(ByteBuffer buffer, int offset, int lengthBytes, int addressBytes) {
        int first = place(lengthBytes);
        for (int i = 0; i < MAX_SHAPES; i++) {
            MessageShape shape = shapes[first + i];
            if (shape == null || shape.fits(buffer, offset, lengthBytes, addressBytes)) {
                return shape;
            }
        }
        return null;
    }

    /** Whether there is room for one more shape of this length. */
    boolean hasRoom(int lengthBytes) {
        return shapes[place(lengthBytes) + MAX_SHAPES - 1] == null;
    }

    /** Keeps a shape that was not there; to be called when there is room. */
    void keep(int lengthBytes, MessageShape shape) {
        if (lengthMask == 0) {
            lengthMask = LENGTHS - 1;
            shapes = new MessageShape[LENGTHS * MAX_SHAPES];
        }
        int place = place(lengthBytes);
        while (shapes[place] != null) {
            place++;
        }
        shapes[place] = shape;
    }

    private int place(int lengthBytes) {
        return ((lengthBytes >>> ALIGNMENT_BITS) & lengthMask) * MAX_SHAPES;
    }
}
