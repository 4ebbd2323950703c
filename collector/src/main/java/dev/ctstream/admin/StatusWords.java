package dev.ctstream.admin;

import dev.ctstream.conntrack.IpsStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Words for the bits of a status: those that we print, and those of {@code conntrack}. */
final class StatusWords {
    /** A word and what it says: these bits are set, those are not. */
    record Meaning(int set, int clear) {}

    private static final Map<String, Integer> BITS = new LinkedHashMap<>();
    private static final int REPLIES = IpsStatus.IPS_SEEN_REPLY | IpsStatus.IPS_ASSURED;
    /** Words that other outputs and programs have for the same. */
    private static final Map<String, Meaning> OTHERS = Map.of(
            "SNAT", new Meaning(IpsStatus.IPS_SRC_NAT, 0),
            "DNAT", new Meaning(IpsStatus.IPS_DST_NAT, 0),
            "UNTRACKED", new Meaning(IpsStatus.IPS_NAT_CLASH, 0),
            "UNREPLIED", new Meaning(0, IpsStatus.IPS_SEEN_REPLY),
            "UNSET", new Meaning(0, REPLIES));

    static {
        BITS.put("EXPECTED", IpsStatus.IPS_EXPECTED);
        BITS.put("SEEN_REPLY", IpsStatus.IPS_SEEN_REPLY);
        BITS.put("ASSURED", IpsStatus.IPS_ASSURED);
        BITS.put("CONFIRMED", IpsStatus.IPS_CONFIRMED);
        BITS.put("SRC_NAT", IpsStatus.IPS_SRC_NAT);
        BITS.put("DST_NAT", IpsStatus.IPS_DST_NAT);
        BITS.put("SEQ_ADJUST", IpsStatus.IPS_SEQ_ADJUST);
        BITS.put("SRC_NAT_DONE", IpsStatus.IPS_SRC_NAT_DONE);
        BITS.put("DST_NAT_DONE", IpsStatus.IPS_DST_NAT_DONE);
        BITS.put("DYING", IpsStatus.IPS_DYING);
        BITS.put("FIXED_TIMEOUT", IpsStatus.IPS_FIXED_TIMEOUT);
        BITS.put("TEMPLATE", IpsStatus.IPS_TEMPLATE);
        BITS.put("NAT_CLASH", IpsStatus.IPS_NAT_CLASH);
        BITS.put("HELPER", IpsStatus.IPS_HELPER);
        BITS.put("OFFLOAD", IpsStatus.IPS_OFFLOAD);
        BITS.put("HW_OFFLOAD", IpsStatus.IPS_HW_OFFLOAD);
    }

    private StatusWords() {}

    /** What a word in any case says, with or without the brackets of a listing; null for an unknown word. */
    static @Nullable Meaning meaning(String word) {
        String name = word.toUpperCase(Locale.ROOT);
        if (name.startsWith("[") && name.endsWith("]")) {
            name = name.substring(1, name.length() - 1);
        }
        Integer bits = BITS.get(name);
        return bits == null ? OTHERS.get(name) : new Meaning(bits, 0);
    }

    /** Names of the bits, separated by commas; {@code none} for 0. */
    static String of(int status) {
        List<String> names = new ArrayList<>();
        int rest = status;
        for (Map.Entry<String, Integer> bit : BITS.entrySet()) {
            if ((status & bit.getValue()) != 0) {
                names.add(bit.getKey());
                rest &= ~bit.getValue();
            }
        }
        if (rest != 0) {
            names.add("0x" + Integer.toHexString(rest));
        }
        return names.isEmpty() ? "none" : String.join(",", names);
    }

    /** All words, separated by commas. */
    static String all() {
        return String.join(", ", BITS.keySet()) + ", or conntrack's SNAT, DNAT, UNREPLIED, UNSET";
    }
}
