package dev.ctstream.admin;

import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.conntrack.ProtocolStates;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.record.AddressPrefix;
import dev.ctstream.record.AddressText;
import dev.ctstream.record.ProtocolNames;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
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
    private static final int HEX = 16;
    /** {@code NF_CT_HELPER_NAME_LEN} without its NUL. */
    private static final int HELPER_BYTES = 15;

    /** No sign, and no leading zero, which other programs read as octal. */
    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,18}|0[xX][0-9a-fA-F]{1,15}");

    private static final Pattern SIGNED = Pattern.compile("-?(0|[1-9][0-9]{0,19})");
    private static final Pattern ALL_LABELS = Pattern.compile("[0-9a-fA-F]{32}");

    private final Map<String, String> fields;
    private final String prefix;
    private final Set<String> problems = new LinkedHashSet<>();

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
            throw new FieldException(List.copyOf(problems));
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
        if (!NUMBER.matcher(text).matches()) {
            throw new IllegalArgumentException(text);
        }
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

    /** A zone; also as a listing prints that of one direction: {@code 42/-}, {@code -/42}. */
    @Nullable
    ZoneScope zone(String name) {
        return value(
                name,
                text -> {
                    if (text.endsWith("/-")) {
                        return ZoneScope.original((int) number(text.substring(0, text.length() - 2), 0, U16));
                    }
                    return text.startsWith("-/")
                            ? ZoneScope.reply((int) number(text.substring(2), 0, U16))
                            : ZoneScope.both((int) number(text, 0, U16));
                },
                "a number in 0..65535");
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
                    Integer number = ProtocolNames.number(text);
                    return number == null ? Integer.valueOf((int) number(text, 0, U8)) : number;
                },
                "a protocol: " + ProtocolNames.all() + " or a number in 0..255");
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

    @Nullable
    AddressPrefix network(String name) {
        return value(name, AddressPrefix::parse, "an IPv4 or IPv6 address, or one with /PREFIX");
    }

    /** Accepts literal addresses only: a host name could stand for several. */
    private static InetAddress parseAddress(String text) {
        return TupleSpec.address(AddressText.parse(text));
    }

    FlowSpec.@Nullable Nat nat(String name) {
        return value(name, FieldReader::parseNat, "ADDRESS or ADDRESS:PORT, for IPv6 [ADDRESS]:PORT");
    }

    private static FlowSpec.Nat parseNat(String text) {
        int colon = text.lastIndexOf(':');
        boolean brackets = text.startsWith("[");
        if (brackets && text.endsWith("]")) {
            return new FlowSpec.Nat(parseAddress(text.substring(1, text.length() - 1)), null);
        }
        boolean port = brackets ? text.lastIndexOf("]:") == colon - 1 : colon >= 0 && colon == text.indexOf(':');
        if (!port) {
            return new FlowSpec.Nat(parseAddress(text), null);
        }
        String address = brackets ? text.substring(1, colon - 1) : text.substring(0, colon);
        return new FlowSpec.Nat(parseAddress(address), (int) number(text.substring(colon + 1), 0, U16));
    }

    /** {@code VALUE[/MASK]}. */
    DumpFilter.@Nullable Masked masked(String name) {
        return value(name, DumpFilter.Masked::parse, "VALUE or VALUE/MASK, each in 0..4294967295");
    }

    /**
     * Names separated by commas, where a leading ! means that the bit must not be set; or a number whose bits must be
     * set.
     */
    DumpFilter.@Nullable Masked statusMatch(String name) {
        return value(
                name,
                text -> {
                    int set = 0;
                    int clear = 0;
                    for (String word : text.split(",", -1)) {
                        boolean not = word.startsWith("!");
                        StatusWords.Meaning meaning = statusWord(not ? word.substring(1) : word);
                        set |= not ? meaning.clear() : meaning.set();
                        clear |= not ? meaning.set() : meaning.clear();
                    }
                    long mask = (set | clear) & U32;
                    return mask == 0 || (set & clear) != 0 ? null : new DumpFilter.Masked(set & U32, mask);
                },
                "status bits: " + StatusWords.all()
                        + ", with a leading ! for a bit that must not be set, each bit once, or a number");
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
                    int set = number ? 0 : IpsStatus.IPS_CONFIRMED;
                    int clear = 0;
                    for (String word : text.split(",", -1)) {
                        StatusWords.Meaning meaning = statusWord(word);
                        set |= meaning.set();
                        clear |= meaning.clear();
                    }
                    return (set & clear) != 0 ? null : Integer.valueOf(set);
                },
                "status bits: " + StatusWords.all() + ", or a number");
    }

    private static StatusWords.Meaning statusWord(String word) {
        StatusWords.Meaning meaning = StatusWords.meaning(word.strip());
        return meaning == null ? new StatusWords.Meaning((int) number(word.strip(), 0, U32), 0) : meaning;
    }

    /** A state of the protocol by name or number. */
    @Nullable
    Integer state(String name, int protocol) {
        List<String> names = ProtocolStates.names(protocol);
        return value(
                name,
                text -> {
                    Integer number = ProtocolStates.number(names, text);
                    return number == null ? Integer.valueOf((int) number(text, 0, U8)) : number;
                },
                "a state: " + String.join(", ", names) + ", or its number");
    }

    /**
     * A state by name, of each protocol that has one of this name, or by number, of any protocol.
     *
     * @param protocol the only protocol; null = any
     */
    EntryFilter.@Nullable States states(String name, @Nullable Integer protocol) {
        if (protocol != null) {
            Integer state = state(name, protocol);
            return state == null ? null : new EntryFilter.States(state, state, state);
        }
        return value(
                name,
                text -> {
                    Integer tcp = ProtocolStates.number(ProtocolStates.TCP, text);
                    Integer sctp = ProtocolStates.number(ProtocolStates.SCTP, text);
                    Integer dccp = ProtocolStates.number(ProtocolStates.DCCP, text);
                    if (tcp == null && sctp == null && dccp == null) {
                        Integer any = (int) number(text, 0, U8);
                        return new EntryFilter.States(any, any, any);
                    }
                    return new EntryFilter.States(tcp, sctp, dccp);
                },
                "a state: " + String.join(", ", allStates()) + ", or its number");
    }

    private static Set<String> allStates() {
        Set<String> all = new LinkedHashSet<>(ProtocolStates.TCP);
        all.addAll(ProtocolStates.SCTP);
        all.addAll(ProtocolStates.DCCP);
        return all;
    }

    /** A number that may be negative; up to 64 bits, where an unsigned one has the same bits. */
    @Nullable
    Long signed(String name) {
        return value(
                name,
                text -> {
                    if (!SIGNED.matcher(text).matches()) {
                        throw new IllegalArgumentException(text);
                    }
                    return text.startsWith("-") ? Long.parseLong(text) : Long.parseUnsignedLong(text);
                },
                "a whole number");
    }

    FlowSpec.@Nullable Labels labels(String name) {
        return value(
                name,
                FieldReader::parseLabels,
                "label numbers in 0..127, separated by commas, or all labels as 32 hex digits, label 127 first");
    }

    private static FlowSpec.Labels parseLabels(String text) {
        if (ALL_LABELS.matcher(text).matches()) {
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
