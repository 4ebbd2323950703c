package dev.ctstream.admin;

import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.conntrack.Tuple;
import dev.ctstream.conntrack.TupleMatch;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Selects entries. All components that are not null must match.
 *
 * @param kernel the part that the kernel can check
 * @param originalZone zone of the original direction only
 * @param replyZone zone of the reply direction only
 * @param state the state that the entry's protocol must have
 * @param labels the entry must have all of them
 * @param helper name of its helper
 */
public record EntryFilter(
        DumpFilter kernel,
        @Nullable Integer originalZone,
        @Nullable Integer replyZone,
        @Nullable States state,
        FlowSpec.@Nullable Labels labels,
        @Nullable String helper) {
    /**
     * A state by protocol, as an index into its table of {@link dev.ctstream.conntrack.ProtocolStates}; null = no state
     * of this protocol matches. The same word has another number in each protocol.
     */
    public record States(
            @Nullable Integer tcp,
            @Nullable Integer sctp,
            @Nullable Integer dccp) {
        private boolean matches(FlowEvent entry) {
            return (entry.has(FlowEvent.TCP_STATE) && tcp != null && entry.tcpState() == tcp)
                    || (entry.has(FlowEvent.SCTP_STATE) && sctp != null && entry.sctpState() == sctp)
                    || (entry.has(FlowEvent.DCCP_STATE) && dccp != null && entry.dccpState() == dccp);
        }
    }

    /** Every entry. */
    public static final EntryFilter ALL = new EntryFilter(DumpFilter.ALL, null, null, null, null, null);

    /** Matches the entries that have the zone in either direction. */
    public static EntryFilter zone(int zone) {
        return new EntryFilter(DumpFilter.zone(zone), null, null, null, null, null);
    }

    /** Matches what a flush deletes. */
    public static EntryFilter of(Flush flush) {
        if (flush instanceof Flush.Zone zone) {
            return zone(zone.zone());
        }
        return flush instanceof Flush.Family family
                ? new EntryFilter(DumpFilter.family(family.family()), null, null, null, null, null)
                : ALL;
    }

    /** Whether an entry matches. */
    public boolean matches(FlowEvent entry) {
        return kernel.matches(entry)
                && (originalZone == null || hasZone(entry.original(), originalZone))
                && (replyZone == null || hasZone(entry.reply(), replyZone))
                && (state == null || state.matches(entry))
                && (labels == null || hasLabels(entry, labels))
                && (helper == null || hasHelper(entry, helper));
    }

    private static boolean hasZone(Tuple tuple, int zone) {
        return tuple.has(Tuple.ZONE) && tuple.zone() == zone;
    }

    private static boolean hasLabels(FlowEvent entry, FlowSpec.Labels wanted) {
        int[] words = {wanted.word0(), wanted.word1(), wanted.word2(), wanted.word3()};
        int present = entry.has(FlowEvent.LABELS) ? entry.labelsLengthBytes() / Integer.BYTES : 0;
        for (int i = 0; i < words.length; i++) {
            int has = i < present ? entry.buffer().getInt(entry.labelsOffset() + i * Integer.BYTES) : 0;
            if ((has & words[i]) != words[i]) {
                return false;
            }
        }
        return true;
    }

    private static boolean hasHelper(FlowEvent entry, String helper) {
        byte[] wanted = helper.getBytes(StandardCharsets.UTF_8);
        if (!entry.has(FlowEvent.HELPER) || entry.helperLengthBytes() != wanted.length) {
            return false;
        }
        byte[] name = new byte[wanted.length];
        entry.buffer().get(entry.helperOffset(), name);
        return Arrays.equals(name, wanted);
    }

    /** Whether a matching entry may stop matching while it is still the same entry. */
    boolean mutable() {
        return kernel.mark() != null || kernel.status() != null || state != null || labels != null || helper != null;
    }

    /** Whether every entry matches. */
    public boolean everything() {
        return equals(ALL);
    }

    /**
     * The only original tuple that matches, when zone and tuple are completely given: the kernel can look it up
     * directly.
     */
    Optional<TupleSpec> exactTuple() {
        TupleMatch match = kernel.original();
        boolean zoned = kernel.zone() != null || originalZone != null || replyZone != null;
        if (!zoned || match.protocol() == null || match.source() == null || match.destination() == null) {
            return Optional.empty();
        }
        if (!match.source().single() || !match.destination().single()) {
            return Optional.empty();
        }
        TupleSpec.Layer4 layer4 = layer4(match, match.protocol());
        return layer4 == null
                ? Optional.empty()
                : Optional.of(new TupleSpec(
                        TupleSpec.address(match.source().address()),
                        TupleSpec.address(match.destination().address()),
                        layer4));
    }

    private static TupleSpec.@Nullable Layer4 layer4(TupleMatch match, int protocol) {
        if (Protocols.hasPorts(protocol)) {
            return match.sourcePort() == null || match.destinationPort() == null
                    ? null
                    : new TupleSpec.Ports(protocol, match.sourcePort(), match.destinationPort());
        }
        if (Protocols.isIcmp(protocol)) {
            return match.icmpType() == null || match.icmpCode() == null || match.icmpId() == null
                    ? null
                    : new TupleSpec.Icmp(protocol, match.icmpType(), match.icmpCode(), match.icmpId());
        }
        return new TupleSpec.AddressesOnly(protocol);
    }

    /** The zones in which to look up the original tuple: the directional zone, or zone 0 for a reply zone. */
    ZoneScope[] exactZones() {
        if (originalZone != null) {
            return new ZoneScope[] {ZoneScope.original(originalZone)};
        }
        if (replyZone != null) {
            return new ZoneScope[] {ZoneScope.reply(replyZone)};
        }
        int zone = kernel.zone() == null ? 0 : kernel.zone();
        return new ZoneScope[] {ZoneScope.both(zone), ZoneScope.reply(zone)};
    }
}
