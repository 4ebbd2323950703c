package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Damaged datagrams: the cursors never throw, never loop, never leave the range they were given. */
class CursorFuzzTest {
    private static final long SEED = 20_261_121;
    private static final int DATAGRAMS = 300_000;
    private static final int MAX_DEPTH = 8;

    private final MessageCursor messages = new MessageCursor();
    private final AttributeCursor[] levels = new AttributeCursor[MAX_DEPTH];
    private int steps;
    private int malformed;

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void neverThrowsNeverLoopsNeverReadsOutside() {
        long seed = Long.getLong("test.seed", SEED);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < MAX_DEPTH; i++) {
            levels[i] = new AttributeCursor();
        }
        List<ByteBuffer> captured = List.of(
                Bytes.captured("26-dump-2entries.bin"),
                Bytes.captured("05-destroy-tcp4-zone5.bin"),
                Bytes.captured("24-update-tcp4-seqadj-synproxy-user.bin"),
                Bytes.captured("28-error-erange-extack.bin"));
        for (int i = 0; i < DATAGRAMS; i++) {
            ByteBuffer damaged = damage(captured.get(random.nextInt(captured.size())), random);
            try {
                walk(damaged);
            } catch (RuntimeException | AssertionError e) {
                String bytes = HexFormat.of().formatHex(damaged.array(), damaged.arrayOffset(), damaged.limit());
                throw new AssertionError("datagram " + i + ", -Dtest.seed=" + seed + ", bytes " + bytes, e);
            }
        }
        assertThat(malformed).as("detected damage").isBetween(DATAGRAMS / 10, DATAGRAMS);
    }

    /** A copy that ends where the datagram ends: reading past it throws. */
    private static ByteBuffer damage(ByteBuffer original, SplittableRandom random) {
        int length = random.nextInt(10) == 0 ? random.nextInt(original.limit() + 1) : original.limit();
        ByteBuffer copy = ByteBuffer.allocate(length).order(original.order());
        copy.put(0, original, 0, length);
        int flips = length == 0 ? 0 : random.nextInt(4);
        for (int i = 0; i < flips; i++) {
            int at = random.nextInt(length);
            byte value = random.nextBoolean() ? (byte) random.nextInt() : (byte) (1 << random.nextInt(Byte.SIZE));
            copy.put(at, random.nextBoolean() ? value : (byte) (copy.get(at) ^ value));
        }
        return copy;
    }

    private void walk(ByteBuffer datagram) {
        steps = 0;
        messages.wrap(datagram, 0, datagram.limit());
        int end = 0;
        while (messages.next()) {
            step(datagram);
            assertThat(messages.offset()).isGreaterThanOrEqualTo(end);
            end = messages.offset() + messages.lengthBytes();
            assertThat(end).isLessThanOrEqualTo(datagram.limit());
            int skip = Math.min(4, messages.payloadLengthBytes()); // struct nfgenmsg
            levels[0].wrap(datagram, messages.payloadOffset() + skip, messages.payloadLengthBytes() - skip);
            attributes(datagram, 0, end);
        }
        malformed += messages.malformed() ? 1 : 0;
    }

    private void attributes(ByteBuffer datagram, int level, int end) {
        AttributeCursor cursor = levels[level];
        while (cursor.next()) {
            step(datagram);
            if (cursor.payloadOffset() + cursor.payloadLengthBytes() > end) {
                throw new AssertionError("left its parent");
            }
            if (level + 1 < MAX_DEPTH) { // every payload is tried as a nest
                levels[level + 1].wrapNest(cursor);
                attributes(datagram, level + 1, cursor.payloadOffset() + cursor.payloadLengthBytes());
            }
        }
        malformed += level == 0 && cursor.malformed() ? 1 : 0;
    }

    private void step(ByteBuffer datagram) {
        // Each step consumes at least 4 bytes of its level.
        if (++steps > MAX_DEPTH * (datagram.limit() / NlAttr.HEADER_BYTES + 1)) {
            throw new AssertionError("more steps than bytes allow");
        }
    }
}
