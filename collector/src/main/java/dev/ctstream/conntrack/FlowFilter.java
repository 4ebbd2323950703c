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
 * Which flows are followed: by the zone of their record, the protocol, and the networks of their addresses. A flow must
 * pass all three. None of them changes during a flow's life, so a flow's events pass together or not at all.
 *
 * <p>{@link #program} is the same for the kernel, which applies it to events; {@link #admits} is applied to the entries of
 * dumps.
 *
 * <p>Threads: immutable.
 */
public final class FlowFilter {
    private static final int LARGEST_ZONE = 0xFFFF;
    private static final int LARGEST_PROTOCOL = 0xFF;

    /** Admits everything. */
    public static final FlowFilter EVERYTHING = new FlowFilter(List.of(), List.of(), List.of());

    private final NumberSet zones;
    private final NumberSet protocols;
    private final NetworkSet networks;
    private final @Nullable SocketFilter program;

    private FlowFilter(List<String> zones, List<String> protocols, List<String> networks) {
        this.zones = zones(zones);
        this.protocols = protocols(protocols);
        this.networks = networks(networks);
        boolean everything = this.zones.isEverything() && this.protocols.isEverything() && this.networks.isEverything();
        program = everything ? null : FilterProgram.of(this);
    }

    /**
     * Reads lists; an item that begins with ! excludes, and an empty list admits everything.
     *
     * @param zones numbers and ranges, 0 to 65535
     * @param protocols names, numbers and ranges, 0 to 255
     * @param networks addresses and prefixes
     * @throws IllegalArgumentException names the item that cannot be read, or says that the kernel cannot hold so many
     */
    public static FlowFilter parse(List<String> zones, List<String> protocols, List<String> networks) {
        FlowFilter filter = new FlowFilter(zones, protocols, networks);
        return filter.program == null ? EVERYTHING : filter;
    }

    private static NumberSet zones(List<String> items) {
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

    private static NetworkSet networks(List<String> items) {
        return NetworkSet.parse(items);
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

    /** The program for event sockets; null when everything is admitted. */
    public @Nullable SocketFilter program() {
        return program;
    }

    /** Whether the flow is followed. */
    public boolean admits(FlowEvent event) {
        return program == null
                || (zones.contains(event.zone())
                        && protocols.contains(event.original().protocol())
                        && networks.admits(event));
    }

    /** SHA-256 of what it admits, hexadecimal: equal for filters that admit the same zones, protocols and networks. */
    public @Nullable String digest() {
        if (program == null) {
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
                && networks.equals(filter.networks);
    }

    @Override
    public int hashCode() {
        return Objects.hash(zones, protocols, networks);
    }

    /** What it admits, in one form; "none" without a filter. */
    @Override
    public String toString() {
        return program == null ? "none" : "zones " + zones + " protocols " + protocols + " networks " + networks;
    }
}
