package dev.ctstream.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Writes IP addresses as Avro strings in the text form of RFC 5952, without an intermediate String. The longest run of
 * two or more zero groups becomes {@code ::}; of runs of equal length, the first. Lower case, no leading zeros;
 * {@code ::ffff:0:0/96} in mixed notation (section 5).
 *
 * <p>Like {@code AvroWriter}: writes at a position and returns the position after the text. Up to three bytes after
 * that may be overwritten.
 */
public final class AddressText {
    /** Length byte and text of the longest IPv6 address: eight groups of four digits. */
    public static final int IPV6_MAX_BYTES = 1 + 39;

    static final int IPV4_MAX_BYTES = 1 + 15;
    /** Bytes after the text that may be overwritten. */
    public static final int SPILL_BYTES = 3;

    private static final int IPV4_BYTES = 4;
    private static final int GROUPS = 8;
    private static final int GROUP_BITS = 16;
    private static final int MIN_RUN = 2;
    /** The text {@code ffff}. */
    private static final int FFFF = 0x66666666;

    /** High 32 bits of the low half of {@code ::ffff:0:0/96}. */
    private static final int MAPPED = 0xFFFF;

    private static final String OCTET = "(0|[1-9][0-9]{0,2})";
    private static final Pattern IPV4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:]+");

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    /** By octet: its decimal digits and a dot, first digit in the lowest byte; the upper half holds their count. */
    private static final long[] OCTETS = new long[256];

    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    static {
        for (int octet = 0; octet < OCTETS.length; octet++) {
            String text = octet + ".";
            long packed = (long) text.length() << Integer.SIZE;
            for (int i = 0; i < text.length(); i++) {
                packed |= (long) text.charAt(i) << (Byte.SIZE * i);
            }
            OCTETS[octet] = packed;
        }
    }

    private AddressText() {}

    /**
     * Writes the text's length (zigzag, one byte) and the text of the 4 or 16 address bytes at the offset.
     *
     * @param at position in {@code to}; the result is the position after the text
     * @param buffer in either byte order; the address is in network order
     */
    public static int write(byte[] to, int at, ByteBuffer buffer, int addressOffset, int lengthBytes) {
        int text = at + 1; // the text is shorter than 64 bytes, so its length takes one byte
        int end = lengthBytes == IPV4_BYTES
                ? writeIpv4(to, text, bigEndian(buffer, addressOffset))
                : writeIpv6(to, text, buffer, addressOffset);
        to[at] = (byte) ((end - text) << 1); // zigzag of a positive number
        return end;
    }

    /** The text of an address. An IPv4-mapped IPv6 address stays one: {@code ::ffff:10.0.0.1}. */
    public static String of(InetAddress address) {
        return of(address.getAddress());
    }

    /** The text of the 4 or 16 bytes of an address; the opposite of {@link #parse}. */
    public static String of(byte[] bytes) {
        byte[] text = new byte[IPV6_MAX_BYTES + SPILL_BYTES];
        int end = write(text, 0, ByteBuffer.wrap(bytes), 0, bytes.length);
        return new String(text, 1, end - 1, StandardCharsets.US_ASCII);
    }

    /** Address and port: {@code 10.0.0.1:53}, {@code [fd00::1]:53}. */
    public static String of(InetAddress address, int port) {
        String text = of(address);
        return (address instanceof Inet4Address ? text : "[" + text + "]") + ":" + port;
    }

    /**
     * The 4 or 16 bytes of a literal address; the opposite of {@link #of(byte[])}. Takes every form of RFC 4291 for IPv6, and
     * for IPv4 exactly four decimal octets. Refuses leading zeros, which some programs read as octal, and host names.
     *
     * @throws IllegalArgumentException for any other text
     */
    public static byte[] parse(String text) {
        boolean v6 = text.indexOf(':') >= 0;
        String dotted = v6 ? text.substring(text.lastIndexOf(':') + 1) : text;
        boolean hasDots = dotted.indexOf('.') >= 0;
        if ((hasDots || !v6) && !IPV4.matcher(dotted).matches()) {
            throw new IllegalArgumentException(text);
        }
        if (v6
                && !IPV6.matcher(hasDots ? text.substring(0, text.length() - dotted.length()) + "0" : text)
                        .matches()) {
            throw new IllegalArgumentException(text);
        }
        try {
            byte[] bytes = InetAddress.getByName(text).getAddress(); // a literal: asks no name service
            return v6 && bytes.length == IPV4_BYTES ? mapped(bytes) : bytes;
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    /** Restores the IPv6 form of an IPv4-mapped address, which {@code InetAddress} turns into IPv4. */
    private static byte[] mapped(byte[] ipv4) {
        byte[] bytes = new byte[2 * GROUPS];
        bytes[10] = (byte) 0xFF;
        bytes[11] = (byte) 0xFF;
        System.arraycopy(ipv4, 0, bytes, 12, ipv4.length);
        return bytes;
    }

    /** The four bytes at the offset, in network order. */
    static int bigEndian(ByteBuffer buffer, int offset) {
        int value = buffer.getInt(offset);
        return buffer.order() == ByteOrder.BIG_ENDIAN ? value : Integer.reverseBytes(value);
    }

    private static int writeIpv4(byte[] to, int at, int address) {
        int end = writeOctet(to, at, address >>> 24);
        end = writeOctet(to, end, (address >>> 16) & 0xFF);
        end = writeOctet(to, end, (address >>> 8) & 0xFF);
        return writeOctet(to, end, address & 0xFF) - 1; // without the last dot
    }

    private static int writeOctet(byte[] to, int at, int octet) {
        long text = OCTETS[octet];
        INT.set(to, at, (int) text);
        return at + (int) (text >>> Integer.SIZE);
    }

    private static int writeIpv6(byte[] to, int at, ByteBuffer buffer, int offset) {
        long high = join(bigEndian(buffer, offset), bigEndian(buffer, offset + 4));
        int third = bigEndian(buffer, offset + 8);
        int fourth = bigEndian(buffer, offset + 12);
        if (high == 0 && third == MAPPED) {
            return writeIpv4(to, writeMappedPrefix(to, at), fourth);
        }
        long low = join(third, fourth);
        int run = longestZeroRun(high, low);
        int runStart = run >>> GROUP_BITS;
        int runEnd = runStart + (run & 0xFFFF);
        int end = at;
        for (int i = 0; i < runStart; i++) {
            end = writeGroup(to, end, i == 0, group(high, low, i));
        }
        if (runEnd > runStart) {
            to[end++] = ':';
            to[end++] = ':';
        }
        for (int i = runEnd; i < GROUPS; i++) {
            end = writeGroup(to, end, i == runEnd && runEnd > 0, group(high, low, i));
        }
        return end;
    }

    private static long join(int high, int low) {
        return ((long) high << Integer.SIZE) | (low & 0xFFFF_FFFFL);
    }

    private static int writeMappedPrefix(byte[] to, int at) {
        to[at] = ':';
        to[at + 1] = ':';
        INT.set(to, at + 2, FFFF);
        to[at + 6] = ':';
        return at + 7;
    }

    /**
     * Start of the run in the upper half, its length in groups in the lower half; (8, 0) when no run is long enough.
     */
    private static int longestZeroRun(long high, long low) {
        int bestStart = GROUPS;
        int best = MIN_RUN - 1;
        int current = 0;
        for (int i = 0; i < GROUPS; i++) {
            current = group(high, low, i) == 0 ? current + 1 : 0;
            if (current > best) {
                best = current;
                bestStart = i + 1 - current;
            }
        }
        return (bestStart << GROUP_BITS) | (bestStart == GROUPS ? 0 : best);
    }

    private static int group(long high, long low, int index) {
        long half = index < GROUPS / 2 ? high : low;
        return (int) (half >>> (GROUP_BITS * (GROUPS / 2 - 1 - (index & 3)))) & 0xFFFF;
    }

    /** Writes up to four digits, with a colon before them unless the group is the first. */
    private static int writeGroup(byte[] to, int at, boolean first, int group) {
        int end = at;
        if (!first) {
            to[end++] = ':';
        }
        if (group >= 0x1000) {
            to[end++] = HEX[group >>> 12];
        }
        if (group >= 0x100) {
            to[end++] = HEX[(group >>> 8) & 0xF];
        }
        if (group >= 0x10) {
            to[end++] = HEX[(group >>> 4) & 0xF];
        }
        to[end++] = HEX[group & 0xF];
        return end;
    }
}
