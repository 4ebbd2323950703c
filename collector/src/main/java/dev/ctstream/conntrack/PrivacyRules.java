package dev.ctstream.conntrack;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What is left out of the records: the destinations of some flows, and the last bits of all addresses.
 *
 * <p>A flow's zone, protocol and addresses do not change, so all its events are treated alike.
 *
 * <p>Threads: immutable.
 */
public final class PrivacyRules {
    /** Nothing is left out. */
    public static final PrivacyRules NONE = new PrivacyRules(List.of(), false);

    /** Bits that are kept of an IPv4 address. */
    public static final int V4_BITS = 24;

    /** Bits that are kept of an IPv6 address. */
    public static final int V6_BITS = 48;

    private static final String ALL = "all";

    private final boolean all;
    private final Flows omitted;
    private final Flows kept;
    private final boolean truncates;

    /** Flows in some zones, or with an address in some networks. */
    private record Flows(
            @Nullable NumberSet zones, @Nullable NetworkSet networks) {
        static Flows of(List<String> items) {
            List<String> zones = new ArrayList<>();
            List<String> networks = new ArrayList<>();
            items.forEach(item -> (item.matches(".*[.:].*") ? networks : zones).add(item));
            return new Flows(
                    zones.isEmpty() ? null : FlowFilter.zones(zones),
                    networks.isEmpty() ? null : NetworkSet.parse(networks));
        }

        boolean contain(FlowEvent event) {
            return (zones != null && zones.contains(event.zone())) || (networks != null && networks.admits(event));
        }

        boolean isEmpty() {
            return zones == null && networks == null;
        }

        @Override
        public String toString() {
            return (zones == null ? "" : " zones " + zones) + (networks == null ? "" : " networks " + networks);
        }
    }

    private PrivacyRules(List<String> omit, boolean truncates) {
        List<String> kept = omit.stream()
                .filter(item -> item.startsWith("!"))
                .map(item -> item.substring(1).strip())
                .toList();
        List<String> omitted = omit.stream()
                .filter(item -> !item.startsWith("!") && !item.equals(ALL))
                .toList();
        this.omitted = Flows.of(omitted);
        this.kept = Flows.of(kept);
        this.truncates = truncates;
        all = omit.contains(ALL) || (omitted.isEmpty() && !kept.isEmpty());
    }

    /**
     * Reads the rules.
     *
     * @param omit whose destinations are left out: {@code all}, zones, ranges of zones, and networks in which one of the
     *     flow's addresses lies; an item that begins with ! excludes, and wins; without another item all others are left
     *     out
     * @param truncates whether addresses are cut to {@value #V4_BITS} and {@value #V6_BITS} bits
     * @throws IllegalArgumentException names the item that cannot be read
     */
    public static PrivacyRules parse(List<String> omit, boolean truncates) {
        PrivacyRules rules = new PrivacyRules(omit, truncates);
        return rules.isNothing() ? NONE : rules;
    }

    /** Whether nothing is left out. */
    public boolean isNothing() {
        return !truncates && !all && omitted.isEmpty();
    }

    /** Whether the flow's destination is left out: address, port, and what would reveal them. */
    public boolean omitsDestination(FlowEvent event) {
        return (all || omitted.contain(event)) && !kept.contain(event);
    }

    /** Whether addresses are cut. */
    public boolean truncates() {
        return truncates;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PrivacyRules rules && toString().equals(rules.toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }

    /** The rules for people and for STARTED; "none" without any. */
    @Override
    public String toString() {
        String destinations = (all ? " of all flows" : omitted.toString()) + (kept.isEmpty() ? "" : " except" + kept);
        String omission = all || !omitted.isEmpty() ? "destinations omitted:" + destinations : "";
        String truncation = truncates ? "addresses truncated: /" + V4_BITS + " /" + V6_BITS : "";
        String both = String.join(
                "; ",
                Stream.of(omission, truncation).filter(text -> !text.isEmpty()).toList());
        return both.isEmpty() ? "none" : both;
    }
}
