package dev.ctstream.admin;

import dev.ctstream.conntrack.FlowExtras;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.TupleSpec;
import java.net.InetAddress;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads what few entries have: the master's tuple, and the nested objects of a listing. */
final class ExtraFields {
    private static final String[] MASTER = {
        "master-protocol",
        "master-source",
        "master-destination",
        "master-source-port",
        "master-destination-port",
        "master-icmp-type",
        "master-icmp-code",
        "master-icmp-id"
    };

    private final FieldReader read;

    ExtraFields(FieldReader read) {
        this.read = read;
    }

    /** The extras; a status with EXPECTED needs a master. */
    FlowExtras extras(@Nullable Integer status) {
        TupleSpec master = Stream.of(MASTER).anyMatch(read::has) ? master() : null;
        if (status != null
                && (status & IpsStatus.IPS_EXPECTED) != 0
                && Stream.of(MASTER).noneMatch(read::has)) {
            read.problem("master-protocol", "is missing: a status with EXPECTED needs the flow that expected this one");
        }
        return new FlowExtras(master, details(), adjustment("original"), adjustment("reply"), synproxy());
    }

    private @Nullable TupleSpec master() {
        Integer protocol = read.protocol("master-protocol");
        InetAddress source = read.address("master-source");
        InetAddress destination = read.address("master-destination");
        Integer from = read.u16("master-source-port");
        Integer to = read.u16("master-destination-port");
        Integer type = read.u8("master-icmp-type");
        Integer code = read.u8("master-icmp-code");
        Integer id = read.u16("master-icmp-id");
        for (String name : new String[] {"master-protocol", "master-source", "master-destination"}) {
            if (!read.has(name)) {
                read.problem(name, "is missing: the master is a whole tuple");
            }
        }
        if (protocol == null || source == null || destination == null) {
            return null;
        }
        TupleSpec.Layer4 layer4;
        if (from != null && to != null) {
            layer4 = new TupleSpec.Ports(protocol, from, to);
        } else if (type != null && code != null && id != null) {
            layer4 = new TupleSpec.Icmp(protocol, type, code, id);
        } else if (Protocols.hasPorts(protocol) && !Protocols.mayLackTracker(protocol)) {
            read.problem("master-source-port", "or master-destination-port is missing");
            return null;
        } else {
            layer4 = new TupleSpec.AddressesOnly(protocol);
        }
        try {
            return new TupleSpec(source, destination, layer4);
        } catch (IllegalArgumentException e) {
            read.problem("master-destination", "differs in family from master-source");
            return null;
        }
    }

    private FlowExtras.@Nullable Details details() {
        Integer flagsOriginal = read.u8("tcp-flags-original");
        Integer flagsReply = read.u8("tcp-flags-reply");
        Integer scaleOriginal = read.u8("tcp-window-scale-original");
        Integer scaleReply = read.u8("tcp-window-scale-reply");
        if (flagsOriginal != null && flagsReply != null && scaleOriginal != null && scaleReply != null) {
            return new FlowExtras.Tcp(flagsOriginal, flagsReply, scaleOriginal, scaleReply);
        }
        Long tagOriginal = read.u32("sctp-vtag-original");
        Long tagReply = read.u32("sctp-vtag-reply");
        if (tagOriginal != null && tagReply != null) {
            return new FlowExtras.Sctp(tagOriginal, tagReply);
        }
        Integer role = read.u8("dccp-role");
        Long handshake = read.signed("dccp-handshake-sequence");
        return role == null || handshake == null ? null : new FlowExtras.Dccp(role, handshake);
    }

    private FlowExtras.@Nullable SequenceAdjustment adjustment(String direction) {
        String prefix = "sequence-adjustment-";
        Long position = read.u32(prefix + "position-" + direction);
        Long before = read.signed(prefix + "offset-before-" + direction);
        Long after = read.signed(prefix + "offset-after-" + direction);
        return position == null || before == null || after == null
                ? null
                : new FlowExtras.SequenceAdjustment(position, before.intValue(), after.intValue());
    }

    private FlowExtras.@Nullable Synproxy synproxy() {
        Long isn = read.u32("synproxy-isn");
        Long its = read.u32("synproxy-its");
        Long tsoff = read.u32("synproxy-tsoff");
        return isn == null || its == null || tsoff == null ? null : new FlowExtras.Synproxy(isn, its, tsoff);
    }
}
