package dev.ctstream.admin;

import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.conntrack.ProtocolStates;
import dev.ctstream.conntrack.TupleMatch;
import dev.ctstream.conntrack.TupleSpec;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the values of named fields and collects their problems. Returns null for a field that was not given.
 *
 * <p>Threads: confined to one.
 */
final class FieldReader {
    private static final long U32 = 0xFFFF_FFFFL;
    private static final int U16 = 0xFFFF;
    private static final int U8 = 0xFF;
    private static final int LABELS = 128;
    private static final int LABEL_DIGITS = 32;
    private static final int HEX = 16;
    /** {@code NF_CT_HELPER_NAME_LEN} without its NUL. */
    private static final int HELPER_BYTES = 15;

    private static final Map<String, Integer> STATUS = new LinkedHashMap<>();

    static {
        STATUS.put("EXPECTED", IpsStatus.IPS_EXPECTED);
        STATUS.put("SEEN_REPLY", IpsStatus.IPS_SEEN_REPLY);
        STATUS.put("ASSURED", IpsStatus.IPS_ASSURED);
        STATUS.put("CONFIRMED", IpsStatus.IPS_CONFIRMED);
        STATUS.put("SRC_NAT", IpsStatus.IPS_SRC_NAT);
        STATUS.put("DST_NAT", IpsStatus.IPS_DST_NAT);
        STATUS.put("SEQ_ADJUST", IpsStatus.IPS_SEQ_ADJUST);
        STATUS.put("SRC_NAT_DONE", IpsStatus.IPS_SRC_NAT_DONE);
        STATUS.put("DST_NAT_DONE", IpsStatus.IPS_DST_NAT_DONE);
        STATUS.put("DYING", IpsStatus.IPS_DYING);
        STATUS.put("FIXED_TIMEOUT", IpsStatus.IPS_FIXED_TIMEOUT);
        STATUS.put("NAT_CLASH", IpsStatus.IPS_NAT_CLASH);
        STATUS.put("HELPER", IpsStatus.IPS_HELPER);
        STATUS.put("OFFLOAD", IpsStatus.IPS_OFFLOAD);
        STATUS.put("HW_OFFLOAD", IpsStatus.IPS_HW_OFFLOAD);
    }

    private final Map<String, String> fields;
    private final String prefix;
    private final List<String> problems = new ArrayList<>();

    /**
     * Reads these fields.
     *
     * @param prefix text before a field name in a problem, such as two dashes
     */
    FieldReader(Map<String, String> fields, String prefix) {
        this.fields = fields;
        this.prefix = prefix;
    }

    boolean has(String name) {
        return fields.containsKey(name);
    }

    void problem(String name, String text) {
        problems.add(prefix + name + " " + text);
    }

    /** Throws when a problem was found. */
    void check() throws FieldException {
        if (!problems.isEmpty()) {
            throw new FieldException(problems);
        }
    }

    private <T> @Nullable T value(String name, Function<String, @Nullable T> read, String expected) {
        String text = fields.get(name);
        if (text == null) {
            return null;
        }
        T value = null;
        try {
            value = read.apply(text.strip());
        } catch (IllegalArgumentException e) {
            // as below
        }
        if (value == null) {
            problem(name, "'" + text + "' is not " + expected);
        }
        return value;
    }

    private static long number(String text, long least, long most) {
        boolean hex = text.startsWith("0x") || text.startsWith("0X");
        long value = hex ? Long.parseLong(text.substring(2), HEX) : Long.parseLong(text);
        if (value < least || value > most) {
            throw new IllegalArgumentException(text);
        }
        return value;
    }

    @Nullable
    Integer u16(String name) {
        return value(name, text -> (int) number(text, 0, U16), "a number in 0..65535");
    }

    @Nullable
    Integer u8(String name) {
        return value(name, text -> (int) number(text, 0, U8), "a number in 0..255");
    }

    @Nullable
    Long u32(String name) {
        return value(name, text -> number(text, 0, U32), "a number in 0..4294967295");
    }

    @Nullable
    Integer protocol(String name) {
        return value(
                name,
                text -> {
                    Integer number = Protocols.number(text.toLowerCase(Locale.ROOT));
                    return number == null ? Integer.valueOf((int) number(text, 0, U8)) : number;
                },
                "a protocol: " + Protocols.names() + " or a number in 0..255");
    }

    @Nullable
    Integer family(String name) {
        return value(
                name,
                text -> switch (text.toLowerCase(Locale.ROOT)) {
                    case "ipv4", "4", "inet" -> NfGenMsg.AF_INET;
                    case "ipv6", "6", "inet6" -> NfGenMsg.AF_INET6;
                    default -> null;
                },
                "a family: ipv4 or ipv6");
    }

    @Nullable
    InetAddress address(String name) {
        return value(name, FieldReader::parseAddress, "an IPv4 or IPv6 address");
    }

    TupleMatch.@Nullable Network network(String name) {
        return value(
                name,
                text -> {
                    int slash = text.indexOf('/');
                    InetAddress address = parseAddress(slash < 0 ? text : text.substring(0, slash));
                    return slash < 0
                            ? TupleMatch.Network.host(address)
                            : new TupleMatch.Network(address, Integer.parseInt(text.substring(slash + 1)));
                },
                "an IPv4 or IPv6 address, or one with /PREFIX");
    }

