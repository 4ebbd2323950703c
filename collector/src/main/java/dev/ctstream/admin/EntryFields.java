package dev.ctstream.admin;

import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.FlowExtras;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.conntrack.ProtocolStates;
import dev.ctstream.conntrack.TupleMatch;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.record.AddressPrefix;
import dev.ctstream.record.ProtocolNames;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Builds filters and new entries from named text values: command options, and file columns with the same names. Nothing
 * is made up: a missing field that an entry needs is a problem.
 */
public final class EntryFields {
    /** Fields that a filter and a new entry share. */
    public static final List<String> COMMON = List.of(
            "zone",
            "original-zone",
            "reply-zone",
            "family",
            "protocol",
            "source",
            "destination",
            "source-port",
            "destination-port",
            "reply-source",
            "reply-destination",
            "reply-source-port",
            "reply-destination-port",
            "icmp-type",
            "icmp-code",
            "icmp-id",
            "mark",
            "status",
            "state",
            "label",
            "helper");

    /** Fields that only a new entry has. */
    public static final List<String> CREATE_ONLY = List.of(
            "timeout",
            "snat",
            "dnat",
            "master-protocol",
            "master-source",
            "master-destination",
            "master-source-port",
            "master-destination-port");

    /** Fields that only a listing has: what a copy of an entry needs, and nobody types. */
    static final List<String> FILE_ONLY = List.of(
            "reply-icmp-id",
            "master-icmp-type",
            "master-icmp-code",
            "master-icmp-id",
            "tcp-flags-original",
            "tcp-flags-reply",
            "tcp-window-scale-original",
            "tcp-window-scale-reply",
            "sctp-vtag-original",
            "sctp-vtag-reply",
            "dccp-role",
            "dccp-handshake-sequence",
            "sequence-adjustment-position-original",
            "sequence-adjustment-offset-before-original",
            "sequence-adjustment-offset-after-original",
            "sequence-adjustment-position-reply",
            "sequence-adjustment-offset-before-reply",
            "sequence-adjustment-offset-after-reply",
            "synproxy-isn",
            "synproxy-its",
            "synproxy-tsoff");

    /**
     * A listed entry that is offloaded has no timeout; the copy is not offloaded. As the kernel's
     * {@code nf_flowtable_tcp_timeout} and {@code nf_flowtable_udp_timeout}.
     */
    private static final long OFFLOADED_TIMEOUT_SECONDS = 30;

    private static final String STATE_PROTOCOLS = "is for tcp, sctp and dccp only";

    private final FieldReader read;

    private EntryFields(FieldReader read) {
        this.read = read;
    }

    /** Whether a file may have the field. */
    static boolean settable(String name) {
        return COMMON.contains(name) || CREATE_ONLY.contains(name) || FILE_ONLY.contains(name);
    }

    /**
     * Builds the filter that the fields describe.
     *
     * @param prefix text before a field name in a problem, such as two dashes
     */
    public static EntryFilter filter(Map<String, String> fields, String prefix) throws FieldException {
        FieldReader read = new FieldReader(fields, prefix);
        EntryFilter filter = new EntryFields(read).filter();
        read.check();
        return filter;
    }

    /** Builds the new entry that the fields describe. */
    public static FlowSpec spec(Map<String, String> fields, String prefix) throws FieldException {
        FieldReader read = new FieldReader(fields, prefix);
        FlowSpec spec = new EntryFields(read).spec();
        read.check();
        if (spec == null) {
            throw new FieldException(List.of("the entry is incomplete")); // unreachable: a problem was recorded
        }
        return spec;
    }

    private EntryFilter filter() {
        ZoneScope given = read.zone("zone");
        ZoneScope zone = given == null ? ZoneScope.NONE : given;
        Integer protocol = read.protocol("protocol");
        TupleMatch original = new TupleMatch(
                protocol,
                read.network("source"),
                read.network("destination"),
                read.u16("source-port"),
                read.u16("destination-port"),
                read.u8("icmp-type"),
                read.u8("icmp-code"),
                read.u16("icmp-id"));
        TupleMatch reply = new TupleMatch(
                null,
                read.network("reply-source"),
                read.network("reply-destination"),
                read.u16("reply-source-port"),
                read.u16("reply-destination-port"),
                null,
                null,
                null);
        DumpFilter kernel = new DumpFilter(
                filterFamily(original, reply),
                zone.direction() == ZoneScope.Direction.BOTH && read.has("zone") ? Integer.valueOf(zone.zone()) : null,
                read.masked("mark"),
                read.statusMatch("status"),
                original,
                reply);
        boolean stateless = protocol != null && ProtocolStates.names(protocol).isEmpty();
        if (stateless && read.has("state")) {
            read.problem("state", STATE_PROTOCOLS);
        }
        return new EntryFilter(
                kernel,
                zone.direction() == ZoneScope.Direction.ORIGINAL
                        ? Integer.valueOf(zone.zone())
                        : read.u16("original-zone"),
                zone.direction() == ZoneScope.Direction.REPLY ? Integer.valueOf(zone.zone()) : read.u16("reply-zone"),
                stateless ? null : read.states("state", protocol),
                read.labels("label"),
                read.helper("helper"));
    }

