package dev.ctstream.read;

import dev.ctstream.record.AddressText;

/**
 * Addresses that share a prefix, compared with the texts of records. Immutable.
 *
 * <p>Threads: any.
 */
public final class AddressPrefix {
    private final byte[] address;
    private final int bits;

    private AddressPrefix(byte[] address, int bits) {
        this.address = address;
        this.bits = bits;
    }

    /**
     * Reads {@code ADDRESS} or {@code ADDRESS/BITS}.
     *
     * @throws IllegalArgumentException when the text is neither
     */
    public static AddressPrefix parse(String text) {
        int slash = text.indexOf('/');
        byte[] address = AddressText.parse(slash < 0 ? text : text.substring(0, slash));
        int most = address.length * Byte.SIZE;
        int bits = slash < 0 ? most : Integer.parseInt(text.substring(slash + 1));
        if (bits < 0 || bits > most) {
            throw new IllegalArgumentException(text);
        }
        return new AddressPrefix(address, bits);
    }

    /** Whether an address, as records have it, has this prefix; false for a text that is no address. */
    boolean contains(String text) {
        if (text.isEmpty() || (text.indexOf(':') >= 0) != (address.length > Integer.BYTES)) {
            return false;
        }
        byte[] other;
        try {
            other = AddressText.parse(text);
        } catch (IllegalArgumentException e) {
            return false;
        }
        for (int i = 0, left = bits; left > 0; i++, left -= Byte.SIZE) {
            int mask = left >= Byte.SIZE ? 0xFF : 0xFF << (Byte.SIZE - left) & 0xFF;
            if (((other[i] ^ address[i]) & mask) != 0) {
                return false;
            }
        }
        return true;
    }
}