    /** Accepts literal addresses only: a host name could stand for several. */
    private static InetAddress parseAddress(String text) {
        boolean v6 = text.indexOf(':') >= 0;
        if (v6 ? !text.matches("[0-9a-fA-F:.]+") : !text.matches("\\d{1,3}(\\.\\d{1,3}){3}")) {
            throw new IllegalArgumentException(text);
        }
        try {
            byte[] bytes = InetAddress.getByName(text).getAddress();
            return TupleSpec.address(v6 && bytes.length == 4 ? mapped(bytes) : bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    /** Restores the IPv6 form of an IPv4-mapped address, which {@code InetAddress} turns into IPv4. */
    private static byte[] mapped(byte[] ipv4) {
        byte[] bytes = new byte[16];
        bytes[10] = (byte) U8;
        bytes[11] = (byte) U8;
        System.arraycopy(ipv4, 0, bytes, 12, ipv4.length);
        return bytes;
    }

    FlowSpec.@Nullable Nat nat(String name) {
        return value(name, FieldReader::parseNat, "ADDRESS or ADDRESS:PORT, for IPv6 [ADDRESS]:PORT");
    }

    private static FlowSpec.Nat parseNat(String text) {
        if (text.startsWith("[")) {
            int end = text.indexOf("]:");
            String port = text.substring(end + 2);
            return new FlowSpec.Nat(parseAddress(text.substring(1, end)), (int) number(port, 0, U16));
        }
        int colon = text.indexOf(':');
        boolean port = colon >= 0 && colon == text.lastIndexOf(':');
        return port
                ? new FlowSpec.Nat(
                        parseAddress(text.substring(0, colon)), (int) number(text.substring(colon + 1), 0, U16))
                : new FlowSpec.Nat(parseAddress(text), null);
    }

    /** {@code VALUE[/MASK]}. */
    DumpFilter.@Nullable Masked masked(String name) {
        return value(
                name,
                text -> {
                    int slash = text.indexOf('/');
                    return slash < 0
                            ? new DumpFilter.Masked(number(text, 0, U32), U32)
                            : new DumpFilter.Masked(
                                    number(text.substring(0, slash), 0, U32),
                                    number(text.substring(slash + 1), 0, U32));
                },
                "VALUE or VALUE/MASK, each in 0..4294967295");
    }

    /**
     * Names separated by commas, where a leading ! means that the bit must not be set; or a number whose bits must be
     * set.
     */
    DumpFilter.@Nullable Masked statusMatch(String name) {
        return value(
                name,
                text -> {
                    long set = 0;
                    long mask = 0;
                    for (String word : text.split(",", -1)) {
                        boolean not = word.startsWith("!");
                        long bits = statusBits(not ? word.substring(1) : word);
                        set |= not ? 0 : bits;
                        mask |= bits;
                    }
                    return mask == 0 ? null : new DumpFilter.Masked(set, mask);
                },
                "status bits: " + String.join(", ", STATUS.keySet())
                        + ", with a leading ! for a bit that must not be set, or a number");
    }

    /**
     * As {@link #statusMatch}, without negation. A status given by names also gets CONFIRMED, which every entry must
     * have.
     */
    @Nullable
    Integer status(String name) {
        return value(
                name,
                text -> {
                    boolean number = !text.isEmpty() && Character.isDigit(text.charAt(0));
                    long set = number ? 0 : IpsStatus.IPS_CONFIRMED;
                    for (String word : text.split(",", -1)) {
                        set |= statusBits(word);
                    }
                    return (int) set;
                },
                "status bits: " + String.join(", ", STATUS.keySet()) + ", or a number");
    }

    private static long statusBits(String word) {
        Integer bits = STATUS.get(word.strip().toUpperCase(Locale.ROOT));
        return bits == null ? number(word.strip(), 0, U32) : bits;
    }

    /** A state of the protocol by name or number; null = of any protocol. */
    @Nullable
    Integer state(String name, @Nullable Integer protocol) {
        List<String> names = protocol != null && protocol == Protocols.SCTP
                ? ProtocolStates.SCTP
                : protocol != null && protocol == Protocols.DCCP ? ProtocolStates.DCCP : ProtocolStates.TCP;
        return value(
                name,
                text -> {
                    int index = names.indexOf(text.toUpperCase(Locale.ROOT));
                    return index >= 0 ? Integer.valueOf(index) : Integer.valueOf((int) number(text, 0, U8));
                },
                "a state: " + String.join(", ", names) + ", or its number");
    }

    FlowSpec.@Nullable Labels labels(String name) {
        return value(
                name,
                FieldReader::parseLabels,
                "label numbers in 0..127, separated by commas, or all labels as 32 hex digits, label 127 first");
    }

    private static FlowSpec.Labels parseLabels(String text) {
        if (text.length() == LABEL_DIGITS) {
            BigInteger bits = new BigInteger(text, HEX);
            return new FlowSpec.Labels(
                    bits.intValue(),
                    bits.shiftRight(Integer.SIZE).intValue(),
                    bits.shiftRight(2 * Integer.SIZE).intValue(),
                    bits.shiftRight(3 * Integer.SIZE).intValue());
        }
        String[] words = text.split(",", -1);
        int[] numbers = new int[words.length];
        for (int i = 0; i < words.length; i++) {
            numbers[i] = (int) number(words[i].strip(), 0, LABELS - 1);
        }
        return FlowSpec.Labels.of(numbers);
    }

    @Nullable
    String helper(String name) {
        return value(
                name,
                text -> text.isEmpty() || text.getBytes(StandardCharsets.UTF_8).length > HELPER_BYTES ? null : text,
                "a helper's name of 1 to " + HELPER_BYTES + " bytes");
    }
}