    /** The family that is given or that an address has. A protocol means none: ICMP may be tracked in IPv6 packets. */
    private int filterFamily(TupleMatch original, TupleMatch reply) {
        Integer given = read.family("family");
        int family = given == null ? NfGenMsg.AF_UNSPEC : given;
        for (TupleMatch match : List.of(original, reply)) {
            for (@Nullable AddressPrefix addresses : new AddressPrefix[] {match.source(), match.destination()}) {
                family = addresses == null ? family : same(family, TupleMatch.family(addresses));
            }
        }
        return family;
    }

    private int same(int family, int other) {
        if (family != NfGenMsg.AF_UNSPEC && family != other) {
            read.problem("source", "or another address differs in family from the rest");
        }
        return other;
    }

    private @Nullable FlowSpec spec() {
        TupleSpec original = original();
        ZoneScope zone = zone();
        FlowSpec.Nat snat = read.nat("snat");
        FlowSpec.Nat dnat = read.nat("dnat");
        Integer status = read.status("status");
        boolean offloaded = status != null && (status & (IpsStatus.IPS_OFFLOAD | IpsStatus.IPS_HW_OFFLOAD)) != 0;
        Long timeout = offloaded && !read.has("timeout")
                ? Long.valueOf(OFFLOADED_TIMEOUT_SECONDS)
                : needed("timeout", read.u32("timeout"), "the lifetime of the entry in seconds");
        Integer state = original == null ? null : state(original.protocol());
        FlowSpec.Labels labels = read.labels("label");
        String helper = read.helper("helper");
        Long mark = read.u32("mark");
        TupleSpec reply = original == null ? null : reply(original);
        FlowExtras extras = new ExtraFields(read).extras(status);
        if (original == null || reply == null || timeout == null) {
            return null;
        }
        boolean translated = status != null && (status & IpsStatus.IPS_NAT_MASK) != 0;
        int notSent = IpsStatus.IPS_NAT_MASK | (extras.master() == null ? 0 : IpsStatus.IPS_EXPECTED);
        return new FlowSpec(
                original,
                translated ? inverse(original) : reply,
                zone,
                timeout,
                status == null ? null : status & ~notSent,
                mark,
                labels,
                state,
                helper,
                translated ? sourceNat(original, reply, snat, status) : snat,
                translated ? destinationNat(original, reply, dnat, status) : dnat,
                extras);
    }

    private @Nullable Integer state(int protocol) {
        if (!ProtocolStates.names(protocol).isEmpty()) {
            return read.state("state", protocol);
        }
        if (read.has("state")) {
            read.problem("state", STATE_PROTOCOLS);
        }
        return null;
    }

    /**
     * The translation of a listed entry with SRC_NAT, taken from its reply tuple: the status bit alone cannot be set.
     */
    private FlowSpec.@Nullable Nat sourceNat(
            TupleSpec original, TupleSpec reply, FlowSpec.@Nullable Nat given, @Nullable Integer status) {
        boolean shown = given == null && status != null && (status & IpsStatus.IPS_SRC_NAT) != 0;
        return shown ? translation("snat", original, reply.destination(), reply.layer4(), true) : given;
    }

    private FlowSpec.@Nullable Nat destinationNat(
            TupleSpec original, TupleSpec reply, FlowSpec.@Nullable Nat given, @Nullable Integer status) {
        boolean shown = given == null && status != null && (status & IpsStatus.IPS_DST_NAT) != 0;
        return shown ? translation("dnat", original, reply.source(), reply.layer4(), false) : given;
    }

    private FlowSpec.@Nullable Nat translation(
            String name, TupleSpec original, InetAddress address, TupleSpec.Layer4 layer4, boolean toSource) {
        TupleSpec inverse = inverse(original);
        if (address.equals(toSource ? inverse.destination() : inverse.source()) && layer4.equals(inverse.layer4())) {
            read.problem(name, "or a translated reply tuple is needed for a status with NAT");
            return null;
        }
        if (layer4 instanceof TupleSpec.Ports ports) {
            return new FlowSpec.Nat(address, toSource ? ports.destination() : ports.source());
        }
        // The kernel takes the port of a translation for the id of ICMP.
        return new FlowSpec.Nat(
                address, toSource && layer4 instanceof TupleSpec.Icmp ? read.u16("reply-icmp-id") : null);
    }

    private <T> @Nullable T needed(String name, @Nullable T value, String what) {
        if (value == null && !read.has(name)) {
            read.problem(name, "is missing: " + what);
        }
        return value;
    }

