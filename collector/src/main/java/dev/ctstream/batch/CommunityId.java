package dev.ctstream.batch;

import dev.ctstream.conntrack.Tuple;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;

/**
 * Computes the Community ID of a tuple, by which Zeek, Suricata and other monitors name the same flow: {@code 1:} and
 * the base64 of a SHA-1. Seed 0. Both directions of a flow have one id.
 *
 * <pre>
 *  what is hashed, in network byte order; the lower of (address, port) comes first
 *  | u16 seed | address | address | u8 protocol | u8 0 | u16 port | u16 port |
 * </pre>
 *
 * <p>Ports are hashed for TCP, UDP and SCTP only. For ICMP the type takes the place of the first, and the type of the
 * answer that of the second; a type that nothing answers has its code there, and its order is kept.
 *
 * <p>Threads: confined to one. Allocates nothing.
 *
 * <p>Source: community-id-spec, version 1, and its baseline values, which a test compares.
 */
final class CommunityId {
    /** Of a non-null string: branch, length, "1:", base64. */
    static final int MAX_BYTES = 32;

    private static final int SEED_BYTES = 2;
    private static final int LONGEST_INPUT_BYTES = SEED_BYTES + 2 * 16 + 2 + 2 * Short.BYTES;
    private static final int SHA1_BYTES = 20;
    private static final int BASE64_BYTES = 28;
    private static final byte[] VERSION = "1:".getBytes(StandardCharsets.US_ASCII);

    private static final int IPPROTO_ICMP = 1;
    private static final int IPPROTO_TCP = 6;
    private static final int IPPROTO_UDP = 17;
    private static final int IPPROTO_ICMPV6 = 58;
    private static final int IPPROTO_SCTP = 132;

    private static final int TYPES = 256;
    private static final int NOT_ANSWERED = -1;
    /** Echo, router advertisement and solicitation, timestamp, information, address mask. */
    private static final int[] ICMP_ANSWERS = answers(8, 0, 9, 10, 13, 14, 15, 16, 17, 18);
    /** Echo, listener query and report, router, neighbour, node information, home agent discovery. */
    private static final int[] ICMPV6_ANSWERS = answers(128, 129, 130, 131, 133, 134, 135, 136, 139, 140, 144, 145);

    private final MessageDigest sha1;
    private final Base64.Encoder base64 = Base64.getEncoder();
    private final byte[] input = new byte[LONGEST_INPUT_BYTES];
    private final byte[] hash = new byte[SHA1_BYTES];
    private final byte[] text = new byte[BASE64_BYTES];

    CommunityId() {
        try {
            sha1 = MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    private static int[] answers(int... pairs) {
        int[] answers = new int[TYPES];
        Arrays.fill(answers, NOT_ANSWERED);
        for (int i = 0; i < pairs.length; i += 2) {
            answers[pairs[i]] = pairs[i + 1];
            answers[pairs[i + 1]] = pairs[i];
        }
        return answers;
    }

    /** Writes the id of the tuple as a non-null [null, string], and returns the position after it. */
    int write(byte[] to, int at, ByteBuffer buffer, Tuple tuple) {
        hash(buffer, tuple);
        base64.encode(hash, text);
        to[at] = AvroWriter.PRESENT;
        int end = AvroWriter.writeLong(to, at + 1, VERSION.length + BASE64_BYTES);
        end = AvroWriter.writeEncoded(to, end, VERSION);
        return AvroWriter.writeEncoded(to, end, text);
    }

    private void hash(ByteBuffer buffer, Tuple tuple) {
        int protocol = tuple.protocol();
        int first = 0;
        int second = 0;
        boolean ports = false;
        boolean ordered = true;
        if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP) {
            ports = tuple.has(Tuple.SOURCE_PORT) && tuple.has(Tuple.DESTINATION_PORT);
            first = ports ? tuple.sourcePort() : 0;
            second = ports ? tuple.destinationPort() : 0;
        } else if ((protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
                && tuple.has(Tuple.ICMP_TYPE)
                && tuple.has(Tuple.ICMP_CODE)) {
            ports = true;
            first = tuple.icmpType();
            second = (protocol == IPPROTO_ICMP ? ICMP_ANSWERS : ICMPV6_ANSWERS)[first];
            ordered = second != NOT_ANSWERED;
            second = ordered ? second : tuple.icmpCode();
        }
        int lengthBytes = tuple.addressLengthBytes();
        int addresses = SEED_BYTES; // the seed is 0
        copy(buffer, tuple.sourceOffset(), addresses, lengthBytes);
        copy(buffer, tuple.destinationOffset(), addresses + lengthBytes, lengthBytes);
        int order = Arrays.compareUnsigned(
                input, addresses, addresses + lengthBytes, input, addresses + lengthBytes, addresses + 2 * lengthBytes);
        boolean swapped = ordered && (order > 0 || (order == 0 && first > second));
        if (swapped) {
            copy(buffer, tuple.destinationOffset(), addresses, lengthBytes);
            copy(buffer, tuple.sourceOffset(), addresses + lengthBytes, lengthBytes);
        }
        int end = addresses + 2 * lengthBytes;
        input[end++] = (byte) protocol;
        input[end++] = 0;
        if (ports) {
            end = port(end, swapped ? second : first);
            end = port(end, swapped ? first : second);
        }
        sha1.update(input, 0, end);
        try {
            sha1.digest(hash, 0, hash.length);
        } catch (DigestException e) {
            throw new IllegalStateException(e); // the array is long enough
        }
    }

    private void copy(ByteBuffer buffer, int from, int to, int lengthBytes) {
        for (int i = 0; i < lengthBytes; i++) {
            input[to + i] = buffer.get(from + i);
        }
    }

    private int port(int at, int port) {
        input[at] = (byte) (port >>> Byte.SIZE);
        input[at + 1] = (byte) port;
        return at + Short.BYTES;
    }
}
