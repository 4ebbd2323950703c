package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.netlink.NlAttr;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A million damaged messages: decoding never throws, never loops, never reads outside the message, and gives the same
 * result with and without the shape of an earlier message. Replay a failure with {@code -Dtest.seed}.
 */
class FlowEventFuzzTest {
    private static final int MESSAGES = 1_000_000;
    private static final int ROOM_BYTES = 1024;
    private static final int GUARD_BYTES = 64;

    private final List<byte[]> captured = Fixtures.flowMessages();
    private final FlowDecoder experienced = new FlowDecoder(); // knows the shapes of earlier messages
    private final FlowEvent event = new FlowEvent();
    private final FlowEventDigest digest = new FlowEventDigest();
    private final byte[] message = new byte[ROOM_BYTES];
    private final byte[] zeros = new byte[GUARD_BYTES];
    private final byte[] ones = new byte[GUARD_BYTES];
    private final ByteBuffer exact = ByteBuffer.allocateDirect(ROOM_BYTES).order(ByteOrder.nativeOrder());
    private final ByteBuffer guarded =
            ByteBuffer.allocateDirect(ROOM_BYTES + 2 * GUARD_BYTES).order(ByteOrder.nativeOrder());
    private int lengthBytes;

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void neverThrowsNeverLoopsNeverReadsOutside() {
        long seed = Long.getLong("test.seed", System.nanoTime());
        SplittableRandom random = new SplittableRandom(seed);
        Arrays.fill(ones, (byte) 0xFF);
        int accepted = 0;
        for (int i = 0; i < MESSAGES; i++) {
            damage(random);
            try {
                long plain = decodeExact();
                if (decodeGuarded(new FlowDecoder(), zeros) != plain
                        || decodeGuarded(new FlowDecoder(), ones) != plain) {
                    throw new AssertionError("bytes outside the message change the result");
                }
                if (decodeGuarded(experienced, zeros) != plain) {
                    throw new AssertionError("earlier messages change the result");
                }
                accepted += plain == 0 ? 0 : 1;
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(
                        "message " + i + ", -Dtest.seed=" + seed + ", bytes "
                                + Arrays.toString(Arrays.copyOf(message, lengthBytes)),
                        e);
            }
        }
        // Both outcomes must be frequent, otherwise the loop would prove little.
        assertThat(accepted).as("-Dtest.seed=%d", seed).isBetween(MESSAGES / 20, MESSAGES * 9 / 10);
    }

    /** In a buffer that ends where the message ends: a read past it would throw. */
    private long decodeExact() {
        exact.clear().limit(lengthBytes);
        exact.put(0, message, 0, lengthBytes);
        return new FlowDecoder().decode(event, exact, 0, lengthBytes) ? digest.of(event) | 1 : 0;
    }

    /** Between other bytes: a read outside would show in the result. */
    private long decodeGuarded(FlowDecoder decoder, byte[] guard) {
        guarded.put(0, guard, 0, GUARD_BYTES);
        guarded.put(GUARD_BYTES, message, 0, lengthBytes);
        guarded.put(GUARD_BYTES + lengthBytes, guard, 0, GUARD_BYTES);
        return decoder.decode(event, guarded, GUARD_BYTES, lengthBytes) ? digest.of(event) | 1 : 0;
    }

    private void damage(SplittableRandom random) {
        take(random, 0);
        int rounds = random.nextInt(3);
        for (int i = 0; i <= rounds; i++) {
            switch (random.nextInt(6)) {
                case 0 -> lengthBytes = random.nextInt(lengthBytes + 1);
                case 1 -> flipBits(random);
                case 2 -> splice(random);
                case 3 -> randomAttribute(random);
                case 4 -> shiftLength(random);
                default -> moveAttributes(random);
            }
        }
    }

    private void take(SplittableRandom random, int from) {
        byte[] source = captured.get(random.nextInt(captured.size()));
        int count = Math.min(source.length, ROOM_BYTES - from);
        System.arraycopy(source, 0, message, from, count);
        lengthBytes = from + count;
    }

    private void flipBits(SplittableRandom random) {
        for (int n = random.nextInt(8); n >= 0 && lengthBytes > 0; n--) {
            message[random.nextInt(lengthBytes)] ^= (byte) (1 << random.nextInt(8));
        }
    }

    /** The head of this message, then the attributes of another one. */
    private void splice(SplittableRandom random) {
        byte[] other = captured.get(random.nextInt(captured.size()));
        int from = NfGenMsg.ATTRIBUTES_OFFSET;
        int at = random.nextBoolean() ? lengthBytes : random.nextInt(lengthBytes + 1);
        int count = Math.min(other.length - from, ROOM_BYTES - at);
        System.arraycopy(other, from, message, at, count);
        lengthBytes = at + count;
    }

    /** A header of a random number, nested or not, with a length that is mostly plausible. */
    private void randomAttribute(SplittableRandom random) {
        if (lengthBytes < NfGenMsg.ATTRIBUTES_OFFSET + NlAttr.HEADER_BYTES) {
            return;
        }
        int at = NfGenMsg.ATTRIBUTES_OFFSET + random.nextInt(lengthBytes - NfGenMsg.ATTRIBUTES_OFFSET - 3) / 4 * 4;
        int room = lengthBytes - at;
        int length = random.nextInt(4) == 0 ? random.nextInt(1 << 16) : random.nextInt(room + 2);
        int flags = random.nextInt(4) << 14;
        int number = random.nextInt(4) == 0 ? random.nextInt(1 << 14) : random.nextInt(30);
        put16(at, length);
        put16(at + 2, flags | number);
    }

    private void shiftLength(SplittableRandom random) {
        if (lengthBytes > NfGenMsg.ATTRIBUTES_OFFSET + 3) {
            int words = (lengthBytes - NfGenMsg.ATTRIBUTES_OFFSET) / 4;
            message[NfGenMsg.ATTRIBUTES_OFFSET + random.nextInt(words) * 4] += (byte) (random.nextInt(9) - 4);
        }
    }

    private void moveAttributes(SplittableRandom random) {
        int from = NfGenMsg.ATTRIBUTES_OFFSET;
        if (lengthBytes > from) {
            int at = from + random.nextInt(lengthBytes - from);
            int to = from + random.nextInt(lengthBytes - from);
            System.arraycopy(message, at, message, to, Math.min(lengthBytes - at, lengthBytes - to));
        }
    }

    private void put16(int at, int value) {
        boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        message[at] = (byte) (little ? value : value >> 8);
        message[at + 1] = (byte) (little ? value >> 8 : value);
    }
}
