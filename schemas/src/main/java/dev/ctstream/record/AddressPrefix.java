package dev.ctstream.record;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The addresses that share a prefix: a network, or one address.
 *
 * <p>Comparing an address in a buffer allocates nothing.
 *
 * <p>Threads: immutable.
 */
public final class AddressPrefix {
    private static final int V4_BYTES = 4;
    private static final int V6_BYTES = 16;
    private static final int WORDS_PER_LONG = 2;
    private static final Pattern TEXT = Pattern.compile("([^/]+)(?:/([0-9]{1,3}))?");

    private final int bits;
    private final int lengthBytes;
    // The address's bytes in network order, from the highest bit; IPv4 has 32 bits of the first.
    private final long first;
    private final long second;

    private AddressPrefix(int bits, int lengthBytes, long first, long second) {
        this.bits = bits;
        this.lengthBytes = lengthBytes;
        this.first = first;
        this.second = second;
    }

    /**
     * Reads {@code ADDRESS} or {@code ADDRESS/BITS}; see {@link AddressText#parse}. The address may have bits after the
     * prefix, see {@link #isNetwork}.
     *
     * @throws IllegalArgumentException when the text is neither
     */
    public static AddressPrefix parse(String text) {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException(text);
        }
        byte[] address = AddressText.parse(parts.group(1));
        String length = parts.group(2);
        int most = address.length * Byte.SIZE;
        int bits = length == null ? most : Integer.parseInt(length);
        if (bits > most) {
            throw new IllegalArgumentException(text);
        }
        return of(address, bits);
    }

    private static AddressPrefix of(byte[] address, int bits) {
        ByteBuffer buffer = ByteBuffer.wrap(address);
        return new AddressPrefix(
                bits, address.length, first(buffer, 0, address.length), second(buffer, 0, address.length));
    }

    /** The address that {@link #parse} was given; 4 or 16 bytes, in network order. */
    public byte[] address() {
        ByteBuffer bytes =
                ByteBuffer.allocate(V6_BYTES).putLong(first).putLong(second).flip();
        byte[] address = new byte[lengthBytes];
        bytes.get(address);
        return address;
    }

    /** Number of bits that all its addresses share. */
    public int bits() {
        return bits;
    }

    /** Whether it is one address only. */
    public boolean single() {
        return bits == lengthBytes * Byte.SIZE;
    }

    /** 4 or 16, the length of its addresses. */
    public int lengthBytes() {
        return lengthBytes;
    }

    /** Whether the address has no bits after the prefix. */
    public boolean isNetwork() {
        return equals(network());
    }

    /** The same addresses, without bits after the prefix. */
    public AddressPrefix network() {
        return new AddressPrefix(bits, lengthBytes, first & mask(bits), second & mask(bits - Long.SIZE));
    }

    /** Word {@code i} of the address, of 32 bits; 0 is the first. */
    public int word(int i) {
        return half(i < WORDS_PER_LONG ? first : second, i);
    }

    /** The bits of word {@code i} that belong to the prefix. */
    public int wordMask(int i) {
        return half(i < WORDS_PER_LONG ? mask(bits) : mask(bits - Long.SIZE), i);
    }

    private static int half(long two, int i) {
        return (int) (i % WORDS_PER_LONG == 0 ? two >>> Integer.SIZE : two);
    }

    /**
     * Whether the address in the buffer has this prefix; one of the other family has not.
     *
     * @param buffer in either byte order; the address is in network order
     * @param addressLengthBytes 4 or 16
     */
    public boolean contains(ByteBuffer buffer, int offset, int addressLengthBytes) {
        return addressLengthBytes == lengthBytes
                && ((first(buffer, offset, lengthBytes) ^ first) & mask(bits)) == 0
                && (bits <= Long.SIZE
                        || ((second(buffer, offset, lengthBytes) ^ second) & mask(bits - Long.SIZE)) == 0);
    }

    /** Whether an address, as records have it, has this prefix; false for a text that is no address. */
    public boolean contains(String text) {
        if (text.isEmpty() || (text.indexOf(':') >= 0) != (lengthBytes == V6_BYTES)) {
            return false;
        }
        try {
            byte[] address = AddressText.parse(text);
            return contains(ByteBuffer.wrap(address), 0, address.length);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static long first(ByteBuffer buffer, int offset, int lengthBytes) {
        return lengthBytes == V4_BYTES
                ? (long) AddressText.bigEndian(buffer, offset) << Integer.SIZE
                : bigEndian(buffer, offset);
    }

    private static long second(ByteBuffer buffer, int offset, int lengthBytes) {
        return lengthBytes == V4_BYTES ? 0 : bigEndian(buffer, offset + Long.BYTES);
    }

    private static long bigEndian(ByteBuffer buffer, int offset) {
        long value = buffer.getLong(offset);
        return buffer.order() == ByteOrder.BIG_ENDIAN ? value : Long.reverseBytes(value);
    }

    /** The highest {@code bits} bits; none for a negative number, all beyond 64. */
    private static long mask(int bits) {
        return bits <= 0 ? 0 : bits >= Long.SIZE ? -1 : -1L << (Long.SIZE - bits);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AddressPrefix prefix
                && bits == prefix.bits
                && lengthBytes == prefix.lengthBytes
                && first == prefix.first
                && second == prefix.second;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(first * 31 + second) * 31 + bits;
    }

    /** The address and the length of the prefix, such as {@code 10.0.0.0/8}. */
    @Override
    public String toString() {
        return AddressText.of(address()) + "/" + bits;
    }
}
