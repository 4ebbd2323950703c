package dev.ctstream.conntrack;

import dev.ctstream.netlink.SocketFilter;
import dev.ctstream.record.ProtocolNames;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which flows are followed: by the zone of their record, the protocol, the networks of their addresses, and the mark. A
 * flow must pass all of them.
 *
 * <p>Zone, protocol and addresses do not change during a flow's life, so a flow's events pass together or not at all.
 * {@link #program} judges them in the kernel, which applies it to events; {@link #admits} judges the entries of dumps.
 *
 * <p>The mark may change, so the first event or entry that {@link #opens} admits the flow, and then all its events pass:
 * whoever asks must know which flows were admitted.
 *
 * <p>{@link #dropsOwnConnections} is about the connections of this process, whatever they look like: see {@link
 * OwnConnections}.
 *
 * <p>Threads: immutable.
 */
public final class FlowFilter {
    private static final int LARGEST_ZONE = 0xFFFF;
    private static final int LARGEST_PROTOCOL = 0xFF;

    /** Admits everything. */
    public static final FlowFilter EVERYTHING =
            new FlowFilter(List.of(), List.of(), List.of(), MarkSet.EVERYTHING, false);

    private final NumberSet zones;
    private final NumberSet protocols;
    private final NetworkSet networks;
    private final MarkSet marks;
    private final boolean dropsOwn;
    private final @Nullable SocketFilter program;

    private FlowFilter(
            List<String> zones, List<String> protocols, List<String> networks, MarkSet marks, boolean dropsOwn) {
        this.zones = zones(zones);
        this.protocols = protocols(protocols);
        this.networks = NetworkSet.parse(networks);
        this.marks = marks;
        this.dropsOwn = dropsOwn;
        boolean everything = this.zones.isEverything() && this.protocols.isEverything() && this.networks.isEverything();
        program = everything ? null : FilterProgram.of(this);
    }

    /**
     * Reads lists; an item that begins with ! excludes, and an empty list admits everything.
     *
     * @param zones numbers and ranges, 0 to 65535
     * @param protocols names, numbers and ranges, 0 to 255
     * @param networks addresses and prefixes
     * @param marks values, with a mask or without
     * @param dropsOwn {@link #dropsOwnConnections}
     * @throws IllegalArgumentException names the item that cannot be read, or says that the kernel cannot hold so many
     */
    public static FlowFilter parse(
            List<String> zones, List<String> protocols, List<String> networks, List<String> marks, boolean dropsOwn) {
        FlowFilter filter = new FlowFilter(zones, protocols, networks, MarkSet.parse(marks), dropsOwn);
        return filter.isEverything() ? EVERYTHING : filter;
    }

    /** A filter that keeps the collector's own connections. */
    public static FlowFilter parse(
            List<String> zones, List<String> protocols, List<String> networks, List<String> marks) {
        return parse(zones, protocols, networks, marks, false);
    }

    /** A filter that admits all marks. */
    public static FlowFilter parse(List<String> zones, List<String> protocols, List<String> networks) {
        return parse(zones, protocols, networks, List.of());
    }

    private boolean isEverything() {
        return program == null && marks.isEverything() && !dropsOwn;
    }

    static NumberSet zones(List<String> items) {
        return NumberSet.parse(items, text -> number(text, "a zone"), LARGEST_ZONE);
    }

    private static NumberSet protocols(List<String> items) {
        return NumberSet.parse(
                items,
                text -> {
                    Integer named = ProtocolNames.number(text);
                    return named == null ? number(text, "a protocol") : named;
                },
                LARGEST_PROTOCOL);
    }

    private static int number(String text, String what) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + text + "' is not " + what, e);
        }
    }

    NumberSet zones() {
        return zones;
    }

    NumberSet protocols() {
        return protocols;
    }

    NetworkSet networks() {
        return networks;
    }

    /** The program for event sockets; null when it would admit everything. */
    public @Nullable SocketFilter program() {
        return program;
    }

    /** Whether zone, protocol and addresses of the flow are followed: what {@link #program} says. */
    public boolean admits(FlowEvent event) {
        return program == null
                || (zones.contains(event.zone())
                        && protocols.contains(event.original().protocol())
                        && networks.admits(event));
    }

    /** Whether {@link #opens} may say no. */
    public boolean judgesMarks() {
        return !marks.isEverything();
    }

    /** Whether this event or entry admits the flow by its mark. */
    public boolean opens(FlowEvent event) {
        return marks.admits(event);
    }

    /** Whether the TCP connections that this process makes are left out. */
    public boolean dropsOwnConnections() {
        return dropsOwn;
    }

    /** SHA-256 of what it admits, hexadecimal: equal for filters with the same lists; null for one that admits everything. */
    public @Nullable String digest() {
        if (isEverything()) {
            return null;
        }
        try {
            byte[] text = toString().getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof FlowFilter filter
                && zones.equals(filter.zones)
                && protocols.equals(filter.protocols)
                && networks.equals(filter.networks)
                && marks.equals(filter.marks)
                && dropsOwn == filter.dropsOwn;
    }

    @Override
    public int hashCode() {
        return Objects.hash(zones, protocols, networks, marks, dropsOwn);
    }

    /** What it admits, in one form; "none" without a filter. */
    @Override
    public String toString() {
        if (isEverything()) {
            return "none";
        }
        String kernel = "zones " + zones + " protocols " + protocols + " networks " + networks;
        String all = marks.isEverything() ? kernel : kernel + " marks " + marks;
        return dropsOwn ? all + " without own connections" : all;
    }
}