    private ZoneScope zone() {
        ZoneScope zone = read.zone("zone");
        Integer original = read.u16("original-zone");
        Integer reply = read.u16("reply-zone");
        int given = (zone == null ? 0 : 1) + (original == null ? 0 : 1) + (reply == null ? 0 : 1);
        if (given > 1) {
            read.problem("zone", "cannot be combined: an entry has only one of zone, original-zone and reply-zone");
        }
        if (original != null) {
            return ZoneScope.original(original);
        }
        if (reply != null) {
            return ZoneScope.reply(reply);
        }
        return zone == null ? ZoneScope.NONE : zone;
    }

    /** The original tuple: the fields that were given, and for the rest the inverse of the reply's. */
    private @Nullable TupleSpec original() {
        Integer protocol = needed("protocol", read.protocol("protocol"), ProtocolNames.all() + " or a number");
        InetAddress source = needed(
                "source",
                either(read.address("source"), read.address("reply-destination")),
                "the source address of the flow, or the destination of the replies");
        InetAddress destination = needed(
                "destination",
                either(read.address("destination"), read.address("reply-source")),
                "the destination address of the flow, or the source of the replies");
        Integer family = read.family("family");
        TupleSpec.Layer4 layer4 = protocol == null ? null : layer4(protocol);
        if (source == null || destination == null || layer4 == null) {
            return null;
        }
        try {
            TupleSpec tuple = new TupleSpec(source, destination, layer4);
            if (family != null && family != tuple.family()) {
                read.problem("family", "differs from the family of the addresses");
            }
            return tuple;
        } catch (IllegalArgumentException e) {
            read.problem("destination", "differs in family from source");
            return null;
        }
    }

    private static <T> @Nullable T either(@Nullable T first, @Nullable T second) {
        return first == null ? second : first;
    }

    private TupleSpec.@Nullable Layer4 layer4(int protocol) {
        boolean isIcmp = Protocols.isIcmp(protocol);
        boolean anyPort = Stream.of("source-port", "destination-port", "reply-source-port", "reply-destination-port")
                .anyMatch(read::has);
        // A listed entry of a protocol without a tracker has no ports. Where there is a tracker, the kernel says so.
        boolean hasPorts = Protocols.hasPorts(protocol) && (anyPort || !Protocols.mayLackTracker(protocol));
        Integer from = only("source-port", "reply-destination-port", hasPorts, protocol);
        Integer to = only("destination-port", "reply-source-port", hasPorts, protocol);
        Integer type = only("icmp-type", null, isIcmp, protocol);
        Integer code = only("icmp-code", null, isIcmp, protocol);
        Integer id = only("icmp-id", null, isIcmp, protocol);
        if (hasPorts) {
            return from == null || to == null ? null : new TupleSpec.Ports(protocol, from, to);
        }
        if (isIcmp) {
            return type == null || code == null || id == null ? null : new TupleSpec.Icmp(protocol, type, code, id);
        }
        return new TupleSpec.AddressesOnly(protocol);
    }

    /**
     * Reads a field that the protocol either needs or must not have.
     *
     * @param ofReply name of the field that has the same value in the reply, used when this one was not given
     */
    private @Nullable Integer only(String name, @Nullable String ofReply, boolean applies, int protocol) {
        boolean small = name.equals("icmp-type") || name.equals("icmp-code");
        Integer value = small ? read.u8(name) : read.u16(name);
        if (applies) {
            Integer either = value != null || ofReply == null || read.has(name) ? value : read.u16(ofReply);
            return needed(name, either, "protocol " + ProtocolNames.of(protocol) + " needs it");
        }
        if (read.has(name)) {
            read.problem(name, "is not for protocol " + ProtocolNames.of(protocol));
        }
        return null;
    }

    /** The reply tuple: the fields that were given, and for the rest the inverse of the original. */
    private @Nullable TupleSpec reply(TupleSpec original) {
        TupleSpec inverse = inverse(original);
        InetAddress source = read.address("reply-source");
        InetAddress destination = read.address("reply-destination");
        TupleSpec.Layer4 layer4 = inverse.layer4();
        Integer from = read.u16("reply-source-port");
        Integer to = read.u16("reply-destination-port");
        if (layer4 instanceof TupleSpec.Ports ports) {
            layer4 = new TupleSpec.Ports(
                    ports.protocol(), from == null ? ports.source() : from, to == null ? ports.destination() : to);
        } else if (from != null || to != null) {
            read.problem("reply-source-port", "is not for protocol " + ProtocolNames.of(original.protocol()));
        }
        try {
            return new TupleSpec(
                    source == null ? inverse.source() : source,
                    destination == null ? inverse.destination() : destination,
                    layer4);
        } catch (IllegalArgumentException e) {
            read.problem("reply-source", "or reply-destination differs in family from the original");
            return null;
        }
    }

    /**
     * The inverse tuple. An ICMP type without a reply type stays the same; the kernel then refuses the entry with its
     * own error.
     */
    private static TupleSpec inverse(TupleSpec original) {
        try {
            return original.inverse();
        } catch (IllegalArgumentException e) {
            return new TupleSpec(original.destination(), original.source(), original.layer4());
        }
    }
}
